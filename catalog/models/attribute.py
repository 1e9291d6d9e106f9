"""Attributes: colour, pattern, material and whatever else a photo shows beside its category."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from pgvector.django import HalfVectorField

from catalog.choices import AttributeMethod
from catalog.models.encoder import Encoder
from catalog.models.image import Image


class Attribute(models.Model):
    """A question asked of every photo, with a closed list of answers."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    method = models.CharField(max_length=10, choices=AttributeMethod)
    is_exclusive = models.BooleanField(
        default=False, help_text="A photo has one value at most; otherwise several may apply."
    )
    is_active = models.BooleanField(
        default=True, help_text="Switched off: no photo is asked, and nothing of it is shown."
    )
    threshold = models.FloatField(help_text="The score a value has to reach, 0 to 1.")
    templates = ArrayField(
        models.CharField(max_length=300),
        default=list,
        blank=True,
        help_text="Sentences that a value's words are put into, each with {label}.",
    )
    position = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(
        auto_now=True, help_text="Changes with any of its values: workers look at it."
    )

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold__gt=0, threshold__lte=1),
                name="attribute_threshold_is_a_probability",
            )
        ]

    def __str__(self) -> str:
        return self.name


class AttributeValue(models.Model):
    """One answer. `is_contrast` stands for “none of these”: never given to a photo."""

    attribute = models.ForeignKey(Attribute, on_delete=models.CASCADE, related_name="values")
    slug = models.SlugField()
    name = models.CharField(max_length=120)
    synonyms = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    prompts = ArrayField(
        models.CharField(max_length=300),
        default=list,
        blank=True,
        help_text="Whole sentences in place of the attribute's templates.",
    )
    swatches = ArrayField(
        models.CharField(max_length=7),
        default=list,
        blank=True,
        help_text="Colours that go by this name, as #rrggbb; the first one is shown.",
    )
    words_digest = models.CharField(
        max_length=64, help_text="Over the sentences its vector is made of."
    )
    is_contrast = models.BooleanField(default=False)
    is_retired = models.BooleanField(
        default=False, help_text="No longer in the file: kept for the photos that have it."
    )
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["attribute", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["attribute", "slug"], name="value_slug_once_per_attribute"
            ),
            models.UniqueConstraint(
                fields=["attribute"],
                condition=Q(is_contrast=True),
                name="one_contrast_per_attribute",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AttributeVector(models.Model):
    """A value's text vector in one encoder: the ensemble of its prompts, renormalised."""

    value = models.ForeignKey(AttributeValue, on_delete=models.CASCADE, related_name="vectors")
    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="+")
    words_digest = models.CharField(
        max_length=64, help_text="The value's when it was encoded; another now means: encode."
    )
    is_known = models.BooleanField(
        help_text="The encoder has met its words; otherwise no photo is given the value."
    )
    vector = HalfVectorField()
    created_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["value", "encoder"], name="one_vector_per_value_and_encoder"
            )
        ]

    def __str__(self) -> str:
        return f"{self.value_id} in {self.encoder_id}"


class ImageAttribute(models.Model):
    """One value given to one photo, with everything that produced it."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="attributes")
    value = models.ForeignKey(AttributeValue, on_delete=models.PROTECT, related_name="+")
    encoder = models.ForeignKey(
        Encoder,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Whose vector, or whose cut of the picture, was looked at.",
    )
    score = models.FloatField(
        null=True,
        blank=True,
        help_text="By words: a probability. By pixels: the share of what is shown. Empty: only a "
        "person said so.",
    )
    threshold = models.FloatField(help_text="The score it had to reach.")
    version = models.CharField(max_length=64, help_text="Of the prompts or swatches.")
    is_confirmed = models.BooleanField(default=False, help_text="A person said that it is right.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["image_id", "value__attribute__position", "-score", "pk"]
        # For filters and the counts beside them.
        indexes = [models.Index(fields=["encoder", "value", "image"], name="attribute_of_images")]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "value", "encoder"], name="value_once_per_image_and_encoder"
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=0, score__lte=1),
                name="attribute_score_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value_id} on {self.image_id}"


class AttributeVerdict(models.Model):
    """Somebody said that a photo has a value, or that it does not. A later row overrules an
    earlier one about the same pair; none is edited."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="attribute_verdicts")
    value = models.ForeignKey(AttributeValue, on_delete=models.PROTECT, related_name="+")
    accepted = models.BooleanField()
    score = models.FloatField(null=True, blank=True, help_text="What was on the screen.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["image", "value", "-id"], name="attribute_verdict_latest")]

    def __str__(self) -> str:
        return f"{self.image_id} {'is' if self.accepted else 'is not'} {self.value}"
