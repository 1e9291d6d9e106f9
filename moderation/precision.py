"""How often banks and kinds of matches were right, from what people decided about their flags."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from catalog.intervals import wilson
from moderation.choices import MatchKind, Outcome
from moderation.exemplars import APPROVED, REMOVED, STOOD, judged
from moderation.models import Flag
from moderation.scope import Scope


@dataclass(frozen=True)
class Precision:
    """Photos that people decided as the flag said, and photos where they did not.

    Removals under another policy say nothing and are left out. `interval` is Wilson's, at 95 %.
    """

    name: str
    confirmed: int
    refuted: int

    @property
    def decided(self) -> int:
        return self.confirmed + self.refuted

    @property
    def share(self) -> float | None:
        return self.confirmed / self.decided if self.decided else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.confirmed, self.decided) if self.decided else None


@dataclass(frozen=True)
class BankFlags:
    """What one bank, or one policy's prompts, flagged. A photo counts once per flag."""

    name: str
    held: int
    removed: int
    vetoed: int
    unsampled: int
    withdrawn: int


def per_bank(scope: Scope) -> list[Precision]:
    """By policy and bank; a safe bank is confirmed by approvals of the flags it vetoed."""
    raised = _flags(scope).filter(outcome__in=STOOD)
    vetoed = _flags(scope).filter(vetoed_by__isnull=False)
    found = _counted(
        raised.exclude(bank=None), "policy__name", "bank__name", right=REMOVED, wrong=APPROVED
    )
    found += _counted(
        vetoed, "policy__name", "vetoed_by__bank__name", right=APPROVED, wrong=REMOVED
    )
    return sorted(found, key=lambda each: each.name)


def per_kind(scope: Scope) -> list[Precision]:
    raised = _flags(scope).filter(outcome__in=STOOD)
    found = _counted(raised, "kind", right=REMOVED, wrong=APPROVED)
    return [
        Precision(MatchKind(each.name).label, each.confirmed, each.refuted)
        for each in sorted(found, key=lambda each: MatchKind.values.index(each.name))
    ]


def flags_by_bank(scope: Scope) -> list[BankFlags]:
    """How many flags were raised, the busiest bank first."""
    standing = Q(withdrawn_at__isnull=True)
    rows = (
        _flags(scope)
        .order_by()
        .values("policy__name", "bank__name")
        .annotate(
            held=Count("pk", filter=standing & Q(outcome=Outcome.HOLD)),
            removed=Count("pk", filter=standing & Q(outcome=Outcome.REMOVE)),
            vetoed=Count("pk", filter=standing & Q(outcome=Outcome.VETOED)),
            unsampled=Count("pk", filter=standing & Q(outcome=Outcome.UNSAMPLED)),
            withdrawn=Count("pk", filter=~standing),
            all=Count("pk"),
        )
        .order_by("-all", "policy__name", F("bank__name").asc(nulls_last=True))
    )
    return [
        BankFlags(
            name=f"{row['policy__name']} ▸ {row['bank__name'] or 'prompts'}",
            held=row["held"],
            removed=row["removed"],
            vetoed=row["vetoed"],
            unsampled=row["unsampled"],
            withdrawn=row["withdrawn"],
        )
        for row in rows
    ]


def _flags(scope: Scope) -> QuerySet[Flag]:
    return scope.of_photos(
        Flag.objects.filter(created_at__gte=scope.since, created_at__lt=scope.until)
    )


def _counted(flags: QuerySet[Flag], *names: str, right: Any, wrong: Any) -> list[Precision]:
    rows = judged(flags).order_by().values(*names).annotate(right=right, wrong=wrong)
    return [
        Precision(" ▸ ".join(row[name] for name in names), row["right"], row["wrong"])
        for row in rows
        if row["right"] + row["wrong"]
    ]
