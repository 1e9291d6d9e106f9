"""What a shop's engineers decided about photos in their sandbox. No figure counts these."""

from django.db import models
from django.utils import timezone

from catalog.models import Image
from moderation.choices import Action, AppealStatus
from moderation.models.policy import Policy


class TrialDecision(models.Model):
    """One decision made with a test key; it took effect at once."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="trial_decisions")
    action = models.CharField(max_length=10, choices=Action)
    policy = models.ForeignKey(
        Policy, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.image_id} with a test key"


class TrialAppeal(models.Model):
    """One appeal made with a test key; the next decision settles it."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="trial_appeals")
    text = models.TextField(max_length=2000)
    outcome = models.OneToOneField(
        TrialDecision, null=True, blank=True, on_delete=models.CASCADE, related_name="settles"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["image"],
                condition=models.Q(outcome__isnull=True),
                name="one_open_trial_appeal_per_image",
            )
        ]

    def __str__(self) -> str:
        return f"Appeal for {self.image_id} with a test key"

    @property
    def status(self) -> AppealStatus:
        if self.outcome is None:
            return AppealStatus.OPEN
        removed = self.outcome.action == Action.REMOVE
        return AppealStatus.UPHELD if removed else AppealStatus.OVERTURNED
