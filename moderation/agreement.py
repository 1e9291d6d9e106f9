"""How well moderators agree: Cohen's kappa over blind second reviews, computed exactly."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from django.db.models import Count, F, Q, QuerySet

from moderation.choices import Action
from moderation.models import BlindReview
from moderation.scope import Scope

FEW = 20  # below this many, kappa is shown as a first impression

Table = Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class Agreement:
    """Cohen's kappa of `n` photos that two people judged: 1 is always, 0 what chance would give.

    `kappa` is None when it is not defined; `words` say why, or how much to make of it.
    """

    n: int
    observed: Fraction | None
    kappa: Fraction | None

    @property
    def words(self) -> str:
        if self.n == 0:
            return "No photo has been judged twice yet."
        if self.kappa is None:
            return "Not defined: everything was judged alike, so chance alone would agree."
        return "Few photos: a first impression." if self.n < FEW else ""

    @property
    def is_few(self) -> bool:
        return self.n < FEW


NOTHING = Agreement(0, None, None)


def cohens_kappa(table: Table) -> Agreement:
    """Kappa from how often each pair of verdicts occurred: (first rater's, second's) → count.

    κ = (pₒ − pₑ) / (1 − pₑ), with pₒ the share on the diagonal and pₑ what the two raters' own
    totals would give by chance (Cohen 1960). Where pₑ is 1 there is nothing to divide by.
    """
    n = sum(table.values())
    if n == 0:
        return NOTHING
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    alike = 0
    for (one, other), count in table.items():
        first[one] += count
        second[other] += count
        alike += count * (one == other)
    observed = Fraction(alike, n)
    expected = Fraction(sum(first[each] * second[each] for each in first), n * n)
    if expected == 1:
        return Agreement(n, observed, None)
    return Agreement(n, observed, (observed - expected) / (1 - expected))


@dataclass(frozen=True)
class Agreements:
    """Agreement over everything, per pair of people (names in order) and per policy (its name;
    empty for reviews that a person asked for), and of each person with all the others."""

    overall: Agreement
    pairs: dict[tuple[str, str], Agreement]
    policies: dict[str, Agreement]
    people: dict[str, Agreement]


def agreements(scope: Scope) -> Agreements:
    """From the blind reviews answered in the scope's time; one query, counted by the database."""
    rows = (
        _answered(scope)
        .order_by()
        .values_list(
            "decision__decided_by__username",
            "reviewer__username",
            "decision__about__name",
            "decision__policy__name",
            "decision__action",
            "decision__policy__slug",
            "action",
            "policy__slug",
        )
        .annotate(n=Count("pk"))
    )
    overall: Counter[tuple[str, str]] = Counter()
    pairs: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    policies: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    people: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for decider, reviewer, about, removed, action, reason, second_action, second_reason, n in rows:
        one, other = _verdict(action, reason), _verdict(second_action, second_reason)
        overall[one, other] += n
        policies[about or removed or ""][one, other] += n
        people[decider][one, other] += n
        people[reviewer][other, one] += n
        if decider < reviewer:
            pairs[decider, reviewer][one, other] += n
        else:
            pairs[reviewer, decider][other, one] += n
    return Agreements(
        overall=cohens_kappa(overall),
        pairs={pair: cohens_kappa(table) for pair, table in sorted(pairs.items())},
        policies={name: cohens_kappa(table) for name, table in sorted(policies.items())},
        people={name: cohens_kappa(table) for name, table in sorted(people.items())},
    )


def disagreements(scope: Scope, limit: int = 50) -> list[BlindReview]:
    """Blind reviews that came to another verdict, the latest first."""
    alike = Q(action=Action.APPROVE, decision__action=Action.APPROVE) | Q(
        action=Action.REMOVE,
        decision__action=Action.REMOVE,
        policy=F("decision__policy"),
    )
    return list(
        _answered(scope)
        .exclude(alike)
        .select_related("decision__policy", "decision__decided_by", "reviewer", "policy")
        .order_by("-answered_at", "-id")[:limit]
    )


def _answered(scope: Scope) -> QuerySet[BlindReview]:
    return scope.of_decisions(
        BlindReview.objects.filter(answered_at__gte=scope.since, answered_at__lt=scope.until),
        "decision__",
    )


def _verdict(action: str, policy: str | None) -> str:
    """The categories: approve, or the slug of the policy removed under."""
    return Action.APPROVE.value if action == Action.APPROVE else f"remove {policy}"
