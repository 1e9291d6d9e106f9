"""Products: edited, their photos moved, put in order, one of them the cover."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import InternalError, connection, transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from catalog import product_cards, products
from catalog.choices import EventKind, ProductEventKind, Status
from catalog.models import Event, Image, Product, ProductEvent, Storefront
from catalog.product_cards import Filters
from catalog.products import ProductRefused
from tests.conftest import Picture
from tests.pages import tag


@pytest.fixture
def sam(make_user: Callable[..., User]) -> User:
    return make_user("sam", "staff")


@pytest.fixture
def mug(storefront: Storefront) -> Product:
    return products.upsert(storefront=storefront, sku="MUG-1", title="Mug")


@pytest.fixture
def shown(mug: Product, upload: Callable[..., Image], picture: Picture) -> list[Image]:
    """Three live photos of the mug, in the order in which they came."""
    made = [upload(picture("mug", n), filename=f"{n}.jpg") for n in range(3)]
    Image.objects.update(product=mug, status=Status.LIVE, screened_at=timezone.now())
    return made


def in_order(product: Product) -> list[str]:
    return [image.filename for image in Image.objects.filter(product=product).in_order()]


def notes(product: Product) -> list[tuple[str, str]]:
    return list(ProductEvent.objects.filter(product=product).values_list("kind", "summary"))


def test_photos_are_put_in_order_and_new_ones_follow(
    mug: Product, shown: list[Image], sam: User, upload: Callable[..., Image], picture: Picture
) -> None:
    assert in_order(mug) == ["0.jpg", "1.jpg", "2.jpg"]
    first, _, last = (image.pk for image in shown)
    assert products.shift(product_id=mug.pk, image_id=last, places=-1, by=sam)
    assert in_order(mug) == ["0.jpg", "2.jpg", "1.jpg"]
    new = upload(picture("mug", 9), filename="new.jpg")
    assert products.assign(image_id=new.pk, product=mug, by=sam)
    assert in_order(mug) == ["0.jpg", "2.jpg", "1.jpg", "new.jpg"]
    assert products.reorder(product_id=mug.pk, image_ids=[new.pk, last, UUID(int=0)], by=sam)
    assert in_order(mug) == ["new.jpg", "2.jpg", "0.jpg", "1.jpg"]
    before = ProductEvent.objects.count()
    assert not products.reorder(product_id=mug.pk, image_ids=[new.pk, last], by=sam)
    assert not products.shift(product_id=mug.pk, image_id=new.pk, places=-1, by=sam)
    assert products.shift(product_id=mug.pk, image_id=first, places=9, by=sam)
    assert in_order(mug) == ["new.jpg", "2.jpg", "1.jpg", "0.jpg"]
    assert ProductEvent.objects.count() == before + 1


def test_a_cover_is_the_one_chosen_else_the_first_live_photo(
    mug: Product, shown: list[Image], sam: User
) -> None:
    Image.objects.filter(pk=shown[0].pk).update(status=Status.HELD)
    photos = list(Image.objects.filter(product=mug).in_order())
    assert product_cards.cover_of(mug, photos) == shown[1]
    assert products.choose_cover(product_id=mug.pk, image_id=shown[2].pk, by=sam)
    assert not products.choose_cover(product_id=mug.pk, image_id=shown[2].pk, by=sam)
    mug.refresh_from_db()
    assert product_cards.cover_of(mug, photos) == shown[2]
    products.assign(image_id=shown[2].pk, product=None, by=sam)
    mug.refresh_from_db()
    assert mug.cover is None
    assert in_order(mug) == ["0.jpg", "1.jpg"]
    with pytest.raises(ProductRefused, match="not one of the product any more"):
        products.choose_cover(product_id=mug.pk, image_id=shown[2].pk, by=sam)
    assert notes(mug) == [
        (ProductEventKind.COVER, "2.jpg is the cover"),
        (ProductEventKind.PHOTO_OUT, "2.jpg went out of the product"),
    ]


def test_a_photo_that_moves_is_in_three_histories(
    mug: Product, shown: list[Image], sam: User, storefront: Storefront
) -> None:
    cup = products.upsert(storefront=storefront, sku="CUP-1")
    assert products.assign(image_id=shown[0].pk, product=cup, by=sam)
    assert not products.assign(image_id=shown[0].pk, product=cup, by=sam)
    event = Event.objects.get(kind=EventKind.PRODUCT_CHANGED)
    assert (event.image_id, event.actor) == (shown[0].pk, sam)
    assert event.summary == "Given to the product CUP-1, was MUG-1"
    assert event.data == {"sku": "CUP-1", "before": "MUG-1"}
    assert notes(mug) == [(ProductEventKind.PHOTO_OUT, "0.jpg went to CUP-1")]
    assert notes(cup) == [(ProductEventKind.PHOTO_IN, "0.jpg came from MUG-1")]


def test_what_cannot_be_is_refused_and_nothing_changes(
    mug: Product,
    shown: list[Image],
    sam: User,
    storefront: Storefront,
    other_storefront: Storefront,
    upload: Callable[..., Image],
    picture: Picture,
) -> None:
    rival = products.upsert(storefront=other_storefront, sku="MUG-1")
    with pytest.raises(ProductRefused, match="different storefronts"):
        products.assign(image_id=shown[0].pk, product=rival, by=sam)
    twin = upload(picture("mug", 0), filename="twin.jpg")  # the bytes of 0.jpg, of no product
    with pytest.raises(ProductRefused, match="MUG-1 has exactly this photo already"):
        products.assign(image_id=twin.pk, product=mug, by=sam)
    products.upsert(storefront=storefront, sku="CUP-1")
    with pytest.raises(ProductRefused, match="another product with the SKU CUP-1"):
        products.edit(product_id=mug.pk, sku="CUP-1", title="Mug", by=sam)
    with pytest.raises(ProductRefused, match="needs an SKU"):
        products.edit(product_id=mug.pk, sku=" ", title="Mug", by=sam)
    with pytest.raises(ProductRefused, match="up to 120 characters"):
        products.edit(product_id=mug.pk, sku="x" * 121, title="Mug", by=sam)
    mug.refresh_from_db()
    assert (mug.sku, mug.title) == ("MUG-1", "Mug")
    assert not ProductEvent.objects.exists()
    assert not Event.objects.filter(kind=EventKind.PRODUCT_CHANGED).exists()


def test_edits_are_told_and_the_same_again_is_none(mug: Product, sam: User) -> None:
    assert products.edit(product_id=mug.pk, sku="MUG-2", title=" Blue  mug ", by=sam)
    assert not products.edit(product_id=mug.pk, sku="MUG-2", title="Blue mug", by=sam)
    event = ProductEvent.objects.get()
    assert event.summary == "Title “Blue mug”; SKU MUG-2, was MUG-1"
    assert event.data == {"before": {"sku": "MUG-1", "title": "Mug"}}
    with pytest.raises((InternalError, IntegrityError), match="append-only"), transaction.atomic():
        ProductEvent.objects.update(summary="Nothing")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM catalog_productevent")
        assert cursor.fetchone() == (1,)


def test_cards_tell_of_each_product_in_a_fixed_number_of_queries(
    mug: Product,
    shown: list[Image],
    storefront: Storefront,
    django_assert_num_queries: Callable[..., object],
) -> None:
    empty = products.upsert(storefront=storefront, sku="NONE")
    Image.objects.filter(pk=shown[2].pk).update(status=Status.REMOVED)
    for image, name, score in zip(shown, ("Mug", "Mug", "Kettle"), (0.5, 0.4, 0.8), strict=True):
        tag(image, name, score=score)
    with django_assert_num_queries(6):  # type: ignore[attr-defined]
        first, second = product_cards.cards([mug, empty])
    assert (first.cover, first.photos) == (shown[0], 3)
    assert first.statuses == [("removed", "Removed", 1), ("live", "Live", 2)]
    assert first.category  # 0.5 and 0.4 are more than 0.8
    assert first.category.name == "Mug"
    assert first.cover_text == "Mug"
    assert (second.cover, second.photos, second.statuses) == (None, 0, [])
    tags = product_cards.tags_of(mug)
    assert [(each.category.name, each.photos, each.best) for each in tags] == [
        ("Mug", 2, 0.5),
        ("Kettle", 1, 0.8),
    ]


def test_filters(
    mug: Product, shown: list[Image], storefront: Storefront, other_storefront: Storefront
) -> None:
    held = products.upsert(storefront=storefront, sku="HELD", title="Tall vase")
    products.upsert(storefront=storefront, sku="NONE")
    products.upsert(storefront=other_storefront, sku="MUG-9")
    Image.objects.filter(pk=shown[2].pk).update(product=held, status=Status.HELD)
    category = tag(shown[0], "Mug", score=0.5).category

    def skus(filters: Filters) -> set[str]:
        return set(filters.of(Product.objects.all()).values_list("sku", flat=True))

    assert skus(Filters()) == {"MUG-1", "HELD", "NONE", "MUG-9"}
    assert skus(Filters(storefront="corner-shop", words="mug")) == {"MUG-1"}
    assert skus(Filters(words="tall V")) == {"HELD"}
    assert skus(Filters(categories=[category.pk])) == {"MUG-1"}
    assert skus(Filters(without_photos=True)) == {"NONE", "MUG-9"}
    assert skus(Filters(without_live=True)) == {"HELD", "NONE", "MUG-9"}
