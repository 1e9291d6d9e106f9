"""The threshold lab: a lead sees what a threshold would have done before it does it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog.models import Encoder
from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text
from moderation import banks, lookback, thresholds
from moderation.banks import Limits
from moderation.choices import BankKind
from moderation.lookback import Lookback
from moderation.models import Bank, BankThreshold
from moderation.thresholds import ThresholdRefused
from moderation.views import lab_reading

SLIDING = 120  # seconds one look back serves: while a lead slides, figures stand on the same photos


@dataclass(frozen=True)
class Asked:
    """What the URL or the form asks for; `problem` says what is wrong with it."""

    limits: Limits
    safe: bool
    problem: str = ""


def _number(given: str, name: str) -> float:
    """A cosine as somebody types it. Raises `ThresholdRefused`."""
    try:
        value = float(given.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ThresholdRefused(
            f"“{given[:40]}” is not a threshold to {name}. Give a number like 0.85."
        )
    return value


def _axis_from(given: str) -> float | None:
    try:
        return _number(given, "begin with")
    except ThresholdRefused:
        return None


def _limits(params: QueryDict, today: Limits) -> Limits:
    """The limits asked for, today's where nothing is. Raises `ThresholdRefused`."""
    if "hold" not in params and "remove" not in params:
        return today
    hold = _number(text(params, "hold"), "hold") if text(params, "hold") else today.hold
    remove = _number(text(params, "remove"), "remove") if text(params, "remove") else None
    return thresholds.checked(hold, remove)


def _asked(params: QueryDict, today: Limits) -> Asked:
    safe = text(params, "safe") != "off"
    try:
        return Asked(_limits(params, today), safe)
    except ThresholdRefused as error:
        return Asked(today, safe, str(error))


def _encoder(given: str) -> Encoder | None:
    """The encoder of that key, or the active one."""
    if given.isdecimal() and len(given) < 10:
        chosen = Encoder.objects.filter(pk=int(given)).first()
        if chosen:
            return chosen
    return Encoder.objects.first()  # the active one is ordered first


def _look_back(bank: Bank, encoder: Encoder, *, fresh: bool) -> Lookback:
    key = f"lab:{bank.pk}:{bank.version}:{encoder.pk}"
    found: Lookback | None = None if fresh else cache.get(key)
    if found is None:
        found = lookback.look_back(bank=bank, encoder=encoder)
        cache.set(key, found, SLIDING)
    return found


def _address(bank: Bank, encoder: Encoder) -> str:
    return f"{reverse('moderation:lab', args=[bank.pk])}?{urlencode({'encoder': encoder.pk})}"


@require_safe
@never_cache
@role_required(Role.LEAD)
def lab(request: HttpRequest, pk: int) -> HttpResponse:
    bank = get_object_or_404(Bank.objects.select_related("policy"), pk=pk)
    encoder = _encoder(text(request.GET, "encoder"))
    context: dict[str, Any] = {"bank": bank, "encoder": encoder}
    if bank.kind == BankKind.SAFE or encoder is None:
        return render(request, "moderation/lab.html", {**context, "unusable": True})
    fragment = bool(request.headers.get("HX-Request"))
    found = _look_back(bank, encoder, fresh=not fragment)
    today = banks.thresholds_of(bank, encoder)
    asked = _asked(request.GET, today)
    context |= {
        "asked": asked,
        "today": today,
        "found": found,
        "reading": lab_reading.read(
            found,
            today=today,
            proposed=asked.limits,
            safe=asked.safe,
            sample_rate=bank.sample_rate,
            axis_from=_axis_from(text(request.GET, "from")),
        ),
    }
    if fragment:
        response = render(request, "moderation/_lab_figures.html", context)
    else:
        changes = list(thresholds.history(bank, encoder))
        context |= {
            "encoders": Encoder.objects.all(),
            "changes": changes,
            "latest": changes[0] if changes else None,
            "lowered_from": _lowered_from(bank, changes),
        }
        status = 400 if asked.problem else 200
        response = render(request, "moderation/lab.html", context, status=status)
    response["Vary"] = "HX-Request, Cookie"
    return response


def _lowered_from(bank: Bank, changes: list[BankThreshold]) -> float | None:
    """What the latest change lowered the hold threshold from, if it lowered it."""
    if not changes:
        return None
    before = changes[1].hold if len(changes) > 1 else bank.hold_threshold
    return before if changes[0].hold < before else None


@require_POST
@role_required(Role.LEAD)
def save(request: HttpRequest, pk: int) -> HttpResponse:
    bank = get_object_or_404(Bank, pk=pk)
    encoder = _encoder(text(request.POST, "encoder"))
    if encoder is None:
        return redirect("moderation:lab", pk=pk)
    try:
        latest = thresholds.history(bank, encoder).first()
        if text(request.POST, "latest") != (str(latest.pk) if latest else ""):
            raise ThresholdRefused(
                "Somebody changed the thresholds while you looked. Nothing was saved: this page "
                "now shows what counts; save again if you still want to."
            )
        today = banks.thresholds_of(bank, encoder)
        limits = _limits(request.POST, today)
        note = text(request.POST, "note", limit=thresholds.NOTE_LENGTH + 1)
        if not note:
            raise ThresholdRefused("Say in a few words why, so that others can follow later.")
        if limits == today:
            raise ThresholdRefused("These are the thresholds that count already.")
        saved = thresholds.save(
            bank=bank,
            encoder=encoder,
            hold=limits.hold,
            remove=limits.remove,
            author=person(request),
            note=note,
        )
    except ThresholdRefused as error:
        messages.error(request, str(error))
        kept = {"encoder": str(encoder.pk), "hold": text(request.POST, "hold")}
        if remove := text(request.POST, "remove"):
            kept["remove"] = remove
        return redirect(f"{reverse('moderation:lab', args=[pk])}?{urlencode(kept)}")
    messages.success(request, f"Saved. New photos are held from {saved.hold:.3f}.")
    return redirect(_address(bank, encoder))


@require_POST
@role_required(Role.LEAD)
def revert(request: HttpRequest, pk: int, threshold: int) -> HttpResponse:
    row = get_object_or_404(
        BankThreshold.objects.select_related("bank", "encoder"), pk=threshold, bank_id=pk
    )
    try:
        saved = thresholds.revert(
            threshold=row,
            author=person(request),
            note=text(request.POST, "note", limit=thresholds.NOTE_LENGTH + 1),
        )
    except ThresholdRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Taken back. New photos are held from {saved.hold:.3f} again.")
    return redirect(_address(row.bank, row.encoder))
