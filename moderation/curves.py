"""What a threshold would have done to photos whose verdict is known. Pure numpy, no database.

Everywhere: `scores` (n,) are cosines, higher is nearer, NaN-free; −inf is a photo that no threshold
holds (a safe exemplar vetoed it). `labels` (n,) bool are True for confirmed violations.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from catalog.intervals import wilson

Scores = NDArray[np.float32] | NDArray[np.float64]
Labels = NDArray[np.bool_]

FINEST = 6  # decimals of a suggested threshold


@dataclass(frozen=True)
class Share:
    """`successes` of `trials`, with its 95 % Wilson interval."""

    successes: int
    trials: int

    @property
    def value(self) -> float | None:
        return self.successes / self.trials if self.trials else None

    @cached_property
    def interval(self) -> tuple[float, float]:
        return wilson(self.successes, self.trials)

    @property
    def low(self) -> float:
        return self.interval[0]

    @property
    def high(self) -> float:
        return self.interval[1]


@dataclass(frozen=True)
class Tally:
    """Photos of known verdict on either side of a threshold."""

    caught: int  # violations that are held
    false_alarms: int  # allowed photos that are held
    missed: int  # violations that are not held
    spared: int  # allowed photos that are not held

    @property
    def precision(self) -> Share:
        return Share(self.caught, self.caught + self.false_alarms)

    @property
    def recall(self) -> Share:
        return Share(self.caught, self.caught + self.missed)

    @property
    def misses(self) -> Share:
        return Share(self.missed, self.caught + self.missed)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.caught + other.caught,
            self.false_alarms + other.false_alarms,
            self.missed + other.missed,
            self.spared + other.spared,
        )


def tally(scores: Scores, labels: Labels, threshold: float) -> Tally:
    """Count both sides of `threshold`; a score equal to it is held."""
    held = scores >= threshold
    return Tally(
        caught=int((held & labels).sum()),
        false_alarms=int((held & ~labels).sum()),
        missed=int((~held & labels).sum()),
        spared=int((~held & ~labels).sum()),
    )


@dataclass(frozen=True)
class Curve:
    """One entry per distinct score, from the highest down: what holding from there would do."""

    thresholds: NDArray[np.float64]  # (k,)
    caught: NDArray[np.int64]  # (k,)
    held: NDArray[np.int64]  # (k,) violations and false alarms
    positives: int

    @property
    def precision(self) -> NDArray[np.float64]:
        return self.caught / self.held

    @property
    def recall(self) -> NDArray[np.float64]:
        return self.caught / max(1, self.positives)

    @property
    def missed(self) -> NDArray[np.int64]:
        return self.positives - self.caught

    @property
    def f1(self) -> NDArray[np.float64]:
        return 2 * self.caught / (self.held + self.positives)


def curve(scores: Scores, labels: Labels) -> Curve:
    """Precision and missed violations at every score there is."""
    finite = np.isfinite(scores)
    known = scores[finite].astype(np.float64)
    order = np.argsort(-known, kind="stable")
    ranked, right = known[order], labels[finite][order]
    # The last photo of each distinct score: photos that score the same are held together.
    last = np.append(ranked[1:] != ranked[:-1], True)[: len(ranked)]
    at = np.flatnonzero(last).astype(np.int64)
    caught = np.cumsum(right, dtype=np.int64)[at]
    return Curve(ranked[at], caught, at + 1, int(labels.sum()))


@dataclass(frozen=True)
class Suggestion:
    """The threshold that divides best, and what it would have done."""

    threshold: float
    tally: Tally

    @property
    def precision(self) -> Share:
        return self.tally.precision

    @property
    def recall(self) -> Share:
        return self.tally.recall


class NoSuggestion(ValueError):
    """Why no threshold can be suggested, as a sentence for a person."""


def suggest(scores: Scores, labels: Labels) -> Suggestion:
    """The threshold of the highest F1, in the middle of the gap below the last photo it holds.

    Of several as good, the one that misses fewer violations. Raises `NoSuggestion`.
    """
    if not labels.any():
        raise NoSuggestion(
            "No threshold can be suggested: no photo known to violate the policy has a score here. "
            "Once moderators have removed some under this policy, there will be one."
        )
    found = curve(scores, labels)
    # A threshold is above zero, so what scores less cannot be reached by one.
    usable = int((found.thresholds > 0).sum())
    best = found.f1[:usable].max(initial=0.0)
    if best == 0.0:
        raise NoSuggestion(
            "No threshold can be suggested: every photo known to violate the policy is unlike all "
            "exemplars of this bank, or vetoed by a safe one."
        )
    at = int(np.flatnonzero(found.f1[:usable] == best)[-1])
    score = float(found.thresholds[at])
    below = float(found.thresholds[at + 1]) if at + 1 < len(found.thresholds) else score
    threshold = _short(min(score, 1.0), max(below, 0.0))
    return Suggestion(threshold, tally(scores, labels, threshold))


def _short(upper: float, lower: float) -> float:
    """The middle of the gap (lower, upper], with as few decimals as stay well inside it."""
    middle = (upper + lower) / 2
    for decimals in range(2, FINEST + 1):
        short = round(middle, decimals)
        if abs(short - middle) <= (upper - lower) / 4 and lower < short <= upper:
            return short
    return middle if lower < middle <= upper else upper


def vetoed(
    scores: Scores, safe: Scores, *, threshold: float, margin: float = 0.0
) -> NDArray[np.bool_]:
    """Which photos one safe bank vetoes, (n,): the rule of `matching.veto` for many at once.

    `safe` (n,) is each photo's best cosine to the safe bank, −inf where it has none.
    """
    return (safe >= threshold) & (safe >= scores + margin)


def nearest(
    vectors: NDArray[np.float32], exemplars: NDArray[np.float32], own: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    """Each photo's best cosine to `exemplars`, (n,); −inf where there is none to compare with.

    `vectors` (n, d) and `exemplars` (m, d) are unit vectors. `own` (n, m) marks exemplars made
    from the photo itself; they are left out, or every photo would match its own copy.
    """
    if not len(exemplars):
        return np.full(len(vectors), -np.inf, dtype=np.float32)
    scores = np.clip(vectors @ exemplars.T, -1.0, 1.0)
    if own is not None:
        scores[own] = -np.inf
    best: NDArray[np.float32] = scores.max(axis=1).astype(np.float32)
    return best
