"""The database itself refuses to change or delete a photo's history."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION vitrine_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Add a row that supersedes it.';
END
$$
"""
TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON catalog_event
FOR EACH ROW EXECUTE FUNCTION vitrine_refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_hashes_exposure_and_kept_history")]
    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION vitrine_refuse_change()"),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER append_only ON catalog_event"),
    ]
