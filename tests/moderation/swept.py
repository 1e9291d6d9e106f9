"""Helpers for tests of sweeps: made-up photos, exemplars of vectors alone, and numpy's answer."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.utils import timezone
from pgvector import HalfVector

from catalog.choices import Scoring
from catalog.ml.pdq_text import bits, from_bits
from catalog.models import Embedding, Encoder, Image, PerceptualHash, Storefront
from moderation import chunks, synthesising
from moderation.models import Bank, Exemplar, ExemplarVector, Sweep

DIMENSION = 32


def make_encoder() -> Encoder:
    """An active encoder that nobody needs to load."""
    return Encoder.objects.create(
        name="made-up",
        fingerprint="m" * 64,
        dimension=DIMENSION,
        scoring=Scoring.SOFTMAX,
        logit_scale=20.0,
        is_active=True,
    )


def make_photos(storefront: Storefront, encoder: Encoder, count: int = 600) -> None:
    synthesising.synthesise(
        count=count, storefront=storefront, encoder=encoder, clusters=12, seed=7, hashes=True
    )


def add_vector(bank: Bank, encoder: Encoder, vector: np.ndarray) -> Exemplar:
    """An exemplar that has been encoded."""
    exemplar = Exemplar.objects.create(
        bank=bank, sha256=uuid.uuid4().hex * 2, picture="gone.jpg", pdq="0" * 256, pdq_quality=0
    )
    ExemplarVector.objects.create(exemplar=exemplar, encoder=encoder, vector=HalfVector(vector))
    return exemplar


def add_bits(bank: Bank, code: np.ndarray) -> Exemplar:
    """An exemplar known by its hash only."""
    return Exemplar.objects.create(
        bank=bank, sha256=uuid.uuid4().hex * 2, pdq=bits(code), pdq_quality=100
    )


@dataclass(frozen=True)
class Everything:
    """All photos as numpy sees them, in order of their ids."""

    keys: list[uuid.UUID]
    vectors: np.ndarray  # (n, DIMENSION) float32
    codes: np.ndarray  # (n, 256) bool

    @classmethod
    def read(cls) -> "Everything":
        vectors = dict(Embedding.objects.values_list("image_id", "vector"))
        codes = dict(PerceptualHash.objects.values_list("image_id", "pdq"))
        keys = sorted(vectors)
        return cls(
            keys,
            np.array([vectors[key] for key in keys], np.float32),
            np.stack([from_bits(codes[key]) for key in keys]),
        )

    def best(self, vectors: Sequence[np.ndarray]) -> np.ndarray:
        """Each photo's best cosine to `vectors`, themselves in half precision."""
        halves = np.stack(vectors).astype(np.float16).astype(np.float32)
        return (self.vectors @ halves.T).max(axis=1)

    def off(self, code: np.ndarray) -> np.ndarray:
        """The bits in which each photo's hash differs from `code`."""
        return (self.codes != code).sum(axis=1)

    def at(self, chosen: np.ndarray) -> set[uuid.UUID]:
        return {self.keys[row] for row in np.flatnonzero(chosen)}


def gap(scores: np.ndarray, rank: int) -> float:
    """A threshold with `rank` scores over it, in the middle of the widest gap nearby."""
    ordered = np.sort(scores)[::-1]
    near = range(max(1, rank - 5), rank + 6)
    widest = max(near, key=lambda at: ordered[at - 1] - ordered[at])
    return float((ordered[widest - 1] + ordered[widest]) / 2)


def run(sweep: Sweep, most: int = 1000) -> Sweep:
    """As if the background worker had been rung until nothing is left to do."""
    for _ in range(most):
        Sweep.objects.filter(pk=sweep.pk, next_chunk_at__isnull=False).update(
            next_chunk_at=timezone.now()
        )
        if chunks.run_chunk() is None:
            break
    sweep.refresh_from_db()
    return sweep


def statuses(keys: Sequence[uuid.UUID] | set[uuid.UUID]) -> set[str]:
    return set(Image.objects.filter(pk__in=keys).values_list("status", flat=True))
