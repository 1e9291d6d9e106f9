"""Products over the API."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from catalog import keys, products
from catalog.models import Image, Product, Storefront, Tombstone
from tests.openapi import ApiClient

PRODUCTS = "/api/v1/products"
Upload = Callable[..., Image]
Picture = Callable[..., bytes]


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test")[1])


def put(api: ApiClient, sku: str, body: Any) -> Any:
    return api.put(f"{PRODUCTS}/{quote(sku)}", body, content_type="application/json")


def test_a_product_is_made_and_what_is_left_out_stays(api: ApiClient) -> None:
    made = put(api, "MUG-1", {"title": "Mug", "exposure": 2, "data": {"erp": [1, "é", None]}})
    changed = put(api, "MUG-1", {"title": "Blue mug"})
    cleared = put(api, "MUG-1", {"title": "", "data": {}})

    assert (made.status_code, changed.status_code, cleared.status_code) == (201, 200, 200)
    assert changed.json()["title"] == "Blue mug"
    assert (changed.json()["exposure"], changed.json()["data"]) == (2.0, {"erp": [1, "é", None]})
    assert (cleared.json()["title"], cleared.json()["data"]) == ("", {})
    assert changed.json()["updated_at"] > made.json()["updated_at"]
    assert made.json()["photos"] == 0
    assert api.get(f"{PRODUCTS}/MUG-1").json() == cleared.json()


@pytest.mark.parametrize("sku", ["a/b", "ä ö", "%2F", "?", "x" * 120, "a..b"])
def test_any_sku_has_an_address(sku: str, api: ApiClient) -> None:
    assert put(api, sku, {}).json()["sku"] == sku
    assert Product.objects.get().sku == sku
    assert api.delete(f"{PRODUCTS}/{quote(sku)}").status_code == 204
    assert not Product.objects.exists()


DEEP: Any = {}
for _ in range(30):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"title": "T" * 301},
        {"title": "\0"},
        {"exposure": 0},
        {"exposure": -1},
        {"exposure": "much"},
        {"data": []},
        {"data": "text"},
        {"data": {"a": "\0"}},
        {"data": {"\ud800": 1}},
        {"data": DEEP},
        {"data": {"a": "x" * 20_000}},
    ],
)
def test_what_cannot_be_kept_is_refused(body: Any, api: ApiClient) -> None:
    response = put(api, "MUG-1", body)
    assert (response.status_code, response.json()["code"]) == (400, "validation_failed")
    assert not Product.objects.exists()


@pytest.mark.parametrize("body", [b'{"exposure": 1e999}', b'{"data": {"a": -1e999}}'])
def test_numbers_that_are_not_finite_are_refused(body: bytes, api: ApiClient) -> None:
    assert put(api, "MUG-1", body).json()["code"] == "validation_failed"


def test_an_sku_that_is_too_long_is_refused(api: ApiClient) -> None:
    for method in (api.get, api.delete):
        assert method(f"{PRODUCTS}/{'x' * 121}").json()["code"] == "validation_failed"


def test_pages_by_sku(api: ApiClient, storefront: Storefront) -> None:
    for sku in ("b", "a", "c"):
        products.upsert(storefront=storefront, sku=sku)
    first = api.get(f"{PRODUCTS}?limit=2").json()
    assert [each["sku"] for each in first["results"]] == ["a", "b"]
    second = api.get(first["next"]).json()
    assert ([each["sku"] for each in second["results"]], second["next"]) == (["c"], None)
    for cursor in ("%21", "bm90IGEgc2t1", "A" * 4000):
        assert api.get(f"{PRODUCTS}?cursor={cursor}").json()["code"] == "invalid_cursor"


def test_its_photos_come_along_on_demand(
    api: ApiClient, storefront: Storefront, upload: Upload, picture: Picture
) -> None:
    photo = upload(picture("mug"))
    product = products.upsert(storefront=storefront, sku="MUG-1")
    Image.objects.update(product=product)
    assert "images" not in api.get(f"{PRODUCTS}/MUG-1").json()
    shown = api.get(f"{PRODUCTS}/MUG-1?expand=images").json()
    assert ([each["id"] for each in shown["images"]], shown["photos"]) == ([str(photo.pk)], 1)
    assert api.get(f"{PRODUCTS}/MUG-1?expand=all").json()["code"] == "validation_failed"


def test_a_product_with_photos_is_deleted_only_on_purpose(
    api: ApiClient, storefront: Storefront, upload: Upload, picture: Picture
) -> None:
    upload(picture("mug"))
    Image.objects.update(product=products.upsert(storefront=storefront, sku="MUG-1"))
    refused = api.delete(f"{PRODUCTS}/MUG-1")
    assert (refused.status_code, refused.json()["code"]) == (409, "product_has_images")
    assert Image.objects.exists()

    assert api.delete(f"{PRODUCTS}/MUG-1?images=erase").status_code == 204
    assert not Image.objects.exists()
    assert not Product.objects.exists()
    assert Tombstone.objects.count() == 1
    assert api.get(f"{PRODUCTS}/MUG-1").status_code == 404


def test_another_storefronts_product_is_not_there(
    api: ApiClient, other_storefront: Storefront
) -> None:
    products.upsert(storefront=other_storefront, sku="MUG-1", title="Theirs")
    assert api.get(f"{PRODUCTS}/MUG-1").status_code == 404
    assert api.delete(f"{PRODUCTS}/MUG-1").status_code == 404
    assert api.get(PRODUCTS).json()["results"] == []
    assert put(api, "MUG-1", {"title": "Ours"}).status_code == 201
    assert Product.objects.get(storefront=other_storefront).title == "Theirs"
