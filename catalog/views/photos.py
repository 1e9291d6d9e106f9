"""The grid of photos, and one photo with everything known about it."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog import alt_texts, publishing
from catalog.attributes import filtering
from catalog.choices import Status
from catalog.models import Image, Tag
from catalog.roles import Role
from catalog.views import attribute_corrections, bulk_corrections, corrections, photo_grid
from catalog.views.access import person, role_required


@require_safe
@never_cache
@role_required(Role.STAFF, Role.MODERATOR)
def photo_list(request: HttpRequest) -> HttpResponse:
    asked = photo_grid.read(request.GET)
    context = {
        "asked": asked,
        "chosen": asked.chosen,
        "page": photo_grid.page(
            asked, before=request.GET.get("before", ""), after=request.GET.get("after", "")
        ),
        "statuses": photo_grid.statuses(asked),
        "storefronts": photo_grid.storefronts(asked),
        "categories": photo_grid.categories(asked),
        "facets": filtering.facets(asked.attributes, asked.by_attribute),
        "filters": asked.address(),
        "without_category": asked.address("category"),
        "without_unconfirmed": asked.toggled("unconfirmed", "1"),
        "other_order": asked.toggled("order", photo_grid.LEAST_SURE),
        **bulk_corrections.state_of(person(request)),
    }
    return render(request, "catalog/photos.html", context)


@require_safe
@never_cache
@role_required(Role.STAFF, Role.MODERATOR)
def attribute_facet(request: HttpRequest, slug: str) -> HttpResponse:
    """The values of an attribute with their counts, fetched when somebody opens it."""
    attribute = filtering.in_use(slug)
    if attribute is None:
        raise Http404
    facet = photo_grid.attribute_counts(photo_grid.read(request.GET), attribute)
    return render(
        request,
        "catalog/attributes_options.html",
        {"facet": facet, "page": reverse("catalog:photos")},
    )


@require_safe
@never_cache
@role_required(Role.STAFF, Role.MODERATOR)
def photo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One photo. While a worker has yet to see it, the page asks for this fragment again."""
    image = get_object_or_404(
        Image.objects.select_related(
            "storefront", "product", "uploaded_by", "own_alt_text__edited_by"
        ).prefetch_related(
            Prefetch(
                "tags",
                queryset=Tag.objects.select_related("category", "encoder").order_by(
                    "-encoder__is_active", "rank"
                ),
            ),
            "events__actor",
        ),
        pk=pk,
    )
    template = "catalog/_photo.html" if request.headers.get("HX-Request") else "catalog/photo.html"
    response = render(
        request,
        template,
        {
            **corrections.tags_of(image),
            **attribute_corrections.attributes_of(image),
            "waiting": image.status == Status.PENDING,
            "alt": alt_texts.shown(image),
        },
    )
    response["Vary"] = "HX-Request, Cookie"
    return response


@require_POST
@role_required(Role.STAFF, Role.MODERATOR)
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Queue a failed photo again."""
    image = get_object_or_404(Image, pk=pk)
    if publishing.retry(image=image, actor=person(request)):
        messages.success(request, "Queued again: a worker will take it next.")
    else:
        messages.info(request, "This photo has not failed, so there is nothing to retry.")
    return redirect("catalog:photo", pk=pk)
