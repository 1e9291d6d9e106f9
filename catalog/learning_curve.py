"""How much confirmed photos help: accuracy against how many of each label staff confirmed.

The same blending as `catalog.learning`, on a labelled folder; no database, no Django.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.ml import heads

SHOTS = (0, 1, 2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Point:
    """``shots`` confirmed photos per label, or as many as there are: ``confirmed`` per label on
    average. ``top1`` is the mean share named rightly over the seeds, ``error`` its standard error,
    both 0 to 1."""

    shots: int
    confirmed: float
    top1: float
    error: float


def may_be_confirmed(path: str) -> bool:
    """Every photo is either confirmed or judged, by its own path: more photos move nobody."""
    return hashlib.sha256(f"confirm:{path}".encode()).digest()[0] % 2 == 0


def curve(
    texts: NDArray[np.float32],
    photos: NDArray[np.float32],
    labels: NDArray[np.int64],
    paths: Sequence[str],
    *,
    seeds: int,
) -> list[Point]:
    """One point per count of `SHOTS`; ``texts`` (c, d), ``photos`` (n, d), ``labels`` (n,) indices
    of their classes. Each seed confirms other photos; all judge the same ones.

    Raises:
        ValueError: too few photos to confirm some and judge others.
    """
    half = np.array([may_be_confirmed(path) for path in paths], dtype=bool)
    judged, pool = np.flatnonzero(~half), np.flatnonzero(half)
    if not len(judged) or not len(pool):
        raise ValueError("There are too few photos to confirm some and judge others.")
    points = []
    for shots in SHOTS:
        shares, taken = [], 0
        for seed in range(seeds if shots else 1):
            chosen = _choose(pool, labels, shots, seed)
            taken += len(chosen)
            learned = heads.learn(texts, photos[chosen], labels[chosen]) if len(chosen) else texts
            best = (photos[judged] @ learned.T).argmax(axis=1)
            shares.append(float((best == labels[judged]).mean()))
        spread = float(np.std(shares, ddof=1)) / len(shares) ** 0.5 if len(shares) > 1 else 0.0
        points.append(
            Point(
                shots=shots,
                confirmed=taken / len(shares) / len(texts),
                top1=float(np.mean(shares)),
                error=spread,
            )
        )
    return points


def unknown_words(classes: Sequence[str]) -> list[str]:
    """A name for each class that no text tower has met, as a shop's own codes are."""
    return [f"line {hashlib.sha256(name.encode()).hexdigest()[:6]}" for name in classes]


def _choose(
    pool: NDArray[np.int64], labels: NDArray[np.int64], shots: int, seed: int
) -> NDArray[np.int64]:
    """Up to ``shots`` photos of each label; more shots take the same ones and others."""
    order = np.random.default_rng(seed).permutation(pool)
    chosen = [order[labels[order] == label][:shots] for label in np.unique(labels)]
    return np.sort(np.concatenate(chosen))
