"""`/fetches` over the API."""

from uuid import uuid4

import pytest

from catalog import keys
from catalog.choices import FetchStatus, Scope
from catalog.models import Fetch, Storefront
from tests.openapi import ApiClient

FETCHES = "/api/v1/fetches"
URL = "https://cdn.shop.example/mug.jpg"
pytestmark = pytest.mark.django_db


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test")[1])


def post(api: ApiClient, **body: object) -> tuple[int, dict]:
    response = api.post(FETCHES, body, content_type="application/json")
    return response.status_code, response.json()


def test_an_address_waits_and_can_be_asked_about(api: ApiClient, storefront: Storefront) -> None:
    response = api.post(FETCHES, {"url": URL, "sku": "MUG-1"}, content_type="application/json")
    assert response.status_code == 202
    row = Fetch.objects.get()
    assert (row.storefront, row.url, row.sku, row.status) == (storefront, URL, "MUG-1", "waiting")
    assert response["Location"].endswith(f"{FETCHES}/{row.pk}")
    assert api.get(f"{FETCHES}/{row.pk}").json() == response.json()
    assert api.get(FETCHES).json()["results"] == [response.json()]
    assert api.get(FETCHES, {"status": "failed"}).json()["results"] == []
    assert api.get(FETCHES, {"status": ""}).json()["code"] == "validation_failed"


def test_a_failure_says_why(api: ApiClient, storefront: Storefront) -> None:
    row = Fetch.objects.create(
        storefront=storefront,
        url=URL,
        status=FetchStatus.FAILED,
        failure_code="bad_status",
        failure_reason="The other side answered 404 instead of 200.",
    )
    shown = api.get(f"{FETCHES}/{row.pk}").json()
    assert shown["failure"] == {"code": row.failure_code, "reason": row.failure_reason}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"url": "file:///etc/passwd"}, 422, "address_refused"),
        ({"url": "http://a@b.example/"}, 422, "address_refused"),
        ({"url": "http://0x7f000001/"}, 422, "address_refused"),
        ({"url": "http://example.com:22/"}, 422, "address_refused"),
        ({"url": ""}, 400, "validation_failed"),
        ({}, 400, "validation_failed"),
        ({"url": 7}, 400, "validation_failed"),
        ({"url": URL, "sku": 7}, 400, "validation_failed"),
        ({"url": "x" * 3000}, 400, "validation_failed"),
        ({"url": URL, "title": "Mug"}, 400, "validation_failed"),
    ],
)
def test_a_bad_request_makes_no_row(
    body: dict[str, object], status: int, code: str, api: ApiClient
) -> None:
    answered, problem = post(api, **body)
    assert (answered, problem["code"]) == (status, code)
    assert not Fetch.objects.exists()


def test_another_shops_address_is_not_there(api: ApiClient, other_storefront: Storefront) -> None:
    row = Fetch.objects.create(storefront=other_storefront, url=URL)
    theirs, nowhere = api.get(f"{FETCHES}/{row.pk}"), api.get(f"{FETCHES}/{uuid4()}")
    assert theirs.status_code == nowhere.status_code == 404
    assert theirs.json() == nowhere.json()
    assert api.get(FETCHES).json()["results"] == []


def test_a_key_for_reading_fetches_nothing(storefront: Storefront) -> None:
    secret = keys.create_key(storefront=storefront, name="R", scopes=[Scope.IMAGES_READ])[1]
    status, problem = post(ApiClient(secret), url=URL)
    assert (status, problem["code"]) == (403, "insufficient_scope")
    assert not Fetch.objects.exists()
