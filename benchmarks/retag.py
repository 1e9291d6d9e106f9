"""How fast photos are tagged again, and how long somebody waits for what it would change.

python -m benchmarks.retag [--photos 5000] [--categories 100 5000] [--dimension 256]

Runs in a database of its own. The peer, in the same run, is the arithmetic alone: the same vectors
times the same categories, and a softmax, in chunks of the same size.
"""

from __future__ import annotations

import argparse
import os
import time

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

import numpy as np
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone
from pgvector import HalfVector

from benchmarks import photos
from catalog import retagging, tag_changes, taxonomy_vectors
from catalog.choices import RetagStatus
from catalog.ml.scoring import probabilities
from catalog.models import Category, CategoryVector, Encoder, Retagging, Tag, Taxonomy


def taxonomy_of(count: int, encoder: Encoder) -> tuple[Taxonomy, np.ndarray]:
    """An active taxonomy of `count` categories, ten to each parent, and their vectors."""
    vectors, _ = photos.draw(count, encoder.dimension, clusters=500, seed=3)
    Taxonomy.objects.update(is_active=False)
    taxonomy = Taxonomy.objects.create(slug=f"b-{count}", name="B", version="1", is_active=True)
    rows: list[Category] = []
    for n in range(count):
        parent = rows[(n - 10) // 10] if n >= 10 else None
        name = f"c{n}"
        path = f"{parent.path} ▸ {name}" if parent else name
        digest = taxonomy_vectors.words_digest(name, [])
        rows.append(
            Category.objects.create(
                taxonomy=taxonomy,
                external_id=name,
                name=name,
                path=path,
                position=n,
                parent=parent,
                words_digest=digest,
            )
        )
    version = taxonomy_vectors.templates().version
    CategoryVector.objects.bulk_create(
        CategoryVector(
            category=row,
            encoder=encoder,
            words_digest=row.words_digest,
            template_version=version,
            vector=HalfVector(vector),
        )
        for row, vector in zip(rows, vectors, strict=True)
    )
    return taxonomy, vectors


def arithmetic(made: photos.Photos, categories: np.ndarray) -> float:
    """Photos per second of the products and the softmax alone."""
    began = time.perf_counter()
    for at in range(0, len(made.ids), retagging.CHUNK):
        cosines = made.vectors[at : at + retagging.CHUNK] @ categories.T
        probabilities(cosines, scoring=made.encoder.scoring, logit_scale=made.encoder.logit_scale)
    return len(made.ids) / (time.perf_counter() - began)


def again(taxonomy: Taxonomy) -> tuple[float, Retagging]:
    """Photos per second of a whole job that never waits."""
    job = retagging.start(taxonomy=taxonomy, started_by=None, rate=10**6)
    began = time.perf_counter()
    while Retagging.objects.filter(status=RetagStatus.RUNNING).exists():
        Retagging.objects.update(next_chunk_at=timezone.now())
        retagging.run_chunk()
    seconds = time.perf_counter() - began
    job.refresh_from_db()
    return job.seen / seconds, job


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=5_000)
    parser.add_argument("--categories", type=int, nargs="+", default=[100, 5_000])
    parser.add_argument("--dimension", type=int, default=256)
    asked = parser.parse_args()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        made = photos.fill(asked.photos, asked.dimension)
        for count in asked.categories:
            taxonomy, vectors = taxonomy_of(count, made.encoder)
            tag_changes.preview(taxonomy=taxonomy, encoder=made.encoder)  # reads the matrices
            began = time.perf_counter()
            found = tag_changes.preview(taxonomy=taxonomy, encoder=made.encoder)
            waited = time.perf_counter() - began
            bare = arithmetic(made, vectors)
            first, job = again(taxonomy)
            second, _ = again(taxonomy)
            print(
                f"{count:,} categories, {asked.photos:,} photos: {first:,.0f} photos/s when all "
                f"change ({job.changed:,} did), {second:,.0f} when none does; the arithmetic "
                f"alone {bare:,.0f}, so it is {bare / first:.0f} and {bare / second:.0f} times "
                f"slower. A preview of {found.compared:,} photos takes {waited:.2f} s."
            )
            Tag.objects.all().delete()
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main()
