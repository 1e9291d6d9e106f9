"""What leads are told."""

from django.conf import settings
from django.db import models

from moderation.models.bank import Bank


class Notice(models.Model):
    """Something a lead should know, until one of them has dealt with it."""

    bank = models.ForeignKey(
        Bank, null=True, blank=True, on_delete=models.CASCADE, related_name="notices"
    )
    text = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.text
