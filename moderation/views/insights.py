"""Insights: how the work goes, for leads; and everybody's own numbers for themselves."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog.models import Storefront
from catalog.roles import Role
from catalog.views.access import person, role_required
from catalog.views.params import text
from moderation import agreement, quality
from moderation.agreement import Agreement, Agreements
from moderation.models import Policy
from moderation.quality import Work, WorkDone, share
from moderation.scope import Scope
from moderation.templatetags.charts import Point
from moderation.views import insight_tables as tables
from moderation.views.tables import Table, Unit, csv_response, duration, shown

SPANS = (7, 30, 90)  # days
USUAL_SPAN = 30
DIFFERENCES = 12  # second looks that differed, on the page; the file has them all


@dataclass(frozen=True)
class Card:
    """One number with what it says."""

    label: str
    value: str
    about: str = ""


def _scope(request: HttpRequest, *, of: User | None = None) -> tuple[Scope, int]:
    """What the URL asks for; what it cannot mean is left out."""
    asked = text(request.GET, "days")
    days = int(asked) if asked in map(str, SPANS) else USUAL_SPAN
    scope = Scope.last(
        days,
        policy=Policy.objects.filter(slug=text(request.GET, "policy")).first(),
        storefront=Storefront.objects.filter(slug=text(request.GET, "storefront")).first(),
        person=of,
    )
    return scope, days


def _filters(scope: Scope, days: int) -> dict[str, Any]:
    narrowed = {
        "policy": scope.policy.slug if scope.policy else "",
        "storefront": scope.storefront.slug if scope.storefront else "",
    }
    query = {"days": str(days)} | {name: value for name, value in narrowed.items() if value}
    return {
        "scope": scope,
        "days": days,
        "spans": SPANS,
        "policies": Policy.objects.all(),
        "storefronts": Storefront.objects.live(),
        "kept": "".join(f"&{name}={value}" for name, value in narrowed.items() if value),
        "query": "&".join(f"{name}={value}" for name, value in query.items()),
    }


def _cards(total: Work, agreed: Agreement) -> list[Card]:
    return [
        Card(
            "Decisions",
            shown(total.decisions, Unit.COUNT),
            f"{shown(share(total.removals, total.decisions), Unit.SHARE)} removals",
        ),
        Card(
            "Handling time",
            shown(total.handling_median, Unit.SECONDS),
            f"median · 9 of 10 within {shown(total.handling_p90, Unit.SECONDS)}",
        ),
        Card(
            "Time to decision",
            shown(total.waited_median, Unit.SECONDS),
            f"median · 9 of 10 within {shown(total.waited_p90, Unit.SECONDS)}",
        ),
        Card(
            "Decided in time",
            shown(total.in_time_share, Unit.SHARE),
            f"{total.in_time} of {total.timed} before they were due",
        ),
        Card(
            "Overturned",
            shown(total.overturn_rate, Unit.SHARE),
            f"{total.overturned} of {total.effective} · {total.overturned_by_appeal} by appeal",
        ),
        Card(
            "Undone",
            shown(total.undo_rate, Unit.SHARE),
            f"{total.undone} taken back before they took effect",
        ),
        Card(
            "Agreement",
            "–" if agreed.kappa is None else f"κ {shown(agreed.kappa, Unit.KAPPA)}",
            f"{agreed.n} judged twice. {agreed.words}".strip() if agreed.n else agreed.words,
        ),
    ]


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


def _work_lines(scope: Scope, done: WorkDone) -> dict[str, list[Point]]:
    """Points per day, for the charts of how much and how fast."""
    decisions, handling, waited = [], [], []
    for day in tables.days_of(scope):
        work = done.days.get(day, Work())
        decisions.append(Point(_day(day), work.decisions, shown(work.decisions, Unit.COUNT)))
        median, wait = work.handling_median, work.waited_median
        handling.append(Point(_day(day), median, shown(median, Unit.SECONDS)))
        minutes = None if wait is None else wait / 60
        waited.append(Point(_day(day), minutes, shown(wait, Unit.SECONDS)))
    return {"decisions": decisions, "handling": handling, "waited": waited}


def _share_bars(table: Table) -> list[Point]:
    return [
        Point(name, value, f"{shown(value, Unit.SHARE)} of {right + wrong}", low, high)
        for name, right, wrong, value, low, high in table.rows
    ]


def _count_bars(table: Table, largest: int = 12) -> list[Point]:
    """The sum of each row's numbers, for as many rows as a chart can hold."""
    return [Point(name, sum(n), shown(sum(n), Unit.COUNT)) for name, *n in table.rows[:largest]]


def _matrix(found: Agreements) -> list[tuple[str, list[tuple[Agreement, int] | None]]]:
    """A row per person, a cell per person after them: agreement and its shade from 0 to 5."""
    names = sorted({name for pair in found.pairs for name in pair})
    rows: list[tuple[str, list[tuple[Agreement, int] | None]]] = []
    for name in names:
        cells: list[tuple[Agreement, int] | None] = []
        for other in names:
            pair = found.pairs.get((min(name, other), max(name, other)))
            cells.append((pair, _shade(pair)) if pair else None)
        rows.append((name, cells))
    return rows


def _shade(pair: Agreement) -> int:
    """0 for no better than chance, up to 5 for nearly always; what is not defined has none."""
    return 0 if pair.kappa is None else max(0, min(5, int(pair.kappa * 5) + 1))


@require_safe
@never_cache
@role_required(Role.LEAD)
def insights(request: HttpRequest) -> HttpResponse:
    scope, days = _scope(request)
    done, agreed = quality.work_done(scope), agreement.agreements(scope)
    skipped, escalated = sum(quality.skips(scope).values()), quality.escalations(scope)
    banks, kinds = tables.bank_precision(scope), tables.kind_precision(scope)
    queues, flags = tables.queues(scope), tables.flags(scope)
    context = _filters(scope, days) | {
        "cards": [
            *_cards(done.total, agreed.overall),
            Card("Skipped", shown(skipped, Unit.COUNT), "left to somebody else"),
            Card("Escalated", shown(escalated, Unit.COUNT), "went on to a lead"),
        ],
        "lines": _work_lines(scope, done),
        "per_day": tables.days(scope, done),
        "people": tables.people(scope, done),
        "queues": queues,
        "queue_bars": [
            Point(name, waiting, _waiting(waiting, late, oldest))
            for name, waiting, late, oldest in queues.rows
        ],
        "agreed": agreed.overall,
        "matrix": _matrix(agreed),
        "pairs": tables.pairs(agreed),
        "by_policy": tables.policies(agreed),
        "differences": agreement.disagreements(scope, limit=DIFFERENCES),
        "banks": banks,
        "bank_bars": _share_bars(banks),
        "kinds": kinds,
        "kind_bars": _share_bars(kinds),
        "flags": flags,
        "flag_bars": _count_bars(flags),
        "is_empty": not (done.people or agreed.overall.n or flags.rows or queues.rows),
    }
    return render(request, "moderation/insights.html", context)


def _waiting(waiting: int, late: int, oldest: float) -> str:
    late_too = f", {late} late" if late else ""
    return f"{waiting}{late_too}, oldest {duration(oldest)}"


@require_safe
@never_cache
@role_required(Role.MODERATOR)
def mine(request: HttpRequest) -> HttpResponse:
    """One's own numbers, which nobody else is shown beside."""
    me = person(request)
    scope, days = _scope(request, of=me)
    done = quality.work_done(scope)
    agreed = agreement.agreements(scope).people.get(me.username, agreement.NOTHING)
    skipped = quality.skips(scope).get(me.username, 0)
    context = _filters(scope, days) | {
        "cards": [
            *_cards(done.total, agreed),
            Card("Skipped", shown(skipped, Unit.COUNT), "left to somebody else"),
        ],
        "lines": _work_lines(scope, done),
        "per_day": tables.days(scope, done),
        "agreed": agreed,
        "is_empty": not done.people and not agreed.n,
    }
    return render(request, "moderation/insights_mine.html", context)


@require_safe
@never_cache
@role_required(Role.LEAD)
def export(request: HttpRequest, table: str) -> StreamingHttpResponse:
    """One table as CSV, for the same filters as the page."""
    if table not in tables.TABLES:
        raise Http404("There is no such table.")
    return csv_response(tables.TABLES[table](_scope(request)[0]))


@require_safe
@never_cache
@role_required(Role.MODERATOR)
def export_mine(request: HttpRequest) -> StreamingHttpResponse:
    scope, _ = _scope(request, of=person(request))
    return csv_response(tables.days(scope, quality.work_done(scope)))
