"""Searching over the API. Every response is held against the schema."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pgvector import HalfVector

from benchmarks.photos import Photos, fill, unit
from catalog import asking, keys, query_vectors
from catalog.choices import Status
from catalog.models import Category, Embedding, Image, PerceptualHash, Product, Storefront
from tests.catalog.searching import DIMENSION, assert_best
from tests.openapi import IMAGES, ApiClient

pytestmark = pytest.mark.django_db

SEARCH = "/api/v1/search"


@pytest.fixture
def photos(db: None) -> Photos:
    return fill(300, DIMENSION, clusters=10, tags=True)


@pytest.fixture
def shop(photos: Photos) -> Storefront:
    """Half of the photos are its own."""
    return photos.storefronts[0]


@pytest.fixture
def api(shop: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=shop, name="Test")[1])


@pytest.fixture
def mug(photos: Photos) -> np.ndarray:
    """The vector of "mug", as if a worker had encoded it."""
    vector = unit(photos.vectors[0] + photos.vectors[9]).astype(np.float16).astype(np.float32)
    query_vectors._keep(photos.encoder, query_vectors._digest_of_text("mug"), vector)
    return vector


def url(**query: object) -> str:
    return f"{SEARCH}?{urlencode(query)}"


def ids(response: object) -> list[uuid.UUID]:
    results = response.json()["results"]  # type: ignore[attr-defined]
    return [uuid.UUID(result["image"]["id"]) for result in results]


def own(photos: Photos, number: int = 0) -> list[uuid.UUID]:
    return [photos.ids[n] for n in np.flatnonzero(photos.shops == number)]


def test_a_text_finds_the_storefronts_photos_best_first(
    api: ApiClient, photos: Photos, mug: np.ndarray
) -> None:
    response = api.get(url(text="mug", limit=100))
    assert response.status_code == 200
    assert len(ids(response)) == 100
    assert_best(photos, mug, ids(response), photos.shops == 0)
    answer = response.json()
    assert answer["encoder"]["fingerprint"] == photos.encoder.fingerprint
    scores = [result["score"] for result in answer["results"]]
    assert scores == sorted(scores, reverse=True)
    assert {"flags", "decision", "tags"} <= answer["results"][0]["image"].keys()


def test_pages_lead_through_everything_once(
    api: ApiClient, photos: Photos, mug: np.ndarray
) -> None:
    address, found = url(text="mug", limit=40), []
    while address:
        response = api.get(address)
        found += ids(response)
        address = response.json()["next"]
    assert sorted(found) == sorted(own(photos))


def test_the_number_of_queries_does_not_grow_with_the_page(api: ApiClient, mug: np.ndarray) -> None:
    counts = []
    api.get(url(text="mug"))  # the key's first use is noted
    for limit in (2, 50):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            api.get(url(text="mug", limit=limit))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_photo_and_a_blend(api: ApiClient, photos: Photos, mug: np.ndarray) -> None:
    number = int(np.flatnonzero(photos.shops == 0)[0])
    key, seen = photos.ids[number], photos.vectors[number]
    others = photos.shops == 0
    others[number] = False
    for weight, vector in ((1, seen), (0, mug), (0.3, unit(0.7 * mug + 0.3 * seen))):
        response = api.get(url(text="mug", like=key, weight=weight, limit=20))
        half = vector.astype(np.float16).astype(np.float32)
        assert_best(photos, half, ids(response), others)
    assert_best(photos, seen, ids(api.get(url(like=key))), others)


def test_filters(api: ApiClient, photos: Photos, shop: Storefront, mug: np.ndarray) -> None:
    mine = own(photos)
    now = timezone.now()
    Image.objects.filter(pk__in=mine[:7]).update(status=Status.HELD)
    Image.objects.filter(pk__in=mine[:3]).update(created_at=now - timedelta(days=30))
    week = (now - timedelta(days=7)).isoformat()
    assert set(ids(api.get(url(text="mug", status="held")))) == set(mine[:7])
    assert set(ids(api.get(url(text="mug", until=week)))) == set(mine[:3])
    assert set(ids(api.get(url(text="mug", status="held", since=week)))) == set(mine[3:7])
    shop.taxonomy = Category.objects.first().taxonomy  # type: ignore[union-attr]
    shop.save()
    under = [photos.ids[n] for n in np.flatnonzero((photos.shops == 0) & (photos.clusters == 4))]
    found = ids(api.get(url(text="mug", category="c4", limit=100)))
    assert sorted(found) == sorted(under)


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({}, "text", "required"),
        ({"text": "mug", "weight": 2}, "weight", "max_value"),
        ({"text": "mug", "weight": "nan"}, "weight", None),
        ({"text": "mug", "status": "lost"}, "status", "invalid_choice"),
        ({"text": "mug", "limit": 1000}, "limit", "max_value"),
        ({"text": "mug\x00"}, "text", "null_characters_not_allowed"),
        ({"text": "m" * 301}, "text", "max_length"),
        ({"text": "mug", "since": "yesterday"}, "since", "invalid"),
        ({"text": "mug", "category": "no-such"}, "category", "not_found"),
        ({"like": "no-id"}, "like", "invalid"),
        ({"like": uuid.uuid4()}, "like", "not_found"),
    ],
)
def test_what_is_asked_wrongly_is_named(
    query: dict[str, object], field: str, code: str | None, api: ApiClient, mug: np.ndarray
) -> None:
    response = api.get(url(**query))
    assert response.status_code == 400
    assert response.json()["code"] == "validation_failed"
    [error] = response.json()["errors"]
    assert error["field"] == field
    assert code in (error["code"], None)


def test_another_storefronts_photos_are_neither_found_nor_searched_by(
    api: ApiClient, photos: Photos, mug: np.ndarray
) -> None:
    theirs = own(photos, 1)[0]
    unknown = api.get(url(like=uuid.uuid4()))
    assert api.get(url(like=theirs)).json() == unknown.json()
    for way in ("similar", "duplicates"):
        assert api.get(f"{IMAGES}/{theirs}/{way}").status_code == 404
        assert api.get(f"{IMAGES}/{own(photos)[0]}/{way}").status_code == 200
    cursor = api.get(url(text="mug", limit=5)).json()["next"].partition("cursor=")[2]
    their_api = ApiClient(keys.create_key(storefront=photos.storefronts[1], name="T")[1])
    later = their_api.get(f"{url(text='mug', limit=100)}&cursor={cursor}")
    assert set(ids(later)) <= set(own(photos, 1))


@pytest.mark.parametrize("way", ["search?text=mug", "images/{}/similar", "images/{}/duplicates"])
def test_without_a_key_nothing_is_searched(way: str, photos: Photos) -> None:
    response = ApiClient().get("/api/v1/" + way.format(photos.ids[0]))
    assert response.status_code == 401
    assert response.json()["code"] == "api_key_missing"


def test_similar_photos_and_the_nearest_categories(api: ApiClient, photos: Photos) -> None:
    number = int(np.flatnonzero(photos.shops == 0)[0])
    others = photos.shops == 0
    others[number] = False
    response = api.get(f"{IMAGES}/{photos.ids[number]}/similar?limit=10")
    assert_best(photos, photos.vectors[number], ids(response), others)
    assert response.json()["categories"] == []  # none is encoded
    assert ids(api.get(response.json()["next"])) != ids(response)


def test_similar_products_leave_the_photos_own_out(
    api: ApiClient, photos: Photos, shop: Storefront
) -> None:
    products = [Product.objects.create(storefront=shop, sku=f"p{n}") for n in range(4)]
    mine = own(photos)
    for number, key in enumerate(mine):
        Image.objects.filter(pk=key).update(product=products[number % 4])
    response = api.get(f"{IMAGES}/{mine[0]}/similar?per=product&limit=10")
    skus = [result["image"]["product"]["sku"] for result in response.json()["results"]]
    assert sorted(skus) == ["p1", "p2", "p3"]
    assert response.json()["next"] is None


def test_duplicates(api: ApiClient, photos: Photos) -> None:
    one, other = own(photos)[:2]
    far = np.zeros(DIMENSION, np.float32)
    far[0] = 1
    Embedding.objects.filter(image_id=one).update(vector=HalfVector(far))
    for key, bits in ((one, 0), (other, 12), (own(photos, 1)[0], 1)):
        PerceptualHash.objects.create(image_id=key, pdq="1" * bits + "0" * (256 - bits), quality=90)
    results = api.get(f"{IMAGES}/{one}/duplicates").json()["results"]
    assert [(uuid.UUID(r["image"]["id"]), r["bits"], r["cosine"]) for r in results] == [
        (other, 12, None)
    ]


def test_a_photo_that_waits_cannot_be_compared_yet(
    api: ApiClient, shop: Storefront, photos: Photos, upload: Callable[..., Image], picture: object
) -> None:
    waiting = upload(picture("mug"), to=shop)  # type: ignore[operator]
    for address in (url(like=waiting.pk), f"{IMAGES}/{waiting.pk}/similar"):
        response = api.get(address)
        assert (response.status_code, response.json()["code"]) == (409, "not_embedded")
    assert api.get(f"{IMAGES}/{waiting.pk}/duplicates").json() == {"results": []}


def test_without_a_worker_a_new_text_is_unavailable_and_a_known_one_is_not(
    api: ApiClient, mug: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.2)
    api.raise_request_exception = False
    response = api.get(url(text="never typed before"))
    assert (response.status_code, response.json()["code"]) == (503, "search_unavailable")
    assert "No interactive worker answered" in response.json()["detail"]
    assert api.get(url(text="mug")).status_code == 200


def test_before_the_first_encoder_searching_is_unavailable(storefront: Storefront) -> None:
    api = ApiClient(keys.create_key(storefront=storefront, name="Test")[1])
    api.raise_request_exception = False
    response = api.get(url(text="mug"))
    assert (response.status_code, response.json()["code"]) == (503, "search_unavailable")


def test_a_foreign_cursor_is_refused(api: ApiClient, mug: np.ndarray) -> None:
    for cursor in ("x", "a" * 100, "é"):
        response = api.get(url(text="mug", cursor=cursor))
        assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")
