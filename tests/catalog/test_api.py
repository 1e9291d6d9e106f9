"""Who may ask the API what, and what it answers. Every response is held against the schema."""

from collections.abc import Callable
from itertools import pairwise
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.utils import timezone

from catalog import keys
from catalog.choices import Status
from catalog.models import Image, Storefront
from tests.openapi import IMAGES, ApiClient

Upload = Callable[..., Image]
Picture = Callable[..., bytes]


@pytest.fixture
def key(storefront: Storefront) -> str:
    return keys.create_key(storefront=storefront, name="Test")[1]


@pytest.fixture
def api(key: str) -> ApiClient:
    return ApiClient(key)


@pytest.fixture
def photo(upload: Upload, picture: Picture) -> Image:
    return upload(picture("mug"), filename="mug.jpg")


def endpoints(photo: Image) -> list[tuple[str, str]]:
    return [("GET", IMAGES), ("POST", IMAGES), ("GET", f"{IMAGES}/{photo.pk}")]


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_either_header_carries_the_key(header: str, key: str, photo: Image) -> None:
    value = f"Bearer {key}" if header == "Authorization" else key
    response = ApiClient().get(f"{IMAGES}/{photo.pk}", headers={header: value})
    assert response.status_code == 200
    assert response.json()["id"] == str(photo.pk)


def test_another_scheme_in_authorization_leaves_the_other_header_to_speak(
    key: str, photo: Image
) -> None:
    headers = {"Authorization": "Basic cHJveHk6cHJveHk=", "X-API-Key": key}
    assert ApiClient().get(IMAGES, headers=headers).status_code == 200


@pytest.mark.parametrize("sent", [{}, {"Authorization": "Basic dnQ6dnQ="}, {"X-API-Key": ""}])
def test_without_a_key_every_endpoint_answers_401(sent: dict[str, str], photo: Image) -> None:
    for method, path in endpoints(photo):
        response = ApiClient().generic(method, path, headers=sent)
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")
        assert response.json()["code"] == "api_key_missing"


def test_wrong_revoked_and_deactivated_keys_are_told_the_same(
    storefront: Storefront, other_storefront: Storefront, photo: Image
) -> None:
    revoked, revoked_text = keys.create_key(storefront=storefront, name="Old")
    keys.revoke(key=revoked)
    _, inactive_text = keys.create_key(storefront=other_storefront, name="Closed")
    Storefront.objects.filter(pk=other_storefront.pk).update(is_active=False)

    for method, path in endpoints(photo):
        answers = [
            ApiClient(text).generic(method, path)
            for text in ("vt_" + "x" * 43, revoked_text, inactive_text, "ключ")
        ]
        assert {answer.status_code for answer in answers} == {401}
        assert {answer.json()["code"] for answer in answers} == {"invalid_api_key"}
        assert len({answer.content for answer in answers}) == 1
        assert len({answer["WWW-Authenticate"] for answer in answers}) == 1


def test_another_storefronts_photo_looks_exactly_like_none(
    api: ApiClient, upload: Upload, picture: Picture, other_storefront: Storefront
) -> None:
    theirs = upload(picture("mug"), to=other_storefront)

    hidden = api.get(f"{IMAGES}/{theirs.pk}")
    missing = api.get(f"{IMAGES}/{uuid4()}")

    assert hidden.status_code == missing.status_code == 404
    assert hidden.content == missing.content
    assert dict(hidden.headers) == dict(missing.headers)
    assert api.get(IMAGES).json() == {"next": None, "results": []}


def test_a_pending_photo_is_described_in_full(api: ApiClient, photo: Image) -> None:
    body = api.get(f"{IMAGES}/{photo.pk}").json()

    assert body.pop("created_at")
    assert body == {
        "id": str(photo.pk),
        "livemode": True,
        "status": "pending",
        "filename": "mug.jpg",
        "sha256": photo.sha256,
        "format": "JPEG",
        "width": 256,
        "height": 256,
        "product": None,
        "alt_text": "",
        "alt_text_source": "proposed",
        "tags": [],
        "attributes": [],
        "encoder": None,
        "versions": None,
        "failure": None,
        "processed_at": None,
        "timings": {"queued_ms": None, "processing_ms": None},
        "flags": [],
        "decision": None,
        "review": None,
        "appeal": None,
    }


def test_a_failed_photo_says_why(api: ApiClient, photo: Image) -> None:
    Image.objects.update(
        status=Status.FAILED,
        failure_code="processing_failed",
        failure_reason="The photo stopped the model three times.",
        processed_at=timezone.now(),
    )
    body = api.get(f"{IMAGES}/{photo.pk}").json()
    assert body["failure"] == {
        "code": "processing_failed",
        "reason": "The photo stopped the model three times.",
    }


def test_pages_show_every_photo_once_though_others_arrive(
    api: ApiClient, upload: Upload, picture: Picture
) -> None:
    before = [upload(picture("mug", seed)) for seed in range(5)]
    Image.objects.update(created_at=timezone.now())  # the same instant: ids decide the order

    seen, path = [], f"{IMAGES}?limit=2"
    while path:
        page = api.get(path).json()
        seen.append([photo["id"] for photo in page["results"]])
        upload(picture("vase", len(seen)))
        path = page["next"] and page["next"].removeprefix("http://testserver")

    assert [len(page) for page in seen] == [2, 2, 1]
    flat = [pk for page in seen for pk in page]
    assert all(newer > older for newer, older in pairwise(flat))
    assert set(flat) == {str(photo.pk) for photo in before}


def test_the_list_is_newest_first_and_narrows_by_status(
    api: ApiClient, upload: Upload, picture: Picture
) -> None:
    photos = [upload(picture("mug", seed)) for seed in range(3)]
    Image.objects.filter(pk=photos[1].pk).update(status=Status.HELD)

    everything = [photo["id"] for photo in api.get(IMAGES).json()["results"]]
    held = [photo["id"] for photo in api.get(f"{IMAGES}?status=held").json()["results"]]

    assert everything == [str(photo.pk) for photo in reversed(photos)]
    assert held == [str(photos[1].pk)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("status=lost", "validation_failed"),
        ("limit=0", "validation_failed"),
        ("limit=201", "validation_failed"),
        ("cursor=%21", "invalid_cursor"),
        ("cursor=bm90IGEgY3Vyc29y", "invalid_cursor"),
        ("cursor=" + quote("MjAyNi0xMy00NSB4"), "invalid_cursor"),
        ("cursor=" + "A" * 4000, "invalid_cursor"),
        ("cursor=%00", "validation_failed"),
    ],
)
def test_a_bad_query_is_a_400(query: str, code: str, api: ApiClient) -> None:
    response = api.get(f"{IMAGES}?{query}")
    assert (response.status_code, response.json()["code"]) == (400, code)
