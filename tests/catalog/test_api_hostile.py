"""Hostile and oversized files through the API: a clear refusal, and nothing left behind."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from catalog import keys
from catalog.ml.mini.drawing import draw
from catalog.models import Image, Product, Storefront
from tests.catalog.test_api_uploads import Picture, files_in, send
from tests.openapi import IMAGES, ApiClient


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test")[1])


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
        **{
            "CONTENT_TYPE": "multipart/form-data; boundary=x",
            "wsgi.input": Untouched(),
            "CONTENT_LENGTH": str(3 * settings.VITRINE_MAX_UPLOAD_BYTES),
        },
    )
    assert response.status_code == 413
