from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0008_the_map"),
    ]

    operations = []
