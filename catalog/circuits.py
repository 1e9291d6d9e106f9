"""An endpoint's circuit: it opens when several attempts in a row failed, so that a dead shop costs
next to nothing, and who is gone for good is disabled."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog import shop_history
from catalog.choices import DeliveryState, EndpointState, ShopEvent
from catalog.models import WebhookEndpoint
from catalog.webhooks import TRIED_FOR

OPENS_AFTER = 5  # failures in a row
FIRST_OPEN = 30.0  # seconds that nobody asks; twice as long after each further failure
LONGEST_OPEN = 3600.0
GONE = 410


@dataclass(frozen=True)
class Outcome:
    """What came of a request. `error` is a sentence; empty if it counts as delivered."""

    milliseconds: int
    status: int | None = None
    answer: str = ""
    error: str = ""
    retry_after: float = 0.0  # seconds the endpoint asked for


def jitter() -> float:
    """A fifth more or less, so that what failed together does not return together."""
    return random.uniform(0.8, 1.2)  # noqa: S311


def failed(endpoint: WebhookEndpoint, outcome: Outcome, now: datetime) -> None:
    """Count it. The circuit opens after a few, and who is gone or failed for days is disabled."""
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    wait = outcome.retry_after
    if endpoint.failures >= OPENS_AFTER:
        doubled = 2 ** min(endpoint.failures - OPENS_AFTER, 20)
        wait = max(wait, min(LONGEST_OPEN, FIRST_OPEN * doubled) * jitter())
    if wait:
        endpoint.open_until = now + timedelta(seconds=wait)
    endpoint.save(update_fields=["failures", "failing_since", "open_until"])
    if endpoint.state == EndpointState.DISABLED:
        return
    if outcome.status == GONE:
        disable(endpoint, "It answered 410 Gone.", now)
    elif now - endpoint.failing_since >= TRIED_FOR:
        since = f"{endpoint.failing_since:%d %b %Y %H:%M} UTC"
        disable(endpoint, f"Nothing was accepted since {since}. Last: {outcome.error}", now)


def recovered(endpoint: WebhookEndpoint, now: datetime) -> None:
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
