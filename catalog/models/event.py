"""A photo's history, append-only."""

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils import timezone

from catalog.models.image import Image


class Event(models.Model):
    """One thing that happened to one photo. The database refuses to edit or delete it.

    It outlives its photo: `image_id` of an erased photo points to nothing.
    """

    image = models.ForeignKey(
        Image, on_delete=models.DO_NOTHING, db_constraint=False, related_name="events"
    )
    kind = models.CharField(max_length=40)
    summary = models.CharField(max_length=300, help_text="The sentence people read.")
    data = models.JSONField(default=dict, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["image", "at"], name="event_image_at"),
            # Rows lie in the order of time, so a few blocks tell what happened since a moment.
            BrinIndex(fields=["at"], name="event_at"),
            # What one person did lately; the many events without a person cost it nothing.
            models.Index(
                fields=["actor", "at"],
                condition=models.Q(actor__isnull=False),
                name="event_actor_at",
            ),
        ]

    def __str__(self) -> str:
        return self.summary
