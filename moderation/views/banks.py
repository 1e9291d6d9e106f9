"""One bank: its exemplars, how often they were right, and its settings. Leads edit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text
from moderation import banks, exemplars, flooding
from moderation.exemplars import Quality
from moderation.models import Bank, Exemplar, Policy
from moderation.views.bank_forms import BankForm
from moderation.views.policies import rows_of

PAGE_SIZE = 60

SHOWN = (("", "In use"), ("retired", "Retired"), ("hashes", "Only hashes"))


@dataclass(frozen=True)
class Card:
    """One exemplar in the grid; `why` it is proposed for retirement, where it is."""

    exemplar: Exemplar
    quality: Quality
    why: str = ""


def _proposed(bank: Bank) -> list[Card]:
    """Exemplars to retire: those that are mostly wrong, then those whose lesson was taken back."""
    poor = exemplars.poor(bank)
    cards = [Card(each, its, "Wrong more often than chance explains.") for each, its in poor]
    known = {card.exemplar.pk for card in cards}
    rest = [each for each in exemplars.overturned(bank) if each.pk not in known]
    quality = exemplars.quality_of([each.pk for each in rest])
    return cards + [
        Card(
            each,
            quality.get(each.pk, exemplars.UNKNOWN),
            "The decision it was learned from was overturned.",
        )
        for each in rest
    ]


@require_safe
@never_cache
@role_required(Role.MODERATOR)
def bank(request: HttpRequest, pk: int) -> HttpResponse:
    return render_bank(request, pk)


@require_POST
@role_required(Role.LEAD)
def settings(request: HttpRequest, pk: int) -> HttpResponse:
    bank = get_object_or_404(Bank, pk=pk)
    form = BankForm(request.POST, instance=bank)
    if not form.is_valid():
        return render_bank(request, pk, form=form)
    with transaction.atomic():
        saved = form.save(commit=False)
        # Only what the form holds: the version, and a quarantine, may have come meanwhile.
        saved.save(
            update_fields=[
                "name", "note", "is_enabled", "switches_at", "sample_rate", "sample_seed",
                "hash_distance", "veto_margin",
            ]
        )  # fmt: skip
        banks.touch(saved)
    messages.success(request, "Saved. Workers go by it from their next batch.")
    return redirect("moderation:bank", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@role_required(Role.LEAD)
def bank_new(request: HttpRequest, slug: str) -> HttpResponse:
    policy = get_object_or_404(Policy, slug=slug)
    form = BankForm(
        request.POST if request.method == "POST" else None, instance=Bank(policy=policy)
    )
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            made = form.save()
            banks.touch(made)
        messages.success(request, f"{made.name} was added. It matches once it has exemplars.")
        return redirect("moderation:bank", made.pk)
    context = {"form": form, "policy": policy}
    status = 422 if form.is_bound else 200
    return render(request, "moderation/bank_new.html", context, status=status)


@require_POST
@role_required(Role.LEAD)
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    bank = get_object_or_404(Bank.objects.select_related("policy"), pk=pk)
    moved = flooding.lift(bank=bank, actor=person(request))
    joined = f"{moved} of its reviews join" if moved != 1 else "1 of its reviews joins"
    messages.success(request, f"Out of quarantine: {joined} the first queue.")
    return redirect("moderation:bank", pk)


def render_bank(
    request: HttpRequest,
    pk: int,
    *,
    form: BankForm | None = None,
    problems: list[str] | None = None,
    title: str = "",
    added: Sequence[UUID] = (),
) -> HttpResponse:
    """The bank's page, also with what was wrong with something that was sent to it."""
    bank = get_object_or_404(Bank.objects.select_related("policy"), pk=pk)
    shown = text(request.GET, "show")
    proposed = _proposed(bank)
    found = list(
        _after(_shown(bank, shown), request.GET.get("before", ""))
        .exclude(pk__in=[card.exemplar.pk for card in proposed])  # they stand on top
        .select_related("added_by", "taken_from")
        .order_by("-created_at", "-id")[: PAGE_SIZE + 1]
    )
    page = found[:PAGE_SIZE]
    quality = exemplars.quality_of([exemplar.pk for exemplar in page])
    worst = None
    if bank.quarantined_at:
        poor = [card.exemplar for card in proposed if card.quality.is_poor]
        worst = poor[0] if poor else exemplars.busiest(bank)
    context: dict[str, Any] = {
        "bank": bank,
        "row": rows_of([bank])[bank.pk],
        "cards": [Card(each, quality.get(each.pk, exemplars.UNKNOWN)) for each in page],
        "proposed": proposed,
        "worst": worst,
        "worst_is_poor": bool(proposed) and proposed[0].exemplar == worst,
        "counts": [(value, label, _shown(bank, value).count()) for value, label in SHOWN],
        "shown": shown,
        "older": _cursor(page[-1]) if len(found) > PAGE_SIZE else "",
        "form": form or BankForm(instance=Bank.objects.get(pk=pk)),
        "added": list(bank.exemplars.filter(pk__in=added or _keys(request.GET.get("added", "")))),
        "problems": problems,
        "problems_title": title,
    }
    bad = problems or (form is not None and form.errors)
    return render(request, "moderation/bank.html", context, status=422 if bad else 200)


def _keys(listed: str) -> list[UUID]:
    """Ids with commas between; none when any of them was mangled."""
    try:
        return [UUID(each) for each in listed.split(",") if each]
    except ValueError:
        return []


def _shown(bank: Bank, shown: str) -> QuerySet[Exemplar]:
    if shown == "retired":
        return bank.exemplars.filter(is_enabled=False)
    if shown == "hashes":
        return bank.exemplars.filter(is_enabled=True, picture="")
    return bank.exemplars.filter(is_enabled=True)


def _cursor(exemplar: Exemplar) -> str:
    return f"{exemplar.created_at.isoformat()}~{exemplar.pk}"


def _after(rows: QuerySet[Exemplar], cursor: str) -> QuerySet[Exemplar]:
    """Exemplars older than the cursor; all of them when it was mangled."""
    at, _, key = cursor.partition("~")
    try:
        moment, row = datetime.fromisoformat(at), UUID(key)
    except ValueError:
        return rows
    if moment.tzinfo is None:
        return rows
    return rows.filter(Q(created_at__lt=moment) | Q(created_at=moment, id__lt=row))
