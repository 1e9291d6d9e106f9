"""Photos are tagged again by a job; verdicts on tags can be taken back, and neither changed nor
forgotten while their photo is here."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Deferred: a verdict goes together with its photo, in whichever order their rows are deleted.
FUNCTION = """
CREATE FUNCTION vitrine_refuse_forgetting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM catalog_image WHERE id = OLD.image_id) THEN
        RAISE EXCEPTION '% is append-only: DELETE refused while the photo is here', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', HINT = 'Add a row that supersedes it.';
    END IF;
    RETURN NULL;
END
$$
"""
NO_CHANGE = """
CREATE TRIGGER append_only BEFORE UPDATE ON catalog_tagverdict
FOR EACH ROW EXECUTE FUNCTION vitrine_refuse_change()
"""
NO_FORGETTING = """
CREATE CONSTRAINT TRIGGER goes_with_its_photo AFTER DELETE ON catalog_tagverdict
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION vitrine_refuse_forgetting()
"""

# A rejected tag used to leave a gap; from now on the first tag of a photo has rank 1.
CLOSE_GAPS = """
UPDATE catalog_tag SET rank = place.rank FROM (
    SELECT id, row_number() OVER (PARTITION BY image_id, encoder_id ORDER BY rank, id) AS rank
    FROM catalog_tag
) AS place WHERE place.id = catalog_tag.id AND place.rank <> catalog_tag.rank
"""


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0008_the_map"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Retagging",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("status", models.CharField(choices=[("running", "Tagging again"), ("paused", "Paused"), ("done", "Done"), ("cancelled", "Stopped"), ("failed", "Failed")], default="running", max_length=10)),
                ("rate", models.PositiveIntegerField(help_text="Photos per second at most.")),
                ("total", models.PositiveIntegerField(default=0, help_text="Photos there were at the start.")),
                ("seen", models.PositiveIntegerField(default=0, help_text="Photos that were tagged again.")),
                ("changed", models.PositiveIntegerField(default=0, help_text="Of those: any tag is another now.")),
                ("first_changed", models.PositiveIntegerField(default=0, help_text="Of those: the first tag is.")),
                ("cursor", models.UUIDField(blank=True, null=True)),
                ("next_chunk_at", models.DateTimeField(blank=True, null=True)),
                ("yielded", models.BooleanField(default=False, help_text="Its last turn was left to photos that waited for a worker.")),
                ("error", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("encoder", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.encoder")),
                ("started_by", models.ForeignKey(blank=True, help_text="Empty: it started by itself after something was learned.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("taxonomy", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="retaggings", to="catalog.taxonomy")),
            ],
            options={"ordering": ["-created_at", "-id"]},
        ),
        migrations.AddConstraint(
            model_name="retagging",
            constraint=models.CheckConstraint(condition=models.Q(("rate__gt", 0)), name="retagging_rate_is_positive"),
        ),
        migrations.AddConstraint(
            model_name="retagging",
            constraint=models.UniqueConstraint(condition=models.Q(("status__in", ("running", "paused", "failed"))), fields=("taxonomy",), name="one_open_retagging_per_taxonomy"),
        ),
        migrations.AddField(
            model_name="learningswitch",
            name="retags",
            field=models.BooleanField(default=False, help_text="Photos are tagged again by themselves once nothing new was learned for a while."),
        ),
        migrations.AddField(
            model_name="tagverdict",
            name="tags_before",
            field=models.JSONField(blank=True, default=list, help_text="The photo's tags of this category before, for undoing."),
        ),
        migrations.AddField(
            model_name="tagverdict",
            name="together",
            field=models.UUIDField(blank=True, db_index=True, help_text="The same for all that was said in one go.", null=True),
        ),
        migrations.AlterField(
            model_name="tagverdict",
            name="accepted",
            field=models.BooleanField(help_text="Empty: what was said before is taken back, and nothing said instead.", null=True),
        ),
        migrations.RunSQL(CLOSE_GAPS, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="tag",
            index=models.Index(condition=models.Q(("is_confirmed", False), ("rank", 1)), fields=["encoder", "score", "image"], name="tag_least_sure_first"),
        ),
        migrations.AddIndex(
            model_name="tag",
            index=models.Index(condition=models.Q(("rank", 1)), fields=["encoder", "category"], name="tag_first"),
        ),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION vitrine_refuse_forgetting()"),
        migrations.RunSQL(NO_CHANGE, "DROP TRIGGER append_only ON catalog_tagverdict"),
        migrations.RunSQL(NO_FORGETTING, "DROP TRIGGER goes_with_its_photo ON catalog_tagverdict"),
    ]
