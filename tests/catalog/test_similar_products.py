"""Similar products: by the mean of live photos, within one storefront."""

from collections.abc import Callable

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone
from pgvector import HalfVector

from benchmarks.photos import encoder_of, unit
from catalog import keys, products, similar_products
from catalog.choices import Scope, Status
from catalog.models import Embedding, Encoder, Image, Product, Storefront
from catalog.search import NotEmbedded
from tests.conftest import Picture
from tests.pages import SignIn

Make = Callable[..., Product]


@pytest.fixture
def eyes(db: None) -> Encoder:
    return encoder_of(4)


@pytest.fixture
def make(
    storefront: Storefront, upload: Callable[..., Image], picture: Picture, eyes: Encoder
) -> Make:
    """A product with a live photo for each of these vectors."""
    made = 0

    def product(
        sku: str, *vectors: list[float], to: Storefront | None = None, status: str = Status.LIVE
    ) -> Product:
        nonlocal made
        shop = to or storefront
        found = products.upsert(storefront=shop, sku=sku, title=f"The {sku}")
        for vector in vectors:
            made += 1
            image = upload(picture("mug", made), filename=f"{sku}.jpg", to=shop)
            Image.objects.filter(pk=image.pk).update(
                product=found, status=status, screened_at=timezone.now()
            )
            row = unit(np.array(vector, dtype=np.float32))
            Embedding.objects.create(image=image, encoder=eyes, vector=HalfVector(row))
        return found

    return product


A, B, C = [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]


def test_products_are_compared_by_their_means(make: Make, eyes: Encoder) -> None:
    mug = make("mug", A, B)
    both = make("both", [1, 1, 0, 0])  # as the mean
    one = make("one", A)  # one photo of it is exactly one of the mug's
    far = make("far", C)
    make("held", [1, 1, 0, 0], status=Status.HELD)
    found = similar_products.similar(mug, encoder=eyes, limit=10)
    assert [each.product_id for each in found] == [both.pk, one.pk, far.pk]
    assert [round(each.score, 2) for each in found] == [1.0, 0.71, 0.0]
    assert similar_products.similar(mug, encoder=eyes, limit=1) == found[:1]


def test_tenants_never_meet(
    make: Make, eyes: Encoder, storefront: Storefront, other_storefront: Storefront
) -> None:
    mug = make("mug", A)
    make("theirs", A, to=other_storefront)
    assert similar_products.similar(mug, encoder=eyes, limit=10) == []


def test_a_product_without_a_live_photo_cannot_be_compared(make: Make, eyes: Encoder) -> None:
    make("other", A)
    for product in (make("none"), make("held", A, status=Status.HELD)):
        with pytest.raises(NotEmbedded, match="None of the product's photos is live"):
            similar_products.similar(product, encoder=eyes, limit=10)


def test_the_panel_on_the_products_page(make: Make, sign_in: SignIn) -> None:
    mug, cup = make("mug", A), make("cup", A)
    client = sign_in("moderator")
    page = client.get(f"/products/{mug.pk}/similar/").content.decode()
    assert f"/products/{cup.pk}/" in page
    assert "cosine 1.000" in page
    none = make("none")
    page = client.get(f"/products/{none.pk}/similar/").content.decode()
    assert "None of the product&#x27;s photos is live" in page


@pytest.fixture
def call(client: Client, storefront: Storefront) -> Callable[..., tuple[int, dict]]:
    def ask(path: str, *scopes: Scope) -> tuple[int, dict]:
        _, key = keys.create_key(
            storefront=storefront, name="Test", scopes=list(scopes or [Scope.SEARCH])
        )
        response = client.get(f"/api/v1/products/{path}", headers={"X-API-Key": key})
        return response.status_code, response.json()

    return ask


def test_over_the_api(
    make: Make, call: Callable[..., tuple[int, dict]], other_storefront: Storefront
) -> None:
    make("shelf/mug", A)
    cup = make("cup", A)
    make("far", B)
    make("theirs", A, to=other_storefront)
    status, answer = call("shelf/mug/similar")
    assert status == 200
    assert [(each["sku"], each["score"]) for each in answer["results"]] == [
        ("cup", 1.0),
        ("far", 0.0),
    ]
    assert answer["results"][0] == {
        "score": 1.0,
        "sku": "cup",
        "title": "The cup",
        "image": str(cup.images.get().pk),
        "alt_text": "The cup",
    }
    assert answer["encoder"]["mini"] is False
    assert len(call("shelf/mug/similar?limit=1")[1]["results"]) == 1
    for path, scopes, wanted in (
        ("theirs/similar", (Scope.SEARCH,), (404, "not_found")),
        ("nothing/similar", (Scope.SEARCH,), (404, "not_found")),
        ("cup/similar?limit=0", (Scope.SEARCH,), (400, "validation_failed")),
        ("cup/similar", (Scope.IMAGES_READ, Scope.IMAGES_WRITE), (403, "insufficient_scope")),
    ):
        status, answer = call(path, *scopes)
        assert (status, answer["code"]) == wanted, path
    make("empty")
    assert call("empty/similar")[1]["code"] == "not_embedded"


def test_strangers_are_refused(client: Client, make: Make) -> None:
    make("mug", A)
    response = client.get("/api/v1/products/mug/similar")
    assert (response.status_code, response.json()["code"]) == (401, "api_key_missing")
