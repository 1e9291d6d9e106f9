"""What the threshold lab shows for one bank at one pair of thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import numpy as np

from catalog.models import Image
from moderation.banks import Limits
from moderation.curves import NoSuggestion, Share, Suggestion, Tally, suggest, tally
from moderation.lookback import CONFIRMED, REFUTED, Lookback
from moderation.views import lab_charts

FEW = 10  # known photos below which figures are little more than anecdotes
SHOWN = 30  # photos in each list


@dataclass(frozen=True)
class PerDay:
    """Photos a day that would wait for a person, and that would be removed without one."""

    reviews: float
    removed: float


@dataclass(frozen=True)
class Side:
    """A photo that changes sides. `verdict` is "removed", "approved" or empty."""

    image: Image
    score: float
    verdict: str


@dataclass(frozen=True)
class Sides:
    """Photos that change sides: how many of each verdict, and the first few to look at."""

    total: int
    confirmed: int
    refuted: int
    unknown: int
    photos: list[Side]

    @property
    def more(self) -> int:
        return self.total - len(self.photos)


@dataclass(frozen=True)
class Reading:
    """Everything beneath the sliders. `now` is at today's limits, `then` at the proposed ones."""

    today: Limits
    proposed: Limits
    now: Tally
    then: Tally
    removed: Tally | None  # at the proposed remove threshold
    removed_now: Tally | None
    per_day_now: PerDay
    per_day: PerDay
    newly_held: Sides
    no_longer_held: Sides
    axis: lab_charts.Axis
    distribution: lab_charts.Distribution
    curves: lab_charts.Curves
    suggestion: Suggestion | None
    no_suggestion: str
    known: int
    vetoed: int

    @property
    def is_few(self) -> bool:
        return self.known < FEW

    @property
    def changes(self) -> bool:
        return self.today != self.proposed


def read(
    found: Lookback,
    *,
    today: Limits,
    proposed: Limits,
    safe: bool,
    sample_rate: float,
    axis_from: float | None = None,
) -> Reading:
    """The figures of `proposed` beside those of `today`, with or without the safe banks."""
    scores, labels = found.known(safe=safe)
    everyone = found.effective(safe=safe)
    before, after = everyone >= today.hold, everyone >= proposed.hold
    suggestion, why = None, ""
    try:
        suggestion = suggest(scores, labels)
    except NoSuggestion as error:
        why = str(error)
    # The photos that safe exemplars spare belong to it too: it must not move with that switch.
    axis = lab_charts.axis_for(found.known(safe=False)[0], (today.hold, proposed.hold), axis_from)
    return Reading(
        today=today,
        proposed=proposed,
        now=tally(scores, labels, today.hold),
        then=tally(scores, labels, proposed.hold),
        removed=None if proposed.remove is None else tally(scores, labels, proposed.remove),
        removed_now=None if today.remove is None else tally(scores, labels, today.remove),
        per_day_now=_per_day(found, everyone, today, sample_rate),
        per_day=_per_day(found, everyone, proposed, sample_rate),
        newly_held=_sides(found, after & ~before),
        no_longer_held=_sides(found, before & ~after),
        axis=axis,
        distribution=lab_charts.distribution(scores, labels, axis, proposed.hold),
        curves=lab_charts.curves(scores, labels, axis),
        suggestion=suggestion,
        no_suggestion=why,
        known=len(labels),
        vetoed=int(found.vetoed[found.verdicts >= REFUTED].sum()) if safe else 0,
    )


def _per_day(found: Lookback, scores: np.ndarray, limits: Limits, rate: float) -> PerDay:
    recent = scores[found.recent]
    ends = np.inf if limits.remove is None else limits.remove
    reviews = ((recent >= limits.hold) & (recent < ends)).sum()
    return PerDay(
        float(reviews * rate / found.days), float((recent >= ends).sum() * rate / found.days)
    )


def _sides(found: Lookback, marks: np.ndarray) -> Sides:
    """Confirmed ones first, then refuted, then unknown; within each the nearest first."""
    rows = np.flatnonzero(marks)
    order = np.lexsort((-found.scores[rows], -found.verdicts[rows]))
    rows = rows[order]
    verdicts = found.verdicts[rows]
    confirmed, refuted = int((verdicts == CONFIRMED).sum()), int((verdicts == REFUTED).sum())
    chosen: list[tuple[UUID, float, int]] = [
        (found.images[row], float(found.scores[row]), int(found.verdicts[row]))
        for row in rows[:SHOWN]
    ]
    photos = Image.objects.select_related("storefront").in_bulk([key for key, _, _ in chosen])
    words = {CONFIRMED: "removed", REFUTED: "approved"}
    return Sides(
        total=len(rows),
        confirmed=confirmed,
        refuted=refuted,
        unknown=len(rows) - confirmed - refuted,
        photos=[
            Side(photos[key], score, words.get(verdict, ""))
            for key, score, verdict in chosen
            if key in photos
        ],
    )


def in_words(share: Share) -> str:
    """ "0.91 (0.84–0.95), 92 of 101"; never rounded up to certainty that the interval denies."""
    if share.value is None:
        return "not known"
    return (
        f"{share.value:.2f} ({share.low:.2f}–{share.high:.2f}), {share.successes} of {share.trials}"
    )
