"""Stage: store each photo's vector."""

import uuid
from collections.abc import Sequence

import numpy as np
from django.db import connection
from django.utils import timezone
from pgvector import HalfVector

from catalog.batch import Batch
from catalog.encoders import LoadedEncoder
from catalog.models import Embedding


class StoreEmbeddings:
    """Writes the batch's vectors."""

    def prepare(self, encoder: LoadedEncoder) -> None:
        pass

    def process(self, batch: Batch) -> None:
        store(
            encoder_id=batch.encoder.row.pk,
            image_ids=[item.image.pk for item in batch.items],
            vectors=batch.vectors,
        )


def store(*, encoder_id: int, image_ids: Sequence[uuid.UUID], vectors: np.ndarray) -> None:
    """Store L2-normalised vectors, shape (n, dimension), in one binary COPY.

    The older vector of a photo that is processed again is replaced.
    """
    Embedding.objects.filter(encoder_id=encoder_id, image_id__in=image_ids).delete()
    now = timezone.now()
    with connection.cursor() as cursor:
        copy_into = (
            "COPY catalog_embedding (image_id, encoder_id, vector, created_at) "
            "FROM STDIN (FORMAT BINARY)"
        )
        with cursor.copy(copy_into) as copy:
            # A halfvec travels as the bytes it is, so no type needs registering.
            copy.set_types(["uuid", "int8", "bytea", "timestamptz"])
            for image_id, vector in zip(image_ids, vectors, strict=True):
                copy.write_row((image_id, encoder_id, HalfVector(vector).to_binary(), now))
