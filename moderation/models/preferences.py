"""How one person likes to work."""

from django.conf import settings
from django.db import models


class Preferences(models.Model):
    """Keys and breaks of one person. What is missing in `keys` has its usual key."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="moderation_preferences"
    )
    keys = models.JSONField(default=dict, blank=True, help_text="Action → key.")
    break_after_minutes = models.PositiveSmallIntegerField(
        default=50, help_text="Of reviewing without a pause, before a break is proposed. 0: never."
    )

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"Preferences of {self.user}"
