"""A decision is what a person concluded. It is never edited; a later one supersedes it.

The database refuses to change or delete the rows of this module, which is why they point to
photos and reviews without a foreign key constraint: decisions outlive the photos they were about.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog.models import Image
from moderation.choices import Action, Queue, Result
from moderation.models.policy import Policy


class DecisionQuerySet(models.QuerySet["Decision"]):
    """Questions about what was decided."""

    def effective(self) -> "DecisionQuerySet":
        return self.filter(settlement__result=Result.EFFECTIVE)


class Decision(models.Model):
    """One decision. Every decision on a photo names the one before it, so that none is
    overridden without a record. What became of it is its settlement; none yet: it is a draft."""

    review = models.ForeignKey(
        "moderation.Review",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="decisions",
    )
    image = models.ForeignKey(
        Image, on_delete=models.DO_NOTHING, db_constraint=False, related_name="decisions"
    )
    queue = models.CharField(max_length=10, choices=Queue, default=Queue.FIRST)
    action = models.CharField(max_length=10, choices=Action)
    policy = models.ForeignKey(
        Policy,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="decisions",
        help_text="The reason of a removal.",
    )
    about = models.ForeignKey(
        Policy,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The policy the review was opened for.",
    )
    note = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField(
        default=timezone.now, help_text="When the review entered the queue."
    )
    claimed_at = models.DateTimeField(
        default=timezone.now, help_text="When they began to look: handling time counts from here."
    )
    decided_at = models.DateTimeField(default=timezone.now)
    batch = models.UUIDField(
        null=True, blank=True, help_text="Shared by decisions that were made together."
    )
    override_of = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="overridden_by"
    )

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(action=Action.REMOVE) | Q(policy__isnull=False),
                name="decision_removal_names_a_policy",
            ),
            models.UniqueConstraint(
                fields=["image"],
                condition=Q(override_of__isnull=True),
                name="decision_after_the_first_names_what_it_overrides",
            ),
        ]
        indexes = [
            models.Index(fields=["decided_by", "-decided_at"], name="decision_by_person"),
            models.Index(fields=["-decided_at"], name="decision_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} by {self.decided_by}"

    @property
    def verdict(self) -> str:
        """In words: "approved", or "removed, Weapons"."""
        return "approved" if self.action == Action.APPROVE else f"removed, {self.policy}"


class Settlement(models.Model):
    """What became of a decision. There is at most one, so an effect happens at most once."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="settlement")
    result = models.CharField(max_length=10, choices=Result)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who undid it.",
    )
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.decision}: {self.get_result_display()}"
