"""The words that stand for a photo where it cannot be seen."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.models.image import Image


class AltText(models.Model):
    """What a person or a storefront wrote for one photo; without a row the proposal is used.

    Earlier wordings are in the photo's history.
    """

    image = models.OneToOneField(
        Image, primary_key=True, on_delete=models.CASCADE, related_name="own_alt_text"
    )
    text = models.CharField(max_length=250)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="None where the storefront wrote it over the API.",
    )
    edited_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="alt_text_says_something")
        ]

    def __str__(self) -> str:
        return self.text
