"""`wait=N`: a verdict in the answer, for as many as may wait."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from catalog import keys
from catalog.api import waiting
from catalog.choices import Status
from catalog.models import Image, Storefront
from tests.openapi import IMAGES, ApiClient

Picture = Callable[..., bytes]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test")[1])


def send(api: ApiClient, data: bytes, wait: Any) -> Any:
    return api.post(f"{IMAGES}?wait={wait}", {"file": SimpleUploadedFile("mug.jpg", data)})


def process_soon() -> threading.Thread:
    """Somebody who makes every photo live as soon as there is one."""

    def run() -> None:
        try:
            until = time.monotonic() + 20
            while time.monotonic() < until:
                now = timezone.now()
                if Image.objects.update(status=Status.LIVE, screened_at=now, processed_at=now):
                    return
                time.sleep(0.05)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_the_answer_waits_for_the_verdict(api: ApiClient, picture: Picture) -> None:
    worker = process_soon()
    response = send(api, picture("mug"), 30)
    worker.join()
    assert (response.status_code, response.json()["status"]) == (201, "live")


def test_when_the_time_is_over_it_says_how_things_stand(api: ApiClient, picture: Picture) -> None:
    response = send(api, picture("mug"), 1)
    assert (response.status_code, response.json()["status"]) == (201, "pending")


def test_beyond_as_many_as_may_wait_nobody_does(
    api: ApiClient, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(waiting, "_waiters", full)
    monkeypatch.setattr(waiting, "_watch", lambda *_: pytest.fail("It waited."))
    assert send(api, picture("mug"), 30).status_code == 201
    monkeypatch.setattr(waiting, "_waiters", None)
    assert send(api, picture("vase"), 30).status_code == 201


def test_a_slot_is_given_back(upload: Callable[..., Image], picture: Picture) -> None:
    photo = upload(picture("mug"))
    for _ in range(20):
        assert waiting._waiters is not None
        waiting.wait_for(photo.pk, seconds=0)
    Image.objects.update(status=Status.HELD)
    assert all(waiting.wait_for(photo.pk, seconds=1) for _ in range(20))


@pytest.mark.parametrize("wait", [31, -1, "long", "1.5"])
def test_how_long_is_limited(wait: Any, api: ApiClient, picture: Picture) -> None:
    response = send(api, picture("mug"), wait)
    assert (response.status_code, response.json()["code"]) == (400, "validation_failed")
    assert not Image.objects.exists()
