"""Thresholds that staff's verdicts have taught, category by category."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog.models.encoder import Encoder
from catalog.models.taxonomy import Category, Taxonomy


class ThresholdSet(models.Model):
    """Thresholds learned from verdicts: one build for one taxonomy and encoder.

    The active one is in force; with none active, every category has the one of the settings.
    """

    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.CASCADE, related_name="threshold_sets")
    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="threshold_sets")
    version = models.PositiveIntegerField(help_text="Counts up within a taxonomy and encoder.")
    digest = models.CharField(
        max_length=64, help_text="Over the verdicts, what the photos scored, and the method."
    )
    precision = models.FloatField(help_text="The share of a category's tags that should be right.")
    base = models.FloatField(help_text="The threshold where there are no verdicts, 0 to 1.")
    photos = models.PositiveIntegerField(help_text="Judged photos it was learned from.")
    is_active = models.BooleanField(default=False)
    built_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["taxonomy", "encoder", "version"], name="threshold_set_version_once"
            ),
            models.UniqueConstraint(
                fields=["taxonomy", "encoder"],
                condition=Q(is_active=True),
                name="one_active_threshold_set",
            ),
            models.CheckConstraint(
                condition=Q(base__gte=0, base__lte=1, precision__gt=0, precision__lte=1),
                name="threshold_set_holds_shares",
            ),
        ]

    def __str__(self) -> str:
        return f"thresholds {self.version}"


class CategoryThreshold(models.Model):
    """One category's threshold in one build; `right` and `wrong` count the judged photos that
    scored high enough to tell something about it, 0 and 0 where its siblings lent theirs."""

    set = models.ForeignKey(ThresholdSet, on_delete=models.CASCADE, related_name="thresholds")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="+")
    threshold = models.FloatField(help_text="The probability a tag has to reach, 0 to 1.")
    right = models.PositiveIntegerField()
    wrong = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["set", "category"], name="one_threshold_per_set_and_category"
            ),
            models.CheckConstraint(
                condition=Q(threshold__gte=0, threshold__lte=1), name="threshold_is_a_probability"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category_id}: {self.threshold:.2f}"


class ThresholdSwitch(models.Model):
    """Whether a taxonomy's thresholds follow the verdicts. A person who goes back to an earlier
    version, or turns them off, pins that choice until somebody lets them follow again."""

    taxonomy = models.OneToOneField(
        Taxonomy, on_delete=models.CASCADE, related_name="threshold_switch"
    )
    follows = models.BooleanField(default=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "threshold switches"

    def __str__(self) -> str:
        return f"{self.taxonomy} {'follows' if self.follows else 'is pinned'}"
