"""What a bank compares with photos, read from the database once per version of the bank."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from catalog.models import Encoder
from moderation.hashes import USABLE
from moderation.models import Bank, Exemplar, ExemplarVector


@dataclass(frozen=True)
class Part:
    """What one version of a bank compares with photos, in the order exemplars were added."""

    version: int
    vector_ids: tuple[UUID, ...]
    vectors: np.ndarray  # (n, dimension) float32, L2-normalised
    hash_ids: tuple[UUID, ...]
    hashes: np.ndarray  # (m, 4) uint64


def read(changed: Sequence[Bank], encoder: Encoder) -> dict[int, Part]:
    """The parts of these banks by their keys, in two queries."""
    if not changed:
        return {}
    vectors: dict[int, list[tuple[UUID, object]]] = {bank.pk: [] for bank in changed}
    hashes: dict[int, list[tuple[UUID, str]]] = {bank.pk: [] for bank in changed}
    for key, bank_id, vector in (
        ExemplarVector.objects.filter(
            encoder=encoder, exemplar__bank__in=changed, exemplar__is_enabled=True
        )
        .order_by("exemplar__created_at", "exemplar_id")
        .values_list("exemplar_id", "exemplar__bank_id", "vector")
    ):
        vectors[bank_id].append((key, vector))
    for key, bank_id, bits in (
        Exemplar.objects.filter(USABLE, bank__in=changed, is_enabled=True)
        .order_by("created_at", "pk")
        .values_list("pk", "bank_id", "pdq")
    ):
        hashes[bank_id].append((key, str(bits)))
    return {
        bank.pk: Part(
            version=bank.version,
            vector_ids=tuple(key for key, _ in vectors[bank.pk]),
            vectors=np.array(
                [np.asarray(vector, np.float32) for _, vector in vectors[bank.pk]], np.float32
            ).reshape(-1, encoder.dimension),
            hash_ids=tuple(key for key, _ in hashes[bank.pk]),
            hashes=_words([bits for _, bits in hashes[bank.pk]]),
        )
        for bank in changed
    }


def _words(bits: Sequence[str]) -> np.ndarray:
    """Many hashes as the database writes them, (n, 4) uint64."""
    characters = np.frombuffer("".join(bits).encode(), dtype=np.uint8).reshape(-1, 256)
    return packed(characters == ord("1"))


def stored(vectors: np.ndarray) -> np.ndarray:
    """Vectors as the database keeps them, in half precision: screening then finds what a sweep or
    the threshold lab finds later."""
    return vectors.astype(np.float16).astype(np.float32)


def packed(hashes: np.ndarray) -> np.ndarray:
    """Hashes (n, 256) bool as (n, 4) uint64: the order of bits does not matter, only that it is
    the same on both sides."""
    return np.packbits(hashes, axis=1).view(np.uint64)
