"""What a bank compares with photos, read from the database once per version of the bank."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import connection

from catalog.models import Encoder
from moderation.hashes import LEAST_QUALITY
from moderation.models import Bank

# In the order they were added. Sent as PostgreSQL sends them over the wire: numpy reads them at
# once, where ten thousand texts would be parsed number by number.
VECTORS = """
    SELECT x.bank_id, x.id, halfvec_send(v.vector)
    FROM moderation_exemplarvector v JOIN moderation_exemplar x ON x.id = v.exemplar_id
    WHERE v.encoder_id = %s AND x.bank_id = ANY(%s) AND x.is_enabled
    ORDER BY x.created_at, x.id
"""
HASHES = """
    SELECT bank_id, id, bit_send(pdq) FROM moderation_exemplar
    WHERE bank_id = ANY(%s) AND is_enabled AND pdq IS NOT NULL AND pdq_quality >= %s
    ORDER BY created_at, id
"""


@dataclass(frozen=True)
class Part:
    """What one version of a bank compares with photos, in the order exemplars were added."""

    version: int
    vector_ids: tuple[UUID, ...]
    vectors: np.ndarray  # (n, dimension) float32, L2-normalised
    hash_ids: tuple[UUID, ...]
    hashes: np.ndarray  # (4, m) uint64: the same word of every hash lies together


def read(changed: Sequence[Bank], encoder: Encoder) -> dict[int, Part]:
    """The parts of these banks by their keys, in two queries."""
    if not changed:
        return {}
    keys = [bank.pk for bank in changed]
    vectors: dict[int, list[tuple[UUID, bytes]]] = {key: [] for key in keys}
    hashes: dict[int, list[tuple[UUID, bytes]]] = {key: [] for key in keys}
    with connection.cursor() as cursor:
        cursor.execute(VECTORS, [encoder.pk, keys])
        for bank_id, key, sent in cursor.fetchall():
            vectors[bank_id].append((key, sent))
        cursor.execute(HASHES, [keys, LEAST_QUALITY])
        for bank_id, key, sent in cursor.fetchall():
            hashes[bank_id].append((key, sent))
    return {
        bank.pk: Part(
            version=bank.version,
            vector_ids=tuple(key for key, _ in vectors[bank.pk]),
            vectors=_floats([sent for _, sent in vectors[bank.pk]], encoder.dimension),
            hash_ids=tuple(key for key, _ in hashes[bank.pk]),
            hashes=_words([sent for _, sent in hashes[bank.pk]]),
        )
        for bank in changed
    }


def _floats(sent: Sequence[bytes], dimension: int) -> np.ndarray:
    """halfvecs as sent, two 16-bit words ahead of the numbers: (n, dimension) float32."""
    halves = np.frombuffer(b"".join(sent), dtype=">f2").reshape(-1, dimension + 2)
    return halves[:, 2:].astype(np.float32)


def _words(sent: Sequence[bytes]) -> np.ndarray:
    """Bit strings as sent, their length in four bytes ahead of the bits: (4, n) uint64."""
    rows = np.frombuffer(b"".join(sent), dtype=np.uint8).reshape(-1, 4 + 32)
    words = np.ascontiguousarray(rows[:, 4:]).view(np.uint64)
    return np.ascontiguousarray(words.T)


def stored(vectors: np.ndarray) -> np.ndarray:
    """Vectors as the database keeps them, in half precision: screening then finds what a sweep or
    the threshold lab finds later."""
    return vectors.astype(np.float16).astype(np.float32)


def packed(hashes: np.ndarray) -> np.ndarray:
    """Hashes (n, 256) bool as (n, 4) uint64, in the order PostgreSQL sends them."""
    return np.packbits(hashes, axis=1).view(np.uint64)
