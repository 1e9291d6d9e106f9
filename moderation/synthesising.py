"""Photos made up for measuring and for trying things out: no upload, no model, only vectors.

They are embedded, screened and live from the start, in storefronts like any other photo, and all
show the same small drawn picture. The name of that picture is what tells them from real photos.
"""

import hashlib
import io
import uuid
from collections.abc import Iterator

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone

from catalog import embedding
from catalog.choices import Source, Status
from catalog.ml.mini.drawing import draw
from catalog.ml.pdq_text import bits
from catalog.models import Encoder, Image, Storefront

PICTURE = "synthetic/picture.jpg"
SIDE = 160  # pixels
AT_ONCE = 5_000  # photos per COPY: some 10 MB of vectors
SPREAD = (0.3, 1.1)  # length of the noise added to a unit centre: cosines from 0.96 to 0.67
BITS_OFF = 24  # hash bits in which a photo may differ from its cluster's


def synthesise(
    *,
    count: int,
    storefront: Storefront,
    encoder: Encoder,
    clusters: int = 200,
    seed: int = 0,
    hashes: bool = False,
) -> int:
    """Add `count` live photos with vectors around `clusters` random directions; returns how many.

    The same arguments draw the same vectors, under the same ids. Raises `ValueError` when these
    photos are there already. One transaction: either all of them are added or none.
    """
    rng = np.random.default_rng([seed, clusters, encoder.dimension])
    centres = _unit(rng.standard_normal((clusters, encoder.dimension)))
    codes = rng.random((clusters, 256)) < 0.5
    first = _digest(storefront, seed, 0)
    if Image.objects.filter(storefront=storefront, sha256=first).exists():
        raise ValueError(
            f"The photos of seed {seed} are in {storefront} already. Erase them, or use another "
            "seed."
        )
    size = _store_picture()
    with transaction.atomic():
        for start in range(0, count, AT_ONCE):
            number = min(AT_ONCE, count - start)
            ids = [_id(rng) for _ in range(number)]
            drawn = rng.integers(0, clusters, number)
            _copy_images(ids, storefront, seed, start, size)
            vectors = _around(centres[drawn], rng)
            embedding.store(encoder_id=encoder.pk, image_ids=ids, vectors=vectors)
            if hashes:
                _copy_hashes(ids, codes[drawn], rng)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_image, catalog_embedding, catalog_perceptualhash")
    return count


@transaction.atomic
def erase() -> int:
    """Delete every synthetic photo and what is stored about them; returns how many there were."""
    found = Image.objects.filter(original=PICTURE)
    count = found.count()
    found.delete()
    transaction.on_commit(lambda: default_storage.delete(PICTURE))
    return count


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _around(centres: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A unit vector (n, dimension) near each centre, some nearer, some farther."""
    noise = _unit(rng.standard_normal(centres.shape))
    return _unit(centres + noise * rng.uniform(*SPREAD, (len(centres), 1)))


def _id(rng: np.random.Generator) -> uuid.UUID:
    return uuid.UUID(bytes=rng.bytes(16), version=4)


def _digest(storefront: Storefront, seed: int, number: int) -> str:
    return hashlib.sha256(f"synthetic {storefront.pk} {seed} {number}".encode()).hexdigest()


def _store_picture() -> int:
    """The one picture, drawn when it is not there yet; its size in bytes."""
    if not default_storage.exists(PICTURE):
        buffer = io.BytesIO()
        draw("mug", np.random.default_rng(3), size=SIDE, calm=True).save(buffer, "JPEG", quality=85)
        default_storage.save(PICTURE, ContentFile(buffer.getvalue()))
    return int(default_storage.size(PICTURE))


def _copy_images(
    ids: list[uuid.UUID], storefront: Storefront, seed: int, start: int, size: int
) -> None:
    now = timezone.now()
    columns: dict[str, object] = {
        "storefront_id": storefront.pk,
        "status": Status.LIVE.value,
        "source": Source.COMMAND.value,
        "original": PICTURE,
        "display": PICTURE,
        "thumbnail": PICTURE,
        "format": "jpeg",
        "width": SIDE,
        "height": SIDE,
        "size_bytes": size,
        "created_at": now,
        "screened_at": now,
        "processed_at": now,
        "failure_code": "",
        "failure_reason": "",
        "attempts": 1,
    }
    same = tuple(columns.values())
    numbers = range(start, start + len(ids))
    rows = (
        (key, f"synthetic-{number}.jpg", _digest(storefront, seed, number), *same)
        for key, number in zip(ids, numbers, strict=True)
    )
    _copy("catalog_image", ("id", "filename", "sha256", *columns), rows)


def _copy_hashes(ids: list[uuid.UUID], codes: np.ndarray, rng: np.random.Generator) -> None:
    chance = rng.uniform(0, BITS_OFF / 256, (len(ids), 1))
    drawn = codes ^ (rng.random(codes.shape) < chance)
    now = timezone.now()
    rows = ((key, bits(code), 100, now) for key, code in zip(ids, drawn, strict=True))
    _copy("catalog_perceptualhash", ("image_id", "pdq", "quality", "created_at"), rows)


def _copy(table: str, columns: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> None:
    into = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row(row)
