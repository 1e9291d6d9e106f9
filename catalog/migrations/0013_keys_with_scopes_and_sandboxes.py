from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0012_products_and_alt_texts"),
    ]

    operations = []
