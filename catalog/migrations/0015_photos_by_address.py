from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0014_idempotent_requests_and_erasure"),
    ]

    operations = []
