"""Imports: starting one from whole uploads, watching it, pausing it, what it refused."""

import csv
from collections.abc import Callable, Iterator
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog import importing
from catalog.choices import ItemStatus
from catalog.importing import ImportRefused
from catalog.models import Import, Upload
from catalog.roles import Role, is_lead
from catalog.views.access import person, role_required
from catalog.views.csv_cells import plain
from catalog.views.import_progress import progress_of
from catalog.views.upload_form import Batch, problems_of

SHOWN = 50
NOT_TAKEN = (ItemStatus.REFUSED, ItemStatus.SKIPPED)


@require_POST
@role_required(Role.STAFF)
def start(request: HttpRequest) -> JsonResponse:
    """For the upload page's script: import `uploads`, which have arrived; answers the page."""
    form = Batch(request.POST)
    if problems := problems_of(form):
        return JsonResponse({"message": " ".join(problems)}, status=422)
    try:
        keys = [UUID(key) for key in request.POST.getlist("uploads")]
        job = importing.start(
            storefront=form.cleaned_data["storefront"],
            sku=form.cleaned_data["sku"],
            files=list(Upload.objects.filter(pk__in=keys, uploaded_by=person(request))),
            started_by=person(request),
        )
    except (ValueError, ImportRefused) as refused:
        known = isinstance(refused, ImportRefused)
        message = str(refused) if known else "Choose the files again."
        return JsonResponse({"message": message}, status=422)
    return JsonResponse({"url": reverse("catalog:import", args=[job.pk])}, status=201)


@require_safe
@never_cache
@role_required(Role.STAFF)
def imports(request: HttpRequest) -> HttpResponse:
    found = Import.objects.select_related("storefront", "started_by").prefetch_related("uploads")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: SHOWN + 1])
    context = {
        "rows": [(job, progress_of(job)) for job in rows[:SHOWN]],
        "older": rows[SHOWN - 1].pk if len(rows) > SHOWN else None,
    }
    return render(request, "catalog/imports.html", context)


@require_safe
@never_cache
@role_required(Role.STAFF)
def import_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One import; while it goes on, the page asks for its fragment again."""
    job = get_object_or_404(Import.objects.select_related("storefront", "started_by"), pk=pk)
    progress = progress_of(job, request.GET)
    context = {
        "job": job,
        "progress": progress,
        "files": list(job.uploads.all()[: SHOWN + 1]),
        "not_taken": list(job.items.filter(status__in=NOT_TAKEN)[:SHOWN]),
        "not_shown": max(0, progress.refused + progress.skipped - SHOWN),
        "may_change": _may_change(request, job),
    }
    fragment = request.headers.get("HX-Request")
    response = render(
        request, "catalog/_import.html" if fragment else "catalog/import.html", context
    )
    response["Vary"] = "HX-Request, Cookie"
    return response


@require_safe
@never_cache
@role_required(Role.STAFF)
def not_taken(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Every refusal, as CSV."""
    job = get_object_or_404(Import, pk=pk)
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield writer.writerow(["entry", "sku", "outcome", "reason"])
        for item in job.items.filter(status__in=NOT_TAKEN).iterator():
            cells = (item.name, item.sku, item.status, item.reason)
            yield writer.writerow([plain(cell) for cell in cells])

    return StreamingHttpResponse(
        lines(),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="vitrine-import-{job.pk}-refused.csv"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@require_POST
@role_required(Role.STAFF)
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, importing.pause, "Paused. What is in stays in.")


@require_POST
@role_required(Role.STAFF)
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, importing.resume, "")


@require_POST
@role_required(Role.STAFF)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, importing.cancel, "Cancelled. Photos that are in stay in.")


def _change(request: HttpRequest, pk: int, verb: Callable[..., Import], said: str) -> HttpResponse:
    if not _may_change(request, get_object_or_404(Import, pk=pk)):
        raise PermissionDenied
    try:
        verb(import_id=pk)
    except ImportRefused as refused:
        messages.error(request, str(refused))
    else:
        if said:
            messages.success(request, said)
    return redirect("catalog:import", pk)


def _may_change(request: HttpRequest, job: Import) -> bool:
    """Whoever started it, or a lead."""
    user = person(request)
    return job.started_by_id == user.pk or is_lead(user)


class _Echo:
    """What csv writes to, so that each line can be sent on."""

    def write(self, line: str) -> str:
        return line
