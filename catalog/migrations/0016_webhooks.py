import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0015_photos_by_address"),
    ]

    operations = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "image_id",
                    models.UUIDField(
                        blank=True,
                        help_text="The event's: one of them at a time, in order.",
                        null=True,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("delivered", "Delivered"),
                            ("failed", "Failed"),
                            ("dropped", "Dropped"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Since it was made, or sent again by somebody."
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("next_attempt_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "give_up_at",
                    models.DateTimeField(help_text="An attempt that fails after then is the last."),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("lease_token", models.UUIDField(blank=True, null=True)),
                ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "ordering": ["-id"],
            },
        ),
        migrations.AlterField(
            model_name="storefrontevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("created", "Storefront made"),
                    ("changed", "Settings changed"),
                    ("key_made", "Key made"),
                    ("key_rotated", "Key rotated"),
                    ("key_revoked", "Key revoked"),
                    ("webhook_made", "Webhook made"),
                    ("webhook_changed", "Webhook changed"),
                    ("webhook_disabled", "Webhook disabled"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="DeliveryAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="HTTP; if any.", null=True
                    ),
                ),
                ("milliseconds", models.PositiveIntegerField()),
                ("answer", models.CharField(blank=True, help_text="How it began.", max_length=500)),
                (
                    "error",
                    models.CharField(
                        blank=True, help_text="Why it does not count.", max_length=300
                    ),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="log",
                        to="catalog.delivery",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("url", models.CharField(max_length=2048, verbose_name="address")),
                ("description", models.CharField(blank=True, max_length=200)),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("image.live", "A photo went live"),
                                ("image.held", "A photo waits for a moderator"),
                                ("image.removed", "A photo was removed"),
                                ("image.failed", "A photo could not be processed"),
                                ("image.deleted", "A photo was erased"),
                                ("decision.effective", "A decision took effect"),
                                ("appeal.decided", "An appeal was decided"),
                                ("fetch.failed", "A photo could not be fetched from its address"),
                                ("webhook.test", "A test, sent to one endpoint"),
                            ],
                            max_length=30,
                        ),
                        blank=True,
                        default=list,
                        help_text="What it is told of. Empty: everything, also what is added later.",
                        size=None,
                    ),
                ),
                ("secret", models.CharField(max_length=120)),
                ("previous_secret", models.CharField(blank=True, max_length=120)),
                (
                    "previous_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="Until then, deliveries carry a signature by each secret.",
                        null=True,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("active", "Active"),
                            ("paused", "Paused"),
                            ("disabled", "Disabled"),
                        ],
                        default="active",
                        max_length=10,
                    ),
                ),
                (
                    "state_reason",
                    models.CharField(blank=True, help_text="Why it is disabled.", max_length=300),
                ),
                ("failures", models.PositiveIntegerField(default=0, help_text="In a row.")),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                (
                    "open_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="Not asked before then, for it failed several times.",
                        null=True,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "deleted_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Its rows go an hour later, when no transaction can still refer to them.",
                        null=True,
                    ),
                ),
                (
                    "storefront",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhook_endpoints",
                        to="catalog.storefront",
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "id"],
            },
        ),
        migrations.AddField(
            model_name="delivery",
            name="endpoint",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="catalog.webhookendpoint",
            ),
        ),
        migrations.CreateModel(
            name="WebhookEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("image_id", models.UUIDField(blank=True, null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("image.live", "A photo went live"),
                            ("image.held", "A photo waits for a moderator"),
                            ("image.removed", "A photo was removed"),
                            ("image.failed", "A photo could not be processed"),
                            ("image.deleted", "A photo was erased"),
                            ("decision.effective", "A decision took effect"),
                            ("appeal.decided", "An appeal was decided"),
                            ("fetch.failed", "A photo could not be fetched from its address"),
                            ("webhook.test", "A test, sent to one endpoint"),
                        ],
                        max_length=30,
                    ),
                ),
                (
                    "sequence",
                    models.BigIntegerField(
                        help_text="Grows with every event of the same photo; milliseconds since 1970, or one more than the event before."
                    ),
                ),
                ("body", models.TextField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "storefront",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhook_events",
                        to="catalog.storefront",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.AddField(
            model_name="delivery",
            name="event",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="catalog.webhookevent",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "disabled"), _negated=True),
                    models.Q(("state_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="webhook_disabled_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("previous_secret", ""), ("previous_until__isnull", False), _connector="OR"
                ),
                name="webhook_old_secret_ends",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("failing_since__isnull", True), ("failures", 0)),
                    models.Q(("failing_since__isnull", False), ("failures__gt", 0)),
                    _connector="OR",
                ),
                name="webhook_failing_since_when",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(fields=["created_at"], name="webhook_event_age"),
        ),
        migrations.AddConstraint(
            model_name="webhookevent",
            constraint=models.UniqueConstraint(
                fields=("image_id", "sequence"), name="webhook_event_after_another"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["endpoint", "next_attempt_at", "id"],
                name="delivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["endpoint", "image_id", "id"],
                name="delivery_of_photo",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                fields=["endpoint", "-created_at", "-event"], name="delivery_recent"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                fields=["endpoint", "state", "-created_at"], name="delivery_state_recent"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                fields=("event", "endpoint"), name="delivery_once_per_endpoint"
            ),
        ),
    ]
