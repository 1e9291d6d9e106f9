"""Staff upload: one request per file, one question for the progress of all of them."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog import entry_names, importing, uploads
from catalog.choices import Source, Status
from catalog.importing import ImportRefused
from catalog.ingest import Ingested, ingest
from catalog.ml.rejection import FILE_TOO_LARGE, ImageRejected
from catalog.models import Image, Storefront, Tag
from catalog.products import upsert
from catalog.roles import Role
from catalog.uploads import UploadRefused
from catalog.views.access import person, role_required, wants_json
from catalog.views.upload_form import Batch, problems_of

MAX_IDS = 100  # photos one status question may ask about


def _take(request: HttpRequest, batch: dict[str, Any], upload: UploadedFile) -> Ingested:
    """Store one file. Raises ImageRejected with a sentence for people; nothing is kept then."""
    if upload.size is not None and upload.size > settings.VITRINE_MAX_UPLOAD_BYTES:
        limit = settings.VITRINE_MAX_UPLOAD_BYTES // (1024 * 1024)
        raise ImageRejected(FILE_TOO_LARGE, f"This file is larger than {limit} MB.")
    with transaction.atomic():  # a refused file must not leave an empty product behind
        product = None
        if batch["sku"]:
            product = upsert(storefront=batch["storefront"], sku=batch["sku"])
        return ingest(
            storefront=batch["storefront"],
            data=upload.read(),
            filename=upload.name or "",
            source=Source.STAFF,
            product=product,
            uploaded_by=person(request),
        )


@require_safe
@never_cache
@role_required(Role.STAFF)
def upload_page(request: HttpRequest) -> HttpResponse:
    context = {
        "storefronts": Storefront.objects.live().filter(is_active=True),
        "max_bytes": settings.VITRINE_MAX_UPLOAD_BYTES,
        "max_megabytes": settings.VITRINE_MAX_UPLOAD_BYTES // (1024 * 1024),
        "max_ids": MAX_IDS,
        "max_import_megabytes": settings.VITRINE_IMPORT_MAX_BYTES // (1024 * 1024),
        "unfinished": uploads.unfinished_of(person(request)),
        "keep_hours": settings.VITRINE_IMPORT_KEEP_HOURS,
    }
    return render(request, "catalog/upload.html", context)


@require_POST
@role_required(Role.STAFF)
def upload_files(request: HttpRequest) -> HttpResponse:
    """Take files: one at a time with JSON for the page's script, many at once without it."""
    files = request.FILES.getlist("files")
    form = Batch(request.POST)
    problems = problems_of(form)
    if not files:
        problems.append("Choose at least one photo.")
    if wants_json(request):
        if problems:
            return JsonResponse({"code": "form", "message": " ".join(problems)}, status=422)
        return _one_as_json(request, form.cleaned_data, files[0])
    for problem in problems:
        messages.error(request, problem)
    if problems:
        return redirect("catalog:upload")
    if any(_is_bulk(upload.name or "") for upload in files):
        return _import(request, form.cleaned_data, files)
    stored = 0
    for upload in files:
        try:
            _take(request, form.cleaned_data, upload)
            stored += 1
        except ImageRejected as refused:
            messages.error(request, f"{upload.name}: {refused}")
    if stored:
        messages.success(request, f"{stored} of {len(files)} photos stored.")
        return redirect("catalog:photos")
    return redirect("catalog:upload")


def _is_bulk(name: str) -> bool:
    return bool(entry_names.TABLE.search(name) or name.lower().endswith(".zip"))


def _import(request: HttpRequest, batch: dict[str, Any], files: list[UploadedFile]) -> HttpResponse:
    """An archive or a table among the files: import them all together, without the script."""
    user = person(request)
    try:
        whole = [
            uploads.receive(
                user=user,
                name=file.name or "",
                size=file.size or 0,
                chunks=file.chunks(uploads.CHUNK_BYTES),
            )
            for file in files
        ]
        job = importing.start(files=whole, started_by=user, **batch)
    except (UploadRefused, ImportRefused) as refused:
        messages.error(request, str(refused))
        return redirect("catalog:upload")
    return redirect("catalog:import", job.pk)


def _one_as_json(request: HttpRequest, batch: dict[str, Any], upload: UploadedFile) -> JsonResponse:
    try:
        taken = _take(request, batch, upload)
    except ImageRejected as refused:
        return JsonResponse({"code": refused.code, "message": str(refused)}, status=422)
    url = reverse("catalog:photo", args=[taken.image.pk])
    return JsonResponse(
        {"id": str(taken.image.pk), "created": taken.created, "url": url},
        status=201 if taken.created else 200,
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
    for tag in (
        Tag.objects.filter(image__in=ids)
        .select_related("category", "encoder")
        .order_by("-encoder__is_active", "rank")
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
