"""`Idempotency-Key`: one answer, however often it is asked for; and never another's."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from catalog import idempotency, keys
from catalog.idempotency import Answer, InProgress, Lock
from catalog.models import Event, IdempotentRequest, Image, Storefront
from tests.openapi import IMAGES, ApiClient

Picture = Callable[..., bytes]


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test")[1])


def send(api: ApiClient, data: bytes, key: str = "one", path: str = IMAGES, **fields: Any) -> Any:
    file = SimpleUploadedFile("mug.jpg", data)
    return api.post(path, {"file": file, **fields}, headers={"Idempotency-Key": key})


def test_the_same_request_gets_the_same_answer(api: ApiClient, picture: Picture) -> None:
    first, again = (send(api, picture("mug"), sku="MUG-1") for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Location"] == first["Location"]
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Image.objects.count() == Event.objects.count() == 1


def test_a_refusal_is_an_answer_too(api: ApiClient) -> None:
    first, again = (send(api, b"I am a photo, honestly.") for _ in range(2))
    assert first.status_code == again.status_code == 415
    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("change", ["bytes", "field", "address"])
def test_another_request_under_the_same_key_is_refused(
    change: str, api: ApiClient, picture: Picture
) -> None:
    send(api, picture("mug"), sku="MUG-1")
    sku = "MUG-2" if change == "field" else "MUG-1"
    path = f"{IMAGES}?wait=0" if change == "address" else IMAGES
    response = send(api, picture("mug", change == "bytes"), path=path, sku=sku)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_mismatch")
    assert Image.objects.count() == 1


def test_storefronts_do_not_share_keys(
    api: ApiClient, other_storefront: Storefront, picture: Picture
) -> None:
    rival = ApiClient(keys.create_key(storefront=other_storefront, name="Test")[1])
    answers = [send(each, picture("mug")) for each in (api, rival)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]


def test_while_the_first_is_answered_the_second_is_told_to_come_back(
    api: ApiClient, storefront: Storefront, picture: Picture
) -> None:
    idempotency.begin(storefront=storefront, key="one", digest="")
    response = send(api, picture("mug"))
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_in_progress")
    assert response["Retry-After"] == "1"
    assert not Image.objects.exists()


def test_the_lock_of_a_crash_expires(
    api: ApiClient, storefront: Storefront, picture: Picture
) -> None:
    crashed = idempotency.begin(storefront=storefront, key="one", digest="")
    assert isinstance(crashed, Lock)
    IdempotentRequest.objects.update(locked_until=timezone.now() - timedelta(seconds=1))

    assert send(api, picture("mug")).status_code == 201

    # Whoever outlived its lock stores nothing, and takes nobody's away.
    idempotency.finish(lock=crashed, digest="d", answer=Answer(400, {}, "late"))
    idempotency.release(lock=crashed)
    assert IdempotentRequest.objects.get().status == 201


def test_of_two_who_find_an_expired_lock_one_takes_it(storefront: Storefront) -> None:
    idempotency.begin(storefront=storefront, key="one", digest="d")
    IdempotentRequest.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
    assert isinstance(idempotency.begin(storefront=storefront, key="one", digest="d"), Lock)
    with pytest.raises(InProgress):
        idempotency.begin(storefront=storefront, key="one", digest="d")


def test_a_failure_of_ours_is_no_answer(storefront: Storefront) -> None:
    lock = idempotency.begin(storefront=storefront, key="one", digest="d")
    assert isinstance(lock, Lock)
    idempotency.finish(lock=lock, digest="d", answer=Answer(503, {}, "{}"))
    assert isinstance(idempotency.begin(storefront=storefront, key="one", digest="d"), Lock)


def test_answers_are_kept_for_a_day(api: ApiClient, picture: Picture) -> None:
    send(api, picture("mug"))
    now = timezone.now()
    assert idempotency.forget_old(now=now + timedelta(hours=23)) == 0
    IdempotentRequest.objects.update(expires_at=now)
    assert send(api, picture("mug", 1)).status_code == 201  # the key is free again
    assert idempotency.forget_old(now=now + timedelta(hours=25)) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "ключ", "a b"])
def test_a_key_that_cannot_be_kept_is_refused(key: str, api: ApiClient, picture: Picture) -> None:
    response = send(api, picture("mug"), key=key)
    assert (response.status_code, response.json()["code"]) == (400, "validation_failed")
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"


def test_an_erased_photo_does_not_come_back_by_its_key(api: ApiClient, picture: Picture) -> None:
    made = send(api, picture("mug")).json()["id"]
    assert api.delete(f"{IMAGES}/{made}").status_code == 204
    again = send(api, picture("mug"))
    assert (again.status_code, again.json()["code"]) == (410, "gone")
    assert not Image.objects.exists()
    assert made not in IdempotentRequest.objects.get().body
