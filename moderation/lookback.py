"""How near past photos were to a bank: what was decided about them, and how many there are a day.

Scores are worked out anew from stored vectors, exhaustively, against the bank as it is now, so
that a threshold can be tried on photos that nobody held at the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from django.db import connection
from django.utils import timezone
from numpy.typing import NDArray

from catalog.models import Embedding, Encoder, Image
from moderation import banks
from moderation.choices import Action, BankKind
from moderation.curves import Labels, Scores, nearest, vetoed
from moderation.models import Bank, Decision, ExemplarVector

DAYS = 14  # over which photos per day are counted
MOST = 20_000  # decided photos, and recent ones: the newest of either
AT_ONCE = 4096

CONFIRMED, REFUTED, UNKNOWN = 1, 0, -1


@dataclass(frozen=True)
class Lookback:
    """Every decided or recent photo that can be compared with the bank; n of them.

    Attributes:
        images: (n,) their keys.
        scores: (n,) the best cosine to the bank, not counting exemplars made of the photo itself.
        vetoed: (n,) whether a safe exemplar of the policy is near enough to overrule it.
        verdicts: (n,) CONFIRMED, REFUTED or UNKNOWN.
        recent: (n,) uploaded within the last `days`.
        days: how long recent photos reach back, at least one.
        has_safe: the policy has a safe bank that could veto.
        other_policy: photos removed for another reason: they say nothing about this bank.
        incomparable: decided photos without a vector in this encoder, or whose only exemplar
            is a copy of themselves.
    """

    images: list[UUID]
    scores: NDArray[np.float64]
    vetoed: NDArray[np.bool_]
    verdicts: NDArray[np.int8]
    recent: NDArray[np.bool_]
    days: float
    has_safe: bool
    other_policy: int
    incomparable: int

    def effective(self, *, safe: bool) -> NDArray[np.float64]:
        """Scores (n,), −inf where a safe exemplar vetoes, if `safe` banks are to be honoured."""
        return np.where(self.vetoed, -np.inf, self.scores) if safe else self.scores

    def known(self, *, safe: bool) -> tuple[Scores, Labels]:
        """Scores and labels of the photos whose verdict is known."""
        decided = self.verdicts != UNKNOWN
        return self.effective(safe=safe)[decided], self.verdicts[decided] == CONFIRMED

    @property
    def confirmed(self) -> int:
        return int((self.verdicts == CONFIRMED).sum())

    @property
    def refuted(self) -> int:
        return int((self.verdicts == REFUTED).sum())


@dataclass(frozen=True)
class _Exemplars:
    """A bank's enabled exemplars that have a vector; m of them."""

    vectors: NDArray[np.float32]  # (m, d)
    taken_from: dict[UUID, list[int]]
    digests: dict[str, list[int]]

    def best(self, photos: _Photos) -> NDArray[np.float32]:
        """Each photo's best cosine, (n,), leaving out exemplars made of the photo itself."""
        own = np.zeros((len(photos.keys), len(self.vectors)), dtype=bool)
        for row, (key, digest) in enumerate(zip(photos.keys, photos.digests, strict=True)):
            for column in (*self.taken_from.get(key, ()), *self.digests.get(digest, ())):
                own[row, column] = True
        return nearest(photos.vectors, self.vectors, own)


@dataclass(frozen=True)
class _Photos:
    keys: list[UUID]
    digests: list[str]
    vectors: NDArray[np.float32]


def verdicts(bank: Bank) -> tuple[dict[UUID, bool], int]:
    """What the latest effective decision on each photo says of `bank`, and how many say nothing.

    True: removed under the bank's policy. False: approved. Photos removed under another policy
    are left out: whether they would also violate this one, nobody was asked.
    """
    latest = (
        Decision.objects.effective()
        .order_by("image_id", "-decided_at", "-id")
        .distinct("image_id")
        .values("pk")
    )
    rows = (
        Decision.objects.filter(pk__in=latest)
        .order_by("-decided_at", "-id")
        .values_list("image_id", "action", "policy_id")[:MOST]
    )
    found: dict[UUID, bool] = {}
    silent = 0
    for image_id, action, policy_id in rows:
        if action == Action.REMOVE and policy_id != bank.policy_id:
            silent += 1
        else:
            found[image_id] = action == Action.REMOVE
    return found, silent


def look_back(*, bank: Bank, encoder: Encoder, now: datetime | None = None) -> Lookback:
    """Score every decided and every recent photo against `bank` as it is now."""
    now = now or timezone.now()
    decided, other_policy = verdicts(bank)
    recent, days = _recent(encoder, now)
    exemplars = _exemplars(bank, encoder)
    safe_banks = list(Bank.objects.active(now).filter(policy_id=bank.policy_id, kind=BankKind.SAFE))
    limits = banks.thresholds(safe_banks, encoder)
    safe = [(each, _exemplars(each, encoder)) for each in safe_banks]
    keys: list[UUID] = []
    scores: list[NDArray[np.float32]] = []
    overruled: list[NDArray[np.bool_]] = []
    for photos in _vectors(encoder, list({*decided, *recent})):
        best = exemplars.best(photos)
        veto = np.zeros(len(best), dtype=bool)
        for each, known in safe:
            veto |= vetoed(
                best,
                known.best(photos),
                threshold=limits[each.pk].hold,
                margin=each.veto_margin,
            )
        comparable = np.isfinite(best)
        keys += [key for key, able in zip(photos.keys, comparable, strict=True) if able]
        scores.append(best[comparable])
        overruled.append(veto[comparable])
    marks = [UNKNOWN if key not in decided else int(decided[key]) for key in keys]
    return Lookback(
        images=keys,
        scores=np.concatenate(scores).astype(np.float64) if scores else np.zeros(0),
        vetoed=np.concatenate(overruled) if overruled else np.zeros(0, dtype=bool),
        verdicts=np.array(marks, dtype=np.int8),
        recent=np.array([key in recent for key in keys], dtype=bool),
        days=days,
        has_safe=any(len(known.vectors) for _, known in safe),
        other_policy=other_policy,
        incomparable=len(decided) - sum(mark != UNKNOWN for mark in marks),
    )


def _recent(encoder: Encoder, now: datetime) -> tuple[set[UUID], float]:
    """Photos of the last days that have a vector, and over how many days they came."""
    since = now - timedelta(days=DAYS)
    seen = Image.objects.of_live_shops().filter(embeddings__encoder=encoder).order_by("-created_at")
    keys = list(seen.filter(created_at__gte=since).values_list("pk", flat=True)[:MOST])
    if not keys or (len(keys) < MOST and seen.filter(created_at__lt=since).exists()):
        return set(keys), float(DAYS)
    oldest = Image.objects.values_list("created_at", flat=True).get(pk=keys[-1])
    return set(keys), max((now - oldest).total_seconds() / 86_400, 1.0)


def _exemplars(bank: Bank, encoder: Encoder) -> _Exemplars:
    rows = (
        ExemplarVector.objects.filter(
            encoder=encoder, exemplar__bank=bank, exemplar__is_enabled=True
        )
        .select_related("exemplar")
        .order_by("exemplar__created_at", "exemplar_id")
    )
    vectors = []
    taken_from: dict[UUID, list[int]] = {}
    digests: dict[str, list[int]] = {}
    for column, row in enumerate(rows):
        vectors.append(np.asarray(row.vector, dtype=np.float32))
        digests.setdefault(row.exemplar.sha256, []).append(column)
        if row.exemplar.taken_from_id:
            taken_from.setdefault(row.exemplar.taken_from_id, []).append(column)
    empty = np.zeros((0, encoder.dimension), dtype=np.float32)
    return _Exemplars(np.stack(vectors) if vectors else empty, taken_from, digests)


def _vectors(encoder: Encoder, images: Sequence[UUID]) -> Iterator[_Photos]:
    """The stored vectors of `images`, some thousands at a time, in no particular order."""
    table, photo = Embedding._meta.db_table, Image._meta.db_table
    for start in range(0, len(images), AT_ONCE):
        with connection.cursor() as cursor:
            # A halfvec is sent as its length, two bytes unused, and big-endian halves: numpy
            # reads thousands at once, where text would be parsed value by value.
            cursor.execute(
                f"SELECT i.id, i.sha256, halfvec_send(e.vector) FROM {table} e "  # noqa: S608
                f"JOIN {photo} i ON i.id = e.image_id "
                "WHERE e.encoder_id = %s AND e.image_id = ANY(%s)",
                [encoder.pk, list(images[start : start + AT_ONCE])],
            )
            rows = cursor.fetchall()
        if not rows:
            continue
        halves = np.frombuffer(b"".join(bytes(row[2]) for row in rows), dtype=">f2")
        vectors = halves.reshape(len(rows), -1)[:, 2:].astype(np.float32)
        yield _Photos([row[0] for row in rows], [row[1] for row in rows], vectors)
