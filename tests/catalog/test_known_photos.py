"""A table alone: photos that are here already are given to products."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalog import products
from catalog.choices import EventKind, ImportStatus, ItemStatus
from catalog.models import Event, Image, Import, Product, ProductEvent, Storefront
from tests.catalog.zips import fates, import_of, refused, zip_of
from tests.conftest import Picture


@pytest.fixture
def sam(make_user: Callable[..., User]) -> User:
    return make_user("sam", "staff")


@pytest.fixture
def photos(upload: Callable[..., Image], picture: Picture) -> dict[str, Image]:
    names = ("mug.jpg", "vase.jpg", "chair.jpg", "Twin.jpg", "twin.JPG")
    return {name: upload(picture("mug", n), filename=name) for n, name in enumerate(names)}


def given() -> dict[str, str]:
    rows = Image.objects.exclude(product=None).values_list("filename", "product__sku")
    return dict(rows)


def test_photos_are_named_by_file_digest_or_id_and_sending_it_again_changes_nothing(
    sam: User, storefront: Storefront, photos: dict[str, Image]
) -> None:
    table = (
        "sku,title,image,sha256,image_id\n"
        "MUG-1,Blue mug,folder/MUG.jpg,,\n"
        f"MUG-1,Blue mug,,{photos['vase.jpg'].sha256.upper()},\n"
        f"CHAIR-1,,,,{photos['chair.jpg'].pk}\n"
    )
    job = import_of(sam, storefront, {"products.csv": table.encode()})
    assert job.status == ImportStatus.DONE
    assert {status for status, _ in fates(job).values()} == {ItemStatus.ACCEPTED}
    assert given() == {"mug.jpg": "MUG-1", "vase.jpg": "MUG-1", "chair.jpg": "CHAIR-1"}
    assert Product.objects.get(sku="MUG-1").title == "Blue mug"
    assert Image.objects.count() == len(photos)
    moved = Event.objects.filter(kind=EventKind.PRODUCT_CHANGED)
    assert {event.actor for event in moved} == {sam}

    events = (Event.objects.count(), ProductEvent.objects.count())
    again = import_of(sam, storefront, {"products.csv": table.encode()})
    assert {status for status, _ in fates(again).values()} == {ItemStatus.DUPLICATE}
    assert (Event.objects.count(), ProductEvent.objects.count()) == events
    assert Product.objects.count() == 2


def test_a_title_alone_is_a_change(
    sam: User, storefront: Storefront, photos: dict[str, Image]
) -> None:
    import_of(sam, storefront, {"a.csv": b"sku,image\nMUG-1,mug.jpg\n"})
    job = import_of(sam, storefront, {"b.csv": b"sku,title,image\nMUG-1,Mug,mug.jpg\n"})
    assert fates(job)["b.csv ▸ mug.jpg"] == (ItemStatus.ACCEPTED, "")
    assert Product.objects.get().title == "Mug"


def test_each_row_that_is_not_taken_says_why_and_leaves_no_product(
    sam: User,
    storefront: Storefront,
    other_storefront: Storefront,
    photos: dict[str, Image],
    upload: Callable[..., Image],
    picture: Picture,
) -> None:
    theirs = upload(picture("sofa"), to=other_storefront, filename="theirs.jpg")
    have = products.upsert(storefront=storefront, sku="HAS-IT")
    twin = upload(picture("sofa", 3), filename="original.jpg")
    Image.objects.filter(pk=twin.pk).update(product=have)
    copy = upload(picture("sofa", 3), filename="copy.jpg")  # the same bytes, of no product
    assert copy.sha256 == twin.sha256
    table = (
        "sku,image\n"
        "A,nowhere.jpg\n"
        "B,twin.jpg\n"
        f"C,{theirs.pk}\nC,{theirs.sha256}\nC,theirs.jpg\n"
        "D,mug.jpg\nE,mug.jpg\n"
        "F,\n"
        ",mug.jpg\n"
        "HAS-IT,copy.jpg\n"
    )
    job = import_of(sam, storefront, {"t.csv": table.encode()})
    assert job.status == ImportStatus.DONE
    reasons = {name.removeprefix("t.csv ▸ "): reason for name, reason in refused(job).items()}
    assert "Row 2 names a photo that is neither in this upload nor" in reasons["nowhere.jpg"]
    assert "Row 3 names a photo of which the storefront has 2" in reasons["twin.jpg"]
    for name in (str(theirs.pk), theirs.sha256, "theirs.jpg"):
        assert "neither in this upload nor" in reasons[name]
    assert "Row 9 names no photo" in reasons["row 9"]
    assert "HAS-IT has exactly this photo already" in reasons["copy.jpg"]
    assert sorted(job.items.filter(sku="E").values_list("reason", flat=True))[0].startswith(
        "Row 8 gives a photo to E that row 7 gave to D."
    )
    assert given() == {"mug.jpg": "D", "original.jpg": "HAS-IT"}
    assert set(Product.objects.values_list("sku", flat=True)) == {"D", "HAS-IT"}
    theirs.refresh_from_db()
    assert theirs.product is None


def test_the_upload_comes_before_what_is_here(
    sam: User, storefront: Storefront, photos: dict[str, Image], picture: Picture
) -> None:
    files = {"mug.jpg": picture("mug", 77), "broken.jpg": b"no photo"}
    table = b"sku,image\nNEW,mug.jpg\nOLD,vase.jpg\nBAD,../vase.jpg\n"
    archive = zip_of({**files, "../vase.jpg": b"x", "table.csv": table})
    job = import_of(sam, storefront, {"p.zip": archive})
    assert fates(job)["mug.jpg"] == (ItemStatus.ACCEPTED, "")
    assert given() == {"mug.jpg": "NEW"}
    photos["mug.jpg"].refresh_from_db()
    assert photos["mug.jpg"].product is None
    # A name of which the upload's own file was refused is not taken for an older photo.
    assert "that was refused" in refused(job)["table.csv ▸ vase.jpg"]


def test_the_page_tells_of_refused_rows(
    sam: User, storefront: Storefront, photos: dict[str, Image], client: Client
) -> None:
    job = import_of(sam, storefront, {"t.csv": b"sku,image\nA,nowhere.jpg\nB,mug.jpg\n"})
    client.force_login(sam)
    page = client.get(reverse("catalog:import", args=[job.pk])).content.decode()
    assert "t.csv ▸ nowhere.jpg" in page
    assert "neither in this upload nor in the storefront" in page
    assert Import.objects.get().items.filter(image=photos["mug.jpg"]).count() == 1
