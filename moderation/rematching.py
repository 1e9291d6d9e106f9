"""What else in a bank matches a photo, should one of its exemplars no longer count.

Asked of the database, exhaustively, from vectors and hashes that are stored: nothing is encoded.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from moderation import banks
from moderation.choices import MatchKind, Outcome
from moderation.hashes import LEAST_QUALITY
from moderation.models import Exemplar, Flag

NEAREST = """
    SELECT DISTINCT ON (e.image_id) e.image_id, x.id, -(e.vector <#> v.vector) AS score
    FROM catalog_embedding e
    JOIN moderation_exemplarvector v ON v.encoder_id = e.encoder_id
    JOIN moderation_exemplar x ON x.id = v.exemplar_id
    WHERE e.image_id = ANY(%(photos)s) AND e.encoder_id = %(encoder)s
      AND x.bank_id = %(bank)s AND x.is_enabled AND x.id <> %(exemplar)s
    ORDER BY e.image_id, score DESC, x.created_at, x.id
"""

SAME = """
    SELECT DISTINCT ON (h.image_id) h.image_id, x.id, h.pdq <~> x.pdq AS bits
    FROM catalog_perceptualhash h, moderation_exemplar x
    WHERE h.image_id = ANY(%(photos)s) AND x.pdq IS NOT NULL
      AND least(h.quality, x.pdq_quality) >= %(quality)s
      AND x.bank_id = %(bank)s AND x.is_enabled AND x.id <> %(exemplar)s
      AND h.pdq <~> x.pdq <= %(within)s
    ORDER BY h.image_id, bits, x.created_at, x.id
"""


def remaining(*, exemplar: Exemplar, flags: Sequence[Flag]) -> list[Flag]:
    """For each flag `exemplar` caused, the flag the rest of its bank would have raised instead.

    Not saved. Empty where nothing else matches, or the bank is switched off. Vetoes are not
    asked: in doubt, a person looks.
    """
    if not exemplar.bank.is_active(timezone.now()):
        return []
    found: list[Flag] = []
    encoders = {flag.encoder_id for flag in flags if flag.kind == MatchKind.EMBEDDING}
    for encoder_id in sorted(filter(None, encoders)):
        own = [flag for flag in flags if flag.encoder_id == encoder_id]
        found += _by_embedding(exemplar, own)
    return found + _by_hash(exemplar, [flag for flag in flags if flag.kind == MatchKind.HASH])


def _by_embedding(exemplar: Exemplar, flags: Sequence[Flag]) -> list[Flag]:
    encoder = flags[0].encoder
    if encoder is None:
        return []
    limits = banks.thresholds_of(exemplar.bank, encoder)
    nearest = _ask(NEAREST, exemplar, flags, encoder=encoder.pk)
    made = []
    for flag in flags:
        key, score = nearest.get(flag.image_id, (None, 0.0))
        if key is None or score < limits.hold:
            continue
        removes = limits.remove is not None and score >= limits.remove
        threshold = limits.remove if removes and limits.remove is not None else limits.hold
        outcome = Outcome.REMOVE if removes and not flag.quarantined else Outcome.HOLD
        made.append(_instead(flag, exemplar, key, min(score, 1.0), threshold, outcome))
    return made


def _by_hash(exemplar: Exemplar, flags: Sequence[Flag]) -> list[Flag]:
    within = exemplar.bank.hash_distance
    if within is None or not flags:
        return []
    same = _ask(SAME, exemplar, flags, within=within, quality=LEAST_QUALITY)
    return [
        _instead(flag, exemplar, *same[flag.image_id], within, Outcome.HOLD)
        for flag in flags
        if flag.image_id in same
    ]


def _ask(
    sql: str, exemplar: Exemplar, flags: Iterable[Flag], **values: Any
) -> dict[UUID, tuple[UUID, float]]:
    with connection.cursor() as cursor:
        photos = [flag.image_id for flag in flags]
        named: dict[str, Any] = {
            "photos": photos,
            "bank": exemplar.bank_id,
            "exemplar": exemplar.pk,
        }
        cursor.execute(sql, {**named, **values})
        return {image: (key, float(score)) for image, key, score in cursor.fetchall()}


def _instead(
    flag: Flag, exemplar: Exemplar, key: UUID, score: float, threshold: float, outcome: Outcome
) -> Flag:
    """A flag like `flag`, raised by another exemplar of the same bank."""
    return Flag(
        image_id=flag.image_id,
        kind=flag.kind,
        policy_id=flag.policy_id,
        bank_id=flag.bank_id,
        bank_version=exemplar.bank.version,
        exemplar_id=key,
        encoder_id=flag.encoder_id,
        score=score,
        threshold=threshold,
        outcome=outcome,
        quarantined=flag.quarantined,
        sweep_id=flag.sweep_id,
    )
