"""The queue of deliveries: who is next, what came of an attempt, and when to try again.

A delivery is leased with a token, so that a worker that dies costs its lease and one that
outlived its lease changes nothing. Of one photo's events, an endpoint is sent one at a time.
"""

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from catalog import shop_history
from catalog.choices import DeliveryState, EndpointState, ShopEvent
from catalog.models import Delivery, DeliveryAttempt, WebhookEndpoint
from catalog.models.webhook import ANSWER_KEPT
from catalog.webhooks import TRIED_FOR

LEASE = timedelta(seconds=30)  # a request may take ten
AT_ONCE = 4  # requests to one endpoint; one while it fails
FIRST_PAUSE = 5.0  # seconds; each further one is four times as long
LONGEST_PAUSE = 8 * 3600.0
OPENS_AFTER = 5  # failures in a row
FIRST_OPEN = 30.0  # seconds that nobody asks; twice as long after each further failure
LONGEST_OPEN = 3600.0
GONE = 410

# Of each endpoint that may be asked, the first few that are due and wait for no earlier event of
# their photo. A row is never looked at behind the limit, however long the queue is.
NEXT = """
SELECT due.id, endpoint.id, endpoint.failures
FROM catalog_webhookendpoint endpoint
CROSS JOIN LATERAL (
    SELECT delivery.id, delivery.next_attempt_at
    FROM catalog_delivery delivery
    WHERE delivery.endpoint_id = endpoint.id
      AND delivery.state = 'waiting'
      AND delivery.next_attempt_at <= %(now)s
      AND (delivery.lease_expires_at IS NULL OR delivery.lease_expires_at <= %(now)s)
      AND NOT EXISTS (
          SELECT FROM catalog_delivery earlier
          WHERE earlier.endpoint_id = delivery.endpoint_id
            AND earlier.image_id = delivery.image_id
            AND earlier.state = 'waiting'
            AND earlier.id < delivery.id)
    ORDER BY delivery.next_attempt_at, delivery.id
    LIMIT %(most)s
) due
WHERE endpoint.state = 'active'
  AND endpoint.deleted_at IS NULL
  AND (endpoint.open_until IS NULL OR endpoint.open_until <= %(now)s)
ORDER BY due.next_attempt_at, due.id
"""


@dataclass(frozen=True)
class Claimed:
    """A delivery leased to this worker, with all that sending it takes."""

    delivery: int
    endpoint: uuid.UUID
    token: uuid.UUID
    url: str
    secrets: tuple[str, ...]
    message: str
    body: bytes


@dataclass(frozen=True)
class Outcome:
    """What came of a request. `error` is a sentence; empty if it counts as delivered."""

    milliseconds: int
    status: int | None = None
    answer: str = ""
    error: str = ""
    retry_after: float = 0.0  # seconds the endpoint asked for


@transaction.atomic
def claim(
    *, limit: int, busy: Mapping[uuid.UUID, int], now: datetime | None = None
) -> list[Claimed]:
    """Lease what is next, at most `limit`; `busy` counts this worker's requests by endpoint."""
    now = now or timezone.now()
    candidates = _candidates(limit, busy, now)
    if not candidates:
        return []
    free = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lte=now)
    rows = list(
        Delivery.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(free, pk__in=candidates, state=DeliveryState.WAITING)
        .select_related("event", "endpoint")
        .order_by("id")
    )
    token = uuid.uuid4()
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        lease_token=token, lease_expires_at=now + LEASE, attempts=F("attempts") + 1
    )
    return [
        Claimed(
            delivery=row.pk,
            endpoint=row.endpoint_id,
            token=token,
            url=row.endpoint.url,
            secrets=active_secrets(row.endpoint, now),
            message=str(row.event_id),
            body=row.event.body.encode(),
        )
        for row in rows
    ]


def _candidates(limit: int, busy: Mapping[uuid.UUID, int], now: datetime) -> list[int]:
    """Every endpoint's first before any endpoint's second."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT, {"now": now, "most": AT_ONCE})
        rows = cursor.fetchall()
    turns: list[tuple[int, int]] = []
    taken = dict(busy)
    for delivery, endpoint, failures in rows:
        turn = taken[endpoint] = taken.get(endpoint, 0) + 1
        if turn <= (1 if failures else AT_ONCE):
            turns.append((turn, delivery))
    turns.sort(key=lambda each: each[0])
    return [delivery for _, delivery in turns[:limit]]


def active_secrets(endpoint: WebhookEndpoint, now: datetime) -> tuple[str, ...]:
    """The secret, and the one before it while it is still good."""
    until = endpoint.previous_until
    both = bool(endpoint.previous_secret) and until is not None and until > now
    return (endpoint.secret, endpoint.previous_secret) if both else (endpoint.secret,)


@transaction.atomic
def settle(*, claimed: Claimed, outcome: Outcome, now: datetime | None = None) -> bool:
    """Write down what came of an attempt; False, and nothing written, if the lease was lost."""
    now = now or timezone.now()
    endpoint = (
        WebhookEndpoint.objects.select_for_update(no_key=True)
        .filter(pk=claimed.endpoint)
        .select_related(None)
        .first()
    )
    delivery = (
        Delivery.objects.select_for_update()
        .filter(pk=claimed.delivery, lease_token=claimed.token, state=DeliveryState.WAITING)
        .first()
    )
    if endpoint is None or delivery is None:
        return False
    DeliveryAttempt.objects.create(
        delivery=delivery,
        at=now,
        status=outcome.status,
        milliseconds=outcome.milliseconds,
        answer=outcome.answer[:ANSWER_KEPT],
        error=outcome.error[:300],
    )
    delivery.lease_token = delivery.lease_expires_at = None
    if not outcome.error:
        delivery.state, delivery.finished_at = DeliveryState.DELIVERED, now
    elif outcome.status == GONE or now >= delivery.give_up_at:
        delivery.state, delivery.finished_at = DeliveryState.FAILED, now
    else:
        wait = max(pause(delivery.attempts), outcome.retry_after)
        delivery.next_attempt_at = now + timedelta(seconds=wait)
    delivery.save()
    if outcome.error:
        _failed(endpoint, outcome, now)
    elif endpoint.failures:
        _recovered(endpoint, now)
    return True


def pause(attempts: int) -> float:
    """Seconds until the next attempt: about 5 s, 20 s, 80 s, 5 min, 21 min, 1 h 25 min, 5 h 40 min
    and then 8 h, each a fifth more or less, so that what failed together does not return together.
    """
    return min(LONGEST_PAUSE, FIRST_PAUSE * 4 ** (min(attempts, 20) - 1)) * _jitter()


def _jitter() -> float:
    return random.uniform(0.8, 1.2)  # noqa: S311


def _failed(endpoint: WebhookEndpoint, outcome: Outcome, now: datetime) -> None:
    """Count it. The circuit opens after a few, and who is gone or failed for days is disabled."""
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    wait = outcome.retry_after
    if endpoint.failures >= OPENS_AFTER:
        doubled = 2 ** min(endpoint.failures - OPENS_AFTER, 20)
        wait = max(wait, min(LONGEST_OPEN, FIRST_OPEN * doubled) * _jitter())
    if wait:
        endpoint.open_until = now + timedelta(seconds=wait)
    endpoint.save(update_fields=["failures", "failing_since", "open_until"])
    if outcome.status == GONE:
        disable(endpoint, "It answered 410 Gone.", now)
    elif now - endpoint.failing_since >= TRIED_FOR:
        since = f"{endpoint.failing_since:%d %b %Y %H:%M} UTC"
        disable(endpoint, f"Nothing was accepted since {since}. Last: {outcome.error}", now)


def _recovered(endpoint: WebhookEndpoint, now: datetime) -> None:
    """It answers again. What waited for it need not wait for its own next attempt; unless only
    single events failed, which would otherwise be tried again after every other one."""
    was_open = endpoint.failures >= OPENS_AFTER
    endpoint.failures, endpoint.failing_since, endpoint.open_until = 0, None, None
    endpoint.save(update_fields=["failures", "failing_since", "open_until"])
    if was_open:
        waiting = endpoint.deliveries.filter(state=DeliveryState.WAITING)
        waiting.filter(next_attempt_at__gt=now).update(next_attempt_at=now)


def disable(endpoint: WebhookEndpoint, reason: str, now: datetime) -> None:
    """Send nothing more, and say so in the storefront's history. What waited is dropped; it can be
    sent again when the endpoint is switched on."""
    endpoint.state, endpoint.state_reason = EndpointState.DISABLED, reason[:300]
    endpoint.save(update_fields=["state", "state_reason"])
    endpoint.deliveries.filter(state=DeliveryState.WAITING).update(
        state=DeliveryState.DROPPED, finished_at=now, lease_token=None, lease_expires_at=None
    )
    shop_history.record(
        storefront=endpoint.storefront,
        kind=ShopEvent.WEBHOOK_DISABLED,
        summary=f"Webhooks to {endpoint.url[:120]} were disabled: {reason}",
        by=None,
    )
