"""What storefronts are told, written in the transaction in which it happens."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog import endpoints, erasing, fetching, pipeline, publishing, webhooks
from catalog.choices import Occurrence, Source, Status
from catalog.fetching import FetchRefused
from catalog.models import Delivery, Fetch, Image, Storefront, WebhookEndpoint, WebhookEvent
from moderation import appealing
from moderation.choices import Action
from moderation.models import Policy, Review
from tests.conftest import Picture
from tests.moderation.cases import decide, settle
from tests.pages import tag

pytestmark = pytest.mark.django_db

Upload = Callable[..., Image]
URL = "https://shop.example/hooks"


@pytest.fixture
def endpoint(storefront: Storefront) -> WebhookEndpoint:
    return endpoints.make(storefront=storefront, url=URL)


def told() -> list[dict[str, Any]]:
    """Every event's body, in order."""
    deliveries = Delivery.objects.order_by("id").select_related("event")
    return [json.loads(delivery.event.body) for delivery in deliveries]


def kinds() -> list[str]:
    return [event["type"] for event in told()]


def test_photos_that_went_through_the_conveyor(
    endpoint: WebhookEndpoint,
    starter: object,
    upload: Upload,
    picture: Picture,
    process: Callable[[], pipeline.Drained],
    other_storefront: Storefront,
) -> None:
    good = upload(picture("mug"))
    upload(picture("mug"), to=other_storefront)
    process()

    (event,) = told()
    assert event["type"] == "image.live"
    assert event["livemode"] is True
    data = event["data"]
    assert (data["id"], data["status"], data["sku"]) == (str(good.pk), "live", None)
    tags = [tag.category.external_id for tag in good.tags.order_by("rank")]
    assert [tag["category"] for tag in data["tags"]] == tags
    assert tags
    assert WebhookEvent.objects.get().storefront == endpoint.storefront


def test_a_photo_that_fails(endpoint: WebhookEndpoint, upload: Upload, picture: Picture) -> None:
    photo = upload(picture("mug"))
    assert publishing.fail(image=photo, code="corrupt_image", reason="It is damaged.") == 1
    assert publishing.fail(image=photo, code="corrupt_image", reason="It is damaged.") == 0
    (event,) = told()
    assert event["type"] == "image.failed"
    assert event["data"] == {
        "id": str(photo.pk),
        "status": "failed",
        "sku": None,
        "failure": {"code": "corrupt_image", "reason": "It is damaged."},
    }


def test_a_removal_its_appeal_and_the_erasure(
    endpoint: WebhookEndpoint, case: Review, ana: User, ben: User, policy: Policy
) -> None:
    decision = decide(case, ana, Action.REMOVE, policy)
    assert told() == [], "a decision that can be undone is no news"
    settle(case)
    photo = Image.objects.get(pk=case.image_id)
    made = appealing.appeal(image=photo, text="It is a toy.", source=Source.API)
    decide(made.review, ben)
    settle(made.review)
    erasing.erase(Image.objects.filter(pk=photo.pk))

    assert kinds() == [
        *("image.removed", "decision.effective"),
        *("image.live", "decision.effective", "appeal.decided"),
        "image.deleted",
    ]
    events = told()
    assert events[1]["data"]["decision"] == {
        "action": "remove",
        "reason": "arms",
        "decided_at": decision.decided_at.isoformat().replace("+00:00", "Z"),
    }
    assert events[1]["data"]["status"] == "removed"
    assert events[4]["data"]["appeal"] == {"status": "overturned"}
    assert events[5]["data"] == {"id": str(photo.pk), "sku": None}
    sequences = [event["sequence"] for event in events]
    assert sequences == sorted(set(sequences))


def test_nobody_is_told_what_is_so_already(
    endpoint: WebhookEndpoint, case: Review, ana: User
) -> None:
    photo = Image.objects.get(pk=case.image_id)
    publishing.hold(image=photo)
    assert told() == []
    publishing.publish(image=photo)
    publishing.publish(image=photo)
    assert kinds() == ["image.live"]


def test_what_was_rolled_back_was_never_said(endpoint: WebhookEndpoint, case: Review) -> None:
    class Fault(Exception):
        pass

    def and_fail() -> None:
        publishing.publish(image=Image.objects.get(pk=case.image_id))
        assert kinds() == ["image.live"]
        raise Fault

    with pytest.raises(Fault), transaction.atomic():
        and_fail()
    assert told() == []
    assert Image.objects.get(pk=case.image_id).status == Status.HELD


def test_an_endpoint_is_told_what_it_wants_to_know(
    endpoint: WebhookEndpoint, storefront: Storefront, other_storefront: Storefront, case: Review
) -> None:
    picky = endpoints.make(storefront=storefront, url=URL + "/2", kinds=[Occurrence.IMAGE_REMOVED])
    endpoints.make(storefront=other_storefront, url=URL + "/3")
    photo = Image.objects.get(pk=case.image_id)
    publishing.publish(image=photo)
    publishing.remove(image=photo)
    assert [
        (delivery.endpoint_id, delivery.event.kind)
        for delivery in Delivery.objects.order_by("id").select_related("event")
    ] == [
        (endpoint.pk, "image.live"),
        (endpoint.pk, "image.removed"),
        (picky.pk, "image.removed"),
    ]
    assert WebhookEvent.objects.count() == 2, "one event, however many hear of it"


@pytest.mark.parametrize("state", ["inactive", "nobody listens", "uninteresting"])
def test_nothing_is_written_where_nobody_listens(
    state: str, storefront: Storefront, case: Review
) -> None:
    if state == "inactive":
        endpoints.make(storefront=storefront, url=URL)
        Storefront.objects.update(is_active=False)
    if state == "uninteresting":
        endpoints.make(storefront=storefront, url=URL, kinds=[Occurrence.IMAGE_DELETED])
    image = Image.objects.get(pk=case.image_id)
    with CaptureQueriesContext(connection) as captured:
        webhooks.emit(image=image, kind=Occurrence.IMAGE_LIVE)
    assert len(captured) == 1
    assert not WebhookEvent.objects.exists()


def test_a_batch_costs_the_same_however_large(
    endpoint: WebhookEndpoint, upload: Upload, picture: Picture
) -> None:
    photos = [upload(picture("mug", seed)) for seed in range(4)]
    for photo in photos:
        tag(photo, "Mug", score=0.9)
        photo.status = Status.LIVE
    counts = []
    for batch in (photos[:1], photos):
        with CaptureQueriesContext(connection) as captured:
            webhooks.emit_status(batch)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_photo_that_could_not_be_fetched(
    endpoint: WebhookEndpoint, storefront: Storefront
) -> None:
    row = Fetch.objects.create(storefront=storefront, url="https://cdn.example/x.jpg", sku="MUG-1")
    refused = FetchRefused("bad_status", "The other side answered 404 instead of 200.")
    fetching._give_up_or_wait(row, refused)
    (event,) = told()
    assert event["type"] == "fetch.failed"
    assert event["data"] == {
        "id": str(row.pk),
        "sku": "MUG-1",
        "failure": {"code": refused.code, "reason": refused.message},
    }


def test_a_sandbox_says_so(storefront: Storefront, upload: Upload, picture: Picture) -> None:
    sandbox = Storefront.objects.create(name="Test", slug="test", sandbox_of=storefront)
    endpoints.make(storefront=sandbox, url=URL)
    photo = upload(picture("mug"), to=sandbox)
    publishing.fail(image=photo, code="corrupt_image", reason="It is damaged.")
    (event,) = told()
    assert event["livemode"] is False
