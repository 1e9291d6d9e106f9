"""How good tags are: top-k, mean average precision, hierarchical precision and recall. numpy only.

How honest probabilities are is in `calibration`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Hierarchical:
    """Shares from 0 to 1: of what was said that is so, of what is so that was said, and their
    harmonic mean."""

    precision: float
    recall: float
    f1: float


def ranks(scores: ArrayLike, truth: ArrayLike) -> NDArray[np.int64]:
    """How many columns of ``scores`` (n, c) score higher than that of ``truth`` (n,): (n,), 0 where
    it is first. A tie is no loss: what scores the same is not before it."""
    rows = np.asarray(scores)
    own = rows[np.arange(len(rows)), np.asarray(truth, dtype=int)]
    return np.asarray((rows > own[:, None]).sum(axis=1))


def top_k(scores: ArrayLike, truth: ArrayLike, k: int) -> float:
    """The share, 0 to 1, of rows of ``scores`` (n, c) whose ``truth`` (n,) is among the first k.

    Raises:
        ValueError: no rows.
    """
    found = ranks(scores, truth)
    if not len(found):
        raise ValueError("There are no photos to count.")
    return float((found < k).mean())


def average_precision(scores: ArrayLike, relevant: ArrayLike) -> float:
    """The area below the steps of precision against recall, 0 to 1, for one label.

    ``scores`` (n,) rank the photos, ``relevant`` (n,) bool says which have the label. At each
    distinct score, precision among the photos that reach it counts with the recall that they add,
    so the order of equal scores does not matter. Nothing is interpolated.

    Source: Manning, Raghavan, Schütze 2008, Introduction to Information Retrieval, chapter 8.4.

    Raises:
        ValueError: no relevant photo, so there is no recall.
    """
    values = np.asarray(scores, dtype=np.float64)
    wanted = np.asarray(relevant, dtype=bool)
    if not wanted.any():
        raise ValueError("No photo has this label.")
    order = np.argsort(-values, kind="stable")
    values, wanted = values[order], wanted[order]
    last = np.append(np.flatnonzero(np.diff(values)), len(values) - 1)  # of each distinct score
    hits = np.cumsum(wanted)[last]
    added = np.diff(hits, prepend=0)
    return float((added * hits / (last + 1)).sum() / hits[-1])


def average_precisions(scores: ArrayLike, truth: ArrayLike) -> dict[int, float]:
    """`average_precision` of each column of ``scores`` (n, c) that is somebody's ``truth`` (n,)."""
    rows, right = np.asarray(scores), np.asarray(truth, dtype=int)
    return {
        int(label): average_precision(rows[:, label], right == label) for label in np.unique(right)
    }


def mean_average_precision(scores: ArrayLike, truth: ArrayLike) -> float:
    """mAP: the mean of `average_precisions`; labels without photos do not count.

    Raises:
        ValueError: no rows.
    """
    found = average_precisions(scores, truth)
    if not found:
        raise ValueError("There are no photos to count.")
    return float(np.mean(list(found.values())))


def with_ancestors(nodes: Iterable[int], parents: Sequence[int | None]) -> set[int]:
    """``nodes`` and everything above them; ``parents`` holds each node's parent, None for roots."""
    found: set[int] = set()
    for node in nodes:
        at: int | None = node
        while at is not None and at not in found:
            found.add(at)
            at = parents[at]
    return found


def hierarchical(
    predicted: Sequence[Iterable[int]],
    truth: Sequence[Iterable[int]],
    parents: Sequence[int | None],
) -> Hierarchical:
    """Precision and recall in a tree, where a neighbour of the right node is half right.

    ``predicted`` and ``truth`` hold the nodes of each photo, perhaps none; each set is completed by
    all ancestors, and sizes are summed over photos before dividing. The nodes without a parent are
    categories and count; the tree's nameless root, which everything shares, does not.

    Source: Kiritchenko, Matwin, Nock, Famili 2006, Learning and Evaluation in the Presence of
    Class Hierarchies; recommended by Silla and Freitas 2011, A survey of hierarchical
    classification across different application domains, section 5.

    Raises:
        ValueError: not as many predictions as photos.
    """
    both = said = so = 0
    for one, other in zip(predicted, truth, strict=True):
        guess, right = with_ancestors(one, parents), with_ancestors(other, parents)
        both += len(guess & right)
        said += len(guess)
        so += len(right)
    precision = both / said if said else 0.0
    recall = both / so if so else 0.0
    total = precision + recall
    return Hierarchical(precision, recall, 2 * precision * recall / total if total else 0.0)
