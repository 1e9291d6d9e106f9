"""Photos → what they match in every bank, by vector and by hash. Exhaustive: recall is 1.0.

One matrix product per batch compares its vectors with every exemplar; hashes are compared by XOR
and a count of bits, in memory too (10,000 of them with 32 photos: 1 ms; PostgreSQL's `<~>`: 36).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.utils import timezone

from catalog.encoders import LoadedEncoder
from catalog.models import Encoder
from moderation import banks
from moderation.banks import Limits
from moderation.choices import BankKind, MatchKind
from moderation.hashes import LEAST_QUALITY
from moderation.models import Bank, Policy
from moderation.parts import Part, packed, read, stored

State = tuple[object, ...]


@dataclass(frozen=True)
class Match:
    """The exemplar of one bank nearest to one photo, near enough for the bank to hold it."""

    bank: Bank
    limits: Limits
    kind: MatchKind
    exemplar_id: UUID
    score: float  # a cosine, or by hash the bits that differ


@dataclass(frozen=True)
class Rows:
    """The rows of every bank that has any, one bank after the other."""

    banks: tuple[Bank, ...]
    starts: np.ndarray  # (banks,) first row of each
    ids: tuple[UUID, ...]
    data: np.ndarray  # vectors (rows, dimension), or hashes (4, rows)

    @classmethod
    def of(
        cls, parts: Iterable[tuple[Bank, tuple[UUID, ...], np.ndarray]], *, axis: int = 0
    ) -> "Rows":
        # An empty bank matches nothing: it has no rows.
        found = [(bank, ids, data) for bank, ids, data in parts if ids]
        sizes = [len(ids) for _, ids, _ in found]
        return cls(
            banks=tuple(bank for bank, _, _ in found),
            starts=np.cumsum([0, *sizes])[:-1],
            ids=tuple(key for _, ids, _ in found for key in ids),
            data=np.concatenate([data for _, _, data in found], axis) if found else np.empty(0),
        )


@dataclass(frozen=True)
class Matcher:
    """Every enabled exemplar of every active bank, for one encoder."""

    encoder_id: int
    banks: tuple[Bank, ...]
    limits: dict[int, Limits]
    parts: dict[int, Part]
    vectors: Rows
    hashes: Rows

    def matches(
        self, vectors: np.ndarray, hashes: np.ndarray, qualities: np.ndarray
    ) -> list[list[Match]]:
        """For each of n photos, the nearest exemplar of every bank that is near enough, once by
        vector and once by hash.

        `vectors` (n, dimension) float32, `hashes` (n, 256) bool, `qualities` (n,) of the hashes.
        """
        found: list[list[Match]] = [[] for _ in vectors]
        if self.vectors.ids:
            self._by_vector(stored(vectors), found)
        if self.hashes.ids:
            words = packed(hashes)
            for photo in np.flatnonzero(qualities >= LEAST_QUALITY):
                self._by_hash(words[photo], found[photo])
        return found

    def _by_vector(self, vectors: np.ndarray, found: list[list[Match]]) -> None:
        rows = self.vectors
        scores = vectors @ rows.data.T
        # Half precision may push the cosine of a vector with itself past 1 by a few millionths.
        nearest = np.minimum(np.maximum.reduceat(scores, rows.starts, axis=1), 1.0).astype(float)
        holds = np.array([self.limits[bank.pk].hold for bank in rows.banks])
        for photo, index in np.argwhere(nearest >= holds):
            block = _block(scores[photo], rows.starts, int(index))
            key = rows.ids[rows.starts[index] + int(block.argmax())]
            score = float(nearest[photo, index])
            found[photo].append(self._match(rows.banks[index], MatchKind.EMBEDDING, key, score))

    def _by_hash(self, words: np.ndarray, found: list[Match]) -> None:
        rows = self.hashes
        bits = np.zeros(len(rows.ids), dtype=np.uint16)
        for theirs, ours in zip(rows.data, words, strict=True):
            bits += np.bitwise_count(theirs ^ ours)
        nearest = np.minimum.reduceat(bits, rows.starts)
        within = np.array([bank.hash_distance for bank in rows.banks])
        for index in np.flatnonzero(nearest <= within):
            key = rows.ids[rows.starts[index] + int(_block(bits, rows.starts, int(index)).argmin())]
            score = float(nearest[index])
            found.append(self._match(rows.banks[index], MatchKind.HASH, key, score))

    def _match(self, bank: Bank, kind: MatchKind, key: UUID, score: float) -> Match:
        return Match(bank, self.limits[bank.pk], kind, key, score)


def state() -> State:
    """Everything a matcher and the prompts depend on but the encoder; another value means they
    are stale. Two small queries."""
    now = timezone.now()
    known = Bank.objects.order_by("pk").defer("note", "quarantine_reason")
    return (
        *(
            (
                *(bank.pk, bank.version, bank.is_active(now), bank.quarantined_at),
                *(bank.hold_threshold, bank.remove_threshold, bank.hash_distance),
                *(bank.veto_margin, bank.sample_rate, bank.sample_seed),
            )
            for bank in known
        ),
        *Policy.objects.order_by("pk").values_list(
            "pk", "version", "is_enabled", "prompt_threshold", "severity"
        ),
    )


def build(encoder: LoadedEncoder, before: Matcher | None = None) -> Matcher:
    """The matcher of everything active now; every exemplar must be embedded, see `embedding`.

    The parts of banks that have not changed since `before` are taken from it. Four queries.
    """
    return of(encoder.row, before)


def of(encoder: Encoder, before: Matcher | None = None) -> Matcher:
    """`build`, for whoever has no model at hand: exemplars without a vector are left out."""
    active = tuple(
        Bank.objects.active(timezone.now()).select_related("policy").order_by("pk")
    )  # read first: what is read after it is at least as new as the version it is filed under
    known = before.parts if before and before.encoder_id == encoder.pk else {}
    parts = {
        bank.pk: known[bank.pk]
        for bank in active
        if bank.pk in known and known[bank.pk].version == bank.version
    }
    parts |= read([bank for bank in active if bank.pk not in parts], encoder)
    return assemble(active, parts, encoder)


def assemble(active: tuple[Bank, ...], parts: dict[int, Part], encoder: Encoder) -> Matcher:
    """The matcher of these banks, each by its part. One query."""
    by_hash = [bank for bank in active if bank.hash_distance is not None]
    return Matcher(
        encoder_id=encoder.pk,
        banks=active,
        limits=banks.thresholds(active, encoder),
        parts=parts,
        vectors=Rows.of((b, parts[b.pk].vector_ids, parts[b.pk].vectors) for b in active),
        hashes=Rows.of(((b, parts[b.pk].hash_ids, parts[b.pk].hashes) for b in by_hash), axis=1),
    )


def _block(row: np.ndarray, starts: np.ndarray, index: int) -> np.ndarray:
    """The part of a row that belongs to one bank."""
    return row[starts[index] : starts[index + 1] if index + 1 < len(starts) else None]


def violating(matches: Iterable[Match]) -> list[Match]:
    """Those in violating banks."""
    return [match for match in matches if match.bank.kind == BankKind.VIOLATING]


def veto(matches: Iterable[Match], *, policy_id: int, against: Match | None = None) -> Match | None:
    """The safe match that overrules `against`, or a prompt of the policy when that is None.

    A safe exemplar vetoes a look-alike when the photo is nearer to it, by its bank's margin, and
    whatever only looks or sounds alike when it is the same picture by its hash. A match by hash
    is overruled only by a safe exemplar whose hash is nearer still.
    """
    found: list[Match] = []
    for safe in matches:
        if safe.bank.kind != BankKind.SAFE or safe.bank.policy_id != policy_id:
            continue
        if against is None:
            overrules = True
        elif safe.kind == MatchKind.HASH:
            overrules = against.kind != MatchKind.HASH or safe.score < against.score
        else:
            least = against.score + safe.bank.veto_margin
            overrules = against.kind == MatchKind.EMBEDDING and safe.score >= least
        if overrules:
            found.append(safe)
    return min(found, key=_farness, default=None)


def _farness(match: Match) -> tuple[bool, float]:
    """Sorts by vector before by hash, and the nearest first among each."""
    by_hash = match.kind == MatchKind.HASH
    return by_hash, match.score if by_hash else -match.score


def sampled(bank: Bank, sha256: str) -> bool:
    """Whether a bank acts on its match of a photo with this digest: always the same answer, for
    the bank's share of photos."""
    digest = hashlib.sha256(f"{bank.sample_seed}:{bank.pk}:{sha256}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64 < bank.sample_rate
