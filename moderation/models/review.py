"""A review is the one open case of a photo that waits for a person."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import Q

from catalog.models import Image
from moderation.choices import ReviewStatus
from moderation.models.policy import Policy


class ReviewQuerySet(models.QuerySet["Review"]):
    """Questions the queue asks."""

    def open(self) -> "ReviewQuerySet":
        return self.filter(status=ReviewStatus.OPEN)

    def queue_for(self, moderator: AbstractBaseUser, now: datetime) -> "ReviewQuerySet":
        """What this moderator may take: nobody else's claim, nothing they skipped; worst first."""
        return (
            self.open()
            .filter(
                Q(claimed_by__isnull=True)
                | Q(claim_expires_at__lte=now)
                | Q(claimed_by_id=moderator.pk)
            )
            .exclude(skips__moderator_id=moderator.pk)
            .order_by("-priority", "created_at", "id")
        )


class Review(models.Model):
    """One case. A claim is a lease; `version` grows with every change and fences stale screens."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="reviews")
    policy = models.ForeignKey(
        Policy,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reviews",
        help_text="The most severe policy that flagged it; empty when a person asked.",
    )
    status = models.CharField(max_length=10, choices=ReviewStatus, default=ReviewStatus.OPEN)
    priority = models.FloatField(default=0.0, help_text="Severity times score; higher comes first.")
    version = models.PositiveIntegerField(default=1)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    claim_expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-priority", "created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["image"],
                condition=Q(status=ReviewStatus.OPEN),
                name="one_open_review_per_image",
            ),
            models.CheckConstraint(
                condition=Q(claimed_by__isnull=True, claim_expires_at__isnull=True)
                | Q(claimed_by__isnull=False, claim_expires_at__isnull=False),
                name="review_claim_expires",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-priority", "created_at"],
                condition=Q(status=ReviewStatus.OPEN),
                name="review_queue",
            )
        ]

    def __str__(self) -> str:
        return f"Review of {self.image_id}"


class Skip(models.Model):
    """A moderator passed on a review: it is hidden from that moderator only."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="skips")
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "moderator"], name="skip_once_per_moderator")
        ]

    def __str__(self) -> str:
        return f"{self.moderator_id} skipped {self.review_id}"
