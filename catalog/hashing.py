"""Stage: store each photo's perceptual hash. And: hash the photos that have none."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from django.db import transaction

from catalog.batch import Batch
from catalog.choices import Status
from catalog.encoders import LoadedEncoder
from catalog.ml import images
from catalog.ml.images import ImageRejected
from catalog.ml.pdq_text import bits
from catalog.models import Image, PerceptualHash


class StoreHashes:
    """Writes the batch's hashes. The older hash of a photo processed again is replaced."""

    def prepare(self, encoder: LoadedEncoder) -> None:
        pass

    def process(self, batch: Batch) -> None:
        PerceptualHash.objects.bulk_create(
            [
                PerceptualHash(image=item.image, pdq=bits(item.pdq), quality=item.pdq_quality)
                for item in batch.items
            ],
            update_conflicts=True,
            unique_fields=["image"],
            update_fields=["pdq", "quality", "created_at"],
        )


def pdq(grids: Sequence[np.ndarray], *, device: str = "cpu") -> tuple[np.ndarray, np.ndarray]:
    """`catalog.ml.hashing.pdq`; calling it brings torch into the process, so only workers do."""
    from catalog.ml import hashing

    return hashing.pdq(grids, device=device)


@dataclass
class Hashed:
    """How far `hash_missing` is with the `total` photos it found without a hash."""

    total: int
    done: int = 0
    unreadable: int = 0


def hash_missing(
    *,
    progress: Callable[[Hashed], None] = lambda so_far: None,
    refused: Callable[[Image, str], None] = lambda image, reason: None,
) -> Hashed:
    """Hash every processed photo that has no hash yet.

    May be stopped and started again at any time: each batch commits by itself, and what has a
    hash is left alone. A photo that cannot be read is told to `refused`, and passed over.
    """
    missing = (
        Image.objects.filter(perceptual_hash__isnull=True)
        .exclude(status__in=[Status.PENDING, Status.FAILED])  # a worker's, now or when retried
        .order_by("pk")
    )
    result = Hashed(total=missing.count())
    with ThreadPoolExecutor(settings.VITRINE_DECODE_THREADS, "decode") as pool:
        batch = list(missing[: settings.VITRINE_BATCH_SIZE])
        while batch:
            grids: dict[uuid.UUID, np.ndarray] = {}
            for image, outcome in zip(batch, pool.map(_luma, batch), strict=True):
                if isinstance(outcome, str):
                    result.unreadable += 1
                    refused(image, outcome)
                else:
                    grids[image.pk] = outcome
            result.done += _add(grids=grids)
            progress(result)
            batch = list(missing.filter(pk__gt=batch[-1].pk)[: settings.VITRINE_BATCH_SIZE])
    return result


def _luma(image: Image) -> np.ndarray | str:
    """The grid to hash, or why there is none."""
    try:
        with image.original.open("rb") as file:
            return images.luma(file.read())
    except ImageRejected as error:
        return str(error)
    except FileNotFoundError:
        return "The original file is no longer in storage."


@transaction.atomic
def _add(*, grids: dict[uuid.UUID, np.ndarray]) -> int:
    """Store the hashes of photos that still are there; returns how many."""
    hashes, qualities = pdq(list(grids.values()))
    # Locked, so that none is erased between here and the commit.
    there = set(
        Image.objects.select_for_update(no_key=True)
        .filter(pk__in=grids)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    rows = [
        PerceptualHash(image_id=image_id, pdq=bits(found), quality=int(quality))
        for image_id, found, quality in zip(grids, hashes, qualities, strict=True)
        if image_id in there
    ]
    # A worker's own hash of the same photo, stored meanwhile, stays.
    PerceptualHash.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)
