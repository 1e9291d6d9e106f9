"""Requests answered once, tombstones of erased photos, what products carry, and when work began."""

import uuid

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0013_keys_with_scopes_and_sandboxes"),
    ]

    operations = [
        migrations.CreateModel(
            name="IdempotentRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=255)),
                ("token", models.UUIDField(default=uuid.uuid4)),
                ("digest", models.CharField(blank=True, help_text="Over what was sent; empty until that is read.", max_length=64)),
                ("locked_until", models.DateTimeField(blank=True, null=True)),
                ("status", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("headers", models.JSONField(blank=True, default=dict)),
                ("body", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("storefront", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="idempotent_requests", to="catalog.storefront")),
            ],
            options={"ordering": ["-created_at"]},
        ),
        migrations.AddConstraint(
            model_name="idempotentrequest",
            constraint=models.UniqueConstraint(fields=("storefront", "key"), name="idempotency_key_per_storefront"),
        ),
        migrations.AddConstraint(
            model_name="idempotentrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("locked_until__isnull", False), ("status__isnull", True))
                | models.Q(("locked_until__isnull", True), ("status__lt", 500)) & models.Q(("digest", ""), _negated=True),
                name="idempotent_request_is_locked_or_answered",
            ),
        ),
        migrations.CreateModel(
            name="Tombstone",
            fields=[
                ("image_id", models.UUIDField(primary_key=True, serialize=False)),
                ("sha256", models.CharField(help_text="Of the file that is gone.", max_length=64)),
                ("erased_by", models.CharField(help_text="Who asked for it, in words.", max_length=200)),
                ("erased_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("storefront", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="tombstones", to="catalog.storefront")),
            ],
            options={"ordering": ["-erased_at"]},
        ),
        migrations.AddIndex(
            model_name="tombstone",
            index=models.Index(fields=["storefront", "-erased_at"], name="tombstone_recent"),
        ),
        migrations.RunSQL(
            "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON catalog_tombstone "
            "FOR EACH ROW EXECUTE FUNCTION vitrine_refuse_change()",
            "DROP TRIGGER append_only ON catalog_tombstone",
        ),
        migrations.CreateModel(
            name="DoomedFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=300, unique=True)),
                ("since", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={"ordering": ["since"]},
        ),
        migrations.AddField(
            model_name="image",
            name="started_at",
            field=models.DateTimeField(blank=True, help_text="When a worker took it for the last time.", null=True),
        ),
        migrations.AddField(
            model_name="product",
            name="data",
            field=models.JSONField(blank=True, default=dict, help_text="Whatever the storefront keeps with it; never interpreted."),
        ),
        migrations.AddField(
            model_name="product",
            name="updated_at",
            field=models.DateTimeField(auto_now=True, default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="event",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="event_at"),
        ),
    ]
