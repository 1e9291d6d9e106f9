"""Several taxonomies at once, shops that choose and prune, and vectors that say what they are of."""

import hashlib
import re

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def fill_digests(apps, schema_editor):
    """As `catalog.taxonomy_vectors.words_digest` does it; the vectors of before count as old."""
    categories = apps.get_model("catalog", "Category")
    rows = list(categories.objects.only("name", "synonyms"))
    for row in rows:
        words = [re.sub(r"[-_\s]+", " ", word).strip().lower() for word in (row.name, *row.synonyms)]
        row.words_digest = hashlib.sha256("\n".join(words).encode()).hexdigest()
    categories.objects.bulk_update(rows, ["words_digest"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("catalog", "0003_history_is_append_only"),
    ]
    operations = [
        migrations.AddField(
            model_name="taxonomy",
            name="is_next",
            field=models.BooleanField(default=False, help_text="Becomes the active one as soon as all its categories are encoded."),
        ),
        migrations.AlterField(
            model_name="taxonomy",
            name="is_active",
            field=models.BooleanField(default=False, help_text="For storefronts that have not chosen one."),
        ),
        migrations.AddConstraint(
            model_name="taxonomy",
            constraint=models.UniqueConstraint(condition=models.Q(("is_next", True)), fields=("is_next",), name="one_next_taxonomy"),
        ),
        migrations.AddConstraint(
            model_name="taxonomy",
            constraint=models.CheckConstraint(condition=models.Q(("is_active", True), ("is_next", True), _negated=True), name="active_taxonomy_does_not_wait"),
        ),
        migrations.AddField(
            model_name="category",
            name="words_digest",
            field=models.CharField(blank=True, default="", help_text="Over name and synonyms: what prompts are made of.", max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(fill_digests, migrations.RunPython.noop),
        migrations.RenameField("categoryvector", "prompt_digest", "words_digest"),
        migrations.AlterField(
            model_name="categoryvector",
            name="words_digest",
            field=models.CharField(help_text="The category's when it was encoded; another now means: encode.", max_length=64),
        ),
        migrations.AddField(
            model_name="categoryvector",
            name="template_version",
            field=models.CharField(default="", help_text="Of the prompt templates.", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="storefront",
            name="taxonomy",
            field=models.ForeignKey(blank=True, help_text="What its photos are tagged against; empty for the active one.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="storefronts", to="catalog.taxonomy"),
        ),
        migrations.CreateModel(
            name="StorefrontPrune",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pruned_at", models.DateTimeField(auto_now_add=True)),
                ("category", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.category")),
                ("pruned_by", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("storefront", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="prunes", to="catalog.storefront")),
            ],
        ),
        migrations.AddConstraint(
            model_name="storefrontprune",
            constraint=models.UniqueConstraint(fields=("storefront", "category"), name="prune_once_per_storefront_and_category"),
        ),
        migrations.CreateModel(
            name="TaxonomyDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("data", models.BinaryField()),
                ("filename", models.CharField(max_length=200)),
                ("slug", models.SlugField()),
                ("name", models.CharField(max_length=120)),
                ("version", models.CharField(max_length=40)),
                ("uploaded_at", models.DateTimeField(auto_now_add=True)),
                ("uploaded_by", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
