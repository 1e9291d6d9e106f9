"""The grid of photos, and one photo with everything known about it."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog import alt_texts, publishing
from catalog.choices import Status
from catalog.models import Image, ImportItem, Storefront, Tag
from catalog.roles import Role
from catalog.views import corrections
from catalog.views.access import person, role_required
from catalog.views.paging import page_of
from catalog.views.params import text


def _filtered(request: HttpRequest) -> tuple[QuerySet[Image], dict[str, str]]:
    """The photos the URL asks for, and the filters that were understood."""
    images = Image.objects.all()
    chosen: dict[str, str] = {}
    if (status := request.GET.get("status", "")) in Status.values:
        chosen["status"] = status
        images = images.filter(status=status)
    if storefront := text(request.GET, "storefront"):
        chosen["storefront"] = storefront
        images = images.filter(storefront__slug=storefront)
    job = text(request.GET, "import")
    if job.isascii() and job.isdigit() and len(job) < 19:
        chosen["import"] = job
        images = images.filter(
            Exists(ImportItem.objects.filter(job_id=int(job), image=OuterRef("pk")))
        )
    if words := text(request.GET, "q"):
        chosen["q"] = words
        images = images.filter(Q(filename__icontains=words) | Q(product__sku__icontains=words))
    return images, chosen


@require_safe
@never_cache
@role_required(Role.STAFF, Role.MODERATOR)
def photo_list(request: HttpRequest) -> HttpResponse:
    images, chosen = _filtered(request)
    best_first = Tag.objects.select_related("category", "encoder").order_by(
        "-encoder__is_active", "rank"
    )
    page = page_of(
        images.select_related("storefront", "product").prefetch_related(
            Prefetch("tags", queryset=best_first, to_attr="best_tags")
        ),
        before=request.GET.get("before", ""),
        after=request.GET.get("after", ""),
    )
    without_status = {key: value for key, value in chosen.items() if key != "status"}
    context = {
        "page": page,
        "chosen": chosen,
        "statuses": [("", "All"), *Status.choices],
        "filters": urlencode(chosen),
        "filters_but_status": urlencode(without_status),
        "storefronts": Storefront.objects.all(),
    }
    return render(request, "catalog/photos.html", context)


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
