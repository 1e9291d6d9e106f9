"""The verdict in the API: what screening flagged and what moderators decided."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog import keys
from catalog.choices import Status
from catalog.models import ApiKey, Encoder, Image, Storefront
from moderation import appealing, banks, deciding, reviewing
from moderation.api.examples import HELD
from moderation.choices import Action, BankKind, MatchKind, Outcome
from moderation.models import Bank, Flag, Policy, Review
from tests.openapi import IMAGES, ApiClient, validate
from tests.pages import tag

Picture = Callable[..., bytes]
Upload = Callable[..., Image]


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test")[1])


@pytest.fixture
def weapons(db: None) -> Policy:
    return Policy.objects.create(slug="weapons", name="Weapons")


@pytest.fixture
def handguns(weapons: Policy, picture: Picture) -> Bank:
    bank = Bank.objects.create(
        policy=weapons, name="Handguns", hold_threshold=0.95, hash_distance=None
    )
    banks.add_exemplar(bank=bank, data=picture("handgun"))
    return bank


def test_the_example_is_what_the_document_describes() -> None:
    validate({"$ref": "#/components/schemas/Image"}, HELD)


def test_a_held_photo_names_what_it_resembles(
    api: ApiClient, handguns: Bank, upload: Upload, picture: Picture, process: Any, starter: Any
) -> None:
    photo = upload(picture("handgun"))
    process()

    body = api.get(f"{IMAGES}/{photo.pk}").json()

    assert body["status"] == Status.HELD
    (flag,) = body["flags"]
    assert flag.pop("score") == pytest.approx(1.0, abs=0.01)
    assert flag == {
        "kind": "embedding",
        "policy": "weapons",
        "bank": "Handguns",
        "bank_version": handguns.version,
        "exemplar": str(handguns.exemplars.get().pk),
        "prompt": None,
        "outcome": "hold",
        "threshold": 0.95,
        "vetoed": False,
    }
    assert (body["decision"], body["appeal"]) == (None, None)
    assert body["review"].pop("due_at")
    assert body["review"] == {"queue": "first"}
    assert body["processed_at"] is not None
    row = Encoder.objects.get()
    assert body["encoder"] == {
        "name": row.name,
        "fingerprint": row.fingerprint,
        "mini": row.is_mini,
    }


def test_a_safe_look_alike_shows_as_a_vetoed_flag(
    api: ApiClient,
    handguns: Bank,
    weapons: Policy,
    upload: Upload,
    picture: Picture,
    process: Any,
    starter: Any,
) -> None:
    safe = Bank.objects.create(
        policy=weapons,
        name="Toys",
        kind=BankKind.SAFE,
        hold_threshold=0.95,
        hash_distance=None,
    )
    banks.add_exemplar(bank=safe, data=picture("handgun"))
    photo = upload(picture("handgun"))
    process()

    body = api.get(f"{IMAGES}/{photo.pk}").json()

    assert body["status"] == Status.LIVE
    assert [(flag["outcome"], flag["vetoed"]) for flag in body["flags"]] == [("vetoed", True)]


@pytest.mark.parametrize(
    ("action", "reason", "status"),
    [(Action.REMOVE, "weapons", Status.REMOVED), (Action.APPROVE, None, Status.LIVE)],
)
def test_a_decision_is_told_without_who_made_it(
    at_once: None,
    action: Action,
    reason: str | None,
    status: Status,
    api: ApiClient,
    handguns: Bank,
    weapons: Policy,
    upload: Upload,
    picture: Picture,
    process: Any,
    starter: Any,
    make_user: Callable[..., User],
) -> None:
    photo = upload(picture("handgun"))
    process()
    decide(photo, action, weapons, make_user("ana", "moderator"))

    body = api.get(f"{IMAGES}/{photo.pk}").json()

    assert body["status"] == status
    assert body["decision"].pop("decided_at")
    assert body["decision"] == {"action": action, "reason": reason}
    assert "ana" not in str(body)


def decide(photo: Image, action: Action, policy: Policy, moderator: User) -> None:
    review = photo.reviews.get()
    claimed = reviewing.claim(review_id=review.pk, moderator=moderator)
    deciding.decide(
        review_id=review.pk,
        moderator=moderator,
        version=claimed.version,
        action=action,
        policy=policy if action == Action.REMOVE else None,
    )


def flag_of(photo: Image, policy: Policy, **fields: Any) -> Flag:
    usual = {"bank_version": 1, "outcome": Outcome.HOLD}
    return Flag.objects.create(image=photo, policy=policy, **usual | fields)


def test_every_kind_of_flag_says_what_matched_and_the_nearest_comes_first(
    api: ApiClient, handguns: Bank, weapons: Policy, upload: Upload, picture: Picture
) -> None:
    photo = upload(picture("mug"))
    encoder = tag(photo, "Mug", score=0.9).encoder
    exemplar = handguns.exemplars.get()
    known = {"bank": handguns, "exemplar": exemplar}
    words = {"kind": MatchKind.PROMPT, "prompt_text": "a handgun", "encoder": encoder}
    flag_of(photo, weapons, **words, score=0.91, threshold=0.8)
    flag_of(photo, weapons, kind=MatchKind.HASH, **known, score=8, threshold=31)
    flag_of(photo, weapons, **known, encoder=encoder, score=0.95, threshold=0.9)

    flags = api.get(f"{IMAGES}/{photo.pk}").json()["flags"]

    shown = [(each["kind"], each["bank"], each["prompt"], each["score"]) for each in flags]
    assert shown == [
        ("hash", "Handguns", None, 8),  # 248 of 256 bits are the same: 0.97
        ("embedding", "Handguns", None, 0.95),
        ("prompt", None, "a handgun", 0.91),
    ]
    assert [each["exemplar"] for each in flags] == [str(exemplar.pk)] * 2 + [None]


def test_a_flag_that_was_withdrawn_is_left_out(
    api: ApiClient, handguns: Bank, weapons: Policy, upload: Upload, picture: Picture
) -> None:
    photo = upload(picture("mug"))
    flag_of(
        photo,
        weapons,
        kind=MatchKind.HASH,
        bank=handguns,
        exemplar=handguns.exemplars.get(),
        score=8,
        threshold=31,
        withdrawn_at=timezone.now(),
    )
    assert api.get(f"{IMAGES}/{photo.pk}").json()["flags"] == []


def test_a_draft_is_not_an_answer_yet(review: Review, make_user: Callable[..., User]) -> None:
    api = ApiClient(keys.create_key(storefront=review.image.storefront, name="Test")[1])
    decide(review.image, Action.APPROVE, review.policy, make_user("ana", "moderator"))
    body = api.get(f"{IMAGES}/{review.image_id}").json()
    assert (body["status"], body["decision"]) == (Status.HELD, None)
    assert body["review"]["queue"] == "first"


def test_a_decision_that_waits_for_a_second_person_is_not_an_answer_yet(
    at_once: None, review: Review, make_user: Callable[..., User]
) -> None:
    Policy.objects.update(needs_second_person=True)
    api = ApiClient(keys.create_key(storefront=review.image.storefront, name="Test")[1])
    for name, queue in (("ana", "second"), ("ben", None)):
        decide(review.image, Action.REMOVE, review.policy, make_user(name, "moderator"))
        body = api.get(f"{IMAGES}/{review.image_id}").json()
        assert (body["review"] and body["review"]["queue"]) == queue
        assert (body["decision"] is None) == (queue is not None)
    assert (body["status"], body["decision"]["reason"]) == (Status.REMOVED, "weapons")


def test_a_list_costs_the_same_queries_however_long(
    at_once: None,
    api: ApiClient,
    handguns: Bank,
    weapons: Policy,
    upload: Upload,
    picture: Picture,
    process: Any,
    starter: Any,
    make_user: Callable[..., User],
) -> None:
    moderator = make_user("ana", "moderator")
    # The use of a key is recorded once a minute: not during this test, however slow.
    ApiKey.objects.update(last_used_at=timezone.now() + timedelta(hours=1))

    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            body = api.get(path).json()
        assert "vector" not in "".join(
            query["sql"].split(" FROM ")[0] for query in captured.captured_queries
        )
        assert body.get("results", [body])
        return len(captured)

    first = upload(picture("handgun"))
    process()
    decide(first, Action.REMOVE, weapons, moderator)
    appealing.appeal(image=first, text="It is a toy.", source="api")
    # The key with its storefront; photos with products; embeddings, tags, attributes; flags,
    # decisions, reviews under way, appeals with their reviews; what test keys decided and appealed.
    assert queries(f"{IMAGES}/{first.pk}") == 11
    assert queries(IMAGES) == 11

    for seed in range(1, 6):
        upload(picture("mug", seed))
    process()
    assert queries(IMAGES) == 11
