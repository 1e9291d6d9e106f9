from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0015_photos_by_address"),
    ]

    operations = []
