"""How often exemplars have been right, from what people decided about the photos they flagged."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from catalog.intervals import wilson
from moderation.choices import Action, Outcome
from moderation.models import Bank, Decision, Exemplar, Flag, Review

ENOUGH = 5  # decisions before an exemplar is judged
POOR = 0.5  # proposed for retirement when it is this often right at the very best

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Quality:
    """Photos whose latest decision agreed with an exemplar, and those where it did not.

    A violating exemplar is confirmed by a removal under its policy and refuted by an approval; a
    safe one, which vetoes flags, the other way round.
    """

    confirmed: int = 0
    refuted: int = 0

    @property
    def decided(self) -> int:
        return self.confirmed + self.refuted

    @property
    def is_poor(self) -> bool:
        """Wrong so often that chance does not explain it: the Wilson interval's upper end, at
        95 %, is below one in two."""
        if self.decided < ENOUGH:
            return False
        return wilson(self.confirmed, self.decided)[1] < POOR


UNKNOWN = Quality()


def quality_of(exemplar_ids: Iterable[UUID]) -> dict[UUID, Quality]:
    """The quality of each exemplar that has any decision behind it; two queries.

    Counts each photo once, by the latest decision that took effect after the flag was raised and
    while it stood. Removals under another policy say nothing and are left out.
    """
    ids = list(exemplar_ids)
    raised = judged(Flag.objects.filter(exemplar__in=ids, outcome__in=STOOD)).values("exemplar_id")
    vetoed = judged(Flag.objects.filter(vetoed_by__in=ids)).values("vetoed_by_id")
    found: dict[UUID, Quality] = {}
    for row in raised.annotate(removed=REMOVED, approved=APPROVED).order_by():
        found[row["exemplar_id"]] = Quality(row["removed"], row["approved"])
    for spared in vetoed.annotate(removed=REMOVED, approved=APPROVED).order_by():
        key = spared["vetoed_by_id"]
        before = found.get(key, UNKNOWN)
        found[key] = Quality(
            before.confirmed + spared["approved"], before.refuted + spared["removed"]
        )
    return {key: quality for key, quality in found.items() if quality.decided}


def poor(bank: Bank) -> list[tuple[Exemplar, Quality]]:
    """Enabled exemplars of a bank that are proposed for retirement, the most often wrong first."""
    raised = Flag.objects.filter(exemplar__bank=bank).values("exemplar_id")
    vetoed = Flag.objects.filter(vetoed_by__bank=bank).values("vetoed_by_id")
    asked = bank.exemplars.filter(Q(pk__in=raised) | Q(pk__in=vetoed), is_enabled=True)
    enabled = {exemplar.pk: exemplar for exemplar in asked}
    found = [
        (enabled[key], quality) for key, quality in quality_of(enabled).items() if quality.is_poor
    ]
    return sorted(found, key=lambda each: (-each[1].refuted, each[1].confirmed, each[0].created_at))


def overturned(bank: Bank) -> list[Exemplar]:
    """Enabled exemplars that were learned from a decision whose opposite took effect later."""
    opposite = (
        Decision.objects.effective()
        .filter(image_id=OuterRef("taught_by__image_id"), pk__gt=OuterRef("taught_by_id"))
        .exclude(action=OuterRef("taught_by__action"))
    )
    learned = bank.exemplars.filter(is_enabled=True, taught_by__isnull=False)
    return list(learned.filter(Exists(opposite)).order_by("created_at", "pk"))


def busiest(bank: Bank) -> Exemplar | None:
    """The enabled exemplar that most photos in open reviews were flagged by."""
    waiting = Review.objects.open().values("image_id")
    found = (
        Flag.objects.standing()
        .filter(bank=bank, exemplar__is_enabled=True, image__in=waiting)
        .values("exemplar_id")
        .annotate(photos=Count("image_id", distinct=True))
        .order_by("-photos", "exemplar_id")
        .first()
    )
    return Exemplar.objects.get(pk=found["exemplar_id"]) if found else None


STOOD = (Outcome.HOLD, Outcome.REMOVE)
REMOVED = Count(
    "image_id", distinct=True, filter=Q(verdict=Action.REMOVE, verdict_policy=F("policy_id"))
)
APPROVED = Count("image_id", distinct=True, filter=Q(verdict=Action.APPROVE))


def judged(flags: QuerySet[Flag]) -> QuerySet[Flag]:
    """With the latest effective decision that was made while the flag stood."""
    latest = (
        Decision.objects.effective()
        .filter(
            image_id=OuterRef("image_id"),
            decided_at__gte=OuterRef("created_at"),
            decided_at__lt=Coalesce(OuterRef("withdrawn_at"), NEVER),
        )
        .order_by("-decided_at", "-id")
    )
    return flags.annotate(
        verdict=Subquery(latest.values("action")[:1]),
        verdict_policy=Subquery(latest.values("policy_id")[:1]),
    )
