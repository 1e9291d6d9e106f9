"""A shop whose connection is bad: it sends everything again and again."""

import io
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test.client import encode_multipart
from PIL import Image as Pillow

from catalog import keys
from catalog.models import Event, Image, Storefront
from tests.openapi import IMAGES

UPLOADS, RETRIES, THREADS = 500, 10_000, 20
FORM = "multipart/form-data; boundary=x"


def form(seed: int) -> bytes:
    """A small picture that no other seed draws."""
    buffer = io.BytesIO()
    shade = (seed % 256, seed // 256 * 60, 90)
    Pillow.new("RGB", (16, 16), shade).save(buffer, "PNG")
    buffer.seek(0)
    buffer.name = f"{seed}.png"  # type: ignore[attr-defined]
    return encode_multipart("x", {"file": buffer, "sku": f"SKU-{seed % 50}"})


def answer_to(app: WSGIHandler, body: bytes, key: str, number: int) -> tuple[int, bytes]:
    """What the site answers, asked as a web server asks it."""
    said: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": IMAGES,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_API_KEY": key,
        "HTTP_IDEMPOTENCY_KEY": f"upload-{number}",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
    }
    response = app(environ, lambda status, headers, exc=None: said.append(status))
    content = b"".join(response)
    response.close()  # type: ignore[union-attr]
    return int(said[0].split()[0]), content


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_10_000_retries_of_500_uploads_from_20_threads_are_500_images(
    storefront: Storefront, settings: Any, media: Path
) -> None:
    Storefront.objects.update(points_per_minute=0, key_points_per_minute=0)
    key = keys.create_key(storefront=storefront, name="Nightly import")[1]
    bodies = [form(seed) for seed in range(UPLOADS)]
    order = [number % UPLOADS for number in range(RETRIES)]
    random.Random(7).shuffle(order)
    app = WSGIHandler()

    def some(numbers: list[int]) -> list[tuple[int, int, bytes]]:
        try:
            return [(n, *answer_to(app, bodies[n], key, n)) for n in numbers]
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        shares = [order[start::THREADS] for start in range(THREADS)]
        answers = [each for share in pool.map(some, shares) for each in share]

    assert len(answers) == RETRIES
    assert {status for _, status, _ in answers} <= {201, 409}
    made: dict[int, set[bytes]] = {}
    for number, status, content in answers:
        if status == 201:
            made.setdefault(number, set()).add(content)
    assert len(made) == UPLOADS
    assert all(len(contents) == 1 for contents in made.values())  # to the byte
    assert Image.objects.count() == Event.objects.count() == UPLOADS
    assert len([path for path in media.rglob("*") if path.is_file()]) == 3 * UPLOADS
