"""Tags: which category a photo shows, and what said so."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from catalog.models.encoder import Encoder
from catalog.models.image import Image
from catalog.models.taxonomy import Category


class Tag(models.Model):
    """One category given to one photo, with everything that produced it."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="tags")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="tags")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField(help_text="1 is the best.")
    score = models.FloatField(help_text="Probability, 0 to 1.")
    threshold = models.FloatField(help_text="The score it had to reach.")
    levels = ArrayField(
        models.FloatField(),
        default=list,
        blank=True,
        help_text="Probability at each level of its path, the root first and itself last.",
    )
    template_version = models.CharField(max_length=64)
    head = models.ForeignKey(
        "catalog.CategoryHead",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The learned vectors that were in force; none for the text vectors.",
    )
    calibration = models.ForeignKey(
        "catalog.Calibration", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    threshold_set = models.ForeignKey(
        "catalog.ThresholdSet",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The learned thresholds that were in force; none for the one of the settings.",
    )
    is_confirmed = models.BooleanField(default=False, help_text="A person said that it is right.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["image", "rank"]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "category", "encoder"], name="tag_once_per_image_and_encoder"
            ),
            models.CheckConstraint(
                condition=models.Q(score__gte=0, score__lte=1), name="tag_score_is_a_probability"
            ),
        ]
        indexes = [
            models.Index(
                fields=["encoder", "score", "image"],
                condition=models.Q(rank=1, is_confirmed=False),
                name="tag_least_sure_first",
            ),
            models.Index(
                fields=["encoder", "category"], condition=models.Q(rank=1), name="tag_first"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.score:.2f}"
