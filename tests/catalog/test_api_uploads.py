"""Sending photos: idempotent, also when eight arrive at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from catalog import keys
from catalog.choices import Source, Status
from catalog.models import Event, Image, Product, Storefront
from tests.openapi import IMAGES, ApiClient

Picture = Callable[..., bytes]


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test")[1])


def send(api: ApiClient, data: bytes, name: str = "photo.jpg", **fields: Any) -> Any:
    return api.post(IMAGES, {"file": SimpleUploadedFile(name, data), **fields})


def files_in(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file()]


def test_a_new_photo_is_stored_and_waits(
    api: ApiClient, storefront: Storefront, picture: Picture, media: Path
) -> None:
    data = picture("mug")
    response = send(api, data, "../Mug, blue.JPG", sku="MUG-1", title="Blue mug")

    photo = Image.objects.get()
    assert response.status_code == 201
    assert response["Location"] == f"http://testserver{IMAGES}/{photo.pk}"
    body = response.json()
    assert body["status"] == Status.PENDING
    assert body["sha256"] == sha256(data).hexdigest()
    assert body["product"] == {"sku": "MUG-1", "title": "Blue mug"}
    assert body["filename"] == "Mug, blue.JPG"
    assert (photo.storefront, photo.source) == (storefront, Source.API)
    assert photo.original.read() == data
    assert len(files_in(media)) == 3
    assert api.get(response["Location"]).json() == body


def test_the_same_bytes_again_are_the_same_photo(api: ApiClient, picture: Picture) -> None:
    first = send(api, picture("mug"), sku="MUG-1")
    again = send(api, picture("mug"), "another-name.jpg", sku="MUG-1")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again["Location"] == first["Location"]
    assert Event.objects.count() == 1


def test_another_product_or_storefront_makes_another_photo(
    api: ApiClient, other_storefront: Storefront, picture: Picture
) -> None:
    rival = ApiClient(keys.create_key(storefront=other_storefront, name="Test")[1])
    answers = [
        send(api, picture("mug")),
        send(api, picture("mug"), sku="MUG-1"),
        send(api, picture("mug"), sku="MUG-2"),
        send(rival, picture("mug"), sku="MUG-2"),
    ]
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["id"] for answer in answers}) == 4
    assert Product.objects.filter(sku="MUG-2").count() == 2


def test_a_title_is_replaced_and_never_blanked(api: ApiClient, picture: Picture) -> None:
    send(api, picture("mug"), sku="MUG-1", title="Mug")
    send(api, picture("mug", 1), sku="MUG-1", title="Blue mug")
    send(api, picture("mug", 2), sku="MUG-1")
    assert Product.objects.get().title == "Blue mug"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sku", ["", "MUG-1"])
def test_eight_at_once_are_one_photo(
    sku: str, storefront: Storefront, picture: Picture, media: Path
) -> None:
    key = keys.create_key(storefront=storefront, name="Test")[1]
    data = picture("mug")

    def one(_: int) -> Any:
        try:
            return send(ApiClient(key), data, sku=sku)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert {answer.json()["id"] for answer in answers} == {str(Image.objects.get().pk)}
    assert Event.objects.count() == 1
    assert len(files_in(media)) == 3


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "file"),
        ({"file": "not a file"}, "file"),
        ({"title": "A title of nothing"}, "sku"),
        ({"sku": "S" * 121}, "sku"),
        ({"sku": "NUL\0"}, "sku"),
        ({"sku": "S", "title": "T" * 301}, "title"),
    ],
)
def test_bad_fields_are_named(
    fields: dict[str, str], field: str, api: ApiClient, picture: Picture
) -> None:
    data = dict(fields)
    if field != "file":
        data["file"] = SimpleUploadedFile("mug.jpg", picture("mug"))  # type: ignore[assignment]
    response = api.post(IMAGES, data)

    assert (response.status_code, response.json()["code"]) == (400, "validation_failed")
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert not Image.objects.exists()


def test_two_photos_in_one_request_are_refused_rather_than_one_lost(
    api: ApiClient, picture: Picture
) -> None:
    both = [SimpleUploadedFile(f"{seed}.jpg", picture("mug", seed)) for seed in range(2)]
    response = api.post(IMAGES, {"file": both})
    assert response.json()["errors"][0]["code"] == "too_many"
    assert not Image.objects.exists()
