"""Vectors in two dimensions by who their neighbours are: a layout of landmarks, and everything else
placed among them. numpy only.

Distances between far groups mean little in such a picture; that near photos are near is the point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.ml.projecting import Linear

Floats = NDArray[np.float32]

NEIGHBOURS = 12  # landmarks that each one is pulled to
REPELLED = 6  # random landmarks that each pull is answered by
ROUNDS = 300
KMEANS_ROUNDS = 12
AMONG = 4  # landmarks that a photo is placed among
SHARPNESS = 25.0  # of their weights: one whose cosine is 0.1 lower weighs e^-2.5 as much
GRAVITY = 0.02  # of the way to the middle per round: groups without a link would drift apart
STEP = 4.0  # how far one round may move a landmark


@dataclass(frozen=True)
class Landmarks:
    """Unit vectors (k, d) with places (k, 2), and a linear map that says how photos lie around the
    landmarks they are nearest to, `reach` times as large."""

    vectors: Floats
    places: Floats
    linear: Linear
    reach: float

    def place(self, vectors: Floats) -> Floats:
        """Where unit vectors (n, d) fall, (n, 2): the mean of what their nearest landmarks say."""
        cosines = vectors @ self.vectors.T
        few = min(AMONG, len(self.vectors))
        nearest = np.argpartition(-cosines, few - 1, axis=1)[:, :few]
        best = np.take_along_axis(cosines, nearest, axis=1)
        weights = np.exp(SHARPNESS * (best - best.max(axis=1, keepdims=True)))
        weights /= weights.sum(axis=1, keepdims=True)
        own = self.linear.place(vectors)[:, None, :] - self.linear.place(self.vectors)[nearest]
        said = self.places[nearest] + self.reach * own
        return np.asarray((weights[:, :, None] * said).sum(axis=1), dtype=np.float32)


def arrange(vectors: Floats, linear: Linear, *, landmarks: int, seed: int = 0) -> Landmarks:
    """Landmarks for unit `vectors` (n, d), laid out so that neighbours are near each other.

    Landmarks are means of photos, so none of them is somebody's photo. The same arguments give the
    same picture. About O(n × landmarks × d) once, then 300 rounds over the landmarks' neighbours.
    """
    rng = np.random.default_rng(seed)
    centres = _centres(vectors, min(landmarks, len(vectors)), rng)
    places = linear.place(centres).astype(np.float64)
    places = 10.0 * places / max(float(places.std()), 1e-9)
    places = _pulled(places, _neighbours(centres), rng) if len(centres) > 2 else places
    gaps = _nearest_gap(places)
    residual = linear.place(vectors) - linear.place(centres)[(vectors @ centres.T).argmax(axis=1)]
    reach = 0.5 * gaps / max(float(residual.std()), 1e-9)
    return Landmarks(centres, places.astype(np.float32), linear, reach)


def _centres(vectors: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Spherical k-means: unit means (count, d) of the vectors nearest to each."""
    centres = vectors[rng.choice(len(vectors), count, replace=False)].astype(np.float32)
    for _ in range(KMEANS_ROUNDS):
        own = (vectors @ centres.T).argmax(axis=1)
        order = np.argsort(own, kind="stable")
        found, starts = np.unique(own[order], return_index=True)
        sums = np.add.reduceat(vectors[order], starts, axis=0)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres[found] = sums / np.maximum(lengths, 1e-9)
    return centres


def _neighbours(vectors: Floats) -> NDArray[np.int64]:
    """Pairs (e, 2) of each vector with those nearest to it."""
    few = min(NEIGHBOURS, len(vectors) - 1)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    nearest = np.argpartition(-cosines, few - 1, axis=1)[:, :few]
    own = np.repeat(np.arange(len(vectors)), few)
    return np.stack([own, nearest.ravel()], axis=1)


def _pulled(
    places: NDArray[np.float64], pairs: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Gradient descent with negative sampling: pairs attract, random others repel, both by
    Student's t kernel, which leaves room around groups. After McInnes et al. 2018 (UMAP), section
    3.2, with a = b = 1."""
    count = len(places)
    one, other = pairs[:, 0], pairs[:, 1]
    degree = np.bincount(pairs.ravel(), minlength=count)[:, None]
    for step in range(ROUNDS):
        rate = 1.0 - step / ROUNDS
        apart = places[one] - places[other]
        squared = (apart**2).sum(axis=1, keepdims=True)
        pull = -2.0 / (1.0 + squared) * apart
        moved = _summed(one, pull, count) - _summed(other, pull, count)
        for _ in range(REPELLED):
            stranger = rng.integers(0, count, len(one))
            apart = places[one] - places[stranger]
            squared = (apart**2).sum(axis=1, keepdims=True)
            push = 2.0 / ((0.01 + squared) * (1.0 + squared)) * apart
            moved += _summed(one, push, count)
        moved = moved / degree * NEIGHBOURS / 4 - GRAVITY * (places - places.mean(axis=0))
        places = places + rate * np.clip(moved, -STEP, STEP)
    return places


def _summed(
    keys: NDArray[np.int64], vectors: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    columns = [np.bincount(keys, vectors[:, axis], count) for axis in (0, 1)]
    return np.stack(columns, axis=1)


def _nearest_gap(places: NDArray[np.float64]) -> float:
    """The usual distance from a place to the next one."""
    if len(places) < 2:
        return 1.0
    squared = ((places[:, None, :] - places[None, :, :]) ** 2).sum(axis=2)
    np.fill_diagonal(squared, np.inf)
    return float(np.median(np.sqrt(squared.min(axis=1))))
