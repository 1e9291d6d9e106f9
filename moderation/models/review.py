"""A review is the one open case of a photo that waits for a person."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, Group
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from catalog.models import Image
from catalog.roles import is_lead
from moderation.choices import Queue, Result, ReviewStatus
from moderation.models.decision import Decision
from moderation.models.policy import Policy

# In these queues nobody may judge a photo again that they have decided on before.
ANOTHER_PERSON = (Queue.SECOND, Queue.ESCALATED, Queue.APPEALS)


class ReviewQuerySet(models.QuerySet["Review"]):
    """Questions the queue asks."""

    def open(self) -> "ReviewQuerySet":
        return self.filter(status=ReviewStatus.OPEN)

    def active(self) -> "ReviewQuerySet":
        """Cases that are not closed: open ones, and decided ones that can be undone."""
        return self.filter(status__in=(ReviewStatus.OPEN, ReviewStatus.DRAFT))

    def allowed_to(self, moderator: AbstractBaseUser) -> "ReviewQuerySet":
        """Cases routed to this person, and none that needs another person than them."""
        decided_before = (
            Decision.objects.filter(image_id=OuterRef("image_id"), decided_by_id=moderator.pk)
            .exclude(settlement__result=Result.UNDONE)
            .values("pk")
        )
        found = self.exclude(Q(queue__in=ANOTHER_PERSON) & Exists(decided_before))
        if is_lead(moderator):
            return found
        groups = Group.objects.filter(user=moderator.pk)
        return found.filter(Q(group__isnull=True) | Q(group__in=groups)).exclude(
            queue=Queue.ESCALATED
        )

    def queue_for(
        self, moderator: AbstractBaseUser, now: datetime, queue: str = Queue.FIRST
    ) -> "ReviewQuerySet":
        """What this moderator may take: nobody else's claim, nothing they skipped; worst first."""
        return (
            self.open()
            .filter(
                Q(claimed_by__isnull=True)
                | Q(claim_expires_at__lte=now)
                | Q(claimed_by_id=moderator.pk),
                queue=queue,
            )
            .exclude(skips__moderator_id=moderator.pk)
            .allowed_to(moderator)
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
    queue = models.CharField(max_length=10, choices=Queue, default=Queue.FIRST)
    group = models.ForeignKey(
        Group,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Whom it is routed to, besides leads. Empty: every moderator.",
    )
    status = models.CharField(max_length=10, choices=ReviewStatus, default=ReviewStatus.OPEN)
    priority = models.FloatField(
        default=0.0, help_text="Severity × score × exposure; higher comes first."
    )
    version = models.PositiveIntegerField(default=1)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    claim_expires_at = models.DateTimeField(null=True, blank=True)
    draft = models.OneToOneField(
        Decision,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The decision that can still be undone.",
    )
    takes_effect_at = models.DateTimeField(null=True, blank=True)
    flagged_meanwhile = models.BooleanField(
        default=False, help_text="Since the draft was made, which was not about these flags."
    )
    held_decision = models.OneToOneField(
        Decision,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The decision that waits for another person.",
    )
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-priority", "created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["image"],
                condition=Q(status__in=(ReviewStatus.OPEN, ReviewStatus.DRAFT)),
                name="one_open_review_per_image",
            ),
            models.CheckConstraint(
                condition=Q(claimed_by__isnull=True, claim_expires_at__isnull=True)
                | Q(claimed_by__isnull=False, claim_expires_at__isnull=False),
                name="review_claim_expires",
            ),
            models.CheckConstraint(
                condition=Q(
                    status=ReviewStatus.DRAFT, draft__isnull=False, takes_effect_at__isnull=False
                )
                | (
                    ~Q(status=ReviewStatus.DRAFT)
                    & Q(draft__isnull=True, takes_effect_at__isnull=True)
                ),
                name="review_draft_takes_effect",
            ),
            models.CheckConstraint(
                condition=Q(held_decision__isnull=True)
                | Q(queue__in=(Queue.SECOND, Queue.ESCALATED)),
                name="review_held_never_returns_to_the_first_queue",
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue", "-priority", "created_at", "id"],
                condition=Q(status=ReviewStatus.OPEN),
                name="review_in_queue",
            ),
            models.Index(
                fields=["takes_effect_at"],
                condition=Q(status=ReviewStatus.DRAFT),
                name="review_takes_effect",
            ),
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
