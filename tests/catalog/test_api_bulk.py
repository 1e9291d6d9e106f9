"""Many photos in one request: each line by itself."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog import idempotency, keys
from catalog.api import bulk
from catalog.models import Fetch, IdempotentRequest, Image, Storefront
from tests.openapi import IMAGES, ApiClient

Picture = Callable[..., bytes]
BULK = f"{IMAGES}/bulk"


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test")[1])


def line(data: bytes, **fields: Any) -> bytes:
    image = {"base64": base64.b64encode(data).decode()}
    return json.dumps({"image": image, **fields}).encode()


def send(api: ApiClient, *lines: bytes, **headers: str) -> Any:
    body = b"\n".join(lines)
    return api.post(BULK, body, content_type="application/x-ndjson", headers=headers)


def test_each_line_has_a_result_and_a_bad_one_spoils_none(
    api: ApiClient, picture: Picture, settings: Any
) -> None:
    settings.VITRINE_MAX_UPLOAD_BYTES = 100_000
    mug = line(picture("mug"), sku="MUG-1", filename="mug.jpg")
    response = send(
        api,
        mug,
        b"",
        b"{not json",
        b'{"image": {"base64": "YQ=="}}',
        b"[" * 50_000,
        b'{"image": {"base64": "' + b"A" * 400_000 + b'"}}',
        b'{"image": {"url": "https://cdn.shop.example/vase.jpg"}}',
        mug,
        line(picture("vase"), title="A title of nothing"),
        line(picture("vase"), sku="VASE-1"),
    )

    body = response.json()
    said = [
        (each["index"], each["status"], each.get("problem", {}).get("code"))
        for each in body["results"]
    ]
    assert said == [
        (0, 201, None),
        (1, 400, "malformed_request"),
        (2, 415, "unsupported_format"),
        (3, 400, "malformed_request"),
        (4, 413, "file_too_large"),
        (5, 202, None),
        (6, 200, None),
        (7, 400, "validation_failed"),
        (8, 201, None),
    ]
    assert (response.status_code, body["accepted"], body["refused"]) == (200, 4, 5)
    assert body["results"][0]["image"]["product"] == {"sku": "MUG-1", "title": ""}
    assert body["results"][6]["image"]["id"] == body["results"][0]["image"]["id"]
    assert body["results"][5]["fetch"]["id"] == str(Fetch.objects.get().pk)
    assert Image.objects.count() == 2


def test_the_last_line_needs_no_end_and_an_empty_body_is_no_photo(api: ApiClient) -> None:
    assert send(api).json() == {"accepted": 0, "refused": 0, "results": []}
    assert send(api, b"7").json()["results"][0]["problem"]["code"] == "validation_failed"


def test_more_photos_than_may_come_at_once_are_not_read(
    api: ApiClient, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST", 2)
    lines = [line(picture("mug", seed)) for seed in range(4)]
    results = send(api, *lines).json()["results"]
    assert [each["status"] for each in results] == [201, 201, 413]
    assert results[2]["problem"]["code"] == "too_many_items"
    assert Image.objects.count() == 2
    assert len(send(api, *lines[:2]).json()["results"]) == 2


def test_a_body_over_the_limit_is_refused_unread(api: ApiClient, settings: Any) -> None:
    settings.VITRINE_API_BULK_BYTES = 10
    response = send(api, b'{"image": {}}')
    assert (response.status_code, response.json()["code"]) == (413, "file_too_large")


def test_another_type_is_refused(api: ApiClient) -> None:
    response = api.post(BULK, b"{}", content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_every_line_costs_what_a_photo_costs(
    api: ApiClient, storefront: Storefront, picture: Picture, settings: Any
) -> None:
    settings.VITRINE_API_UPLOAD_POINTS = 5
    Storefront.objects.update(key_points_per_minute=12)  # two photos, and a little
    lines = [line(picture("mug", seed)) for seed in range(3)]
    results = send(api, *lines).json()["results"]
    assert [each["status"] for each in results] == [201, 201, 429]


def test_under_a_key_the_answer_is_kept(api: ApiClient, picture: Picture) -> None:
    lines = [line(picture("mug")), b"{"]
    key = {"Idempotency-Key": "nightly"}
    first, again = (send(api, *lines, **key) for _ in range(2))
    assert first.content == again.content
    assert again["Idempotency-Replayed"] == "true"
    other = send(api, lines[0], **key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert Image.objects.count() == 1


def test_a_long_request_keeps_its_lock(
    api: ApiClient, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "RENEW_EVERY", -1.0)
    seen = []
    renew = idempotency.renew

    def noted(**kwargs: Any) -> None:
        IdempotentRequest.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
        renew(**kwargs)
        seen.append(IdempotentRequest.objects.get().locked_until)

    monkeypatch.setattr(idempotency, "renew", noted)
    before = timezone.now()
    send(api, line(picture("mug")), line(picture("vase")), **{"Idempotency-Key": "long"})
    assert [until > before for until in seen] == [True, True]
