"""`/webhooks` over the API."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from catalog import endpoints, keys, signing, webhooks
from catalog.choices import DeliveryState, EndpointState, Occurrence, Scope
from catalog.models import Delivery, DeliveryAttempt, Storefront, WebhookEndpoint, WebhookEvent
from tests.catalog.test_delivering import photo_of
from tests.openapi import ApiClient

WEBHOOKS = "/api/v1/webhooks"
URL = "https://shop.example/hooks"
pytestmark = pytest.mark.django_db

Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test", scopes=["webhooks"])[1])


@pytest.fixture
def call(api: ApiClient) -> Call:
    def send(method: str, path: str = "", body: Any = None) -> tuple[int, Any]:
        sent = {"data": body, "content_type": "application/json"} if body is not None else {}
        response = getattr(api, method)(f"{WEBHOOKS}{path}", **sent)
        return response.status_code, response.json()

    return send


@pytest.fixture
def endpoint(storefront: Storefront) -> WebhookEndpoint:
    return endpoints.make(storefront=storefront, url=URL)


def test_one_is_made_and_its_secret_shown_once(call: Call, api: ApiClient) -> None:
    status, made = call("post", body={"url": URL, "events": ["image.live"], "description": "Live"})
    assert status == 201
    row = WebhookEndpoint.objects.get()
    assert made["secret"] == row.secret
    assert made["secret"].startswith("whsec_")
    assert (row.url, row.kinds, row.description) == (URL, ["image.live"], "Live")
    shown = {name: value for name, value in made.items() if name != "secret"}
    assert call("get", f"/{row.pk}") == (200, shown)
    assert call("get") == (200, [shown])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": 7}, "url"),
        ({"url": URL, "events": ["image.eaten"]}, "events.0"),
        ({"url": URL, "events": ["webhook.test"]}, "events.0"),
        ({"url": URL, "events": "image.live"}, "events"),
        ({"url": URL, "description": "x" * 201}, "description"),
    ],
)
def test_what_cannot_be_sent_to_is_refused(body: dict[str, Any], field: str, call: Call) -> None:
    status, problem = call("post", body=body)
    assert (status, problem["code"]) == (400, "validation_failed")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/hooks",
        "https://user@shop.example/",
        "https://shop.example:22/",
        "https://0x7f000001/",
    ],
)
def test_an_address_that_is_not_reached_is_refused(
    url: str, call: Call, endpoint: WebhookEndpoint
) -> None:
    for method, path in (("post", ""), ("patch", f"/{endpoint.pk}")):
        status, problem = call(method, path, {"url": url})
        assert (status, problem["code"]) == (422, "address_refused")
    assert WebhookEndpoint.objects.get().url == URL


def test_a_body_of_megabytes_is_not_read(call: Call) -> None:
    status, problem = call("post", body={"url": URL, "description": "x" * 3_000_000})
    assert (status, problem["code"]) == (413, "file_too_large")


def test_there_is_an_end_to_them(call: Call, storefront: Storefront) -> None:
    for _ in range(endpoints.MOST_ENDPOINTS):
        endpoints.make(storefront=storefront, url=URL)
    status, problem = call("post", body={"url": URL})
    assert (status, problem["code"]) == (409, "webhook_refused")


def test_it_is_changed_paused_and_switched_on(call: Call, endpoint: WebhookEndpoint) -> None:
    path = f"/{endpoint.pk}"
    other = "https://other.example/"
    status, shown = call("patch", path, {"url": other, "events": ["image.held"]})
    assert (status, shown["url"], shown["events"]) == (200, other, ["image.held"])
    assert call("patch", path, {"state": "paused"})[1]["state"] == "paused"
    assert call("patch", path, {"state": "active"})[1]["state"] == "active"
    assert call("patch", path, {"state": "disabled"})[0] == 400
    assert call("patch", path, {})[1]["url"] == other


def test_a_disabled_one_says_why_and_refuses(call: Call, endpoint: WebhookEndpoint) -> None:
    WebhookEndpoint.objects.update(state=EndpointState.DISABLED, state_reason="Gone.")
    path = f"/{endpoint.pk}"
    assert call("get", path)[1]["state_reason"] == "Gone."
    for refused in ("test", "replay"):
        status, problem = call("post", f"{path}/{refused}")
        assert (status, problem["code"]) == (409, "webhook_refused")
    assert call("patch", path, {"state": "paused"})[0] == 409
    assert call("patch", path, {"state": "active"})[1]["state_reason"] == ""


def test_a_secret_is_rotated(call: Call, endpoint: WebhookEndpoint) -> None:
    status, shown = call("post", f"/{endpoint.pk}/rotate", {"overlap_hours": 2})
    assert status == 200
    row = WebhookEndpoint.objects.get()
    assert (shown["secret"], endpoint.secret) == (row.secret, row.previous_secret)
    assert shown["previous_secret_until"] is not None
    assert call("post", f"/{endpoint.pk}/rotate", {"overlap_hours": 999})[0] == 400
    assert call("post", f"/{endpoint.pk}/rotate", {"overlap_hours": 0})[0] == 200
    assert WebhookEndpoint.objects.get().previous_secret == ""


def test_it_is_deleted(call: Call, endpoint: WebhookEndpoint, api: ApiClient) -> None:
    assert api.delete(f"{WEBHOOKS}/{endpoint.pk}").status_code == 204
    assert call("get") == (200, [])
    assert call("get", f"/{endpoint.pk}")[0] == 404


def test_deliveries_are_listed_looked_at_and_sent_again(
    call: Call, endpoint: WebhookEndpoint, storefront: Storefront
) -> None:
    images = [photo_of(storefront) for _ in range(3)]
    for image in images:
        webhooks.emit(image=image, kind=Occurrence.IMAGE_HELD)
    path = f"/{endpoint.pk}/deliveries"
    first = Delivery.objects.get(image_id=images[0].pk)
    DeliveryAttempt.objects.create(delivery=first, status=500, milliseconds=12, error="No.")
    Delivery.objects.filter(pk=first.pk).update(
        state=DeliveryState.FAILED, finished_at=timezone.now()
    )

    status, page = call("get", f"{path}?limit=2")
    assert (status, len(page["results"])) == (200, 2)
    rest = call("get", path + "?" + page["next"].partition("?")[2])[1]
    assert rest["next"] is None
    ids = [row["event"] for row in page["results"] + rest["results"]]
    assert len(set(ids)) == 3
    assert call("get", f"{path}?state=failed")[1]["results"][0]["event"] == str(first.event_id)
    assert len(call("get", f"{path}?image={images[1].pk}")[1]["results"]) == 1
    assert call("get", f"{path}?type=image.live")[1]["results"] == []
    assert call("get", f"{path}?state=lost")[0] == 400
    assert call("get", f"{path}?cursor=x")[1]["code"] == "invalid_cursor"

    whole = call("get", f"{path}/{first.event_id}")[1]
    assert whole["payload"]["data"]["id"] == str(images[0].pk)
    assert (whole["log"][0]["status"], whole["log"][0]["error"]) == (500, "No.")
    status, again = call("post", f"{path}/{first.event_id}/replay")
    assert (status, again["state"], again["event"]) == (202, "waiting", str(first.event_id))

    Delivery.objects.update(state=DeliveryState.FAILED)
    assert call("post", f"/{endpoint.pk}/replay") == (202, {"count": 3})
    assert not Delivery.objects.exclude(state=DeliveryState.WAITING).exists()


def test_a_test_event_waits_to_be_sent(call: Call, endpoint: WebhookEndpoint) -> None:
    status, made = call("post", f"/{endpoint.pk}/test")
    assert (status, made["type"], made["image"]) == (202, "webhook.test", None)
    assert str(WebhookEvent.objects.get().pk) == made["event"]


def test_another_shops_webhook_is_not_there(
    call: Call, endpoint: WebhookEndpoint, other_storefront: Storefront
) -> None:
    theirs = endpoints.make(storefront=other_storefront, url=URL)
    webhooks.send_test(endpoint=theirs)
    event = WebhookEvent.objects.get().pk
    requests = [
        ("get", ""), ("patch", ""), ("delete", ""), ("post", "/rotate"), ("post", "/test"),
        ("post", "/replay"), ("get", "/deliveries"), ("get", f"/deliveries/{event}"),
        ("post", f"/deliveries/{event}/replay"),
    ]  # fmt: skip
    for method, rest in requests:
        body = {} if method != "get" else None
        found = call(method, f"/{theirs.pk}{rest}", body)
        assert found[0] == 404, (method, rest)
        assert found == call(method, f"/{uuid4()}{rest}", body)
    # Nor by way of one's own.
    assert call("get", f"/{endpoint.pk}/deliveries/{event}")[0] == 404
    theirs.refresh_from_db()
    assert (theirs.deleted_at, theirs.previous_secret) == (None, "")


def test_the_scope_is_needed(storefront: Storefront, endpoint: WebhookEndpoint) -> None:
    scopes = [scope for scope in Scope.values if scope != Scope.WEBHOOKS]
    _, plaintext = keys.create_key(storefront=storefront, name="Not these", scopes=scopes)
    for path in ("", f"/{endpoint.pk}", f"/{endpoint.pk}/deliveries"):
        assert ApiClient(plaintext).get(f"{WEBHOOKS}{path}").json()["code"] == "insufficient_scope"
        assert ApiClient().get(f"{WEBHOOKS}{path}").json()["code"] == "api_key_missing"


def test_secrets_are_long_and_never_the_same() -> None:
    assert len({signing.new_secret() for _ in range(100)}) == 100
    assert len(signing.new_secret()) == len("whsec_") + 44
