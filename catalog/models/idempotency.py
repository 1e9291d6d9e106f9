"""Requests that are answered once, however often they are sent."""

import uuid

from django.db import models
from django.db.models import Q

from catalog.models.storefront import Storefront


class IdempotentRequest(models.Model):
    """What a storefront sent under one `Idempotency-Key`, and the answer once there is one.

    Until then the row is a lock that expires; its token fences whoever outlived it.
    """

    storefront = models.ForeignKey(
        Storefront, on_delete=models.CASCADE, related_name="idempotent_requests"
    )
    key = models.CharField(max_length=255)
    token = models.UUIDField(default=uuid.uuid4)
    digest = models.CharField(
        max_length=64, blank=True, help_text="Over what was sent; empty until that is read."
    )
    locked_until = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["storefront", "key"], name="idempotency_key_per_storefront"
            ),
            models.CheckConstraint(
                condition=Q(status__isnull=True, locked_until__isnull=False)
                | Q(status__lt=500, locked_until__isnull=True) & ~Q(digest=""),
                name="idempotent_request_is_locked_or_answered",
            ),
        ]

    def __str__(self) -> str:
        return self.key
