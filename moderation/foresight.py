"""What one photo would do as an exemplar, to the photos that are there already.

Its own stored vector is asked, against every other one: exhaustive and exact, nothing is encoded.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone
from pgvector import HalfVector

from catalog.models import Embedding, Encoder, Image
from moderation import banks
from moderation.choices import BankKind
from moderation.models import Bank

SAMPLE = 6  # photos to show

# Photos the exemplar alone would hold: near enough, and no safe exemplar is nearer by its margin.
LIKE_IT = """
    WITH near AS MATERIALIZED (
        SELECT i.id, i.status, e.vector, -(e.vector <#> %(vector)s::halfvec) AS score
        FROM catalog_embedding e JOIN catalog_image i ON i.id = e.image_id
        WHERE e.encoder_id = %(encoder)s AND i.id <> %(image)s
          AND i.status IN ('live', 'held')
          AND -(e.vector <#> %(vector)s::halfvec) >= %(hold)s
    )
    SELECT near.id, near.status FROM near
    WHERE NOT EXISTS (
        SELECT 1
        FROM unnest(%(banks)s::bigint[], %(holds)s::float8[], %(margins)s::float8[])
             AS safe (bank, hold, margin)
        JOIN moderation_exemplar x ON x.bank_id = safe.bank AND x.is_enabled
        JOIN moderation_exemplarvector v
             ON v.exemplar_id = x.id AND v.encoder_id = %(encoder)s
        WHERE -(near.vector <#> v.vector) >= greatest(safe.hold, near.score + safe.margin)
    )
    ORDER BY near.score DESC, near.id
"""

# Open reviews in which it would veto every flag that stands.
CLEARED = """
    SELECT r.image_id
    FROM moderation_review r
    JOIN catalog_embedding e ON e.image_id = r.image_id AND e.encoder_id = %(encoder)s
    CROSS JOIN LATERAL (SELECT -(e.vector <#> %(vector)s::halfvec) AS score) safe
    WHERE r.status = 'open' AND r.queue IN ('first', 'flood') AND r.policy_id = %(policy)s
      AND r.image_id <> %(image)s AND safe.score >= %(hold)s
      AND EXISTS (
          SELECT 1 FROM moderation_flag f
          WHERE f.image_id = r.image_id AND f.withdrawn_at IS NULL
            AND f.outcome IN ('hold', 'remove'))
      AND NOT EXISTS (
          SELECT 1 FROM moderation_flag f
          WHERE f.image_id = r.image_id AND f.withdrawn_at IS NULL
            AND f.outcome IN ('hold', 'remove')
            AND NOT (f.policy_id = %(policy)s AND f.kind = 'embedding'
                     AND f.encoder_id = %(encoder)s AND safe.score >= f.score + %(margin)s))
    ORDER BY safe.score DESC, r.image_id
"""


@dataclass(frozen=True)
class Effect:
    """What the exemplar would have done.

    Attributes:
        live: photos that are live and that it would hold.
        held: photos that it would hold and that are held already.
        cleared: open reviews that a safe exemplar would have spared.
        photos: the nearest few of them.
    """

    live: int
    held: int
    cleared: int
    photos: list[Image]


def foresee(*, bank: Bank, image: Image) -> Effect | None:
    """What `image`'s picture would do in `bank`, which may be one that is not saved yet.

    None when the active encoder has no vector of the photo, so that nobody can tell.
    """
    encoder = Encoder.objects.filter(is_active=True).first()
    embedding = Embedding.objects.filter(image=image, encoder=encoder).first() if encoder else None
    if encoder is None or embedding is None:
        return None
    hold = banks.thresholds_of(bank, encoder).hold if bank.pk else bank.hold_threshold
    given: dict[str, Any] = {
        "encoder": encoder.pk,
        "vector": HalfVector(embedding.vector).to_text(),
        "image": image.pk,
        "hold": hold,
        "policy": bank.policy_id,
    }
    with connection.cursor() as cursor:
        if bank.kind == BankKind.SAFE:
            cursor.execute(CLEARED, {**given, "margin": bank.veto_margin})
            found = [row[0] for row in cursor.fetchall()]
            return Effect(0, 0, len(found), _photos(found))
        cursor.execute(LIKE_IT, {**given, **_safe_banks(bank, encoder)})
        rows = cursor.fetchall()
    live = [key for key, status in rows if status == "live"]
    held = [key for key, status in rows if status == "held"]
    return Effect(len(live), len(held), 0, _photos([*live, *held]))


def _safe_banks(bank: Bank, encoder: Encoder) -> dict[str, Any]:
    safe = list(
        Bank.objects.active(timezone.now()).filter(policy_id=bank.policy_id, kind=BankKind.SAFE)
    )
    limits = banks.thresholds(safe, encoder)
    return {
        "banks": [each.pk for each in safe],
        "holds": [limits[each.pk].hold for each in safe],
        "margins": [each.veto_margin for each in safe],
    }


def _photos(keys: list[object]) -> list[Image]:
    found = Image.objects.in_bulk(keys[:SAMPLE])
    return [found[key] for key in keys[:SAMPLE]]
