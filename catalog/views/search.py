"""The search page, pictures to search by, and what a photo resembles."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog import duplicates, query_vectors, search
from catalog.attributes import filtering
from catalog.choices import Status
from catalog.ml.rejection import ImageRejected
from catalog.models import Category, Encoder, Image, Storefront, Tag
from catalog.places import PlaceLost
from catalog.query_vectors import PictureForgotten, SearchUnavailable
from catalog.roles import Role
from catalog.search import NotEmbedded, Query
from catalog.views import search_asked
from catalog.views.access import role_required
from catalog.views.params import text

PAGE_SIZE = 48
STRIP = 8  # photos in a strip beside a photo
LOOKS_LIKE = 5  # categories
SUGGESTED = 12  # categories while one is typed


@dataclass(frozen=True)
class Card:
    """A photo among results; `score` is its cosine, `bits` how far its hash is (or None)."""

    image: Image
    score: float | None
    bits: int | None = None


@require_safe
@never_cache
@role_required(Role.STAFF, Role.MODERATOR)
def search_page(request: HttpRequest) -> HttpResponse:
    """The page, or over htmx the next cards only."""
    asked = search_asked.read(request.GET)
    cursor = text(request.GET, "cursor", limit=4000)
    context: dict[str, object] = {
        "asked": asked,
        "query": asked.query,
        "statuses": Status.choices,
        "storefronts": Storefront.objects.live(),
        "weight": round(100 * asked.query.weight),
        "limit": search_asked.TEXT_LIMIT,
        "is_first": not cursor,
    }
    if not asked.is_empty:
        try:
            results = search.search(
                asked.query, among=Image.objects.of_live_shops(), limit=PAGE_SIZE, cursor=cursor
            )
            context |= {
                "cards": cards([(hit.image_id, hit.score, None) for hit in results.hits]),
                "encoder": results.encoder,
                "next": asked.address(cursor=results.cursor) if results.cursor else "",
            }
            if not cursor:
                context["facets"] = filtering.facets(
                    asked.query.filters.attributes, asked.by_attribute
                )
            if not cursor and (asked.query.like or asked.query.picture):
                context["looks_like"] = _looks_like(asked)
        except SearchUnavailable as error:
            context["unavailable"] = str(error)
        except (NotEmbedded, PictureForgotten) as error:
            context["impossible"] = str(error)
        except PlaceLost:
            context["lost"] = True
    fragment = request.headers.get("HX-Request") and cursor
    template = "catalog/_search_cards.html" if fragment else "catalog/search.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request, Cookie"
    return response


@require_POST
@role_required(Role.STAFF, Role.MODERATOR)
def search_picture(request: HttpRequest) -> HttpResponse:
    """Have a picture looked at, without storing it, and search by it."""
    asked = search_asked.read(request.POST)
    upload = request.FILES.get("picture")
    back = reverse("catalog:search") + "?" + asked.without_picture
    if upload is None:
        messages.error(request, "Choose a picture first.")
        return redirect(back)
    limit = settings.VITRINE_MAX_UPLOAD_BYTES
    if upload.size is not None and upload.size > limit:
        messages.error(request, f"This picture is larger than {limit // 1024**2} MB.")
        return redirect(back)
    try:
        digest = query_vectors.look_at(data=upload.read(), encoder=query_vectors.active_encoder())
    except (ImageRejected, SearchUnavailable) as refused:
        messages.error(request, str(refused))
        return redirect(back)
    address = asked.address("like", "picture", "weight", picture=digest)
    return redirect(reverse("catalog:search") + "?" + address)


@require_safe
@never_cache
@role_required(Role.STAFF, Role.MODERATOR)
def attribute_facet(request: HttpRequest, slug: str) -> HttpResponse:
    """The values of an attribute with their counts among the photos that pass the other filters,
    fetched when somebody opens it."""
    asked = search_asked.read(request.GET)
    attribute = filtering.in_use(slug)
    if attribute is None:
        raise Http404
    encoder = Encoder.objects.filter(is_active=True).first()
    filters = asked.query.filters
    images = Image.objects.of_live_shops()
    if encoder:
        images = replace(filters, attributes=()).of(images, encoder)
    facet = filtering.counted(attribute, images, filters.attributes, encoder, asked.by_attribute)
    return render(
        request,
        "catalog/attributes_options.html",
        {"facet": facet, "page": reverse("catalog:search")},
    )


@require_safe
@never_cache
@role_required(Role.STAFF, Role.MODERATOR)
def category_names(request: HttpRequest) -> HttpResponse:
    """Options for the category that is being typed."""
    words = text(request.GET, "category", limit=1000)
    found = Category.objects.filter(is_retired=False, path__icontains=words)
    found = found.order_by("-taxonomy__is_active", "taxonomy", "position")
    names = found[:SUGGESTED] if words else []
    return render(request, "catalog/_category_options.html", {"categories": names})


@require_safe
@never_cache
@role_required(Role.STAFF, Role.MODERATOR)
def similar(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What a photo resembles, fetched when its section comes into view."""
    image = get_object_or_404(Image, pk=pk)
    same = duplicates.near_duplicates(image, among=Image.objects.of_live_shops(), limit=STRIP)
    context: dict[str, object] = {
        "image": image,
        "duplicates": cards([(each.image_id, each.cosine, each.bits) for each in same]),
    }
    try:
        found = search.search(
            Query(like=image), among=Image.objects.of_live_shops(), limit=STRIP + len(same)
        )
        known = {each.image_id for each in same}
        others = [hit for hit in found.hits if hit.image_id not in known][:STRIP]
        context["cards"] = cards([(hit.image_id, hit.score, None) for hit in others])
        context["encoder"] = found.encoder
    except (NotEmbedded, SearchUnavailable) as error:
        context["impossible"] = str(error)
    return render(request, "catalog/_similar.html", context)


def cards(found: Sequence[tuple[UUID, float | None, int | None]]) -> list[Card]:
    """The photos with their best tag, in this order; those erased meanwhile are left out."""
    best_first = Tag.objects.select_related("category", "encoder").order_by(
        "-encoder__is_active", "rank"
    )
    images = Image.objects.select_related("storefront", "product").prefetch_related(
        Prefetch("tags", queryset=best_first, to_attr="best_tags")
    )
    shown = images.in_bulk([key for key, _, _ in found])
    return [Card(shown[key], score, bits) for key, score, bits in found if key in shown]


def _looks_like(asked: search_asked.Asked) -> list[tuple[Category, float, str]]:
    """The categories nearest to the picture alone, each with the address of that search."""
    encoder = query_vectors.active_encoder()
    alone = Query(like=asked.query.like, picture=asked.query.picture)
    nearest = search.nearest_categories(
        alone.vector(encoder), encoder=encoder, taxonomy=None, limit=LOOKS_LIKE
    )
    return [(category, score, asked.address(category=category.path)) for category, score in nearest]
