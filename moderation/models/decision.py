"""A decision is what a person concluded. It is never edited; a later one supersedes it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from catalog.models import Image
from moderation.choices import Action
from moderation.models.policy import Policy
from moderation.models.review import Review


class Decision(models.Model):
    """One decision on one review."""

    review = models.OneToOneField(Review, on_delete=models.CASCADE, related_name="decision")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="decisions")
    action = models.CharField(max_length=10, choices=Action)
    policy = models.ForeignKey(
        Policy,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="decisions",
        help_text="The reason of a removal.",
    )
    note = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(default=timezone.now)
    override_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="overrides"
    )

    class Meta:
        ordering = ["-decided_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(action=Action.REMOVE) | models.Q(policy__isnull=False),
                name="decision_removal_names_a_policy",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} by {self.decided_by}"
