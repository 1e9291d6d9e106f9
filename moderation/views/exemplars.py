"""Exemplars of a bank: added by file, retired, brought back, rolled back."""

from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from catalog.ingest import limits
from catalog.ml.rejection import ImageRejected
from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text
from moderation import banks, rollback
from moderation.models import Bank, Exemplar
from moderation.views.banks import render_bank

NOTE_LIMIT = 300
SOURCE_LIMIT = 120
ROLL_BACK_SECONDS = 10.0  # of one request; what is left then is a second press away


@require_POST
@role_required(Role.LEAD)
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Add each file; those that are refused are named with the reason, the others count."""
    bank = get_object_or_404(Bank, pk=pk)
    files = request.FILES.getlist("files")
    if not files:
        return render_bank(request, pk, problems=["Choose at least one picture."])
    known = set(bank.exemplars.filter(is_enabled=True).values_list("pk", flat=True))
    added: list[UUID] = []
    problems = []
    for file in files:
        try:
            exemplar = banks.add_exemplar(
                bank=bank,
                data=_bytes_of(file),
                note=text(request.POST, "note", limit=NOTE_LIMIT),
                source=text(request.POST, "source", limit=SOURCE_LIMIT),
                added_by=person(request),
            )
        except ImageRejected as refused:
            problems.append(f"{file.name}: {refused}")
            continue
        if exemplar.pk in known:
            problems.append(f"{file.name}: this picture is in the bank already.")
        else:
            known.add(exemplar.pk)
            added.append(exemplar.pk)
    if problems:
        title = f"{len(problems)} of {_counted(len(files), 'file')} could not be added"
        return render_bank(request, pk, problems=problems, title=title, added=added)
    page = resolve_url("moderation:bank", pk)
    return redirect(f"{page}?added={','.join(map(str, added))}")


@require_POST
@role_required(Role.LEAD)
def switch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Retire an exemplar, or bring it back (`on=1`)."""
    exemplar = get_object_or_404(Exemplar, pk=pk)
    on = request.POST.get("on") == "1"
    if on:
        banks.enable_exemplar(exemplar=exemplar)
        messages.success(request, "Brought back: it matches again.")
    else:
        banks.disable_exemplar(exemplar=exemplar)
        messages.success(request, "Retired: it flags no more photos. What it flagged stays.")
    return redirect("moderation:bank", exemplar.bank_id)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@role_required(Role.LEAD)
def roll_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    """GET: what it would undo, to be confirmed. POST: do it."""
    exemplar = get_object_or_404(Exemplar.objects.select_related("bank__policy"), pk=pk)
    if request.method != "POST":
        fragment = bool(request.headers.get("HX-Request"))
        context = {
            "exemplar": exemplar,
            "extent": rollback.preview(exemplar),
            "fragment": fragment,
            "part": "moderation/_rollback.html",
        }
        page = "_rollback" if fragment else "rollback"
        return render(request, f"moderation/{page}.html", context)
    done = rollback.roll_back(
        exemplar=exemplar,
        actor=person(request),
        reason=text(request.POST, "reason", limit=NOTE_LIMIT),
        seconds=ROLL_BACK_SECONDS,
    )
    what = (
        f"{_counted(done.flags, 'flag')} withdrawn, "
        f"{_counted(done.reviews_closed, 'review')} closed, "
        f"{_counted(done.photos_published, 'photo')} live again."
    )
    if done.photos_left:
        left = _counted(done.photos_left, "photo")
        messages.info(request, f"So far: {what} {left} left: roll back once more to go on.")
        return redirect("moderation:exemplar_rollback", pk)
    messages.success(request, f"Rolled back: {what}")
    return redirect("moderation:bank", exemplar.bank_id)


def _bytes_of(file: UploadedFile) -> bytes:
    """Raises `ImageRejected` before reading what is too large anyway."""
    most = limits().max_bytes
    if file.size is not None and file.size > most:
        raise ImageRejected(
            "file_too_large", f"it is larger than {most // (1024 * 1024)} MB. Save it smaller."
        )
    return file.read()


def _counted(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
