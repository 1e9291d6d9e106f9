"""Vectors in two dimensions: principal components. numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Linear:
    """The plane through `mean` (d,) along `axes` (d, 2), orthonormal; `explained` is the share of
    the variance, 0 to 1, that lies in it."""

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    explained: float

    def place(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where vectors (n, d) fall, (n, 2)."""
        return np.asarray((vectors - self.mean) @ self.axes, dtype=np.float32)


def principal(vectors: NDArray[np.float32]) -> Linear:
    """The plane in which `vectors` (n, d), n ≥ 1 and d ≥ 2, differ most.

    Each axis points to where its largest coefficient is positive, so that the picture is not
    mirrored from one fit to the next. Source: Pearson, Phil. Mag. 2 (1901) 559–572.

    Raises:
        ValueError: the vectors have another shape.
    """
    if vectors.ndim != 2 or not len(vectors) or vectors.shape[1] < 2:
        raise ValueError(f"expected vectors of shape (n, d) with n ≥ 1, d ≥ 2, got {vectors.shape}")
    exact = vectors.astype(np.float64)
    mean = exact.mean(axis=0)
    spread = exact - mean
    covariance = spread.T @ spread / len(exact)
    values, directions = np.linalg.eigh(covariance)  # the smallest first
    axes = directions[:, [-1, -2]]
    axes *= np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0)
    total = float(values.sum())
    explained = float(values[-2:].sum()) / total if total > 1e-12 else 0.0
    return Linear(mean.astype(np.float32), axes.astype(np.float32), min(1.0, explained))
