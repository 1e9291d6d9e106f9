"""The map of the catalog: every photo as a point, near the photos it resembles."""

import hashlib

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog import landing, map_file, mapping
from catalog.choices import MapKind, Status
from catalog.models import Encoder, Projection
from catalog.query_vectors import SearchUnavailable
from catalog.roles import Role
from catalog.views.access import role_required
from catalog.views.params import text
from catalog.views.search import cards

TEXT_LIMIT = 300


@require_safe
@never_cache
@role_required(Role.STAFF, Role.MODERATOR)
def map_page(request: HttpRequest) -> HttpResponse:
    """The page. Without scripts it is the list beneath the map, and what a text is near to."""
    encoder = Encoder.objects.filter(is_active=True).first()
    ready = {kind: mapping.shown(encoder, kind) for kind in MapKind} if encoder else {}
    asked = request.GET.get("by", "")
    kind = MapKind(asked) if asked in MapKind.values else MapKind.NEIGHBOURS
    if asked not in MapKind.values and not _usable(ready.get(kind)):
        kind = MapKind.LINEAR
    projection = ready.get(kind)
    context: dict[str, object] = {
        "projection": projection,
        "encoder": encoder,
        "kinds": [(each, each.label, ready.get(each)) for each in MapKind],
        "limit": TEXT_LIMIT,
        "q": text(request.GET, "q", limit=TEXT_LIMIT),
    }
    if projection:
        groups = map_file.groups(projection)
        context |= {
            "groups": groups,
            "placed": sum(group.count for group in groups),
            "left": mapping.unplaced(projection).count(),
            "statuses": Status.choices,
        }
        context |= _landed(request, projection)
    return render(request, "catalog/map.html", context)


@require_safe
@never_cache
@role_required(Role.STAFF, Role.MODERATOR)
def landed(request: HttpRequest, pk: int) -> HttpResponse:
    """Where a text lands, as a fragment for the page's script."""
    projection = get_object_or_404(_projections(), pk=pk)
    context = {"projection": projection, "q": text(request.GET, "q", limit=TEXT_LIMIT)}
    return render(request, "catalog/_map_landing.html", context | _landed(request, projection))


@require_safe
@role_required(Role.STAFF, Role.MODERATOR)
def points(request: HttpRequest, pk: int) -> HttpResponse:
    """The points, as `map_file` packs them; nothing when the browser has these already."""
    body = map_file.pack(get_object_or_404(_projections(), pk=pk))
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    known = tag in request.headers.get("If-None-Match", "")
    response = HttpResponse(status=304) if known else HttpResponse(body)
    response["Content-Type"] = "application/octet-stream"
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _projections() -> QuerySet[Projection]:
    return Projection.objects.select_related("encoder")


def _usable(projection: Projection | None) -> bool:
    return projection is not None and projection.placed_at is not None


def _landed(request: HttpRequest, projection: Projection) -> dict[str, object]:
    said = text(request.GET, "q", limit=TEXT_LIMIT)
    if not said:
        return {}
    try:
        found = landing.land(said, projection=projection)
    except SearchUnavailable as error:
        return {"unavailable": str(error)}
    return {
        "landing": found,
        "cards": cards([(hit.image_id, hit.score, None) for hit in found.hits]),
    }
