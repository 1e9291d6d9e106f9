"""Telling storefronts what happened: an outbox of events, written in the transaction in which it
does. Either both are there afterwards or neither. `delivering.py` sends what is in it.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from catalog import doorbell
from catalog.choices import EndpointState, Occurrence, Status
from catalog.models import (
    Delivery,
    Image,
    Storefront,
    Tag,
    WebhookEndpoint,
    WebhookEvent,
)

TASK = "catalog.tasks.deliver_webhooks"  # by name: whoever rings needs none of the worker's code
TRIED_FOR = timedelta(days=3)
OF_STATUS = {
    Status.LIVE: Occurrence.IMAGE_LIVE,
    Status.HELD: Occurrence.IMAGE_HELD,
    Status.REMOVED: Occurrence.IMAGE_REMOVED,
    Status.FAILED: Occurrence.IMAGE_FAILED,
}
WITH_TAGS = frozenset({Occurrence.IMAGE_LIVE, Occurrence.IMAGE_HELD})


@dataclass(frozen=True)
class Happening:
    """Something that happened to a photo; `data` is added to what is said of the photo."""

    image: Image
    kind: Occurrence
    data: Mapping[str, Any] = field(default_factory=dict)


def emit(*, image: Image, kind: Occurrence, data: Mapping[str, Any] | None = None) -> None:
    """Tell the photo's storefront. Call it in the transaction of the change, once that holds the
    photo's row: so events of one photo are in order."""
    emit_all([Happening(image, kind, data or {})])


def emit_status(images: Iterable[Image]) -> None:
    """Tell of the status that each of these photos was just given."""
    emit_all([Happening(image, OF_STATUS[Status(image.status)]) for image in images])


def emit_all(happenings: Sequence[Happening]) -> None:
    """Tell of several, each photo's in order. One query where no storefront wants to know."""
    listening = _listening({happening.image.storefront_id for happening in happenings})
    heard = [
        happening
        for happening in happenings
        if _for(listening.get(happening.image.storefront_id, ()), happening.kind)
    ]
    if not heard:
        return
    now = timezone.now()
    ids = {happening.image.pk for happening in heard}
    shown = _shown(ids)
    tags = _tags({h.image.pk for h in heard if h.kind in WITH_TAGS})
    newest = dict(
        WebhookEvent.objects.filter(image_id__in=ids)
        .values_list("image_id")
        .annotate(newest=Max("sequence"))
        .order_by()
    )
    events, to = [], []
    for happening in heard:
        image, kind = happening.image, happening.kind
        sequence = newest[image.pk] = _after(newest.get(image.pk), now)
        data = shown[image.pk] | dict(happening.data)
        if kind in WITH_TAGS:
            data["tags"] = tags.get(image.pk, [])
        if kind == Occurrence.IMAGE_DELETED:
            data.pop("status")
        endpoints = listening[image.storefront_id]
        event = _event(endpoints[0].storefront, kind, data, now, sequence, image.pk)
        events.append(event)
        to.append(_for(endpoints, kind))
    _put(events, to, now)


def tell(*, storefront: Storefront, kind: Occurrence, data: Mapping[str, Any]) -> None:
    """Tell of something that is about no photo here."""
    endpoints = _for(_listening({storefront.pk}).get(storefront.pk, ()), kind)
    if endpoints:
        now = timezone.now()
        _put([_event(storefront, kind, data, now, _after(None, now))], [endpoints], now)


@transaction.atomic
def send_test(*, endpoint: WebhookEndpoint) -> Delivery:
    """An event for this endpoint alone, whatever it wants to be told of."""
    now = timezone.now()
    data = {"message": "Your endpoint is reached, if you can read this."}
    event = _event(endpoint.storefront, Occurrence.TEST, data, now, _after(None, now))
    _put([event], [[endpoint]], now)
    return Delivery.objects.get(event=event)


def _listening(storefronts: set[int]) -> dict[int, list[WebhookEndpoint]]:
    """Each storefront's endpoints. Paused ones are told later, disabled ones never."""
    found: dict[int, list[WebhookEndpoint]] = {}
    for endpoint in (
        WebhookEndpoint.objects.there()
        .filter(storefront__in=storefronts, storefront__is_active=True)
        .exclude(state=EndpointState.DISABLED)
        .select_related("storefront")
    ):
        found.setdefault(endpoint.storefront_id, []).append(endpoint)
    return found


def _for(endpoints: Iterable[WebhookEndpoint], kind: Occurrence) -> list[WebhookEndpoint]:
    return [each for each in endpoints if not each.kinds or kind in each.kinds]


def _shown(ids: set[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """What is said of each photo. No file names: what was erased must not live on here."""
    rows = Image.objects.filter(pk__in=ids).values_list(
        "pk", "status", "product__sku", "failure_code", "failure_reason"
    )
    return {
        pk: {"id": str(pk), "status": status, "sku": sku}
        | ({"failure": {"code": code, "reason": reason}} if status == Status.FAILED else {})
        for pk, status, sku, code, reason in rows
    }


def _tags(ids: set[uuid.UUID]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """The tags that the active encoder gave, best first."""
    found: dict[uuid.UUID, list[dict[str, Any]]] = {}
    rows = Tag.objects.filter(image__in=ids, encoder__is_active=True).select_related("category")
    for tag in rows.order_by("image_id", "rank"):
        found.setdefault(tag.image_id, []).append(
            {
                "category": tag.category.external_id,
                "path": tag.category.path,
                "score": round(tag.score, 4),
            }
        )
    return found


def _after(newest: int | None, now: datetime) -> int:
    """The next sequence number of a photo: a clock that never stands still, so that it goes on
    growing after old events were deleted."""
    return max(int(now.timestamp() * 1000), (newest or 0) + 1)


def _event(
    storefront: Storefront,
    kind: Occurrence,
    data: Mapping[str, Any],
    now: datetime,
    sequence: int,
    image_id: uuid.UUID | None = None,
) -> WebhookEvent:
    body = {
        "type": kind.value,
        "timestamp": now.isoformat().replace("+00:00", "Z"),
        "sequence": sequence,
        "livemode": storefront.livemode,
        "data": data,
    }
    return WebhookEvent(
        storefront=storefront,
        image_id=image_id,
        kind=kind,
        sequence=sequence,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        created_at=now,
    )


def _put(
    events: Sequence[WebhookEvent], to: Sequence[Sequence[WebhookEndpoint]], now: datetime
) -> None:
    WebhookEvent.objects.bulk_create(events)
    Delivery.objects.bulk_create(
        Delivery(
            event=event,
            endpoint=endpoint,
            image_id=event.image_id,
            created_at=now,
            next_attempt_at=now,
            give_up_at=now + TRIED_FOR,
        )
        for event, endpoints in zip(events, to, strict=True)
        for endpoint in endpoints
    )
    transaction.on_commit(lambda: doorbell.ring(TASK))
