"""The map: fitted, filled, kept up with the photos, and packed into one file."""

import json
import struct
import uuid

import numpy as np
import pytest
from django.utils import timezone

from benchmarks.photos import Photos, fill
from catalog import embedding, landing, map_file, mapping, query_vectors, tasks
from catalog.choices import MapKind, Status
from catalog.ml.projecting import principal
from catalog.models import Embedding, Image, MapPoint, Projection, Tag

pytestmark = pytest.mark.django_db

DIMENSION = 16


@pytest.fixture
def photos(db: None) -> Photos:
    return fill(90, DIMENSION, clusters=6, tags=True)


def drawn(photos: Photos, kind: MapKind = MapKind.LINEAR) -> Projection:
    projection = mapping.fit(encoder=photos.encoder, kind=kind)
    assert projection
    mapping.place(projection=projection, seconds=60)
    return projection


def places(projection: Projection) -> dict[uuid.UUID, tuple[float, float]]:
    rows = projection.points.values_list("embedding__image_id", "x", "y")
    return {key: (x, y) for key, x, y in rows}


def unpacked(body: bytes) -> tuple[dict, list[tuple[uuid.UUID, float, float, str, str]]]:
    """The file read by its own description: the JSON, and (id, x, y, category, status)."""
    letters, count, length, nothing = struct.unpack_from("<4sIII", body)
    assert (letters, nothing, length % 4) == (b"VMAP", 0, 0)
    head = json.loads(body[16 : 16 + length])
    at = 16 + length
    xy = np.frombuffer(body, "<f4", 2 * count, at).reshape(-1, 2)
    category = np.frombuffer(body, "<u2", count, at + 8 * count)
    status = np.frombuffer(body, "u1", count, at + 10 * count)
    ids = [
        uuid.UUID(bytes=body[start : start + 16]) for start in range(at + 11 * count, len(body), 16)
    ]
    rows = zip(ids, xy.tolist(), category, status, strict=True)
    return head, [
        (key, x, y, head["categories"][own], head["statuses"][state][0])
        for key, (x, y), own, state in rows
    ]


def test_every_photo_gets_the_place_its_vector_projects_to(photos: Photos) -> None:
    projection = drawn(photos)
    found = places(projection)
    assert set(found) == set(photos.ids)
    expected = principal(photos.vectors).place(photos.vectors)
    np.testing.assert_allclose([found[key] for key in photos.ids], expected, atol=2e-3)
    assert projection.placed_at
    assert (projection.photos, projection.sample, projection.version) == (90, 90, 1)


@pytest.mark.parametrize("kind", MapKind)
def test_a_later_fit_on_the_same_photos_is_the_same_map(photos: Photos, kind: MapKind) -> None:
    first = places(drawn(photos, kind))
    second = places(drawn(photos, kind))
    for key in photos.ids:
        assert second[key] == pytest.approx(first[key], abs=1e-4)
    kept = Projection.objects.get()
    assert (kept.version, kept.points.count()) == (2, 90), "the earlier one is deleted"


def test_the_earlier_map_is_shown_until_the_newer_has_every_photo(photos: Photos) -> None:
    first = drawn(photos)
    second = mapping.fit(encoder=photos.encoder, kind=MapKind.LINEAR)
    assert mapping.shown(photos.encoder, MapKind.LINEAR) == first
    assert second
    mapping.place(projection=second, seconds=0)
    assert mapping.shown(photos.encoder, MapKind.LINEAR) == first
    mapping.place(projection=second, seconds=60)
    assert mapping.shown(photos.encoder, MapKind.LINEAR) == second


def test_new_photos_are_placed_and_nobody_moves(photos: Photos) -> None:
    projection = drawn(photos)
    before = places(projection)
    late = Image.objects.filter(pk=photos.ids[3])
    vector = photos.vectors[40:41]
    embedding.store(encoder_id=photos.encoder.pk, image_ids=[photos.ids[3]], vectors=vector)
    assert late.exists()
    assert photos.ids[3] not in places(projection), "its old place went with its old vector"
    assert mapping.place(projection=projection, seconds=60) == 1
    after = places(projection)
    assert after.pop(photos.ids[3]) == pytest.approx(before[photos.ids[40]], abs=1e-3)
    assert after == {key: at for key, at in before.items() if key != photos.ids[3]}


def test_what_is_fitted_next(photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = photos.encoder
    assert mapping.due(encoder) == MapKind.LINEAR
    drawn(photos)
    assert mapping.due(encoder) == MapKind.NEIGHBOURS
    drawn(photos, MapKind.NEIGHBOURS)
    assert mapping.due(encoder) is None
    Projection.objects.update(photos=45)
    assert mapping.due(encoder) == MapKind.LINEAR, "twice as many photos since"
    Embedding.objects.filter(image__in=photos.ids[2:]).delete()
    Projection.objects.all().delete()
    assert mapping.due(encoder) is None, "two photos have no shape"
    assert mapping.fit(encoder=encoder, kind=MapKind.LINEAR) is None


def test_the_task_draws_the_map_and_rests(photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[str] = []
    monkeypatch.setattr(tasks.doorbell, "ring", rung.append)
    monkeypatch.setattr(mapping, "NEIGHBOURS_FROM", 1_000)
    tasks.tend_map()
    assert MapPoint.objects.count() == 90
    assert rung == [mapping.TEND]
    tasks.tend_map()
    assert rung == [mapping.TEND], "nothing was left to do"


def test_the_file_says_where_every_photo_is_and_what_it_shows(photos: Photos) -> None:
    projection = drawn(photos)
    held, bare = photos.ids[0], photos.ids[1]
    Image.objects.filter(pk=held).update(status=Status.HELD, screened_at=timezone.now())
    Tag.objects.filter(image=bare).delete()
    head, rows = unpacked(map_file.pack(projection))
    assert head["projection"] == projection.pk
    assert head["categories"][-1] == "No tag"
    found = {key: (x, y) for key, x, y, *_ in rows}
    for key, at in places(projection).items():
        assert found[key] == pytest.approx(at, abs=1e-5)
    named = {key: category for key, _, _, category, _ in rows}
    for key, cluster in zip(photos.ids, photos.clusters, strict=True):
        assert named[key] == ("No tag" if key == bare else f"C{cluster}")
    assert {key for key, *_, status in rows if status == "held"} == {held}
    counted = {group.name: group.count for group in map_file.groups(projection)}
    assert counted["No tag"] == 1
    assert sum(counted.values()) == 90
    assert list(counted) == head["categories"]


@pytest.mark.parametrize("kind", MapKind)
def test_a_text_lands_among_the_photos_it_names(photos: Photos, kind: MapKind) -> None:
    projection = drawn(photos, kind)
    query_vectors._keep(photos.encoder, query_vectors._digest_of_text("mug"), photos.vectors[12])
    found = landing.land("mug", projection=projection)
    assert (found.x, found.y) == pytest.approx(places(projection)[photos.ids[12]], abs=5e-2)
    assert found.hits[0].image_id == photos.ids[12]
    assert len(found.hits) == landing.NEAREST
