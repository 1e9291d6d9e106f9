"""Erasing a photo: nothing of it stays but history, whatever is going on with it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from catalog import erasing, keys, pipeline, verdicts
from catalog.encoders import LoadedEncoder
from catalog.models import (
    Category,
    DoomedFile,
    Event,
    IgnoredDuplicates,
    Image,
    Storefront,
    Tag,
    Tombstone,
)
from catalog.pipeline import claim
from moderation import banks, deciding, reviewing
from moderation.choices import Action
from moderation.models import Bank, Decision, Policy, Review
from tests.openapi import IMAGES, ApiClient

Upload = Callable[..., Image]
Picture = Callable[..., bytes]

# Rows in these tables are history: they stay, and name the photo that is gone.
HISTORY = {
    "catalog_event",
    "catalog_tombstone",
    "catalog_productevent",
    "catalog_webhookevent",
    "catalog_delivery",
    "moderation_decision",
}


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Nightly")[1])


@pytest.fixture
def handguns(db: None, picture: Picture) -> Bank:
    policy = Policy.objects.create(slug="weapons", name="Weapons")
    bank = Bank.objects.create(policy=policy, name="Handguns", hold_threshold=0.95)
    banks.add_exemplar(bank=bank, data=picture("handgun"))
    return bank


@pytest.fixture
def held(
    handguns: Bank, upload: Upload, picture: Picture, process: Callable[[], Any], starter: Any
) -> Image:
    """A photo with everything: vectors, hash, tags, flags, and a review that is open."""
    photo = upload(picture("handgun"))
    process()
    return Image.objects.get(pk=photo.pk)


def tables_that_name(text: str) -> Iterator[str]:
    """Every table with a row in which this text occurs, in any column of any type."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        for table in tables:
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT 1 FROM {quoted} t WHERE t::text LIKE %s LIMIT 1", [f"%{text}%"])
            if cursor.fetchone():
                yield table


def files_of(media: Path, photo: Image) -> list[str]:
    return [str(path) for path in media.rglob("*") if str(photo.pk) in path.name]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_but_history(
    api: ApiClient, held: Image, media: Path, make_user: Callable[..., User]
) -> None:
    category = Category.objects.filter(is_retired=False).first() or Tag.objects.get().category
    verdicts.judge(image_id=held.pk, category=category, accepted=True, by=make_user("s", "staff"))
    others = [uuid4(), uuid4()]
    said = {"storefront": held.storefront, "by": make_user("t", "staff")}
    IgnoredDuplicates.objects.create(image_ids=[held.pk, others[0]], **said)
    IgnoredDuplicates.objects.create(image_ids=[held.pk, *others], **said)
    told = {"Idempotency-Key": "x"}
    api.post(f"{IMAGES}/{held.pk}/appeal", {"text": "No."}, "application/json", headers=told)
    assert len(files_of(media, held)) == 3
    assert set(tables_that_name(str(held.pk))) > {"catalog_image", "catalog_tag"}

    assert api.delete(f"{IMAGES}/{held.pk}").status_code == 204

    assert files_of(media, held) == []
    assert set(tables_that_name(str(held.pk))) <= HISTORY
    # The bank had the same picture before, as an exemplar of its own.
    assert set(tables_that_name(held.sha256)) <= HISTORY | {"moderation_exemplar"}
    assert not DoomedFile.objects.exists()
    assert IgnoredDuplicates.objects.get().image_ids == others
    stone = Tombstone.objects.get()
    assert (stone.image_id, stone.sha256) == (held.pk, held.sha256)
    assert "Nightly" in stone.erased_by
    assert Event.objects.filter(image=held.pk).latest("id").kind == "erased"


def test_it_is_gone_for_its_storefront_and_was_never_there_for_others(
    api: ApiClient, other_storefront: Storefront, upload: Upload, picture: Picture
) -> None:
    photo = upload(picture("mug"))
    rival = ApiClient(keys.create_key(storefront=other_storefront, name="Test")[1])
    path = f"{IMAGES}/{photo.pk}"
    assert rival.delete(path).status_code == 404
    assert Image.objects.filter(pk=photo.pk).exists()

    assert api.delete(path).status_code == 204

    for answer in (api.get(path), api.delete(path)):
        assert (answer.status_code, answer.json()["code"]) == (410, "gone")
    assert rival.get(path).status_code == rival.delete(path).status_code == 404
    assert Tombstone.objects.count() == 1


def test_the_same_bytes_may_come_again(api: ApiClient, upload: Upload, picture: Picture) -> None:
    first = upload(picture("mug"))
    api.delete(f"{IMAGES}/{first.pk}")
    assert upload(picture("mug")).pk != first.pk


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_holds_it_writes_nothing(
    api: ApiClient, encoder: LoadedEncoder, upload: Upload, picture: Picture, starter: Any
) -> None:
    erased, kept = upload(picture("mug")), upload(picture("vase"))
    token, images = claim(limit=8)
    photos = [pipeline._decode(encoder, image) for image in images]
    assert api.delete(f"{IMAGES}/{erased.pk}").status_code == 204

    result = pipeline.Drained()
    pipeline.load_stages.cache_clear()
    stages = pipeline.load_stages()
    for stage in stages:
        stage.prepare(encoder)
    pipeline._commit(photos, token, encoder, stages, result)

    assert (result.done, result.lost) == (1, 1)
    assert set(tables_that_name(str(erased.pk))) <= HISTORY
    assert Image.objects.get().pk == kept.pk


@pytest.mark.django_db(transaction=True)
def test_whoever_has_locked_it_is_waited_for(upload: Upload, picture: Picture) -> None:
    photo = upload(picture("mug"))
    done = threading.Event()

    def erase() -> None:
        try:
            erasing.erase(Image.objects.filter(pk=photo.pk))
            done.set()
        finally:
            connection.close()

    with transaction.atomic():
        Image.objects.select_for_update().get(pk=photo.pk)
        other = threading.Thread(target=erase)
        other.start()
        other.join(0.3)
        assert not done.is_set()
        Image.objects.filter(pk=photo.pk).update(filename="written meanwhile")
    other.join(20)
    assert done.is_set()
    assert not Image.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_files_left_behind_by_a_crash_are_deleted_later(
    upload: Upload, picture: Picture, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = upload(picture("mug"))
    monkeypatch.setattr(erasing, "_delete_files", lambda names: None)
    erasing.erase(Image.objects.filter(pk=photo.pk))
    monkeypatch.undo()
    assert len(files_of(media, photo)) == DoomedFile.objects.count() == 3
    assert erasing.finish_files() == 0  # whoever erased it may be at it

    monkeypatch.setattr(erasing, "LEFT_BEHIND", -erasing.LEFT_BEHIND)
    assert erasing.finish_files() == 3
    assert files_of(media, photo) == []
    assert not DoomedFile.objects.exists()
    assert default_storage.exists(photo.original.name) is False


def test_an_open_review_is_closed_and_its_moderator_told(
    client: Client, api: ApiClient, held: Image, make_user: Callable[..., User]
) -> None:
    ana = make_user("ana", "moderator")
    review = Review.objects.get()
    reviewing.claim(review_id=review.pk, moderator=ana)
    client.force_login(ana)

    api.delete(f"{IMAGES}/{held.pk}")

    beat = client.post(reverse("moderation:renew", args=[review.pk]))
    assert (beat.status_code, beat.json()["code"]) == (409, "erased")
    assert "erased" in beat.json()["message"]
    decided = client.post(reverse("moderation:decide", args=[review.pk]), {"action": "approve"})
    assert decided.status_code == 302
    assert "erased" in client.get(decided.url, follow=True).content.decode()
    page = client.get(reverse("moderation:review", args=[review.pk]))
    assert page.status_code == 410
    assert "erased" in page.content.decode()
    assert client.get(reverse("moderation:review", args=[review.pk + 1])).status_code == 404
    closed = Event.objects.filter(image=held.pk, kind="withdrawn").get()
    assert closed.summary.endswith("review closed")


def test_a_draft_on_it_never_takes_effect_and_stays_as_history(
    api: ApiClient, held: Image, handguns: Bank, make_user: Callable[..., User]
) -> None:
    ana = make_user("ana", "moderator")
    review = Review.objects.get()
    claimed = reviewing.claim(review_id=review.pk, moderator=ana)
    deciding.decide(
        review_id=review.pk,
        moderator=ana,
        version=claimed.version,
        action=Action.REMOVE,
        policy=handguns.policy,
    )
    assert api.delete(f"{IMAGES}/{held.pk}").status_code == 204
    decision = Decision.objects.get()
    assert (decision.image_id, decision.settlement.result) == (held.pk, "undone")
    assert "erased" in decision.settlement.note
