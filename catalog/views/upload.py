"""Staff upload: one request per file, one question for the progress of all of them."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog.choices import Source, Status
from catalog.ingest import ingest
from catalog.ml.rejection import FILE_TOO_LARGE, ImageRejected
from catalog.models import Image, Storefront, Tag
from catalog.products import upsert
from catalog.views.access import Role, role_required, wants_json

MAX_IDS = 100  # photos one status question may ask about
MAX_SKU = 120


def _form_error(request: HttpRequest) -> str | None:
    if not Storefront.objects.filter(pk=_storefront_id(request), is_active=True).exists():
        return "Choose the storefront these photos belong to."
    if len(request.POST.get("sku", "").strip()) > MAX_SKU:
        return f"A SKU has at most {MAX_SKU} characters."
    return None


def _storefront_id(request: HttpRequest) -> int | None:
    value = request.POST.get("storefront", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 18 else None


def _take(request: HttpRequest, upload: UploadedFile) -> tuple[Image, bool]:
    """Store one file of the form. Raises ImageRejected with a sentence for people."""
    if upload.size is not None and upload.size > settings.VITRINE_MAX_UPLOAD_BYTES:
        limit = settings.VITRINE_MAX_UPLOAD_BYTES // (1024 * 1024)
        raise ImageRejected(FILE_TOO_LARGE, f"This file is larger than {limit} MB.")
    storefront = Storefront.objects.get(pk=_storefront_id(request))
    product = None
    if sku := request.POST.get("sku", "").strip():
        product = upsert(storefront=storefront, sku=sku)
    taken = ingest(
        storefront=storefront,
        data=upload.read(),
        filename=upload.name or "",
        source=Source.STAFF,
        product=product,
        uploaded_by=request.user,
    )
    return taken.image, taken.created


@require_safe
@never_cache
@role_required(Role.STAFF)
def upload_page(request: HttpRequest) -> HttpResponse:
    context = {
        "storefronts": Storefront.objects.filter(is_active=True),
        "max_bytes": settings.VITRINE_MAX_UPLOAD_BYTES,
        "max_megabytes": settings.VITRINE_MAX_UPLOAD_BYTES // (1024 * 1024),
        "max_ids": MAX_IDS,
    }
    return render(request, "catalog/upload.html", context)


@require_POST
@role_required(Role.STAFF)
def upload_files(request: HttpRequest) -> HttpResponse:
    """Take files: one at a time with JSON for the page's script, many at once without it."""
    files = request.FILES.getlist("files")
    problem = _form_error(request) or (None if files else "Choose at least one photo.")
    if wants_json(request):
        if problem:
            return JsonResponse({"code": "form", "message": problem}, status=422)
        return _one_as_json(request, files[0])
    if problem:
        messages.error(request, problem)
        return redirect("catalog:upload")
    stored = 0
    for upload in files:
        try:
            _take(request, upload)
            stored += 1
        except ImageRejected as refused:
            messages.error(request, f"{upload.name}: {refused}")
    if stored:
        messages.success(request, f"{stored} of {len(files)} photos stored.")
        return redirect("catalog:photos")
    return redirect("catalog:upload")


def _one_as_json(request: HttpRequest, upload: UploadedFile) -> JsonResponse:
    try:
        image, created = _take(request, upload)
    except ImageRejected as refused:
        return JsonResponse({"code": refused.code, "message": str(refused)}, status=422)
    return JsonResponse(
        {"id": str(image.pk), "created": created, "url": reverse("catalog:photo", args=[image.pk])},
        status=201 if created else 200,
    )


@require_safe
@never_cache
@role_required(Role.STAFF)
def upload_status(request: HttpRequest) -> JsonResponse:
    """Where up to `MAX_IDS` photos stand: `?ids=<uuid>,<uuid>,…`. Unknown ids are left out."""
    try:
        ids = [UUID(part) for part in request.GET.get("ids", "").split(",") if part][:MAX_IDS]
    except ValueError:
        return JsonResponse({"message": "`ids` must be photo ids."}, status=400)
    tags: dict[UUID, list[dict[str, str | float]]] = {}
    for tag in Tag.objects.filter(image__in=ids).select_related("category", "encoder").order_by(
        "-encoder__is_active", "rank"
    ):
        tags.setdefault(tag.image_id, []).append(
            {"name": tag.category.name, "path": tag.category.path, "score": round(tag.score, 4)}
        )
    photos = [
        {
            "id": str(image.pk),
            "status": image.status,
            "label": Status(image.status).label,
            "stage": "tagging" if image.attempts and image.status == Status.PENDING else "",
            "reason": image.failure_reason,
            "tags": tags.get(image.pk, []),
        }
        for image in Image.objects.filter(pk__in=ids)
    ]
    return JsonResponse({"photos": photos})
