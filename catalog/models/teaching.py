"""What staff say about tags, and what is learned from it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from pgvector.django import HalfVectorField

from catalog.models.encoder import Encoder
from catalog.models.image import Image
from catalog.models.storefront import Storefront
from catalog.models.taxonomy import Category, Taxonomy


class TagVerdictQuerySet(models.QuerySet["TagVerdict"]):
    """Questions asked of the verdicts."""

    def standing(self) -> "TagVerdictQuerySet":
        """The last one on each photo and category: what staff say now. Where the last one takes
        back what was said before, nobody says anything. A sandbox's photos teach nothing."""
        newest = self.order_by("image_id", "category_id", "-id").distinct("image_id", "category_id")
        found = TagVerdict.objects.filter(pk__in=newest.values("pk"), accepted__isnull=False)
        sandboxes = Storefront.objects.sandbox_ids()
        return found.exclude(image__storefront__in=sandboxes) if sandboxes else found


class TagVerdict(models.Model):
    """Somebody said that a photo shows a category, or that it does not. A later row overrules an
    earlier one about the same pair. The database refuses to edit one, and to delete one while its
    photo is here."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="tag_verdicts")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="verdicts")
    accepted = models.BooleanField(
        null=True, help_text="Empty: what was said before is taken back, and nothing said instead."
    )
    # What was on the screen; null where the category was added and no model had proposed it.
    score = models.FloatField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    together = models.UUIDField(
        null=True, blank=True, db_index=True, help_text="The same for all that was said in one go."
    )
    tags_before = models.JSONField(
        default=list, blank=True, help_text="The photo's tags of this category before, for undoing."
    )

    objects = TagVerdictQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["image", "category", "-id"], name="verdict_latest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=0, score__lte=1),
                name="verdict_score_is_a_probability",
            )
        ]

    def __str__(self) -> str:
        said = {True: "is", False: "is not", None: "may be"}[self.accepted]
        return f"{self.image_id} {said} {self.category}"


class CategoryHead(models.Model):
    """Category vectors learned from confirmed photos: one build for one taxonomy and encoder.

    The active one is used in place of the text vectors; with none active, the text vectors are.
    """

    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.CASCADE, related_name="heads")
    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="heads")
    version = models.PositiveIntegerField(help_text="Counts up within a taxonomy and encoder.")
    digest = models.CharField(
        max_length=64, help_text="Over the confirmed photos, the text vectors and the method."
    )
    photos = models.PositiveIntegerField(help_text="Confirmed photos it was learned from.")
    is_active = models.BooleanField(default=False)
    built_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["taxonomy", "encoder", "version"], name="head_version_once"
            ),
            models.UniqueConstraint(
                fields=["taxonomy", "encoder"],
                condition=Q(is_active=True),
                name="one_active_head_per_taxonomy_and_encoder",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"


class HeadVector(models.Model):
    """The learned unit vector of one category in one build."""

    head = models.ForeignKey(CategoryHead, on_delete=models.CASCADE, related_name="vectors")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="+")
    photos = models.PositiveIntegerField(help_text="Confirmed photos of this category.")
    vector = HalfVectorField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["head", "category"], name="one_vector_per_head_and_category"
            )
        ]

    def __str__(self) -> str:
        return f"{self.category_id} in {self.head_id}"


class LearningSwitch(models.Model):
    """Whether a taxonomy's heads follow the verdicts. A person who goes back to an earlier
    version, or turns learning off, pins that choice until somebody lets it follow again."""

    taxonomy = models.OneToOneField(Taxonomy, on_delete=models.CASCADE, related_name="learning")
    follows = models.BooleanField(default=True)
    retags = models.BooleanField(
        default=False,
        help_text="Photos are tagged again by themselves once nothing new was learned for a while.",
    )
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.taxonomy} {'follows' if self.follows else 'is pinned'}"


class Calibration(models.Model):
    """How to read an encoder's probabilities on one taxonomy: the newest row is in force."""

    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.CASCADE, related_name="calibrations")
    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="calibrations")
    taxonomy_version = models.CharField(max_length=40, help_text="The taxonomy's when it was made.")
    temperature = models.FloatField(
        help_text="Logits are divided by it: above 1 the encoder was too sure of itself."
    )
    photos = models.PositiveIntegerField(help_text="Labelled photos it was fitted on.")
    error_before = models.FloatField(help_text="Expected calibration error, 0 to 1, 15 bins.")
    error_after = models.FloatField(help_text="The same on photos not used for fitting.")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(temperature__gt=0), name="calibration_temperature_is_positive"
            )
        ]

    def __str__(self) -> str:
        return f"÷ {self.temperature:.2f}"
