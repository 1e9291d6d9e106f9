"""Every table of insights, made from its numbers."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from moderation import agreement, precision, quality
from moderation.agreement import Agreement, Agreements
from moderation.choices import Queue
from moderation.precision import Precision
from moderation.quality import Work, WorkDone, share
from moderation.scope import Scope
from moderation.views.tables import Column, Table, Unit

ASKED = "Asked for by a person"  # no policy had opened the review
WORK = (
    Column("Decisions", Unit.COUNT),
    Column("Removals", Unit.COUNT),
    Column("Handling time, median", Unit.SECONDS),
    Column("Handling time, 9 of 10 within", Unit.SECONDS),
    Column("Time to decision, median", Unit.SECONDS),
    Column("Time to decision, 9 of 10 within", Unit.SECONDS),
    Column("Decided in time", Unit.SHARE),
    Column("Undone", Unit.COUNT),
    Column("Took effect", Unit.COUNT),
    Column("Overturned later", Unit.COUNT),
    Column("Overturned by appeal", Unit.COUNT),
)


def _cells(work: Work) -> list[Any]:
    return [
        work.decisions,
        work.removals,
        work.handling_median,
        work.handling_p90,
        work.waited_median,
        work.waited_p90,
        work.in_time_share,
        work.undone,
        work.effective,
        work.overturned,
        work.overturned_by_appeal,
    ]


def days_of(scope: Scope) -> Iterable[date]:
    """Every day of the scope's time, also those on which nothing happened."""
    first = timezone.localtime(scope.since).date()
    last = timezone.localtime(scope.until - timedelta(microseconds=1)).date()
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def days(scope: Scope, done: WorkDone) -> Table:
    rows = [[day, *_cells(done.days.get(day, Work()))] for day in days_of(scope)]
    return Table("days", "Per day", (Column("Day"), *WORK), rows)


def people(scope: Scope, done: WorkDone) -> Table:
    """In the order of names: nobody is ranked."""
    skipped, agreed = quality.skips(scope), agreement.agreements(scope).people
    rows = []
    for name in sorted({*done.people, *skipped, *agreed}, key=str.casefold):
        work, own = done.people.get(name, Work()), agreed.get(name)
        rows.append(
            [
                name,
                *_cells(work),
                work.days,
                share(work.decisions, work.days),
                skipped.get(name, 0),
                own.n if own else 0,
                own.kappa if own else None,
            ]
        )
    columns = (
        Column("Moderator"),
        *WORK,
        Column("Days worked", Unit.COUNT),
        Column("Decisions per day worked", Unit.COUNT),
        Column("Skipped", Unit.COUNT),
        Column("Judged twice", Unit.COUNT),
        Column("Agreement with others", Unit.KAPPA),
    )
    return Table("people", "Per moderator, in the order of names", columns, rows)


def people_days(scope: Scope, done: WorkDone) -> Table:
    rows = [[name, day, *_cells(work)] for (name, day), work in sorted(done.people_days.items())]
    columns = (Column("Moderator"), Column("Day"), *WORK)
    return Table("people-days", "Per moderator and day", columns, rows)


def queues(scope: Scope) -> Table:
    now = timezone.now()
    rows = [
        [
            Queue(age.queue).label,
            age.waiting,
            age.overdue,
            (now - age.oldest).total_seconds(),
        ]
        for age in quality.queue_ages(scope, now)
    ]
    columns = (
        Column("Queue"),
        Column("Waiting", Unit.COUNT),
        Column("Late", Unit.COUNT),
        Column("Oldest has waited", Unit.SECONDS),
    )
    return Table("queues", "Waiting now", columns, rows)


AGREEMENT = (
    Column("Judged twice", Unit.COUNT),
    Column("Same verdict", Unit.SHARE),
    Column("Cohen’s kappa", Unit.KAPPA),
    Column("Note"),
)


def _agreed(found: Agreement) -> list[Any]:
    return [found.n, found.observed and float(found.observed), found.kappa, found.words]


def pairs(found: Agreements) -> Table:
    rows = [[one, other, *_agreed(pair)] for (one, other), pair in found.pairs.items()]
    columns = (Column("One"), Column("Other"), *AGREEMENT)
    return Table("agreement-pairs", "Agreement per pair", columns, rows)


def policies(found: Agreements) -> Table:
    rows = [[name or ASKED, *_agreed(each)] for name, each in found.policies.items()]
    return Table("agreement-policies", "Agreement per policy", (Column("Policy"), *AGREEMENT), rows)


def _precision(slug: str, title: str, first: str, found: list[Precision]) -> Table:
    columns = (
        Column(first),
        Column("Confirmed", Unit.COUNT),
        Column("Refuted", Unit.COUNT),
        Column("Precision", Unit.SHARE),
        Column("At least", Unit.SHARE),
        Column("At most", Unit.SHARE),
    )
    rows = [
        [each.name, each.confirmed, each.refuted, each.share, *(each.interval or (None, None))]
        for each in found
    ]
    return Table(slug, title, columns, rows)


def bank_precision(scope: Scope) -> Table:
    title = "Precision per bank (Wilson interval, 95 %)"
    return _precision("precision-banks", title, "Bank", precision.per_bank(scope))


def kind_precision(scope: Scope) -> Table:
    title = "Precision per kind of match (Wilson interval, 95 %)"
    return _precision("precision-kinds", title, "Kind", precision.per_kind(scope))


def flags(scope: Scope) -> Table:
    names = ("Held", "Removed", "Vetoed", "Outside the sample", "Withdrawn")
    columns = (Column("Bank"), *(Column(name, Unit.COUNT) for name in names))
    rows = [
        [each.name, each.held, each.removed, each.vetoed, each.unsampled, each.withdrawn]
        for each in precision.flags_by_bank(scope)
    ]
    return Table("flags", "Flags per bank", columns, rows)


def disagreements(scope: Scope) -> Table:
    columns = (
        Column("Answered", Unit.MOMENT),
        Column("Photo"),
        Column("First verdict"),
        Column("By"),
        Column("Second verdict"),
        Column("By"),
    )
    rows = [
        [
            blind.answered_at,
            blind.decision.image_id,
            blind.decision.verdict,
            str(blind.decision.decided_by),
            f"removed, {blind.policy}" if blind.policy else "approved",
            str(blind.reviewer),
        ]
        for blind in agreement.disagreements(scope, limit=10_000)
    ]
    return Table("disagreements", "Second looks that differed", columns, rows)


TABLES: dict[str, Callable[[Scope], Table]] = {
    "days": lambda scope: days(scope, quality.work_done(scope)),
    "people": lambda scope: people(scope, quality.work_done(scope)),
    "people-days": lambda scope: people_days(scope, quality.work_done(scope)),
    "queues": queues,
    "agreement-pairs": lambda scope: pairs(agreement.agreements(scope)),
    "agreement-policies": lambda scope: policies(agreement.agreements(scope)),
    "precision-banks": bank_precision,
    "precision-kinds": kind_precision,
    "flags": flags,
    "disagreements": disagreements,
}
