"""Is 80 % right four times in five? Measuring that, and correcting it. numpy only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 15
# Far enough apart from 1 for any encoder; found by golden section in the logarithm.
_COLDEST, _HOTTEST = 0.05, 20.0


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers whose confidence lies in one stretch: how sure, and how often right (0 to 1)."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(confidence: ArrayLike, right: ArrayLike, *, bins: int = BINS) -> list[Bin]:
    """Answers in ``bins`` equally wide stretches of confidence; the empty ones are left out.

    ``confidence`` (n,) is the probability of each answer, ``right`` (n,) bool says whether it was.
    """
    sure = np.asarray(confidence, dtype=np.float64)
    hit = np.asarray(right, dtype=bool)
    # The highest stretch includes 1, and the lowest 0.
    place = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    found = []
    for at in np.unique(place):
        own = place == at
        found.append(
            Bin(
                low=at / bins,
                high=(at + 1) / bins,
                count=int(own.sum()),
                confidence=float(sure[own].mean()),
                accuracy=float(hit[own].mean()),
            )
        )
    return found


def expected_error(found: Sequence[Bin]) -> float:
    """Expected calibration error, 0 to 1: the mean gap between how sure and how often right.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, equation 3.
    """
    total = sum(each.count for each in found)
    gaps = sum(each.count * abs(each.confidence - each.accuracy) for each in found)
    return gaps / total if total else 0.0


def fit_temperature(logits: ArrayLike, truth: ArrayLike) -> float:
    """The number to divide ``logits`` (n, c) by, so that how sure the softmax is of its best
    answer explains best whether that is ``truth`` (n,): the lowest cross-entropy between the two.

    Not the likelihood of the right answers, which is usual: where columns that are never an answer
    take a share, that leaves the best answers' confidence too low.

    Raises:
        ValueError: no answers to learn from.
    """
    scores = np.asarray(logits, dtype=np.float64)
    right = np.asarray(truth, dtype=int)
    if not len(scores):
        raise ValueError("There are no labelled photos to calibrate with.")
    best = scores.argmax(axis=1)
    hit = best == right
    own = scores[np.arange(len(best)), best]
    gaps = scores - own[:, None]

    def loss(log_temperature: float) -> float:
        sure = 1.0 / np.exp(np.minimum(gaps / np.exp(log_temperature), 700)).sum(axis=1)
        sure = np.clip(sure, 1e-12, 1 - 1e-12)
        return float(-np.log(np.where(hit, sure, 1 - sure)).mean())

    return float(np.exp(_lowest(loss, np.log(_COLDEST), np.log(_HOTTEST))))


def fit_likelihood(of_truth: Callable[[float], NDArray[np.float64]]) -> float:
    """The temperature at which what is true is likeliest.

    ``of_truth`` gives the probability (n,) of each photo's right category at a temperature. It may
    be slow, so it is asked some thirty times. For probabilities along a large tree, where nothing
    is as honest as being unsure of everything, which is what `fit_temperature` would find.
    """

    def loss(log_temperature: float) -> float:
        found = of_truth(float(np.exp(log_temperature)))
        return float(-np.log(np.clip(found, 1e-12, 1)).mean())

    return float(np.exp(_lowest(loss, np.log(_COLDEST), np.log(_HOTTEST), steps=24)))


def _lowest(loss: Callable[[float], float], low: float, high: float, *, steps: int = 60) -> float:
    """Where a function with one valley between ``low`` and ``high`` is lowest (golden section)."""
    ratio = (np.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(steps):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = loss(right)
    return float((low + high) / 2)


def answers(
    probabilities: NDArray[np.float64], truth: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How sure each row (n, c) is of its best answer, and whether that is ``truth`` (n,)."""
    best = probabilities.argmax(axis=1)
    return probabilities[np.arange(len(best)), best], best == truth
