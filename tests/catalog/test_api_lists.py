"""Lists of photos: narrowed, sparse, expanded."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog import keys, products
from catalog.models import Event, Image, Storefront
from moderation.choices import ModerationEvent
from tests.openapi import IMAGES, ApiClient
from tests.pages import tag

Upload = Callable[..., Image]
Picture = Callable[..., bytes]


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test")[1])


@pytest.fixture
def photos(upload: Upload, picture: Picture, storefront: Storefront) -> list[Image]:
    """An old mug of a product, and a vase."""
    mug, vase = upload(picture("mug")), upload(picture("vase"))
    product = products.upsert(storefront=storefront, sku="MUG-1", title="Mug")
    month_ago = timezone.now() - timedelta(days=30)
    Image.objects.filter(pk=mug.pk).update(product=product, created_at=month_ago)
    Storefront.objects.update(taxonomy=tag(mug, "Mug", score=0.9).category.taxonomy)
    return [mug, vase]


def found(api: ApiClient, query: str) -> list[str]:
    return [each["id"] for each in api.get(f"{IMAGES}?{query}").json()["results"]]


def test_filters(api: ApiClient, photos: list[Image]) -> None:
    mug, vase = (str(photo.pk) for photo in photos)
    week_ago = quote((timezone.now() - timedelta(days=7)).isoformat())
    assert found(api, "sku=MUG-1") == [mug]
    assert found(api, "sku=nothing") == []
    assert found(api, "category=mug") == [mug]
    assert found(api, f"created_after={week_ago}") == [vase]
    assert found(api, f"created_before={week_ago}") == [mug]
    assert found(api, f"created_before={week_ago}&status=live") == []


def test_what_changed_since(api: ApiClient, photos: list[Image]) -> None:
    mug, _ = photos
    since = timezone.now() + timedelta(hours=1)
    query = f"updated_since={quote(since.isoformat())}"
    assert found(api, query) == []
    Event.objects.create(image=mug, kind=ModerationEvent.CLAIMED, at=since, summary="Claimed")
    assert found(api, query) == []  # who looks at it is nothing the storefront sees
    Event.objects.create(image=mug, kind=ModerationEvent.APPROVED, at=since, summary="Approved")
    assert found(api, query) == [str(mug.pk)]


@pytest.mark.parametrize(
    "query",
    [
        *("category=hat", "created_after=yesterday", "fields=secret", "fields=,x", "expand=tags"),
        *("sku=%00", "updated_since=9999-12-31T23:59:59-23:59", "status=lost"),
    ],
)
def test_what_means_nothing_is_refused(query: str, api: ApiClient, photos: list[Image]) -> None:
    response = api.get(f"{IMAGES}?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "validation_failed")


def test_sparse_fields_cost_no_more_than_they_show(api: ApiClient, photos: list[Image]) -> None:
    path = f"{IMAGES}/{photos[0].pk}"
    assert api.get(f"{path}?fields=status").json() == {
        "id": str(photos[0].pk),
        "status": "pending",
    }
    with CaptureQueriesContext(connection) as captured:
        rows = api.get(f"{IMAGES}?fields=id,sha256").json()["results"]
    assert [set(row) for row in rows] == [{"id", "sha256"}] * 2
    said = " ".join(query["sql"] for query in captured.captured_queries)
    assert "catalog_tag" not in said
    assert "moderation_flag" not in said


def test_a_product_in_full(api: ApiClient, photos: list[Image]) -> None:
    path = f"{IMAGES}/{photos[0].pk}"
    brief: Any = api.get(path).json()["product"]
    full: Any = api.get(f"{path}?expand=product").json()["product"]
    assert brief == {"sku": "MUG-1", "title": "Mug"}
    assert {**brief, "exposure": 1.0, "data": {}}.items() <= full.items()
