"""What tests of matching put into banks: exemplars made of given vectors and hashes."""

import uuid

import numpy as np
from pgvector import HalfVector

from catalog.encoders import LoadedEncoder
from catalog.ml import pdq_text
from moderation.models import Bank, Exemplar, ExemplarVector


def unit(*values: float, dimension: int) -> np.ndarray:
    """A vector of length 1 that begins with these numbers and has one more to make it so."""
    rest = np.sqrt(max(0.0, 1 - sum(value**2 for value in values)))
    vector = np.zeros(dimension, np.float32)
    vector[: len(values) + 1] = [*values, rest]
    return vector


def flipped(hash_: np.ndarray, bits: int, *, start: int = 0) -> np.ndarray:
    """The same hash with this many bits changed."""
    other = hash_.copy()
    other[start : start + bits] ^= True
    return other


def known(
    bank: Bank,
    encoder: LoadedEncoder | None = None,
    vector: np.ndarray | None = None,
    *,
    pdq: np.ndarray | None = None,
    quality: int = 100,
) -> Exemplar:
    """An exemplar with this vector, this hash, or both. It has no file, so nothing decodes it."""
    exemplar = Exemplar.objects.create(
        bank=bank,
        sha256=uuid.uuid4().hex * 2,
        picture="" if vector is None else "exemplars/known.jpg",
        pdq=pdq_text.bits(np.zeros(256, bool) if pdq is None else pdq),
        pdq_quality=0 if pdq is None else quality,
    )
    if encoder is not None and vector is not None:
        ExemplarVector.objects.create(
            exemplar=exemplar, encoder=encoder.row, vector=HalfVector(vector)
        )
    return exemplar
