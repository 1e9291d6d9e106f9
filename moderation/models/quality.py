"""Blind second reviews: how well moderators agree."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from moderation.choices import Action
from moderation.models.decision import Decision
from moderation.models.policy import Policy


class BlindReview(models.Model):
    """A decision sampled for a second look by somebody who is not told the first verdict.

    It changes nothing about the photo: it measures agreement.
    """

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="blind_review")
    sampled_at = models.DateTimeField(auto_now_add=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    action = models.CharField(max_length=10, choices=Action, blank=True)
    policy = models.ForeignKey(
        Policy, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    started_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["sampled_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | (~Q(action="") & Q(reviewer__isnull=False)),
                name="blind_review_answer_is_whole",
            )
        ]

    def __str__(self) -> str:
        return f"Blind review of {self.decision_id}"
