"""Photos near a bank's exemplars, found by the database among all that are there.

The database only narrows down: exhaustively, without an index, and loosely, so that rounding costs
nobody a match. What comes back is judged by the same code as a fresh upload.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from catalog.choices import Status
from catalog.models import Encoder, Image
from catalog.models.image import ImageQuerySet
from moderation.hashes import LEAST_QUALITY

LOOSE = 1e-3  # cosine; half precision is off by less than a tenth of it
# Comparing a photo with an exemplar takes the database 80 ns, handing the photo out 9 µs. With
# more exemplars than this all photos are handed out, and compared in memory.
NARROWED_UP_TO = 64
SWEPT = (Status.LIVE, Status.HELD)  # others are not shown, or will be screened

NARROW = """
    WITH near AS MATERIALIZED (
        SELECT vector FROM moderation_exemplarvector
        WHERE encoder_id = %(encoder)s AND exemplar_id = ANY(%(exemplars)s)
    ), same AS MATERIALIZED (
        SELECT pdq FROM moderation_exemplar
        WHERE id = ANY(%(exemplars)s) AND pdq IS NOT NULL AND pdq_quality >= %(quality)s
    ), found AS (
        SELECT e.image_id FROM catalog_embedding e
        WHERE e.encoder_id = %(encoder)s {embeddings}
          AND EXISTS (SELECT 1 FROM near WHERE (e.vector <#> near.vector) <= -%(cosine)s)
        UNION
        SELECT h.image_id FROM catalog_perceptualhash h
        WHERE h.quality >= %(quality)s {hashes}
          AND EXISTS (SELECT 1 FROM same WHERE (h.pdq <~> same.pdq) <= %(bits)s)
    )
    SELECT i.id FROM found JOIN catalog_image i ON i.id = found.image_id
    WHERE i.status = ANY(%(statuses)s) ORDER BY i.id
"""
VECTORS = """
    SELECT image_id, halfvec_send(vector) FROM catalog_embedding
    WHERE encoder_id = %s AND image_id = ANY(%s)
"""
HASHES = "SELECT image_id, pdq::text, quality FROM catalog_perceptualhash WHERE image_id = ANY(%s)"


@dataclass(frozen=True)
class Aim:
    """What photos are compared with.

    Attributes:
        encoder: whose vectors are compared.
        exemplars: their keys, all of one bank.
        cosine: from which a photo is near enough.
        bits: that may differ for a photo to be the same; None: hashes are not compared.
    """

    encoder: Encoder
    exemplars: Sequence[UUID]
    cosine: float
    bits: int | None


@dataclass(frozen=True)
class Candidates:
    """n photos with what they are compared by; zeros where a photo has no vector or no hash."""

    images: Sequence[Image]
    vectors: np.ndarray  # (n, dimension) float32
    hashes: np.ndarray  # (n, 256) bool
    qualities: np.ndarray  # (n,) int; 0 without a hash


def swept() -> ImageQuerySet:
    """The photos that sweeps look at."""
    return Image.objects.of_live_shops().filter(status__in=SWEPT)


def near(aim: Aim, *, span: tuple[UUID, UUID] | None = None) -> list[UUID]:
    """The photos near one of the exemplars, among all or those with an id in (first, last].

    Never misses one that matches; may hold some that do not.
    """
    within = "AND {0}.image_id > %(first)s AND {0}.image_id <= %(last)s"
    sql = NARROW.format(
        embeddings=within.format("e") if span else "", hashes=within.format("h") if span else ""
    )
    values: dict[str, Any] = {
        "encoder": aim.encoder.pk,
        "exemplars": list(aim.exemplars),
        "cosine": aim.cosine - LOOSE,
        "bits": -1 if aim.bits is None else aim.bits,
        "quality": LEAST_QUALITY,
        "statuses": [status.value for status in SWEPT],
        "first": span and span[0],
        "last": span and span[1],
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [key for (key,) in cursor.fetchall()]


def fetch(ids: Sequence[UUID], encoder: Encoder, *, lock: bool = False) -> Candidates:
    """The photos that are still there to be swept, in order of their ids; locked if asked."""
    rows = swept().filter(pk__in=ids).order_by("pk")
    images = list(rows.select_for_update(of=("self",)) if lock else rows)
    row_of = {image.pk: row for row, image in enumerate(images)}
    keys = list(row_of)
    vectors = np.zeros((len(images), encoder.dimension), np.float32)
    hashes = np.zeros((len(images), 256), np.bool_)
    qualities = np.zeros(len(images), np.int64)
    with connection.cursor() as cursor:
        cursor.execute(VECTORS, [encoder.pk, keys])
        if found := cursor.fetchall():
            vectors[[row_of[key] for key, _ in found]] = _floats([data for _, data in found])
        cursor.execute(HASHES, [keys])
        if found := cursor.fetchall():
            rows_of = [row_of[key] for key, _, _ in found]
            text = "".join(bits for _, bits, _ in found).encode()
            hashes[rows_of] = np.frombuffer(text, np.uint8).reshape(-1, 256) == ord("1")
            qualities[rows_of] = [quality for _, _, quality in found]
    return Candidates(images, vectors, hashes, qualities)


def _floats(sent: Sequence[bytes]) -> np.ndarray:
    """halfvecs as PostgreSQL sends them, two 16-bit words ahead of the numbers: (n, dimension)."""
    words = np.frombuffer(b"".join(sent), dtype=">f2").reshape(len(sent), -1)
    return words[:, 2:].astype(np.float32)
