"""Decisions made before there were settlements took effect at once."""

from django.db import migrations


def settle(apps, schema_editor):
    decision = apps.get_model("moderation", "Decision")
    settlement = apps.get_model("moderation", "Settlement")
    settlement.objects.bulk_create(
        settlement(decision=row, result="effective", at=row.decided_at)
        for row in decision.objects.filter(settlement__isnull=True)
    )


class Migration(migrations.Migration):
    dependencies = [("moderation", "0003_a_whole_day")]
    operations = [migrations.RunPython(settle, migrations.RunPython.noop, elidable=True)]
