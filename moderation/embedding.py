"""Vectors and hashes of exemplars that have none yet. Worker code: it needs the model."""

import numpy as np
from django.db.models import Exists, OuterRef, Q, QuerySet
from pgvector import HalfVector

from catalog import hashing
from catalog.encoders import LoadedEncoder
from catalog.ml import pdq_text
from catalog.ml.images import ImageRejected
from catalog.models import Encoder
from moderation.models import Exemplar, ExemplarVector

ENCODE_AT_ONCE = 32


def missing(encoder: Encoder) -> QuerySet[Exemplar]:
    """Enabled pictures without a vector in this encoder, or without their hash."""
    embedded = ExemplarVector.objects.filter(exemplar=OuterRef("pk"), encoder=encoder)
    return (
        Exemplar.objects.filter(~Exists(embedded) | Q(pdq__isnull=True), is_enabled=True)
        .exclude(picture="")
        .select_related("bank__policy")
        .order_by("created_at", "pk")
    )


def embed_missing(encoder: LoadedEncoder) -> int:
    """Embed and hash the pictures that need it; returns how many.

    An exemplar that cannot be decoded is an error, not a gap: matching without it would let
    through what it was added to stop.
    """
    found = list(missing(encoder.row))
    for start in range(0, len(found), ENCODE_AT_ONCE):
        some = found[start : start + ENCODE_AT_ONCE]
        decoded = [_decode(exemplar, encoder) for exemplar in some]
        vectors = encoder.runtime.encode_images([pixels for pixels, _ in decoded])
        hashes, qualities = hashing.pdq([grid for _, grid in decoded])
        for exemplar, bits, quality in zip(some, hashes, qualities, strict=True):
            Exemplar.objects.filter(pk=exemplar.pk, pdq__isnull=True).update(
                pdq=pdq_text.bits(bits), pdq_quality=int(quality)
            )
        ExemplarVector.objects.bulk_create(
            [
                ExemplarVector(exemplar=exemplar, encoder=encoder.row, vector=HalfVector(vector))
                for exemplar, vector in zip(some, vectors, strict=True)
            ],
            ignore_conflicts=True,  # another worker may have embedded it just now
        )
    return len(found)


def _decode(exemplar: Exemplar, encoder: LoadedEncoder) -> tuple[np.ndarray, np.ndarray]:
    with exemplar.picture.open("rb") as file:
        try:
            return encoder.runtime.decode_both(file.read())
        except ImageRejected as error:
            raise RuntimeError(
                f"Exemplar {exemplar.pk} of {exemplar.bank} cannot be decoded ({error}). "
                "Replace or disable it."
            ) from error
