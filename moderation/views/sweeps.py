"""Sweeps: what one would do, starting it, watching it, taking it back. For leads."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog.roles import Role
from catalog.views.access import person, role_required
from moderation import reverting, sweeping
from moderation.choices import BankKind, SweepStatus
from moderation.models import Bank, Flag, Sweep, SweepHit
from moderation.previewing import preview
from moderation.sweeping import SweepRefused
from moderation.views import sweep_forms
from moderation.views.sweep_forms import StartForm
from moderation.views.sweep_progress import Mark, progress_of

PAGE_SIZE = 48
SHOWN = 50
EXEMPLARS = 12


@require_safe
@never_cache
@role_required(Role.LEAD)
def sweeps(request: HttpRequest) -> HttpResponse:
    found = Sweep.objects.select_related("bank__policy", "started_by").order_by("-pk")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: SHOWN + 1])
    now = Mark(timezone.now(), 0)
    context = {
        "rows": [(sweep, progress_of(sweep, now)) for sweep in rows[:SHOWN]],
        "older": rows[SHOWN - 1].pk if len(rows) > SHOWN else None,
    }
    return render(request, "moderation/sweeps.html", context)


@never_cache
@role_required(Role.LEAD)
def sweep_new(request: HttpRequest) -> HttpResponse:
    """GET: what a sweep of this bank would do. POST: start it."""
    asked = sweep_forms.read(request.POST if request.method == "POST" else request.GET)
    if asked.bank is None:
        return _choose(request, asked.problem)
    form = StartForm({"rate": settings.VITRINE_SWEEP_RATE})
    problem, status = asked.problem, 200
    if request.method == "POST":
        form = StartForm(request.POST)
        if problem:
            status = 422
        elif form.is_valid():
            try:
                sweep = sweeping.start(
                    bank=asked.bank,
                    exemplars=asked.exemplars,
                    started_by=person(request),
                    rate=form.cleaned_data["rate"],
                    note=form.cleaned_data["note"],
                )
            except SweepRefused as refused:
                problem, status = str(refused), 409
            else:
                return redirect("moderation:sweep", sweep.pk)
        else:
            problem = " ".join(str(each) for errors in form.errors.values() for each in errors)
            status = 422
    foreseen = None
    try:
        encoder = sweeping.encoder_for(asked.bank, asked.exemplars)
    except SweepRefused as refused:
        problem = problem or str(refused)
    else:
        chosen = asked.bank.exemplars.filter(is_enabled=True)
        if asked.exemplars:
            chosen = chosen.filter(pk__in=[exemplar.pk for exemplar in asked.exemplars])
        foreseen = preview(bank=asked.bank, exemplars=chosen, encoder=encoder)
    pictures = asked.bank.exemplars.filter(is_enabled=True).exclude(picture="")
    context = {
        "asked": asked,
        "form": form,
        "problem": problem,
        "foreseen": foreseen,
        "shown": [each for each in asked.exemplars or pictures[:EXEMPLARS] if each.picture],
    }
    return render(request, "moderation/sweep_new.html", context, status=status)


def _choose(request: HttpRequest, problem: str) -> HttpResponse:
    banks = (
        Bank.objects.active(timezone.now())
        .filter(kind=BankKind.VIOLATING, exemplars__is_enabled=True)
        .select_related("policy")
        .distinct()
    )
    context = {"banks": banks, "problem": problem}
    return render(request, "moderation/sweep_choose.html", context, status=404 if problem else 200)


@require_safe
@never_cache
@role_required(Role.LEAD)
def sweep(request: HttpRequest, pk: int) -> HttpResponse:
    """One sweep. While it is at work, the page asks for the progress alone every second."""
    found = get_object_or_404(
        Sweep.objects.select_related("bank__policy", "encoder", "started_by", "reverted_by"), pk=pk
    )
    progress = progress_of(found, Mark.read(request.GET, found))
    if request.headers.get("HX-Request"):
        context = {"sweep": found, "progress": progress}
        response = render(request, "moderation/_sweep.html", context)
        if not progress.is_at_work:
            response["HX-Refresh"] = "true"  # what it found, and what can be done with it now
        return response
    hits, after = _hits(found, request.GET.get("after", ""))
    extent = None
    if found.reverted_by_id is None and found.matched:
        extent = reverting.extent(found)
    context = {
        "sweep": found,
        "progress": progress,
        "hits": hits,
        "after": after,
        "extent": extent,
        "exemplars": list(found.exemplars.all()),
        "can_revert": found.reverted_by_id is None,
    }
    return render(request, "moderation/sweep.html", context)


def _hits(sweep: Sweep, cursor: str) -> tuple[list[SweepHit], str]:
    """A page of what it matched, the nearest first, and the cursor of the next page."""
    score, _, key = cursor.partition("~")
    raised = Flag.objects.filter(sweep=sweep).order_by("-score")
    found = (
        sweep.hits.select_related("image")
        .prefetch_related(Prefetch("image__flags", queryset=raised, to_attr="raised"))
        .order_by("-score", "-pk")
    )
    try:
        at, row = float(score), int(key)
    except ValueError:
        pass  # no cursor, or one that somebody mangled: from the top
    else:
        found = found.filter(Q(score__lt=at) | Q(score=at, pk__lt=row))
    rows = list(found[: PAGE_SIZE + 1])
    last = rows[PAGE_SIZE - 1] if len(rows) > PAGE_SIZE else None
    return rows[:PAGE_SIZE], f"{last.score!r}~{last.pk}" if last else ""


@require_POST
@role_required(Role.LEAD)
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, lambda: sweeping.pause(sweep_id=pk))


@require_POST
@role_required(Role.LEAD)
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, lambda: sweeping.resume(sweep_id=pk))


@require_POST
@role_required(Role.LEAD)
def revert(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, lambda: sweeping.revert(sweep_id=pk, actor=person(request)))


def _change(request: HttpRequest, pk: int, verb: Callable[[], Sweep]) -> HttpResponse:
    get_object_or_404(Sweep, pk=pk)
    try:
        changed = verb()
    except SweepRefused as refused:
        messages.error(request, str(refused))
    else:
        if changed.status == SweepStatus.PAUSED:
            messages.success(request, "Paused. What was found so far stays held.")
    return redirect("moderation:sweep", pk)
