"""Limits at the API's door: what a request costs, and how its answer tells what is left.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10, in structured fields:
`RateLimit-Policy: "key";q=6000;w=60` says how much a bucket holds and in how many seconds it
fills, `RateLimit: "key";r=5995;t=1` what is left and in how many seconds it is full again. The
quota is counted in points; most requests cost one.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from catalog import limits
from catalog.api.authentication import scope_of
from catalog.choices import Scope
from catalog.limits import Spent
from catalog.models import ApiKey

if TYPE_CHECKING:  # rest_framework.views imports this module while it is being imported itself
    from rest_framework.views import APIView

NAMES = {"key": "This key", "storefront": "This storefront"}


class PointsThrottle(BaseThrottle):
    """Every request pays from its key's bucket and its storefront's."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        if isinstance(request.auth, ApiKey):
            charge(request, points=points_of(view, str(request.method)))
        return True


class RateLimitHeaders:
    """Middleware: answers of the API say how the buckets stand that paid for the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        spent: Spent | None = getattr(request, "spent", None)
        if spent is not None and spent.standings:
            response["RateLimit-Policy"] = ", ".join(
                f'"{each.bucket.name}";q={each.bucket.size};w={limits.WINDOW}'
                for each in spent.standings
            )
            response["RateLimit"] = ", ".join(
                f'"{each.bucket.name}";r={each.left};t={each.full_in}' for each in spent.standings
            )
        return response


def points_of(view: Any, method: str) -> int:
    """What a request costs: encoding a text and judging a photo take a worker's time."""
    match scope_of(view, method):
        case Scope.IMAGES_WRITE if method == "POST":
            return settings.VITRINE_API_UPLOAD_POINTS
        case Scope.SEARCH:
            return settings.VITRINE_API_SEARCH_POINTS
    return 1


def charge(request: Request, *, points: int) -> None:
    """Have the caller pay, for a request or for more that turned out to be in it. Raises
    `Throttled`, with nothing paid, when a bucket has too few points left."""
    assert isinstance(request.auth, ApiKey)  # noqa: S101  HasScope let it through
    more = hasattr(request._request, "spent")  # of a request that has been counted
    spent = limits.spend(
        buckets=limits.buckets_of(request.auth),
        cost=points,
        usage=limits.usage_place(request.auth.pk, datetime.now(UTC).date()),
        requests=0 if more else 1,
    )
    request._request.spent = spent  # type: ignore[attr-defined]
    if spent.paid:
        return
    short = max(spent.standings, key=lambda standing: standing.wait)
    raise Throttled(
        spent.wait,
        f"{NAMES[short.bucket.name]} may spend {short.bucket.size:,} points a minute, and this "
        f"request costs {points:,}.",
    )
