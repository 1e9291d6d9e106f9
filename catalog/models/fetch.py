"""A photo that is somewhere on the web and is to be fetched by a worker."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q, Window
from django.db.models.functions import RowNumber

from catalog.choices import FetchStatus
from catalog.models.image import Image
from catalog.models.storefront import Storefront


class FetchQuerySet(models.QuerySet["Fetch"]):
    """Questions asked of the addresses."""

    def of(self, storefront: Storefront) -> "FetchQuerySet":
        """Those a storefront may see."""
        return self.filter(storefront=storefront)

    def due(self, now: datetime) -> "FetchQuerySet":
        """Those nobody holds and whose time has come; every storefront's first before any
        storefront's second, so that a long list delays nobody else's single photo."""
        turn = Window(
            RowNumber(), partition_by="storefront_id", order_by=["next_attempt_at", "created_at"]
        )
        waiting = self.filter(
            Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lte=now),
            status=FetchStatus.WAITING,
            next_attempt_at__lte=now,
        )
        return waiting.annotate(turn=turn).order_by("turn", "next_attempt_at", "pk")


class Fetch(models.Model):
    """One address to fetch. The row is the queue entry too: leased with a token, tried again
    later when the other side does not answer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="fetches")
    url = models.CharField("address", max_length=2048)
    sku = models.CharField("SKU", max_length=120, blank=True)
    title = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=10, choices=FetchStatus, default=FetchStatus.WAITING)
    image = models.ForeignKey(
        Image, null=True, blank=True, on_delete=models.SET_NULL, related_name="fetches"
    )
    failure_code = models.CharField(max_length=40, blank=True)
    failure_reason = models.CharField(max_length=400, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    next_attempt_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)

    objects = FetchQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "fetches"
        constraints = [
            models.CheckConstraint(
                condition=~Q(status=FetchStatus.FAILED) | ~Q(failure_reason=""),
                name="fetch_failed_says_why",
            )
        ]
        indexes = [
            models.Index(
                fields=["storefront", "next_attempt_at"],
                condition=Q(status=FetchStatus.WAITING),
                name="fetch_waiting",
            ),
            models.Index(fields=["storefront", "-created_at"], name="fetch_storefront_recent"),
            models.Index(
                fields=["finished_at"], condition=Q(finished_at__isnull=False), name="fetch_over"
            ),
        ]

    def __str__(self) -> str:
        return self.url
