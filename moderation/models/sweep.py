"""A sweep takes exemplars or thresholds to every photo that is already there."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.models import Encoder, Image
from moderation.choices import SweepStatus
from moderation.models.bank import Bank
from moderation.models.exemplar import Exemplar


class Sweep(models.Model):
    """One pass of a bank, or of some of its exemplars, over the photos in order of their id.

    The row is the job: `cursor` is the last photo that was looked at, so it resumes after
    anything. What it did to each photo is in its hits, so it can be taken back as a whole.
    """

    bank = models.ForeignKey(Bank, on_delete=models.PROTECT, related_name="sweeps")
    exemplars = models.ManyToManyField(
        Exemplar,
        blank=True,
        related_name="+",
        help_text="Empty: all enabled ones of the bank.",
    )
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=SweepStatus, default=SweepStatus.RUNNING)
    rate = models.PositiveIntegerField(help_text="Photos per second at most.")
    total = models.PositiveIntegerField(default=0, help_text="Photos there were at the start.")
    scanned = models.PositiveIntegerField(default=0)
    matched = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    cursor = models.UUIDField(null=True, blank=True)
    next_chunk_at = models.DateTimeField(null=True, blank=True)
    yielded = models.BooleanField(
        default=False, help_text="Its last turn was left to photos that waited for a worker."
    )
    note = models.CharField(max_length=300, blank=True)
    error = models.CharField(max_length=300, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reverted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who took it back.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(rate__gt=0), name="sweep_rate_is_positive")
        ]

    def __str__(self) -> str:
        return f"{self.bank}, {self.get_status_display().lower()}"


class SweepHit(models.Model):
    """A photo a sweep matched, and what it stood at before."""

    sweep = models.ForeignKey(Sweep, on_delete=models.CASCADE, related_name="hits")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="+")
    exemplar = models.ForeignKey(Exemplar, on_delete=models.PROTECT, related_name="+")
    score = models.FloatField(help_text="From 0 to 1 for vectors and hashes alike, 1 is nearest.")
    acted = models.BooleanField(default=False, help_text="The sweep held or removed the photo.")
    status_before = models.CharField(max_length=10)
    reverted = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sweep", "image"], name="hit_once_per_sweep_and_image")
        ]

    def __str__(self) -> str:
        return f"{self.image_id} at {self.score:.3f}"
