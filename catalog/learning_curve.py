"""How much confirmed photos help: accuracy against how many of each label staff confirmed.

The same blending as `catalog.learning`, on a labelled folder; no database, no Django.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalog.ml import heads, metrics

SHOTS = (0, 1, 2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Mean:
    """Mean of a share (0 to 1) over the seeds, and its standard error."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Point:
    """``shots`` confirmed photos per label, or as many as there are: ``confirmed`` per label on
    average. ``top1`` is the share named rightly, ``f1`` the hierarchical F of the same answers."""

    shots: int
    confirmed: float
    top1: Mean
    f1: Mean | None

    def as_json(self) -> dict[str, Any]:
        """``{"shots", "confirmed", "top1", "error", "f1", "f1_error"}``; the last two only in a
        tree."""
        found: dict[str, Any] = {
            "shots": self.shots,
            "confirmed": self.confirmed,
            "top1": self.top1.value,
            "error": self.top1.error,
        }
        if self.f1:
            found |= {"f1": self.f1.value, "f1_error": self.f1.error}
        return found


def may_be_confirmed(paths: Sequence[str]) -> NDArray[np.bool_]:
    """(n,): every photo is either confirmed or judged, by its own path, so that more photos move
    nobody."""
    return np.array(
        [hashlib.sha256(f"confirm:{path}".encode()).digest()[0] % 2 == 0 for path in paths],
        dtype=bool,
    )


def curve(
    texts: NDArray[np.float32],
    photos: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    pool: ArrayLike,
    judged: ArrayLike,
    seeds: int,
    parents: Sequence[int | None] | None = None,
    beside: bool = False,
) -> list[Point]:
    """One point per count of `SHOTS`; ``texts`` (c, d), ``photos`` (n, d), ``labels`` (n,) indices
    of their classes. Each seed confirms other photos of the ``pool`` (n,) bool; all judge the same
    ones, ``judged`` (n,) bool, against all of ``texts``. ``parents`` makes classes a tree.

    ``beside``: each seed confirms photos of half of the labels, and what is judged are photos of
    the others: what learning some labels costs those that nobody confirmed.

    Raises:
        ValueError: too few photos to confirm some and judge others.
    """
    of_pool, of_judged = np.flatnonzero(pool), np.flatnonzero(judged)
    if not len(of_judged) or not len(of_pool):
        raise ValueError("There are too few photos to confirm some and judge others.")
    points = []
    for shots in SHOTS:
        shares: list[float] = []
        trees: list[float] = []
        confirmed: list[float] = []
        for seed in range(seeds if shots or beside else 1):
            own, rows = of_pool, of_judged
            if beside:
                learning = _half(labels[of_pool], seed)
                own = own[np.isin(labels[own], learning)]
                rows = rows[~np.isin(labels[rows], learning)]
            chosen = _choose(own, labels, shots, seed)
            confirmed.append(len(chosen) / len(np.unique(labels[own])))
            learned = heads.learn(texts, photos[chosen], labels[chosen]) if len(chosen) else texts
            best = (photos[rows] @ learned.T).argmax(axis=1)
            shares.append(float((best == labels[rows]).mean()))
            if parents is not None:
                said, right = best[:, None].tolist(), labels[rows][:, None].tolist()
                trees.append(metrics.hierarchical(said, right, parents).f1)
        points.append(
            Point(shots, float(np.mean(confirmed)), _mean(shares), _mean(trees) if trees else None)
        )
    return points


def unknown_words(classes: Sequence[str]) -> list[str]:
    """A name for each class that no text tower has met, as a shop's own codes are."""
    return [f"line {hashlib.sha256(name.encode()).hexdigest()[:6]}" for name in classes]


def as_json(curves: dict[str, list[Point]]) -> dict[str, list[dict[str, Any]]]:
    """Each curve's points by its name."""
    return {name: [point.as_json() for point in points] for name, points in curves.items()}


def _mean(values: Sequence[float]) -> Mean:
    error = float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return Mean(float(np.mean(values)), error)


def _half(labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    found = np.unique(labels)
    return np.asarray(np.random.default_rng(seed).permutation(found)[: (len(found) + 1) // 2])


def _choose(
    pool: NDArray[np.int64], labels: NDArray[np.int64], shots: int, seed: int
) -> NDArray[np.int64]:
    """Up to ``shots`` photos of each label; more shots take the same ones and others."""
    order = np.random.default_rng(seed).permutation(pool)
    chosen = [order[labels[order] == label][:shots] for label in np.unique(labels[pool])]
    return np.sort(np.concatenate(chosen))
