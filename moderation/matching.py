"""Vectors → the nearest exemplar of every bank. Exhaustive and exact: recall is 1.0."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from pgvector import HalfVector

from catalog.encoders import LoadedEncoder
from catalog.ml.images import ImageRejected
from moderation.choices import BankKind
from moderation.models import Bank, Exemplar, ExemplarVector

ENCODE_AT_ONCE = 32

State = tuple[object, ...]


@dataclass(frozen=True)
class Match:
    """The exemplar of one bank nearest to one photo."""

    bank: Bank
    exemplar_id: UUID
    score: float  # cosine


@dataclass(frozen=True)
class Matcher:
    """Every enabled exemplar of every enabled bank, as one matrix grouped by bank."""

    banks: tuple[Bank, ...]
    starts: np.ndarray  # (banks,) first row of each bank in `vectors`
    exemplar_ids: tuple[UUID, ...]
    vectors: np.ndarray  # (exemplars, dimension) float32, L2-normalised

    def nearest(self, vectors: np.ndarray) -> list[list[Match]]:
        """For each photo of `vectors` (n, dimension), its nearest exemplar in every bank."""
        if not self.banks:
            return [[] for _ in vectors]
        scores = vectors @ self.vectors.T
        ends = [*self.starts[1:], len(self.exemplar_ids)]
        matches: list[list[Match]] = [[] for _ in vectors]
        for bank, start, end in zip(self.banks, self.starts, ends, strict=True):
            block = scores[:, start:end]
            best = block.argmax(axis=1)
            for photo, column in enumerate(best):
                score = float(np.clip(block[photo, column], -1.0, 1.0))
                matches[photo].append(Match(bank, self.exemplar_ids[start + column], score))
        return matches


def state() -> State:
    """Everything a matcher depends on but the encoder; a different value means it is stale."""
    return tuple(
        Bank.objects.order_by("pk").values_list(
            "pk",
            "version",
            "is_enabled",
            "policy__is_enabled",
            "hold_threshold",
            "remove_threshold",
            "veto_margin",
        )
    )


def build(encoder: LoadedEncoder) -> Matcher:
    """The matcher of everything enabled now, embedding exemplars this encoder has not seen."""
    embed_missing(encoder)
    banks: list[Bank] = []
    starts: list[int] = []
    ids: list[UUID] = []
    vectors: list[np.ndarray] = []
    enabled = Bank.objects.filter(is_enabled=True, policy__is_enabled=True)
    for bank in enabled.select_related("policy").order_by("pk"):
        rows = ExemplarVector.objects.filter(
            encoder=encoder.row, exemplar__bank=bank, exemplar__is_enabled=True
        ).order_by("exemplar__created_at", "exemplar_id")
        found = [(row.exemplar_id, np.asarray(row.vector, dtype=np.float32)) for row in rows]
        if found:  # an empty bank matches nothing
            banks.append(bank)
            starts.append(len(ids))
            ids.extend(exemplar_id for exemplar_id, _ in found)
            vectors.extend(vector for _, vector in found)
    matrix = np.stack(vectors) if vectors else np.zeros((0, encoder.row.dimension), np.float32)
    return Matcher(tuple(banks), np.array(starts, dtype=int), tuple(ids), matrix)


def embed_missing(encoder: LoadedEncoder) -> int:
    """Embed exemplars that have no vector in this encoder yet; returns how many.

    An exemplar that cannot be decoded is an error, not a gap: matching without it would let
    through what it was added to stop.
    """
    missing = list(Exemplar.objects.filter(is_enabled=True).exclude(vectors__encoder=encoder.row))
    for start in range(0, len(missing), ENCODE_AT_ONCE):
        some = missing[start : start + ENCODE_AT_ONCE]
        pixels = [_decode(exemplar, encoder) for exemplar in some]
        vectors = encoder.runtime.encode_images(pixels)
        ExemplarVector.objects.bulk_create(
            [
                ExemplarVector(exemplar=exemplar, encoder=encoder.row, vector=HalfVector(vector))
                for exemplar, vector in zip(some, vectors, strict=True)
            ],
            ignore_conflicts=True,  # another worker may have embedded it just now
        )
    return len(missing)


def _decode(exemplar: Exemplar, encoder: LoadedEncoder) -> np.ndarray:
    with exemplar.picture.open("rb") as file:
        try:
            return encoder.runtime.decode(file.read())
        except ImageRejected as error:
            raise RuntimeError(
                f"Exemplar {exemplar.pk} of {exemplar.bank} cannot be decoded ({error}). "
                "Replace or disable it."
            ) from error


def violating(matches: Sequence[Match]) -> list[Match]:
    """Matches in violating banks that reach their hold threshold."""
    return [
        match
        for match in matches
        if match.bank.kind == BankKind.VIOLATING and match.score >= match.bank.hold_threshold
    ]


def veto(match: Match, matches: Sequence[Match]) -> Match | None:
    """The safe match of the same policy that overrules `match`, if there is one.

    A safe exemplar vetoes when the photo reaches its bank's threshold and is nearer to it than
    to the violating exemplar by the bank's margin.
    """
    safe = [
        other
        for other in matches
        if other.bank.kind == BankKind.SAFE
        and other.bank.policy_id == match.bank.policy_id
        and other.score >= other.bank.hold_threshold
        and other.score >= match.score + other.bank.veto_margin
    ]
    return max(safe, key=lambda other: other.score, default=None)
