"""The three roles people have. What each may do in the pages is decided in catalog.views.access;
the model permissions here are for Django's admin."""

from django.db import migrations

GROUPS = ("staff", "moderator", "lead")


def create(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    for name in GROUPS:
        group.objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("moderation", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(create, migrations.RunPython.noop, elidable=False)]
