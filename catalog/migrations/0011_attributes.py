from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0010_thresholds_per_category"),
    ]

    operations = []
