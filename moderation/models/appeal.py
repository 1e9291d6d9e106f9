"""An appeal asks for another look at a decision that took effect."""

from django.conf import settings
from django.db import models

from catalog.choices import Source
from catalog.models import Image
from moderation.models.decision import Decision
from moderation.models.review import Review


class Appeal(models.Model):
    """One appeal against one decision. Its review is decided by somebody else."""

    decision = models.ForeignKey(
        Decision,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="appeals",
        help_text="Empty: a bank trusted to remove had removed it.",
    )
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="appeals")
    review = models.OneToOneField(Review, on_delete=models.CASCADE, related_name="appeal")
    text = models.TextField(max_length=2000, help_text="Why the decision should change.")
    source = models.CharField(max_length=10, choices=Source)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: the storefront itself, over the API.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "decision"], nulls_distinct=False, name="appeal_once_per_removal"
            )
        ]

    def __str__(self) -> str:
        return f"Appeal for {self.image_id}"
