"""Judging without storing: the conveyor's own verdict, and nothing left."""

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from catalog import asking, glancing, keys, pipeline, sealing
from catalog.choices import Status
from catalog.encoders import LoadedEncoder
from catalog.models import Image, Storefront
from catalog.sealing import SealBroken
from moderation import banks
from moderation.api.moderate import JUDGED
from moderation.models import Bank, JudgedCount, Policy
from tests.openapi import IMAGES, ApiClient, validate

Picture = Callable[..., bytes]
MODERATE = "/api/v1/moderate"


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test")[1])


@pytest.fixture
def handguns(db: None, picture: Picture) -> Bank:
    policy = Policy.objects.create(slug="weapons", name="Weapons", prompt_threshold=0.99)
    policy.prompts.create(text="a photo of a handgun")
    policy.prompts.create(text="a photo of a mug", is_contrast=True)
    bank = Bank.objects.create(policy=policy, name="Handguns", hold_threshold=0.95)
    banks.add_exemplar(bank=bank, data=picture("handgun"))
    return bank


@pytest.fixture
def worker_here(encoder: LoadedEncoder, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The interactive worker's code in this process, in place of its queue; and what was asked."""
    asked: list[tuple[Any, ...]] = []

    def ask(task: str, *arguments: Any) -> Any:
        asked.append((task, *arguments))
        name, storefront = arguments
        pipeline.load_stages.cache_clear()
        stages = pipeline.load_stages()
        return glancing.judge(name=name, storefront_id=storefront, encoder=encoder, stages=stages)

    monkeypatch.setattr(asking, "ask", ask)
    return asked


def send(api: ApiClient, data: bytes) -> Any:
    return api.post(MODERATE, {"file": SimpleUploadedFile("x.jpg", data)})


def rows() -> dict[str, int]:
    """How many rows each table has, but for the counts."""
    counted = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            counted[table] = cursor.fetchone()[0]
    del counted["moderation_judgedcount"]
    return counted


def test_the_example_is_what_the_document_describes() -> None:
    validate({"$ref": "#/components/schemas/Judgement"}, JUDGED)


def test_the_verdict_is_that_of_a_stored_photo_and_nothing_is_stored(
    api: ApiClient,
    worker_here: list[tuple[Any, ...]],
    handguns: Bank,
    starter: Any,
    upload: Callable[..., Image],
    process: Callable[[], Any],
    picture: Picture,
    media: Path,
) -> None:
    data = picture("handgun")
    send(api, picture("vase"))  # whatever the stages encode on the way is there from now on
    before, files = rows(), sorted(media.rglob("*"))

    body = send(api, data).json()
    again = api.post(
        MODERATE, {"image": {"base64": b64encode(data).decode()}}, content_type="application/json"
    ).json()

    assert rows() == before
    assert sorted(media.rglob("*")) == files
    assert body["status"] == Status.HELD
    assert {count.status: count.photos for count in JudgedCount.objects.all()} == {
        "live": 1,
        "held": 2,
    }
    photo = upload(data)
    process()
    stored = api.get(f"{IMAGES}/{photo.pk}").json()
    for judged in (body, again):
        for name in ("status", "tags", "attributes", "encoder", "versions", "flags", "format"):
            assert judged[name] == stored[name], name
    assert body["timings"]["processing_ms"] >= 0
    said = json.dumps(worker_here)
    assert photo.sha256 not in said


def test_a_bad_file_is_refused_before_any_worker_is_asked(
    api: ApiClient, worker_here: list[tuple[Any, ...]]
) -> None:
    assert send(api, b"text").json()["code"] == "unsupported_format"
    url = {"image": {"url": "https://a.example/x"}}
    response = api.post(MODERATE, url, content_type="application/json")
    assert response.json()["code"] == "validation_failed"
    assert worker_here == []
    assert not JudgedCount.objects.exists()


def test_without_a_worker_it_says_so(
    api: ApiClient, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.1)
    api.raise_request_exception = False
    response = send(api, picture("mug"))
    assert (response.status_code, response.json()["code"]) == (503, "moderation_unavailable")
    assert not JudgedCount.objects.exists()


def test_what_passes_is_unreadable_taken_once_and_proven_whole() -> None:
    secret = b"\xff\xd8 a photo " * 99
    name = sealing.put(secret, seconds=5)
    sealed = sealing._client(sealing.settings.REDIS_URL).get(sealing.PREFIX + name)
    assert isinstance(sealed, bytes)
    assert b"photo" not in sealed
    assert 0 < sealing._client(sealing.settings.REDIS_URL).ttl(sealing.PREFIX + name) <= 5
    assert sealing.take(name) == secret
    assert sealing.take(name) is None
    with pytest.raises(SealBroken):
        sealing.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), name)
    with pytest.raises(SealBroken):
        sealing.unseal(sealed, "another name")
    assert sealing.seal(secret, "a") != sealing.seal(secret, "b")


def test_an_explanation_names_the_nearest_though_nothing_was_reached(
    api: ApiClient,
    handguns: Bank,
    starter: Any,
    upload: Callable[..., Image],
    process: Callable[[], Any],
    picture: Picture,
) -> None:
    photo = upload(picture("mug"))
    path = f"{IMAGES}/{photo.pk}?explain=true"
    nothing = api.get(path).json()["explanation"]
    assert nothing == {"exemplars": [], "prompts": [], "categories": []}
    process()

    body = api.get(path).json()

    assert body["status"] == "live"
    explanation = body["explanation"]
    nearest = explanation["exemplars"][0]
    assert nearest["exemplar"] == str(handguns.exemplars.get().pk)
    assert (nearest["kind"], nearest["threshold"], nearest["safe"]) == ("embedding", 0.95, False)
    assert nearest["score"] < 0.95
    (prompt,) = explanation["prompts"]
    assert (prompt["policy"], prompt["prompt"]) == ("weapons", "a photo of a handgun")
    assert 0 <= prompt["score"] < prompt["threshold"] == 0.99
    categories = explanation["categories"]
    assert len(categories) == 5
    assert [each["score"] for each in categories] == sorted(
        (each["score"] for each in categories), reverse=True
    )
    assert all("{label}" not in sentence for sentence in categories[0]["prompts"])
    assert "explanation" not in api.get(f"{IMAGES}/{photo.pk}").json()
