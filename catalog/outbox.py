"""The queue of deliveries: who is next, what came of an attempt, and when to try again.

A delivery is leased with a token, so that a worker that dies costs its lease and one that
outlived its lease changes nothing. Of one photo's events, an endpoint is sent one at a time.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from catalog import circuits
from catalog.choices import DeliveryState
from catalog.circuits import GONE, Outcome, jitter
from catalog.models import Delivery, DeliveryAttempt, WebhookEndpoint
from catalog.models.webhook import ANSWER_KEPT

LEASE = timedelta(seconds=30)  # a request may take ten
AT_ONCE = 8  # requests to one endpoint; one while it fails
FIRST_PAUSE = 5.0  # seconds; each further one is four times as long
LONGEST_PAUSE = 8 * 3600.0

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


def settle(*, claimed: Claimed, outcome: Outcome, now: datetime | None = None) -> bool:
    """Write down what came of an attempt; False, and nothing written, if the lease was lost."""
    return settle_all(results=[(claimed, outcome)], now=now) == 1


@transaction.atomic
def settle_all(*, results: Sequence[tuple[Claimed, Outcome]], now: datetime | None = None) -> int:
    """Write down what came of several; returns for how many the lease still held."""
    now = now or timezone.now()
    outcomes = {claimed.delivery: (claimed, outcome) for claimed, outcome in results}
    locked = WebhookEndpoint.objects.select_for_update(no_key=True).order_by("pk")
    endpoints = locked.in_bulk([claimed.endpoint for claimed, _ in results])
    found = Delivery.objects.select_for_update().filter(
        pk__in=outcomes, state=DeliveryState.WAITING, endpoint__in=endpoints
    )
    held = [row for row in found.order_by("pk") if row.lease_token == outcomes[row.pk][0].token]
    for delivery in held:
        _ends(delivery, outcomes[delivery.pk][1], now)
    Delivery.objects.bulk_update(
        held, ["state", "finished_at", "next_attempt_at", "lease_token", "lease_expires_at"]
    )
    DeliveryAttempt.objects.bulk_create(
        _logged(delivery, outcomes[delivery.pk][1], now) for delivery in held
    )
    for delivery in held:
        endpoint, outcome = endpoints[delivery.endpoint_id], outcomes[delivery.pk][1]
        if outcome.error:
            circuits.failed(endpoint, outcome, now)
        elif endpoint.failures:
            circuits.recovered(endpoint, now)
    return len(held)


def _ends(delivery: Delivery, outcome: Outcome, now: datetime) -> None:
    """It is over, or tried again later."""
    delivery.lease_token = delivery.lease_expires_at = None
    if not outcome.error:
        delivery.state, delivery.finished_at = DeliveryState.DELIVERED, now
    elif outcome.status == GONE or now >= delivery.give_up_at:
        delivery.state, delivery.finished_at = DeliveryState.FAILED, now
    else:
        wait = max(pause(delivery.attempts), outcome.retry_after)
        delivery.next_attempt_at = now + timedelta(seconds=wait)


def _logged(delivery: Delivery, outcome: Outcome, now: datetime) -> DeliveryAttempt:
    return DeliveryAttempt(
        delivery=delivery,
        at=now,
        status=outcome.status,
        milliseconds=outcome.milliseconds,
        answer=outcome.answer[:ANSWER_KEPT],
        error=outcome.error[:300],
    )


def pause(attempts: int) -> float:
    """Seconds until the next attempt: about 5 s, 20 s, 80 s, 5 min, 21 min, 1 h 25 min, 5 h 40 min
    and then 8 h, each a fifth more or less.
    """
    return min(LONGEST_PAUSE, FIRST_PAUSE * 4 ** (min(attempts, 20) - 1)) * jitter()
