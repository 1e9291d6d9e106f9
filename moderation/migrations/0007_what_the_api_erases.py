"""Counts of photos that were judged and forgotten."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("moderation", "0006_policies_in_force"),
        ("catalog", "0014_idempotent_requests_and_erasure"),
    ]

    operations = [
        migrations.CreateModel(
            name="JudgedCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("status", models.CharField(choices=[("pending", "Pending"), ("live", "Live"), ("held", "Held"), ("removed", "Removed"), ("failed", "Failed")], max_length=10)),
                ("photos", models.PositiveIntegerField(default=0)),
                ("storefront", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="judged_counts", to="catalog.storefront")),
            ],
            options={"ordering": ["-day", "storefront", "status"]},
        ),
        migrations.AddConstraint(
            model_name="judgedcount",
            constraint=models.UniqueConstraint(fields=("storefront", "day", "status"), name="judged_once_per_day_and_status"),
        ),
        migrations.AddConstraint(
            model_name="judgedcount",
            constraint=models.CheckConstraint(condition=models.Q(("status__in", ("live", "held", "removed"))), name="judged_status_is_a_verdict"),
        ),
    ]
