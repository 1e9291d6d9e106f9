"""Which tags the API shows: those of one encoder, best first."""

from collections.abc import Callable

import pytest
from pgvector import HalfVector

from catalog import keys
from catalog.models import Category, Embedding, Encoder, Image, Storefront, Tag, Taxonomy
from tests.openapi import IMAGES, ApiClient

Picture = Callable[..., bytes]


def make_encoder(name: str, *, active: bool) -> Encoder:
    return Encoder.objects.create(
        name=name,
        fingerprint=name,
        dimension=3,
        scoring="softmax",
        logit_scale=100.0,
        is_mini=name == "mini",
        is_active=active,
    )


@pytest.fixture
def categories(db: None) -> list[Category]:
    taxonomy = Taxonomy.objects.create(slug="t", name="T", version="1")
    return [
        Category.objects.create(
            taxonomy=taxonomy,
            external_id=name.lower(),
            name=name,
            path=f"Kitchen ▸ {name}",
            position=position,
        )
        for position, name in enumerate(["Mug", "Vase"])
    ]


@pytest.fixture
def photo(upload: Callable[..., Image], picture: Picture) -> Image:
    return upload(picture("mug"))


@pytest.fixture
def api(storefront: Storefront) -> ApiClient:
    return ApiClient(keys.create_key(storefront=storefront, name="Test")[1])


def tag(photo: Image, encoder: Encoder, *categories: Category) -> None:
    Embedding.objects.create(image=photo, encoder=encoder, vector=HalfVector([1, 0, 0]))
    for rank, category in reversed(list(enumerate(categories, start=1))):
        Tag.objects.create(
            image=photo,
            category=category,
            encoder=encoder,
            rank=rank,
            score=1 / (rank + 1),
            threshold=0.3,
            template_version="1",
        )


def test_tags_come_best_first_with_the_taxonomys_ids(
    api: ApiClient, photo: Image, categories: list[Category]
) -> None:
    mug, vase = categories
    tag(photo, make_encoder("mini", active=True), vase, mug)

    body = api.get(f"{IMAGES}/{photo.pk}").json()

    assert body["tags"] == [
        {
            "category": "vase",
            "name": "Vase",
            "path": "Kitchen ▸ Vase",
            "score": 0.5,
            "rank": 1,
            "levels": [],
        },
        {
            "category": "mug",
            "name": "Mug",
            "path": "Kitchen ▸ Mug",
            "score": pytest.approx(1 / 3),
            "rank": 2,
            "levels": [],
        },
    ]
    assert body["encoder"] == {"name": "mini", "fingerprint": "mini", "mini": True}


def test_tags_of_the_active_encoder_are_shown_alone(
    api: ApiClient, photo: Image, categories: list[Category]
) -> None:
    mug, vase = categories
    active, newer = make_encoder("large", active=True), make_encoder("mini", active=False)
    tag(photo, active, mug)
    tag(photo, newer, vase)

    body = api.get(f"{IMAGES}/{photo.pk}").json()
    assert (body["encoder"]["name"], [tag["name"] for tag in body["tags"]]) == ("large", ["Mug"])


def test_until_the_active_encoder_has_seen_a_photo_the_last_one_speaks(
    api: ApiClient, photo: Image, categories: list[Category]
) -> None:
    mug, vase = categories
    make_encoder("large", active=True)
    tag(photo, make_encoder("first", active=False), mug)
    tag(photo, make_encoder("second", active=False), vase)

    body = api.get(f"{IMAGES}/{photo.pk}").json()
    assert (body["encoder"]["name"], [tag["name"] for tag in body["tags"]]) == ("second", ["Vase"])


def test_an_encoder_that_was_not_certain_is_named_without_tags(
    api: ApiClient, photo: Image, categories: list[Category]
) -> None:
    tag(photo, make_encoder("large", active=True))
    body = api.get(f"{IMAGES}/{photo.pk}").json()
    assert (body["encoder"]["name"], body["tags"]) == ("large", [])
