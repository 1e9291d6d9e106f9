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
from moderation import banks, reviewing
from moderation.api.examples import HELD
from moderation.choices import Action, BankKind
from moderation.models import Bank, Policy
from tests.openapi import IMAGES, ApiClient, validate

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
    bank = Bank.objects.create(policy=weapons, name="Handguns", hold_threshold=0.95)
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
        "policy": "weapons",
        "bank": "Handguns",
        "outcome": "hold",
        "threshold": 0.95,
        "exemplar": str(handguns.exemplars.get().pk),
        "vetoed": False,
    }
    assert body["decision"] is None
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
    safe = Bank.objects.create(policy=weapons, name="Toys", kind=BankKind.SAFE, hold_threshold=0.95)
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
    reviewing.decide(
        review_id=review.pk,
        moderator=moderator,
        version=claimed.version,
        action=action,
        policy=policy if action == Action.REMOVE else None,
    )


def test_a_list_costs_the_same_queries_however_long(
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
    # The key with its storefront; photos with products; embeddings, tags, flags, decisions.
    assert queries(f"{IMAGES}/{first.pk}") == 6
    assert queries(IMAGES) == 6

    for seed in range(1, 6):
        upload(picture("mug", seed))
    process()
    assert queries(IMAGES) == 6
