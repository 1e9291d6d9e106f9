"""The search index is built beside the old one, survives being killed, and takes in what grows."""

import threading
import time
import uuid
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.db.utils import OperationalError

from benchmarks.photos import SHARES, Photos, copy_images, draw, fill
from catalog import embedding, hnsw, indexing, tasks
from catalog.indexing import Step
from catalog.models import Embedding, Encoder
from catalog.nearest import nearest
from tests.catalog.searching import DIMENSION, drop_indexes, growing_count, of, queries, recall

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 1500


@pytest.fixture
def photos(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Photos]:
    monkeypatch.setattr("catalog.nearest.EXACT_UP_TO", 100)
    photos = fill(COUNT, DIMENSION, clusters=20)
    yield photos
    drop_indexes(photos.encoder)


def names(encoder: Encoder) -> list[str]:
    return sorted(index.name for index in hnsw.indexes(encoder))


def add(photos: Photos, count: int, seed: int) -> None:
    """More photos like these, through the same COPY as a worker's."""
    vectors, _ = draw(count, DIMENSION, clusters=20, seed=seed)
    ids = [uuid.uuid4() for _ in range(count)]
    copy_images(ids, [photos.storefronts[-1].pk] * count)
    embedding.store(encoder_id=photos.encoder.pk, image_ids=ids, vectors=vectors)


def test_vectors_grow_until_an_index_is_worth_it(photos: Photos, settings: object) -> None:
    settings.VITRINE_INDEX_FROM = COUNT + 1  # type: ignore[attr-defined]
    assert indexing.next_step(photos.encoder) is Step.NOTHING
    assert indexing.seal(encoder=photos.encoder, seconds=1) == 0
    assert not Embedding.objects.exclude(generation=None).exists()
    settings.VITRINE_INDEX_FROM = COUNT  # type: ignore[attr-defined]
    assert indexing.next_step(photos.encoder) is Step.BUILD


def test_an_index_is_built_once_over_everything_and_only_of_this_encoder(photos: Photos) -> None:
    other = fill(50, DIMENSION * 2, clusters=3)
    memory = "SHOW maintenance_work_mem"
    with connection.cursor() as cursor:
        cursor.execute(memory)
        before = cursor.fetchone()
    assert indexing.build(encoder=photos.encoder)
    assert names(photos.encoder) == [f"embedding_hnsw_e{photos.encoder.pk}_g1"]
    assert hnsw.indexes(other.encoder) == []
    assert growing_count(photos) == 0
    assert Embedding.objects.filter(encoder=other.encoder, generation=None).count() == 50
    assert indexing.next_step(photos.encoder) is Step.NOTHING
    with connection.cursor() as cursor:
        cursor.execute(memory)
        assert cursor.fetchone() == before  # what the build needed is given back


def test_building_again_replaces_the_index(photos: Photos) -> None:
    indexing.build(encoder=photos.encoder)
    indexing.build(encoder=photos.encoder)
    assert names(photos.encoder) == [f"embedding_hnsw_e{photos.encoder.pk}_g2"]
    page = nearest(
        photos.vectors[0], encoder=photos.encoder, among=of(photos.storefronts[0]), limit=5
    )
    assert not page.exact


def test_a_few_are_sealed_and_many_are_built_anew(
    photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "REBUILD_FROM", 100)
    indexing.build(encoder=photos.encoder)
    add(photos, 60, seed=2)
    assert indexing.next_step(photos.encoder) is Step.SEAL
    assert indexing.seal(encoder=photos.encoder, seconds=30) == 60
    assert indexing.next_step(photos.encoder) is Step.NOTHING
    add(photos, 150, seed=3)
    assert indexing.next_step(photos.encoder) is Step.SEAL  # fewer than a quarter
    add(photos, 450, seed=4)
    assert indexing.next_step(photos.encoder) is Step.BUILD
    assert names(photos.encoder) == [f"embedding_hnsw_e{photos.encoder.pk}_g1"]


def test_storing_on_the_way_in_writes_to_no_graph(photos: Photos) -> None:
    indexing.build(encoder=photos.encoder)
    size = "SELECT pg_relation_size(%s)"
    name = names(photos.encoder)[0]
    with connection.cursor() as cursor:
        cursor.execute(size, [name])
        before = cursor.fetchone()[0]
        add(photos, 500, seed=2)
        cursor.execute(size, [name])
        assert cursor.fetchone()[0] == before
    assert growing_count(photos) == 500


def test_a_build_that_was_killed_is_found_and_replaced(
    photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexing.build(encoder=photos.encoder)
    add(photos, 600, seed=2)
    end_the_backend_while_it_builds(photos.encoder)
    left = hnsw.indexes(photos.encoder)
    assert sorted((index.generation, index.is_valid) for index in left) == [(1, True), (2, False)]
    assert hnsw.current(photos.encoder).generation == 1  # type: ignore[union-attr]
    assert growing_count(photos) == 600  # collected for an index that never came: still scanned

    monkeypatch.setattr(indexing, "REBUILD_FROM", 100)
    indexing.tidy(encoder=photos.encoder)
    assert names(photos.encoder) == [f"embedding_hnsw_e{photos.encoder.pk}_g1"]
    assert indexing.next_step(photos.encoder) is Step.BUILD
    assert indexing.build(encoder=photos.encoder)
    assert [index.is_valid for index in hnsw.indexes(photos.encoder)] == [True]
    assert growing_count(photos) == 0


def test_a_build_that_was_killed_before_any_index_still_seals_what_it_collected(
    photos: Photos,
) -> None:
    indexing.build(encoder=photos.encoder)
    add(photos, 40, seed=2)
    Embedding.objects.filter(generation=None).update(generation=2)
    assert indexing.next_step(photos.encoder) is Step.SEAL
    assert indexing.seal(encoder=photos.encoder, seconds=30) == 40
    assert growing_count(photos) == 0


def test_only_one_builds_at_a_time(photos: Photos) -> None:
    with connection.cursor() as cursor:
        assert not indexing.is_being_built(photos.encoder)
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [indexing.LOCK, photos.encoder.pk])
    outcome: list[bool] = []

    def second() -> None:
        outcome.append(indexing.build(encoder=photos.encoder))
        connection.close()

    try:
        assert indexing.is_being_built(photos.encoder)
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
        tasks.tend_index()  # leaves it alone too
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")
    assert outcome == [False]
    assert hnsw.indexes(photos.encoder) == []


def test_the_task_builds_beside_the_queue_and_then_seals(photos: Photos, settings: object) -> None:
    settings.VITRINE_INDEX_FROM = 1000  # type: ignore[attr-defined]
    tasks.tend_index()
    deadline = time.monotonic() + 60
    while hnsw.current(photos.encoder) is None or indexing.is_being_built(photos.encoder):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert growing_count(photos) == 0
    add(photos, 30, seed=2)
    tasks.tend_index()
    assert growing_count(photos) == 0


def test_the_index_finds_what_brute_force_finds(photos: Photos) -> None:
    indexing.build(encoder=photos.encoder)
    everything = of(photos.storefronts[0])
    mask = photos.shops == 0
    assert SHARES[0] == 0.5
    found = []
    for vector in queries(photos, 60):
        page = nearest(vector, encoder=photos.encoder, among=everything, limit=10)
        assert not page.exact
        found.append(recall(photos, vector, page, mask))
    assert sum(found) / len(found) >= 0.99


def end_the_backend_while_it_builds(encoder: Encoder) -> None:
    """Terminate the connection that runs CREATE INDEX, as a crash or an operator would."""
    failed: list[Exception] = []

    def build() -> None:
        try:
            indexing.build(encoder=encoder)
        except OperationalError as error:
            failed.append(error)
        finally:
            connection.close()

    # An open transaction that may write keeps CREATE INDEX CONCURRENTLY waiting, to be met.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE catalog_embedding IN ROW EXCLUSIVE MODE")
        thread = threading.Thread(target=build)
        thread.start()
        deadline = time.monotonic() + 60
        while thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.1)
            if any(not index.is_valid for index in hnsw.indexes(encoder)):
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE query LIKE 'CREATE INDEX CONCURRENTLY %' AND pid <> pg_backend_pid()"
                )
    thread.join(60)
    assert failed
