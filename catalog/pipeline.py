"""The conveyor every photo travels on: claim → decode → encode, hash → stages → commit.

The database is the queue. A worker leases pending rows with a token (`claiming.py`), decodes a
batch ahead of the model, and commits everything the stages wrote in one transaction, fenced by
that token. A photo that breaks its batch is found by bisection and quarantined; its neighbours
go on.
"""

import logging
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.utils.module_loading import import_string

from catalog import hashing, publishing
from catalog.batch import Batch, Item, Stage
from catalog.choices import Status
from catalog.claiming import QUARANTINE_AFTER, claim, release
from catalog.encoders import LoadedEncoder
from catalog.ml.images import ImageRejected
from catalog.models import Image

log = logging.getLogger(__name__)


class PipelineFault(RuntimeError):
    """None of several photos got through: the fault is ours, not theirs. They keep waiting."""


@dataclass
class Drained:
    """What one drain did."""

    done: int = 0
    failed: int = 0
    lost: int = 0
    more: bool = False


@dataclass
class Lease:
    """Photos leased to this worker, being decoded."""

    token: uuid.UUID
    images: list[Image]
    decoded: list["Future[Decoded]"]


@dataclass(frozen=True)
class Decoded:
    """A photo and what its one decoding gave."""

    image: Image
    pixels: np.ndarray  # (height, width, 3) uint8, as the encoder wants them
    grid: np.ndarray  # (64, 64) float32, as the hash wants it


@lru_cache(maxsize=1)
def load_stages() -> tuple[Stage, ...]:
    """The stages named in settings, instantiated once per process: they cache what they match."""
    return tuple(import_string(path)() for path in settings.VITRINE_STAGES)


def drain(*, encoder: LoadedEncoder, stages: Sequence[Stage], seconds: float) -> Drained:
    """Process waiting photos until none is left or the time is up.

    Decoding runs in threads, one batch ahead of the model. Raises `PipelineFault`, or the
    database's own error, when the fault is not a photo's; photos are never lost by it.
    """
    result = Drained()
    deadline = time.monotonic() + seconds
    with ThreadPoolExecutor(settings.VITRINE_DECODE_THREADS, "decode") as pool:
        current = _lease(encoder, pool)
        while current:
            if time.monotonic() < deadline:
                ahead = _lease(encoder, pool)
            else:
                ahead, result.more = None, True
            try:
                _process(current, encoder, stages, result)
            except BaseException:
                for lease in filter(None, (current, ahead)):
                    _release_quietly(lease.token)
                raise
            current = ahead
    return result


def _lease(encoder: LoadedEncoder, pool: ThreadPoolExecutor) -> Lease | None:
    token, images = claim(limit=settings.VITRINE_BATCH_SIZE)
    if not images:
        return None
    return Lease(token, images, [pool.submit(_decode, encoder, image) for image in images])


def _decode(encoder: LoadedEncoder, image: Image) -> Decoded:
    with image.original.open("rb") as file:
        return Decoded(image, *encoder.runtime.decode_both(file.read()))


def _process(
    lease: Lease, encoder: LoadedEncoder, stages: Sequence[Stage], result: Drained
) -> None:
    photos: list[Decoded] = []
    for image, future in zip(lease.images, lease.decoded, strict=True):
        try:
            photos.append(future.result())
        except ImageRejected as error:
            result.failed += publishing.fail(
                image=image, code=error.code, reason=str(error), token=lease.token
            )
        except FileNotFoundError:
            result.failed += publishing.fail(
                image=image,
                code="original_missing",
                reason="The original file is no longer in storage. Upload the photo again.",
                token=lease.token,
            )
    if not photos:
        return
    for stage in stages:
        stage.prepare(encoder)
    broken: list[tuple[Image, Exception]] = []
    _bisect(photos, lease.token, encoder, stages, result, broken)
    if len(broken) == len(photos) > 1:
        raise PipelineFault(
            f"None of {len(photos)} photos got through; they keep waiting. First error: "
            f"{broken[0][1]!r}"
        ) from broken[0][1]
    for image, cause in broken:
        log.error("Photo %s broke its batch", image.pk, exc_info=cause)
        if len(photos) == 1 and image.attempts + 1 < QUARANTINE_AFTER:
            continue  # alone it proves nothing: its lease is the pause before the next attempt
        result.failed += publishing.fail(
            image=image,
            code="processing_failed",
            reason=f"Processing this photo failed ({type(cause).__name__}). Retry it, or "
            "upload it again in another format.",
            token=lease.token,
        )


def _bisect(
    photos: list[Decoded],
    token: uuid.UUID,
    encoder: LoadedEncoder,
    stages: Sequence[Stage],
    result: Drained,
    broken: list[tuple[Image, Exception]],
) -> None:
    """Commit the photos together, or find by halving which of them cannot be committed."""
    try:
        _commit(photos, token, encoder, stages, result)
    except (OperationalError, InterfaceError):
        raise  # the database is away: nobody's photo is to blame
    except Exception as error:
        if len(photos) == 1:
            broken.append((photos[0].image, error))
            return
        middle = len(photos) // 2
        for half in (photos[:middle], photos[middle:]):
            _bisect(half, token, encoder, stages, result, broken)


def _commit(
    photos: list[Decoded],
    token: uuid.UUID,
    encoder: LoadedEncoder,
    stages: Sequence[Stage],
    result: Drained,
) -> None:
    vectors = encoder.runtime.encode_images([photo.pixels for photo in photos])
    hashes, qualities = hashing.pdq([photo.grid for photo in photos], device=encoder.runtime.device)
    with transaction.atomic():
        # Only rows this token still holds: another worker may have taken over an expired lease.
        held = {
            image.pk: image
            for image in Image.objects.select_for_update()
            .filter(pk__in=[p.image.pk for p in photos], lease_token=token, status=Status.PENDING)
            .order_by("pk")
        }
        items = [
            Item(
                held[photo.image.pk],
                vector,
                pdq=pdq,
                pdq_quality=int(quality),
                pixels=photo.pixels,
            )
            for photo, vector, pdq, quality in zip(photos, vectors, hashes, qualities, strict=True)
            if photo.image.pk in held
        ]
        if items:
            batch = Batch(items, encoder)
            for stage in stages:
                stage.process(batch)
    result.done += len(items)
    result.lost += len(photos) - len(items)


def _release_quietly(token: uuid.UUID) -> None:
    try:
        release(token=token)
    except (OperationalError, InterfaceError):
        log.warning("The database is away; lease %s will expire by itself.", token)
