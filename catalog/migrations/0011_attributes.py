"""Attributes beside the categories. Verdicts on them stay as they are while their photo is here."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import pgvector.django.halfvec
from django.conf import settings
from django.db import migrations, models

NO_CHANGE = """
CREATE TRIGGER append_only BEFORE UPDATE ON catalog_attributeverdict
FOR EACH ROW EXECUTE FUNCTION vitrine_refuse_change()
"""
NO_FORGETTING = """
CREATE CONSTRAINT TRIGGER goes_with_its_photo AFTER DELETE ON catalog_attributeverdict
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION vitrine_refuse_forgetting()
"""


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0010_thresholds_per_category"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Attribute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(unique=True)),
                ("name", models.CharField(max_length=120)),
                ("method", models.CharField(choices=[("words", "Words"), ("pixels", "Pixels")], max_length=10)),
                ("is_exclusive", models.BooleanField(default=False, help_text="A photo has one value at most; otherwise several may apply.")),
                ("is_active", models.BooleanField(default=True, help_text="Switched off: no photo is asked, and nothing of it is shown.")),
                ("threshold", models.FloatField(help_text="The score a value has to reach, 0 to 1.")),
                ("templates", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=300), blank=True, default=list, help_text="Sentences that a value's words are put into, each with {label}.", size=None)),
                ("position", models.PositiveIntegerField(default=0)),
                ("updated_at", models.DateTimeField(auto_now=True, help_text="Changes with any of its values: workers look at it.")),
            ],
            options={"ordering": ["position", "name"]},
        ),
        migrations.CreateModel(
            name="AttributeValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField()),
                ("name", models.CharField(max_length=120)),
                ("synonyms", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=120), blank=True, default=list, size=None)),
                ("prompts", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=300), blank=True, default=list, help_text="Whole sentences in place of the attribute's templates.", size=None)),
                ("swatches", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=7), blank=True, default=list, help_text="Colours that go by this name, as #rrggbb; the first one is shown.", size=None)),
                ("words_digest", models.CharField(help_text="Over the sentences its vector is made of.", max_length=64)),
                ("is_contrast", models.BooleanField(default=False)),
                ("is_retired", models.BooleanField(default=False, help_text="No longer in the file: kept for the photos that have it.")),
                ("position", models.PositiveIntegerField(default=0)),
                ("attribute", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="values", to="catalog.attribute")),
            ],
            options={"ordering": ["attribute", "position"]},
        ),
        migrations.CreateModel(
            name="AttributeVector",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words_digest", models.CharField(help_text="The value's when it was encoded; another now means: encode.", max_length=64)),
                ("is_known", models.BooleanField(help_text="The encoder has met its words; otherwise no photo is given the value.")),
                ("vector", pgvector.django.halfvec.HalfVectorField()),
                ("created_at", models.DateTimeField(auto_now=True)),
                ("encoder", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.encoder")),
                ("value", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="vectors", to="catalog.attributevalue")),
            ],
        ),
        migrations.CreateModel(
            name="ImageAttribute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("score", models.FloatField(blank=True, help_text="By words: a probability. By pixels: the share of what is shown. Empty: only a person said so.", null=True)),
                ("threshold", models.FloatField(help_text="The score it had to reach.")),
                ("version", models.CharField(help_text="Of the prompts or swatches.", max_length=64)),
                ("is_confirmed", models.BooleanField(default=False, help_text="A person said that it is right.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("encoder", models.ForeignKey(help_text="Whose vector, or whose cut of the picture, was looked at.", on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.encoder")),
                ("image", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="attributes", to="catalog.image")),
                ("value", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.attributevalue")),
            ],
            options={"ordering": ["image_id", "value__attribute__position", "-score", "pk"]},
        ),
        migrations.CreateModel(
            name="AttributeVerdict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("accepted", models.BooleanField()),
                ("score", models.FloatField(blank=True, help_text="What was on the screen.", null=True)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("image", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="attribute_verdicts", to="catalog.image")),
                ("value", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.attributevalue")),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.AddConstraint(
            model_name="attribute",
            constraint=models.CheckConstraint(condition=models.Q(("threshold__gt", 0), ("threshold__lte", 1)), name="attribute_threshold_is_a_probability"),
        ),
        migrations.AddConstraint(
            model_name="attributevalue",
            constraint=models.UniqueConstraint(fields=("attribute", "slug"), name="value_slug_once_per_attribute"),
        ),
        migrations.AddConstraint(
            model_name="attributevalue",
            constraint=models.UniqueConstraint(condition=models.Q(("is_contrast", True)), fields=("attribute",), name="one_contrast_per_attribute"),
        ),
        migrations.AddConstraint(
            model_name="attributevector",
            constraint=models.UniqueConstraint(fields=("value", "encoder"), name="one_vector_per_value_and_encoder"),
        ),
        migrations.AddIndex(
            model_name="imageattribute",
            index=models.Index(fields=["encoder", "value", "image"], name="attribute_of_images"),
        ),
        migrations.AddConstraint(
            model_name="imageattribute",
            constraint=models.UniqueConstraint(fields=("image", "value", "encoder"), name="value_once_per_image_and_encoder"),
        ),
        migrations.AddConstraint(
            model_name="imageattribute",
            constraint=models.CheckConstraint(condition=models.Q(("score__isnull", True), models.Q(("score__gte", 0), ("score__lte", 1)), _connector="OR"), name="attribute_score_is_a_share"),
        ),
        migrations.AddIndex(
            model_name="attributeverdict",
            index=models.Index(fields=["image", "value", "-id"], name="attribute_verdict_latest"),
        ),
        migrations.RunSQL(NO_CHANGE, "DROP TRIGGER append_only ON catalog_attributeverdict"),
        migrations.RunSQL(NO_FORGETTING, "DROP TRIGGER goes_with_its_photo ON catalog_attributeverdict"),
    ]
