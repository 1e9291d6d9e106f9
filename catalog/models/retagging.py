"""Tagging photos again: a job that goes through what is already here."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.choices import RetagStatus
from catalog.models.encoder import Encoder
from catalog.models.taxonomy import Taxonomy


class Retagging(models.Model):
    """One pass over the photos that are tagged with one taxonomy, in order of their id.

    The row is the job: `cursor` is the last photo that was looked at, so it goes on after anything.
    Photos that a worker finished after it began carry tags as new as its own and are left alone.
    """

    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.CASCADE, related_name="retaggings")
    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=10, choices=RetagStatus, default=RetagStatus.RUNNING)
    rate = models.PositiveIntegerField(help_text="Photos per second at most.")
    total = models.PositiveIntegerField(default=0, help_text="Photos there were at the start.")
    seen = models.PositiveIntegerField(default=0, help_text="Photos that were tagged again.")
    changed = models.PositiveIntegerField(default=0, help_text="Of those: any tag is another now.")
    first_changed = models.PositiveIntegerField(default=0, help_text="Of those: the first tag is.")
    cursor = models.UUIDField(null=True, blank=True)
    next_chunk_at = models.DateTimeField(null=True, blank=True)
    yielded = models.BooleanField(
        default=False, help_text="Its last turn was left to photos that waited for a worker."
    )
    error = models.CharField(max_length=300, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: it started by itself after something was learned.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(rate__gt=0), name="retagging_rate_is_positive"),
            models.UniqueConstraint(
                fields=["taxonomy"],
                condition=Q(status__in=RetagStatus.open()),
                name="one_open_retagging_per_taxonomy",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.taxonomy}, {self.get_status_display().lower()}"
