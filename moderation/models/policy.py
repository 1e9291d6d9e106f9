"""A policy says what may not be shown, how bad it is, and how soon a person must look."""

from django.db import models

from moderation.choices import Severity


class Policy(models.Model):
    """One rule of the house."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, help_text="What moderators are told.")
    severity = models.PositiveSmallIntegerField(choices=Severity, default=Severity.MEDIUM)
    review_within_minutes = models.PositiveIntegerField(
        default=240, help_text="How long a held photo may wait for a moderator."
    )
    is_enabled = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "policies"
        ordering = ["-severity", "name"]

    def __str__(self) -> str:
        return self.name
