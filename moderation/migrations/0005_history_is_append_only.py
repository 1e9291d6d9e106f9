"""The database itself refuses to change or delete what was decided."""

from django.db import migrations

TABLES = ("moderation_decision", "moderation_settlement", "moderation_bankthreshold")


def trigger(table):
    return migrations.RunSQL(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION vitrine_refuse_change()",
        f"DROP TRIGGER append_only ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("moderation", "0004_settle_what_was_decided"),
        ("catalog", "0003_history_is_append_only"),
    ]
    operations = [trigger(table) for table in TABLES]
