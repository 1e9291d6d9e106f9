"""Webhooks: where storefronts want to be told, what happened, and what became of telling them."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog.choices import DeliveryState, EndpointState, Occurrence
from catalog.models.storefront import Storefront

ANSWER_KEPT = 500  # characters of what an endpoint answered


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    """Questions asked of endpoints."""

    def of(self, storefront: Storefront) -> "WebhookEndpointQuerySet":
        """Those a storefront may see."""
        return self.there().filter(storefront=storefront)

    def there(self) -> "WebhookEndpointQuerySet":
        """All but the deleted."""
        return self.filter(deleted_at__isnull=True)


class WebhookEndpoint(models.Model):
    """An address of a storefront that events are sent to.

    Its circuit opens when it fails several times in a row: until `open_until` nobody asks it, and
    then one delivery tries. Secrets are kept as they are, for they sign every delivery.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    storefront = models.ForeignKey(
        Storefront, on_delete=models.CASCADE, related_name="webhook_endpoints"
    )
    url = models.CharField("address", max_length=2048)
    description = models.CharField(max_length=200, blank=True)
    kinds = ArrayField(
        models.CharField(max_length=30, choices=Occurrence),
        default=list,
        blank=True,
        help_text="What it is told of. Empty: everything, also what is added later.",
    )
    secret = models.CharField(max_length=120)
    previous_secret = models.CharField(max_length=120, blank=True)
    previous_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then, deliveries carry a signature by each secret."
    )
    state = models.CharField(max_length=10, choices=EndpointState, default=EndpointState.ACTIVE)
    state_reason = models.CharField(max_length=300, blank=True, help_text="Why it is disabled.")
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    failing_since = models.DateTimeField(null=True, blank=True)
    open_until = models.DateTimeField(
        null=True, blank=True, help_text="Not asked before then, for it failed several times."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Its rows go an hour later, when no transaction can still refer to them.",
    )

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=EndpointState.DISABLED) | ~Q(state_reason=""),
                name="webhook_disabled_says_why",
            ),
            models.CheckConstraint(
                condition=Q(previous_secret="") | Q(previous_until__isnull=False),
                name="webhook_old_secret_ends",
            ),
            models.CheckConstraint(
                condition=Q(failures=0, failing_since__isnull=True)
                | Q(failures__gt=0, failing_since__isnull=False),
                name="webhook_failing_since_when",
            ),
        ]

    def __str__(self) -> str:
        return self.url


class WebhookEvent(models.Model):
    """Something that happened, written in the transaction in which it did.

    Its id is the `webhook-id` of every delivery of it. `body` is what is sent, byte for byte, so
    that duplicates are the same. It outlives its photo, to which nothing refers but the id.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    storefront = models.ForeignKey(
        Storefront, on_delete=models.CASCADE, related_name="webhook_events"
    )
    image_id = models.UUIDField(null=True, blank=True)
    kind = models.CharField(max_length=30, choices=Occurrence)
    sequence = models.BigIntegerField(
        help_text="Grows with every event of the same photo; milliseconds since 1970, or one more "
        "than the event before."
    )
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["image_id", "sequence"], name="webhook_event_after_another"
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="webhook_event_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Delivery(models.Model):
    """One event for one endpoint: the row is the queue entry, leased with a token.

    Ids of the same photo's deliveries grow as its events happened, for events are written while
    the photo's row is held.
    """

    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries"
    )
    image_id = models.UUIDField(
        null=True, blank=True, help_text="The event's: one of them at a time, in order."
    )
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="Since it was made, or sent again by somebody."
    )
    created_at = models.DateTimeField(default=timezone.now)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    give_up_at = models.DateTimeField(help_text="An attempt that fails after then is the last.")
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["event", "endpoint"], name="delivery_once_per_endpoint")
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "next_attempt_at", "id"],
                condition=Q(state=DeliveryState.WAITING),
                name="delivery_due",
            ),
            models.Index(
                fields=["endpoint", "image_id", "id"],
                condition=Q(state=DeliveryState.WAITING),
                name="delivery_of_photo",
            ),
            models.Index(fields=["endpoint", "-created_at", "-event"], name="delivery_recent"),
            models.Index(fields=["endpoint", "state", "-created_at"], name="delivery_state_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.endpoint_id}"


class DeliveryAttempt(models.Model):
    """One request, and what came of it."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(default=timezone.now)
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="HTTP; if any.")
    milliseconds = models.PositiveIntegerField()
    answer = models.CharField(max_length=ANSWER_KEPT, blank=True, help_text="How it began.")
    error = models.CharField(max_length=300, blank=True, help_text="Why it does not count.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.status or self.error} after {self.milliseconds} ms"
