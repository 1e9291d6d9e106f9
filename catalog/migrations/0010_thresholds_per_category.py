from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0009_photos_are_tagged_again"),
    ]

    operations = []
