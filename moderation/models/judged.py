"""How many photos were judged without being stored."""

from django.db import models
from django.db.models import Q

from catalog.choices import Status
from catalog.models import Storefront


class JudgedCount(models.Model):
    """Photos that a storefront had judged on one day, by what came of it. Nothing else is kept
    of them."""

    storefront = models.ForeignKey(
        Storefront, on_delete=models.CASCADE, related_name="judged_counts"
    )
    day = models.DateField()
    status = models.CharField(max_length=10, choices=Status)
    photos = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-day", "storefront", "status"]
        constraints = [
            models.UniqueConstraint(
                fields=["storefront", "day", "status"], name="judged_once_per_day_and_status"
            ),
            models.CheckConstraint(
                condition=Q(status__in=(Status.LIVE, Status.HELD, Status.REMOVED)),
                name="judged_status_is_a_verdict",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.photos} {self.status} on {self.day:%d %b %Y}"
