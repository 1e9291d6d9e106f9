"""What the webhooks page says: endpoints with their figures, and the log of deliveries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, OuterRef, Subquery
from django.http import QueryDict
from django.utils import timezone
from django.utils.http import urlencode

from catalog.choices import DeliveryState, EndpointState, Occurrence
from catalog.endpoints import SENT_AGAIN
from catalog.models import Delivery, DeliveryAttempt, Storefront, WebhookEndpoint
from catalog.views.params import text

SHOWN = 50
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Row:
    """An endpoint and how many deliveries of it are in each state."""

    endpoint: WebhookEndpoint
    counts: Mapping[str, int]

    @property
    def waiting(self) -> int:
        return self.counts.get(DeliveryState.WAITING, 0)

    @property
    def given_up(self) -> int:
        return sum(self.counts.get(state, 0) for state in SENT_AGAIN)

    @property
    def is_open(self) -> bool:
        """Nobody asks it for now, because it failed."""
        until = self.endpoint.open_until
        active = self.endpoint.state == EndpointState.ACTIVE
        return active and until is not None and until > timezone.now()

    @property
    def is_at_work(self) -> bool:
        return self.waiting > 0 and self.endpoint.state == EndpointState.ACTIVE


@dataclass(frozen=True)
class Figures:
    """Of all endpoints of a storefront."""

    waiting: int
    oldest: Any  # when the first of those happened; None if nothing waits
    delivered: int
    given_up: int


def rows_of(storefront: Storefront) -> list[Row]:
    endpoints = list(WebhookEndpoint.objects.of(storefront))
    counts: dict[UUID, dict[str, int]] = {endpoint.pk: {} for endpoint in endpoints}
    found = Delivery.objects.filter(endpoint__in=endpoints)
    for endpoint, state, count in (
        found.values_list("endpoint", "state").annotate(count=Count("pk")).order_by()
    ):
        counts[endpoint][state] = count
    return [Row(endpoint, counts[endpoint.pk]) for endpoint in endpoints]


def figures_of(rows: list[Row]) -> Figures:
    endpoints = [row.endpoint for row in rows]
    found = Delivery.objects.filter(endpoint__in=endpoints)
    lately = found.filter(
        state=DeliveryState.DELIVERED, created_at__gte=timezone.now() - DAY
    ).count()
    oldest = found.filter(state=DeliveryState.WAITING).aggregate(at=Min("created_at"))["at"]
    return Figures(
        waiting=sum(row.waiting for row in rows),
        oldest=oldest,
        delivered=lately,
        given_up=sum(row.given_up for row in rows),
    )


@dataclass(frozen=True)
class Asked:
    """What the log is narrowed to, as the address says; what makes no sense is left out."""

    endpoint: str = ""
    state: str = ""
    kind: str = ""
    photo: str = ""
    before: int | None = None

    @classmethod
    def of(cls, params: QueryDict) -> "Asked":
        before = text(params, "before")
        return cls(
            endpoint=_uuid(text(params, "endpoint")),
            state=_one_of(text(params, "state"), DeliveryState.values),
            kind=_one_of(text(params, "kind"), Occurrence.values),
            photo=_uuid(text(params, "photo")),
            before=int(before)
            if before.isascii() and before.isdigit() and len(before) < 19
            else None,
        )

    def query(self, **changed: object) -> str:
        """The address of the same with something changed; pages start anew."""
        fields = {name: getattr(self, name) for name in ("endpoint", "state", "kind", "photo")}
        fields |= changed
        return urlencode({name: value for name, value in fields.items() if value})


def log_of(rows: list[Row], asked: Asked) -> tuple[list[Any], int | None]:
    """One page of deliveries, newest first, and where the next begins; each with `last_status`
    and `last_error` of its latest attempt."""
    found = Delivery.objects.filter(endpoint__in=[row.endpoint for row in rows])
    wanted = {
        "endpoint": asked.endpoint,
        "state": asked.state,
        "event__kind": asked.kind,
        "image_id": asked.photo,
        "pk__lt": asked.before,
    }
    found = found.filter(**{name: value for name, value in wanted.items() if value})
    latest = DeliveryAttempt.objects.filter(delivery=OuterRef("pk")).order_by("-id")
    page = list(
        found.select_related("event", "endpoint")
        .annotate(
            last_status=Subquery(latest.values("status")[:1]),
            last_error=Subquery(latest.values("error")[:1]),
        )
        .order_by("-id")[: SHOWN + 1]
    )
    return page[:SHOWN], page[SHOWN - 1].pk if len(page) > SHOWN else None


def pretty(body: str) -> str:
    """The payload for people to read."""
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False)


def _one_of(value: str, known: list[str]) -> str:
    return value if value in known else ""


def _uuid(value: str) -> str:
    try:
        return str(UUID(value)) if value else ""
    except ValueError:
        return ""
