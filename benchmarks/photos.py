"""Made-up photos for measuring searches: clustered vectors among which are many near-duplicates."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from django.utils import timezone

from catalog import embedding
from catalog.choices import Scoring, Source, Status
from catalog.models import Category, Encoder, Image, Storefront, Tag, Taxonomy

AT_ONCE = 10_000  # photos per COPY
SHARES = (0.5, 0.1, 0.01, 0.001)  # of the photos, by storefront
INNER = 48  # dimensions photos differ in
COPIES = 0.3  # share of the photos that are near-duplicates of another one


@dataclass(frozen=True)
class Photos:
    """What was made, in one order: keys, unit vectors (n, d), clusters and storefronts (n,)."""

    ids: list[uuid.UUID]
    vectors: np.ndarray
    clusters: np.ndarray
    shops: np.ndarray  # index into `SHARES`; -1: another storefront
    storefronts: list[Storefront]
    encoder: Encoder


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def draw(count: int, dimension: int, *, clusters: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (count, dimension) as half precision stores them, and each one's cluster.

    Like vectors of real photos they fill few dimensions: 9 tenths of the variance of the bundled
    model's on 6,700 photos is in 25 of 256. Copies come in groups, mostly small ones, at cosines
    from 0.95 to 1.
    """
    rng = np.random.default_rng([seed, dimension])
    world = _world(dimension)
    centres = _normal(rng, clusters, len(world))
    own = rng.integers(0, clusters, count)
    spread = rng.uniform(0.3, 1.0, (count, 1)).astype(np.float32)
    inner = centres[own] + spread * _normal(rng, count, len(world))
    vectors = unit(inner @ world + 0.15 * unit(_normal(rng, count, dimension)))
    copies = np.flatnonzero(rng.random(count) < COPIES)
    # Some originals have dozens of copies, most have one.
    originals = (rng.random(len(copies)) ** 4 * count).astype(int)
    size = rng.uniform(0.0, 0.3, (len(copies), 1)).astype(np.float32)
    vectors[copies] = unit(vectors[originals] + size * unit(_normal(rng, len(copies), dimension)))
    own[copies] = own[originals]
    return vectors.astype(np.float16).astype(np.float32), own


def draw_words(photos: Photos, count: int, *, seed: int) -> np.ndarray:
    """Unit vectors (count, dimension) that lie where texts do: beside the photos' few dimensions,
    all on one side, and within them somewhere between clusters."""
    dimension = photos.encoder.dimension
    rng = np.random.default_rng([seed, dimension, 2])
    world = _world(dimension)
    between = photos.vectors[rng.integers(0, len(photos.ids), (count, 2))].mean(axis=1)
    within = unit(unit(between) + 0.3 * unit(_normal(rng, count, len(world)) @ world))
    beside = unit(_normal(rng, 1, dimension)) + 0.3 * unit(_normal(rng, count, dimension))
    return unit(0.5 * within + beside).astype(np.float16).astype(np.float32)


def _world(dimension: int) -> np.ndarray:
    """Directions (n, dimension) that photos differ in; each counts less than the one before."""
    rng = np.random.default_rng(dimension)
    inner = min(INNER, dimension)
    directions = np.linalg.qr(rng.standard_normal((dimension, inner)))[0].T
    weights = np.exp(-np.arange(inner) / (inner / 2))[:, None]
    return (directions * weights / np.linalg.norm(weights)).astype(np.float32)


def _normal(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    return rng.standard_normal((rows, columns), np.float32)


def encoder_of(dimension: int) -> Encoder:
    Encoder.objects.update(is_active=False)
    return Encoder.objects.create(
        name=f"made-up-{dimension}",
        fingerprint=uuid.uuid4().hex,
        dimension=dimension,
        scoring=Scoring.SOFTMAX,
        logit_scale=100.0,
        is_active=True,
    )


def fill(
    count: int, dimension: int, *, clusters: int = 500, seed: int = 0, tags: bool = False
) -> Photos:
    """Photos of five storefronts with shares as in `SHARES`; `tags`: a category per cluster."""
    vectors, own = draw(count, dimension, clusters=clusters, seed=seed)
    rng = np.random.default_rng([seed, 1])
    shops = np.full(count, -1)
    start = 0
    order = rng.permutation(count)
    for number, share in enumerate(SHARES):
        size = max(1, round(share * count))
        shops[order[start : start + size]] = number
        start += size
    storefronts = [
        Storefront.objects.create(name=f"Shop {n}", slug=f"shop-{uuid.uuid4().hex[:8]}")
        for n in range(len(SHARES) + 1)
    ]
    encoder = encoder_of(dimension)
    ids = [uuid.UUID(bytes=rng.bytes(16), version=4) for _ in range(count)]
    for at in range(0, count, AT_ONCE):
        part = slice(at, min(at + AT_ONCE, count))
        copy_images(ids[part], [storefronts[shop].pk for shop in shops[part]])
        embedding.store(encoder_id=encoder.pk, image_ids=ids[part], vectors=vectors[part])
    if tags:
        _tag(ids, own, clusters, encoder)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_image, catalog_embedding, catalog_tag")
    return Photos(ids, vectors, own, shops, storefronts, encoder)


def copy_images(ids: Sequence[uuid.UUID], storefronts: Sequence[int]) -> None:
    now = timezone.now()
    same = {
        "status": Status.LIVE.value,
        "source": Source.COMMAND.value,
        "filename": "made-up.jpg",
        "original": "",
        "display": "",
        "thumbnail": "",
        "format": "JPEG",
        "width": 1,
        "height": 1,
        "size_bytes": 1,
        "created_at": now,
        "screened_at": now,
        "processed_at": now,
        "failure_code": "",
        "failure_reason": "",
        "attempts": 1,
    }
    rows = (
        (key, shop, hashlib.sha256(key.bytes).hexdigest(), *same.values())
        for key, shop in zip(ids, storefronts, strict=True)
    )
    _copy(Image._meta.db_table, ("id", "storefront_id", "sha256", *same), rows)


def _tag(ids: list[uuid.UUID], own: np.ndarray, clusters: int, encoder: Encoder) -> None:
    taxonomy = Taxonomy.objects.create(slug=f"t-{encoder.pk}", name="Clusters", version="1")
    categories = Category.objects.bulk_create(
        Category(taxonomy=taxonomy, external_id=f"c{n}", name=f"C{n}", path=f"C{n}", position=n)
        for n in range(clusters)
    )
    now = timezone.now()
    rows = (
        (key, categories[cluster].pk, encoder.pk, 1, 0.9, 0.3, [0.9], False, "v", now)
        for key, cluster in zip(ids, own, strict=True)
    )
    columns = ("image_id", "category_id", "encoder_id", "rank", "score", "threshold", "levels")
    rest = ("is_confirmed", "template_version", "created_at")
    _copy(Tag._meta.db_table, (*columns, *rest), rows)


def _copy(table: str, columns: Iterable[str], rows: Iterable[tuple[object, ...]]) -> None:
    into = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row(row)
