from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("moderation", "0005_history_is_append_only"),
    ]

    operations = []
