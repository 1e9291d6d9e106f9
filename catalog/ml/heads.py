"""Learning categories from confirmed photos, without touching the model. numpy only.

A category's text vector is blended with the mean of its confirmed photos:
``unit(k · text + n · unit(mean photo))`` for n photos. Words that the encoder knows are worth many
photos (k), a shop's own codes hardly one. Which they are, the confirmed photos tell. Measured
against choosing k by leaving photos out, ridge and logistic heads: docs/tagging.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KNOWN = 32.0  # what words are worth, in photos, that name at least half of them by themselves
UNKNOWN = 1.0
_CHUNK = 512


def blend(
    texts: NDArray[np.float32],
    photos: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    worth: float,
) -> NDArray[np.float32]:
    """Unit vectors (c, d): ``texts`` (c, d) moved towards the confirmed ``photos`` (n, d), whose
    categories are ``labels`` (n,). A category without photos keeps its text vector."""
    sums, counts = _sums(texts, photos, labels)
    learned = texts.copy()
    having = counts > 0
    learned[having] = _blended(texts[having], sums[having], counts[having], worth)
    return learned


def choose_worth(
    texts: NDArray[np.float32], photos: NDArray[np.float32], labels: NDArray[np.int64]
) -> float:
    """What the words are worth, by how many of ``photos`` (n, d) they name rightly alone."""
    named = np.concatenate(
        [
            (photos[at : at + _CHUNK] @ texts.T).argmax(axis=1) == labels[at : at + _CHUNK]
            for at in range(0, len(photos), _CHUNK)
        ]
    )
    return KNOWN if named.mean() >= 0.5 else UNKNOWN


def learn(
    texts: NDArray[np.float32], photos: NDArray[np.float32], labels: NDArray[np.int64]
) -> NDArray[np.float32]:
    """`blend` with the worth that `choose_worth` finds."""
    return blend(texts, photos, labels, worth=choose_worth(texts, photos, labels))


def _sums(
    texts: NDArray[np.float32], photos: NDArray[np.float32], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    sums = np.zeros_like(texts)
    np.add.at(sums, labels, photos)
    return sums, np.bincount(labels, minlength=len(texts))


def _blended(
    texts: NDArray[np.float32],
    sums: NDArray[np.float32],
    counts: NDArray[np.int64],
    worth: float,
) -> NDArray[np.float32]:
    return _unit(worth * texts + counts[:, None] * _unit(sums)).astype(np.float32)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Photos that cancel out have no direction and stay (nearly) nothing: the text remains."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
