"""Asking photos again that are here already: after a new attribute, other words, or an upgrade."""

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from django.db import transaction

from catalog.attributes.describing import Question, Questions, describe
from catalog.choices import Status
from catalog.encoders import LoadedEncoder
from catalog.ml.images import ImageRejected
from catalog.models import Embedding, Image


@dataclass
class Asked:
    """How far it is with the `total` photos that have a vector in this encoder."""

    total: int
    done: int = 0
    unreadable: int = 0  # of those: their pixels could not be measured, only their vectors


def ask_all(
    *, encoder: LoadedEncoder, progress: Callable[[Asked], None] = lambda so_far: None
) -> Asked:
    """Ask every photo with a vector in `encoder`.

    May be stopped and started again at any time, beside workers: each batch commits by itself, and
    a photo that is asked twice ends up the same. What people said stands.
    """
    questions = Questions()
    questions.refresh(encoder)
    rows = Embedding.objects.filter(encoder=encoder.row).order_by("image_id")
    result = Asked(total=rows.count())
    with ThreadPoolExecutor(settings.VITRINE_DECODE_THREADS, "decode") as pool:
        last = uuid.UUID(int=0)
        while batch := list(
            rows.filter(image__gt=last).select_related("image")[: settings.VITRINE_BATCH_SIZE]
        ):
            decoded = list(pool.map(lambda row: _pixels(row.image, encoder), batch))
            readable = [row for row, found in zip(batch, decoded, strict=True) if found is not None]
            pixels = [found for found in decoded if found is not None]
            broken = [row for row, found in zip(batch, decoded, strict=True) if found is None]
            _ask(readable, pixels, encoder, questions.asked)
            _ask(broken, None, encoder, questions.asked)
            result.done += len(batch)
            result.unreadable += len(broken)
            progress(result)
            last = batch[-1].image_id
    return result


@transaction.atomic
def _ask(
    rows: Sequence[Embedding],
    pixels: Sequence[np.ndarray] | None,
    encoder: LoadedEncoder,
    asked: Sequence[Question],
) -> None:
    # Locked, so that none is erased, spoken of or processed between here and the commit.
    there = {
        image.pk: image
        for image in Image.objects.select_for_update(no_key=True)
        .filter(pk__in=[row.image_id for row in rows])
        .exclude(status__in=[Status.PENDING, Status.FAILED])
        .order_by("pk")
    }
    kept = [number for number, row in enumerate(rows) if row.image_id in there]
    if kept:
        describe(
            images=[there[rows[number].image_id] for number in kept],
            vectors=np.array([rows[number].vector for number in kept], dtype=np.float32),
            pixels=[pixels[number] for number in kept] if pixels is not None else None,
            encoder=encoder.row,
            asked=asked,
        )


def _pixels(image: Image, encoder: LoadedEncoder) -> np.ndarray | None:
    """As the encoder gets them; None if the file is gone or cannot be read any more."""
    try:
        with image.original.open("rb") as file:
            return encoder.runtime.decode(file.read())
    except (ImageRejected, FileNotFoundError):
        return None
