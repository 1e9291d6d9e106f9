"""Webhook endpoints: making one, changing, rotating, pausing it; sending again; forgetting."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from catalog import addresses, doorbell, shop_history, signing, webhooks
from catalog.choices import DeliveryState, EndpointState, Occurrence, ShopEvent
from catalog.delivering import rules
from catalog.models import Delivery, Storefront, WebhookEndpoint, WebhookEvent
from catalog.webhooks import TASK, TRIED_FOR

OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=7)
MOST_ENDPOINTS = 20  # of one storefront: each event is a row for each of them
SUBSCRIBABLE = tuple(kind for kind in Occurrence if kind != Occurrence.TEST)
SENT_AGAIN = (DeliveryState.FAILED, DeliveryState.DROPPED)


class WebhookRefused(ValueError):
    """What was asked of an endpoint cannot be done; the message says why and what can. `field`
    names what is to blame, if one of its fields is."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@transaction.atomic
def make(
    *,
    storefront: Storefront,
    url: str,
    description: str = "",
    kinds: Sequence[str] = (),
    by: AbstractBaseUser | None = None,
) -> WebhookEndpoint:
    """A new endpoint with its first secret. Raises `WebhookRefused`."""
    Storefront.objects.select_for_update(no_key=True).get(pk=storefront.pk)
    if WebhookEndpoint.objects.of(storefront).count() >= MOST_ENDPOINTS:
        raise WebhookRefused(f"A storefront has at most {MOST_ENDPOINTS} endpoints. Delete one.")
    endpoint = WebhookEndpoint.objects.create(
        storefront=storefront,
        url=_checked(url),
        description=description.strip()[:200],
        kinds=_known(kinds),
        secret=signing.new_secret(),
    )
    _record(endpoint, ShopEvent.WEBHOOK_MADE, "Made the webhook to", by)
    return endpoint


@transaction.atomic
def change(
    *,
    endpoint: WebhookEndpoint,
    url: str | None = None,
    description: str | None = None,
    kinds: Sequence[str] | None = None,
    by: AbstractBaseUser | None = None,
) -> WebhookEndpoint:
    """Change what is given. A new address starts without the old one's failures; what waits goes
    there. Raises `WebhookRefused`."""
    endpoint = _locked(endpoint)
    if url is not None and url.strip() != endpoint.url:
        endpoint.url = _checked(url)
        _forgive(endpoint)
    if description is not None:
        endpoint.description = description.strip()[:200]
    if kinds is not None:
        endpoint.kinds = _known(kinds)
    endpoint.save()
    _record(endpoint, ShopEvent.WEBHOOK_CHANGED, "Changed the webhook to", by)
    return endpoint


@transaction.atomic
def rotate(
    *,
    endpoint: WebhookEndpoint,
    overlap: timedelta = OVERLAP,
    by: AbstractBaseUser | None = None,
) -> WebhookEndpoint:
    """A new secret. For `overlap`, deliveries are signed by both; an even older one ends now.
    Raises `WebhookRefused`."""
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        days = LONGEST_OVERLAP.days
        raise WebhookRefused(f"Both secrets may sign for 0 to {days} days.", field="overlap_hours")
    endpoint = _locked(endpoint)
    endpoint.previous_secret = endpoint.secret if overlap else ""
    endpoint.previous_until = timezone.now() + overlap if overlap else None
    endpoint.secret = signing.new_secret()
    endpoint.save(update_fields=["secret", "previous_secret", "previous_until"])
    _record(endpoint, ShopEvent.WEBHOOK_CHANGED, "Rotated the secret of the webhook to", by)
    return endpoint


@transaction.atomic
def pause(*, endpoint: WebhookEndpoint, by: AbstractBaseUser | None = None) -> WebhookEndpoint:
    """Send nothing; what happens meanwhile waits. Raises `WebhookRefused`."""
    endpoint = _locked(endpoint)
    if endpoint.state == EndpointState.DISABLED:
        raise WebhookRefused("This endpoint is disabled; nothing is sent to it anyway.")
    if endpoint.state != EndpointState.PAUSED:
        endpoint.state = EndpointState.PAUSED
        endpoint.save(update_fields=["state"])
        _record(endpoint, ShopEvent.WEBHOOK_CHANGED, "Paused the webhook to", by)
    return endpoint


@transaction.atomic
def resume(*, endpoint: WebhookEndpoint, by: AbstractBaseUser | None = None) -> WebhookEndpoint:
    """Send again, also to one that was disabled: what waits at once, and with all its time."""
    endpoint = _locked(endpoint)
    if endpoint.state != EndpointState.ACTIVE:
        endpoint.state, endpoint.state_reason = EndpointState.ACTIVE, ""
        _forgive(endpoint)
        endpoint.save()
        _again(endpoint.deliveries.filter(state=DeliveryState.WAITING))
        _record(endpoint, ShopEvent.WEBHOOK_CHANGED, "Switched on the webhook to", by)
    return endpoint


@transaction.atomic
def delete(*, endpoint: WebhookEndpoint, by: AbstractBaseUser | None = None) -> None:
    """Send nothing to it from now on, and forget what was sent."""
    endpoint = _locked(endpoint)
    endpoint.deleted_at = timezone.now()
    endpoint.save(update_fields=["deleted_at"])
    _record(endpoint, ShopEvent.WEBHOOK_CHANGED, "Deleted the webhook to", by)


@transaction.atomic
def send_test(*, endpoint: WebhookEndpoint) -> Delivery:
    """Send a test event at once. Raises `WebhookRefused`."""
    endpoint = _able(endpoint)
    _ask_now(endpoint)
    return webhooks.send_test(endpoint=endpoint)


@transaction.atomic
def replay(*, delivery: Delivery) -> Delivery:
    """Send one again at once, or for the first time; its id stays. Raises `WebhookRefused`."""
    endpoint = _able(delivery.endpoint)
    _again(Delivery.objects.filter(pk=delivery.pk))
    _ask_now(endpoint)
    delivery.refresh_from_db()
    return delivery


@transaction.atomic
def replay_failed(*, endpoint: WebhookEndpoint) -> int:
    """Send everything again that was given up; returns how many. Raises `WebhookRefused`."""
    endpoint = _able(endpoint)
    _ask_now(endpoint)
    return _again(endpoint.deliveries.filter(state__in=SENT_AGAIN))


def forget(*, now: datetime | None = None, limit: int = 2_000) -> int:
    """Delete events after VITRINE_WEBHOOK_KEEP_DAYS and what deleted endpoints left behind, at
    most so many rows; returns how many."""
    now = now or timezone.now()
    kept = timedelta(days=settings.VITRINE_WEBHOOK_KEEP_DAYS)
    old = WebhookEvent.objects.filter(created_at__lt=now - kept).order_by("created_at")
    gone = WebhookEvent.objects.filter(pk__in=old.values("pk")[:limit]).delete()[0]
    deleted = WebhookEndpoint.objects.filter(deleted_at__lt=now - timedelta(hours=1))
    left = Delivery.objects.filter(endpoint__in=deleted).values("pk")[:limit]
    gone += Delivery.objects.filter(pk__in=left).delete()[0]
    return gone + deleted.filter(deliveries__isnull=True).delete()[0]


def _checked(url: str) -> str:
    """The address, if its form allows sending there; what its name means is asked each time."""
    url = url.strip()
    try:
        addresses.read(url, rules())
    except addresses.AddressRefused as refused:
        raise WebhookRefused(refused.message, field="url") from refused
    return url


def _known(kinds: Sequence[str]) -> list[str]:
    unknown = sorted(set(kinds) - {kind.value for kind in SUBSCRIBABLE})
    if unknown:
        known = ", ".join(SUBSCRIBABLE)
        said = f"There are no events called {', '.join(unknown)[:200]}. There are: {known}."
        raise WebhookRefused(said, field="events")
    return [kind.value for kind in SUBSCRIBABLE if kind in kinds]


def _locked(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    found = WebhookEndpoint.objects.there().select_for_update(of=("self",), no_key=True)
    row = found.select_related("storefront").filter(pk=endpoint.pk).first()
    if row is None:
        raise WebhookRefused("This endpoint was deleted.")
    return row


def _able(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    endpoint = _locked(endpoint)
    if endpoint.state == EndpointState.DISABLED:
        raise WebhookRefused("This endpoint is disabled. Switch it on first.")
    return endpoint


def _ask_now(endpoint: WebhookEndpoint) -> None:
    """Somebody looks on: let it be tried before its time."""
    if endpoint.open_until:
        endpoint.open_until = None
        endpoint.save(update_fields=["open_until"])


def _forgive(endpoint: WebhookEndpoint) -> None:
    endpoint.failures, endpoint.failing_since, endpoint.open_until = 0, None, None


def _again(deliveries: models.QuerySet[Delivery]) -> int:
    """Due at once, with all attempts before them; those under way are left alone."""
    now = timezone.now()
    idle = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lte=now)
    count = deliveries.filter(idle).update(
        state=DeliveryState.WAITING,
        attempts=0,
        next_attempt_at=now,
        give_up_at=now + TRIED_FOR,
        finished_at=None,
    )
    transaction.on_commit(lambda: doorbell.ring(TASK))
    return count


def _record(
    endpoint: WebhookEndpoint, kind: ShopEvent, what: str, by: AbstractBaseUser | None
) -> None:
    shop_history.record(
        storefront=endpoint.storefront, kind=kind, summary=f"{what} {endpoint.url[:200]}", by=by
    )
