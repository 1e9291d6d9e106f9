"""Searches in a large catalog: how complete, how near to exact, and how fast beside their peers.

python -m benchmarks.search [--photos 100000] [--dimension 512] [--queries 200]

Runs in a database of its own, on made-up photos: clusters, and a third near-duplicates. The peers,
in the same run and on the same vectors: the bare pgvector query on the same index, FAISS's HNSW
with the same parameters in this process, and one matrix product in numpy.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

import numpy as np
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from pgvector import HalfVector
from pgvector.django import MaxInnerProduct

from benchmarks.photos import SHARES, Photos, draw_words, fill, unit
from catalog import embedding, hnsw, indexing
from catalog.hnsw import EF_CONSTRUCTION, M
from catalog.models import Category, Embedding, Image, Tag
from catalog.models.image import ImageQuerySet
from catalog.nearest import EF_PHOTO, EF_WORDS, nearest

K = 10
SEALED = 2_000  # rows inserted one by one, to time it


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        measure(options.photos, options.dimension, options.queries)
    finally:
        teardown_databases(databases, verbosity=0)


def measure(count: int, dimension: int, queries: int) -> None:
    photos = fill(count, dimension, tags=True)
    begun = time.perf_counter()
    indexing.build(encoder=photos.encoder)
    built = count / (time.perf_counter() - begun)
    print(f"{count:,} photos, {dimension} dimensions, m {M}, ef_construction {EF_CONSTRUCTION}")
    rng = np.random.default_rng(7)
    own = photos.vectors[rng.integers(0, count, queries)]
    noise = unit(rng.standard_normal(own.shape).astype(np.float32))
    near = unit(own + 0.2 * noise).astype(np.float16).astype(np.float32)
    index = faiss_index(photos)
    for name, vectors, words in (
        ("by photos", near, False),
        ("by words", draw_words(photos, queries, seed=7), True),
    ):
        unfiltered(name, photos, vectors, words, index)
    vectors = np.concatenate([near[: queries // 2], draw_words(photos, queries // 2, seed=8)])
    for number, share in enumerate(SHARES):
        shop = Image.objects.of(photos.storefronts[number])
        filtered(f"{100 * share:g} %", photos, vectors, shop, photos.shops == number)
    elsewhere(photos, vectors)
    sealing(photos, built)


def faiss_index(photos: Photos) -> Any:
    """None where FAISS is not installed: it is only there to be compared with."""
    try:
        import faiss
    except ImportError:
        print("FAISS is left out: pip install -r requirements-dev.txt")
        return None
    faiss.omp_set_num_threads(1)
    index = faiss.IndexHNSWFlat(photos.encoder.dimension, M, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = EF_CONSTRUCTION
    index.add(photos.vectors)
    return index


def unfiltered(name: str, photos: Photos, vectors: np.ndarray, words: bool, index: Any) -> None:
    """Recall of every way, and their times relative to the bare query."""
    breadth = EF_WORDS if words else EF_PHOTO
    if index:
        index.hnsw.efSearch = breadth
    generation = hnsw.current(photos.encoder).generation  # type: ignore[union-attr]
    number_of = {key: number for number, key in enumerate(photos.ids)}
    bare = (
        f"SELECT image_id FROM catalog_embedding WHERE encoder_id = {photos.encoder.pk} "
        f"AND generation <= {generation} ORDER BY "
        f"vector::halfvec({photos.encoder.dimension}) <#> %s LIMIT {K}"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SET hnsw.ef_search = {breadth}")

        def ours(vector: np.ndarray) -> list[int]:
            page = nearest(
                vector, encoder=photos.encoder, among=Image.objects.all(), limit=K, words=words
            )
            assert not page.exact
            return [number_of[hit.image_id] for hit in page.hits]

        def pgvector(vector: np.ndarray) -> list[int]:
            cursor.execute(bare, [HalfVector(vector).to_text()])
            return [number_of[key] for (key,) in cursor.fetchall()]

        def faiss(vector: np.ndarray) -> list[int]:
            return index.search(vector[None, :], K)[1][0].tolist()

        def numpy(vector: np.ndarray) -> list[int]:
            scores = photos.vectors @ vector
            return np.argpartition(-scores, K)[:K].tolist()

        ways: dict[str, Callable[[np.ndarray], list[int]]] = {
            "ours": ours,
            "pgvector": pgvector,
            "FAISS": faiss,
            "numpy": numpy,
        }
        if not index:
            del ways["FAISS"]
        times: dict[str, list[float]] = {way: [] for way in ways}
        recalls: dict[str, list[float]] = {way: [] for way in ways}
        for vector in vectors:
            scores = photos.vectors @ vector
            last = np.partition(scores, -K)[-K] - 2e-5
            for way, search in ways.items():
                begun = time.perf_counter()
                found = search(vector)
                times[way].append(time.perf_counter() - begun)
                recalls[way].append(float(np.mean(scores[found] >= last)))
        cursor.execute("RESET hnsw.ef_search")
    base = statistics.median(times["pgvector"])
    print(f"{name}, ef_search {breadth}; bare pgvector {1000 * base:.1f} ms")
    for way in ways:
        print(
            f"  {way}: recall@{K} {np.mean(recalls[way]):.4f}, "
            f"{statistics.median(times[way]) / base:.2f} times the bare query"
        )


def filtered(
    name: str, photos: Photos, vectors: np.ndarray, among: ImageQuerySet, mask: np.ndarray
) -> None:
    """Whether all K come back, how near they are, and what an exact scan would have taken."""
    number_of = {key: number for number, key in enumerate(photos.ids)}
    matching = int(mask.sum())
    complete, exact, recalls, times, scans = 0, 0, [], [], []
    for number, vector in enumerate(vectors):
        words = number >= len(vectors) // 2
        begun = time.perf_counter()
        page = nearest(vector, encoder=photos.encoder, among=among, limit=K, words=words)
        times.append(time.perf_counter() - begun)
        complete += len(page.hits) == min(K, matching)
        exact += page.exact
        scores = photos.vectors @ vector
        last = np.sort(scores[mask])[-min(K, matching)] - 2e-5
        found = [number_of[hit.image_id] for hit in page.hits]
        assert mask[found].all()
        recalls.append(float(np.mean(scores[found] >= last)))
        begun = time.perf_counter()
        _scan(photos, among, vector)
        scans.append(time.perf_counter() - begun)
    print(
        f"filter {name} ({matching:,} photos): all {min(K, matching)} in {complete} of "
        f"{len(vectors)} searches, recall@{K} {np.mean(recalls):.4f}, {exact} exact, "
        f"{statistics.median(times) / statistics.median(scans):.2f} times an exact scan "
        f"({1000 * statistics.median(scans):.0f} ms)"
    )


def _scan(photos: Photos, among: ImageQuerySet, vector: np.ndarray) -> None:
    rows = Embedding.objects.filter(encoder=photos.encoder, image__in=among.values("pk"))
    distance = MaxInnerProduct("vector", HalfVector(vector))
    list(rows.order_by(distance).values_list("image_id")[:K])


def elsewhere(photos: Photos, vectors: np.ndarray) -> None:
    """A category of a few clusters that lie anywhere but near most queries."""
    chosen = Category.objects.filter(position__lt=50)
    tagged = Tag.objects.filter(category__in=chosen).values("image_id")
    filtered(
        "by category, 50 of 500 clusters",
        photos,
        vectors,
        Image.objects.filter(pk__in=tagged),
        photos.clusters < 50,
    )


def sealing(photos: Photos, built: float) -> None:
    """Rows per second of each way into the index, relative to COPY without one."""
    keys = photos.ids[:SEALED]
    begun = time.perf_counter()
    embedding.store(encoder_id=photos.encoder.pk, image_ids=keys, vectors=photos.vectors[:SEALED])
    stored = SEALED / (time.perf_counter() - begun)
    begun = time.perf_counter()
    sealed = indexing.seal(encoder=photos.encoder, seconds=60)
    rate = sealed / (time.perf_counter() - begun)
    print(
        f"into the index: built {built:,.0f} photos/s, one by one {rate:,.0f} photos/s; "
        f"storing alone (with replacing) {stored:,.0f} photos/s"
    )


if __name__ == "__main__":
    main()
