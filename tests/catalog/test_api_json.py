"""Photos in JSON: in base64, by address; and what is asked of one afterwards."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from catalog import keys
from catalog.models import Fetch, Image, Product, Storefront
from tests.openapi import IMAGES, ApiClient

Picture = Callable[..., bytes]


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test")[1])


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def post(api: ApiClient, body: Any) -> Any:
    return api.post(IMAGES, body, content_type="application/json")


def test_base64_is_the_same_photo_as_a_file(api: ApiClient, picture: Picture) -> None:
    wrapped = base64.encodebytes(picture("mug")).decode()  # with line breaks
    body = {
        "image": {"base64": wrapped},
        "filename": "mug.jpg",
        "sku": "MUG-1",
        "title": "Blue mug",
        "alt_text": "A blue mug on a table",
    }
    response = post(api, body)

    photo = Image.objects.get()
    assert response.status_code == 201
    assert response["Location"].endswith(f"/{photo.pk}")
    assert photo.original.read() == picture("mug")
    assert (photo.filename, photo.product.title) == ("mug.jpg", "Blue mug")  # type: ignore[union-attr]
    assert photo.own_alt_text.text == "A blue mug on a table"
    assert (
        post(api, {"image": {"base64": encoded(picture("mug"))}, "sku": "MUG-1"}).status_code == 200
    )


def test_an_address_is_fetched_later(api: ApiClient) -> None:
    response = post(api, {"image": {"url": "https://cdn.shop.example/mug.jpg"}, "sku": "MUG-1"})
    fetch = Fetch.objects.get()
    assert response.status_code == 202
    assert response["Location"].endswith(f"/api/v1/fetches/{fetch.pk}")
    assert response.json()["status"] == "waiting"
    assert not Image.objects.exists()


MUG = {"image": {"base64": ""}}


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 400, "validation_failed", "image"),
        ([], 400, "validation_failed", ""),
        ({"image": "x"}, 400, "validation_failed", "image"),
        ({"image": {}}, 400, "validation_failed", "image"),
        (
            {"image": {"base64": "YQ==", "url": "https://a.example/"}},
            400,
            "validation_failed",
            "image",
        ),
        ({"image": {"base64": 7}}, 400, "validation_failed", "image.base64"),
        ({"image": {"base64": "not base64!"}}, 400, "validation_failed", "image.base64"),
        (
            {"image": {"base64": "data:image/png;base64,YQ=="}},
            400,
            "validation_failed",
            "image.base64",
        ),
        ({"image": {"base64": "é"}}, 400, "validation_failed", "image.base64"),
        ({"image": {"base64": "YQ=="}, "title": "T"}, 400, "validation_failed", "sku"),
        ({"image": {"base64": "YQ=="}, "sku": "\0"}, 400, "validation_failed", "sku"),
        ({"image": {"base64": "YQ=="}, "sku": "\ud800"}, 400, "validation_failed", "sku"),
        ({"image": {"base64": "YQ=="}}, 415, "unsupported_format", None),
        ({"image": {"base64": ""}}, 422, "empty_file", None),
        ({"image": {"url": "ftp://a.example/x"}}, 422, "address_refused", None),
        (
            {"image": {"url": "https://a.example/x"}, "alt_text": "A"},
            400,
            "validation_failed",
            "alt_text",
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_kept(
    body: Any, status: int, code: str, field: str | None, api: ApiClient
) -> None:
    response = post(api, body)
    assert (response.status_code, response.json()["code"]) == (status, code)
    if field is not None:
        assert [error["field"] for error in response.json()["errors"]] == [field]
    assert not Image.objects.exists()
    assert not Product.objects.exists()


@pytest.mark.parametrize("text", [b"{", b"[" * 100_000, b"\xff", b'{"image": NaN}'])
def test_what_is_no_json_is_malformed(text: bytes, api: ApiClient) -> None:
    response = api.post(IMAGES, text, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "malformed_request")


def test_a_photo_over_the_limit_is_refused_before_it_is_decoded(
    api: ApiClient, picture: Picture, settings: Any
) -> None:
    data = picture("mug", size=128)
    settings.VITRINE_MAX_UPLOAD_BYTES = len(data)
    assert post(api, {"image": {"base64": encoded(data)}}).status_code == 201
    for more in (b"\0", b"\0" * 100_000, b"\0" * 400_000):
        response = post(api, {"image": {"base64": encoded(data + more)}})
        assert (response.status_code, response.json()["code"]) == (413, "file_too_large")
    assert Image.objects.count() == 1


def test_the_storefront_gives_its_photo_to_another_product(
    api: ApiClient, upload: Callable[..., Image], picture: Picture
) -> None:
    photo, other = upload(picture("mug")), upload(picture("vase"))
    path = f"{IMAGES}/{photo.pk}"

    def patch(**change: Any) -> Any:
        return api.patch(path, json.dumps(change), content_type="application/json")

    assert patch(sku="MUG-1", alt_text="A mug").json()["product"] == {"sku": "MUG-1", "title": ""}
    photo.refresh_from_db()
    assert photo.own_alt_text.text == "A mug"
    assert patch(alt_text="").json()["product"] == {"sku": "MUG-1", "title": ""}
    assert patch(sku=None).json()["product"] is None
    assert patch(sku="S" * 121).json()["code"] == "validation_failed"

    twin = upload(picture("mug"), filename="twin.jpg")
    assert twin.pk == photo.pk
    patch(sku="MUG-1")
    twin = upload(picture("mug"), filename="twin.jpg")
    refused = api.patch(
        f"{IMAGES}/{twin.pk}", json.dumps({"sku": "MUG-1"}), content_type="application/json"
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate_image")
    other.refresh_from_db()
    assert other.product is None


def test_the_version_is_said_and_another_refused(api: ApiClient) -> None:
    answered = api.get(IMAGES)
    version = answered["Vitrine-Version"]
    assert api.get(IMAGES, headers={"Vitrine-Version": version}).status_code == 200
    refused = api.get(IMAGES, headers={"Vitrine-Version": "2020-01-01"})
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_version")
    assert version in refused.json()["detail"]
    assert refused["Vitrine-Version"] == version
