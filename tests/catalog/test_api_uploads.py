"""Sending photos: idempotent, bounded, and deaf to hostile files."""

import io
import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import Image as Pillow

from catalog import keys
from catalog.choices import Source, Status
from catalog.ml.mini.drawing import draw
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


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb(side: int) -> bytes:
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", body), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def cut_jpeg() -> bytes:
    buffer = io.BytesIO()
    draw("mug", np.random.default_rng(0), size=256).save(buffer, "JPEG")
    return buffer.getvalue()[: buffer.tell() // 2]


HOSTILE = {
    "truncated": (cut_jpeg(), "cut.jpg", 422, "truncated_image"),
    "bomb": (png_bomb(50_000), "bomb.png", 422, "too_many_pixels"),
    "text": (b"I am a photo, honestly.\n" * 99, "text.jpg", 415, "unsupported_format"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a.svg", 415, "unsupported_format"),
    "html": (b"<html><script>alert(1)</script>", "a.png", 415, "unsupported_format"),
    "empty": (b"", "empty.jpg", 422, "empty_file"),
    "tiny": (png_bomb(1), "dot.png", 422, "image_too_small"),
    "broken": (png_bomb(300)[:-40], "broken.png", 422, "truncated_image"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_leaves_nothing(
    name: str, api: ApiClient, media: Path
) -> None:
    data, filename, status, code = HOSTILE[name]
    response = send(api, data, filename, sku="NEW-1")

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["detail"].endswith(".")
    assert not Image.objects.exists()
    assert not Product.objects.exists()
    assert files_in(media) == []


def test_of_an_animation_the_first_frame_is_taken(api: ApiClient) -> None:
    frames = [Pillow.new("RGB", (64, 48), colour) for colour in ("red", "green", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], lossless=True)

    response = send(api, buffer.getvalue(), "moving.webp")

    assert response.status_code == 201
    assert response.json()["format"] == "WEBP"
    shown = Pillow.open(Image.objects.get().display)
    red, green, blue = shown.convert("RGB").getpixel((30, 20))
    assert red > 200
    assert green < 60
    assert blue < 60


@pytest.mark.parametrize("times", [1, 2, 40])
def test_a_file_over_the_limit_is_a_413(
    times: int, api: ApiClient, picture: Picture, settings: Any, media: Path
) -> None:
    data = picture("mug", size=128)
    settings.VITRINE_MAX_UPLOAD_BYTES = len(data)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 4096
    assert send(api, data).status_code == 201
    Image.objects.all().delete()

    response = send(api, data * times + b"\0")

    assert (response.status_code, response.json()["code"]) == (413, "file_too_large")
    assert not Image.objects.exists()


def test_what_is_far_over_the_limit_is_refused_unread(api: ApiClient, settings: Any) -> None:
    class Untouched(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            raise AssertionError("The body was read.")

    response = api.generic(
        "POST",
        IMAGES,
        content_type="multipart/form-data; boundary=x",
        **{
            "wsgi.input": Untouched(),
            "CONTENT_LENGTH": str(3 * settings.VITRINE_MAX_UPLOAD_BYTES),
        },
    )
    assert response.status_code == 413


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
