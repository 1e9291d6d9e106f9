from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0013_keys_with_scopes_and_sandboxes"),
    ]

    operations = []
