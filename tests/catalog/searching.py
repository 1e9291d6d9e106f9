"""Exact answers to compare searches with, and small catalogs to search."""

from uuid import UUID

import numpy as np

from benchmarks.photos import Photos, unit
from catalog import hnsw, indexing
from catalog.models import Embedding, Encoder, Image, Storefront
from catalog.models.image import ImageQuerySet
from catalog.nearest import Page, nearest
from catalog.places import Place

DIMENSION = 32


def queries(photos: Photos, count: int, *, seed: int = 5) -> np.ndarray:
    """Half near photos, half far from everything, as texts are; as half precision has them."""
    rng = np.random.default_rng(seed)
    own = photos.vectors[rng.integers(0, len(photos.ids), count)]
    noise = unit(rng.standard_normal(own.shape).astype(np.float32))
    part = np.where(np.arange(count) % 2, 0.2, 2.5).astype(np.float32)[:, None]
    return unit(own + noise * part).astype(np.float16).astype(np.float32)


def exactly(photos: Photos, vector: np.ndarray, among: np.ndarray | None = None) -> list[UUID]:
    """Every photo (of a mask) by brute force, nearest first, equals by id."""
    scores = _scores(photos, vector)
    keys = range(len(photos.ids)) if among is None else np.flatnonzero(among)
    return [photos.ids[key] for key in sorted(keys, key=lambda k: (-scores[k], photos.ids[k]))]


def _scores(photos: Photos, vector: np.ndarray) -> np.ndarray:
    return np.round(photos.vectors.astype(np.float64) @ vector.astype(np.float64), 5)


def assert_best(
    photos: Photos, vector: np.ndarray, found: list[UUID], among: np.ndarray | None = None
) -> None:
    """What was found are the best photos of a mask, in order. Sums of floats in another order
    differ in the seventh digit, so photos as near as that may change places."""
    scores = _scores(photos, vector)
    rank = {key: number for number, key in enumerate(photos.ids)}
    numbers = [rank[key] for key in found]
    assert len(set(numbers)) == len(numbers)
    if among is not None:
        assert among[numbers].all()
        scores_of_all = scores[among]
    else:
        scores_of_all = scores
    best = np.sort(scores_of_all)[::-1][: len(found)]
    np.testing.assert_allclose(scores[numbers], best, atol=2e-5)


def recall(
    photos: Photos, vector: np.ndarray, page: Page, among: np.ndarray | None = None
) -> float:
    """Share of the hits that are as near as the last of the exact ones."""
    scores = _scores(photos, vector)
    rank = {key: number for number, key in enumerate(photos.ids)}
    own = scores if among is None else scores[among]
    last = np.sort(own)[-len(page.hits)]
    return float(np.mean([scores[rank[hit.image_id]] >= last - 2e-5 for hit in page.hits]))


def of(storefront: Storefront) -> ImageQuerySet:
    return Image.objects.of(storefront)


def follow(photos: Photos, vector: np.ndarray, among: ImageQuerySet, limit: int) -> list[UUID]:
    """Every page to the last."""
    found: list[UUID] = []
    after: Place | None = None
    while True:
        page = nearest(vector, encoder=photos.encoder, among=among, limit=limit, after=after)
        found += [hit.image_id for hit in page.hits]
        after = page.after
        if after is None:
            return found


def growing_count(photos: Photos) -> int:
    index = hnsw.current(photos.encoder)
    rows = indexing.growing(photos.encoder, index and index.generation)
    return Embedding.objects.filter(rows).count()


def drop_indexes(encoder: Encoder) -> None:
    """A test's rows are flushed, what it built is not."""
    for index in hnsw.indexes(encoder):
        hnsw.drop(index=index)
