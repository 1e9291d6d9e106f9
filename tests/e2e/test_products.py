"""Products and duplicates without touching the mouse; More on a phone; all of it axe clean."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from benchmarks.photos import encoder_of
from catalog import grouping, products
from catalog.choices import Status
from catalog.models import AltText, Image, Product, Storefront
from tests.catalog.test_grouping import see
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations
from tests.pages import tag

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def mug(storefront: Storefront, upload: Callable[..., Image], picture: Picture) -> Product:
    mug = products.upsert(storefront=storefront, sku="MUG-1", title="Sunrise")
    products.upsert(storefront=storefront, sku="CUP-1", title="Cup")
    for number in range(3):
        image = upload(picture("mug", number), filename=f"{number}.jpg")
        tag(image, "Mug", score=0.9)
    Image.objects.update(product=mug, status=Status.LIVE, screened_at=timezone.now())
    return mug


def names(page: Page) -> list[str]:
    return page.locator("[data-photo]").evaluate_all("all => all.map(each => each.dataset.name)")


def sideways(page: Page) -> int:
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def test_a_product_is_put_in_order_by_keyboard_alone(
    mug: Product, make_user: Callable[..., User], open_page: SignIn
) -> None:
    page = open_page(make_user("sam", "staff"))
    page.goto("/products/")
    found = violations(page)
    page.locator("[data-item]").nth(1).focus()
    page.keyboard.press("Enter")
    page.locator("[data-product-ready]").wait_for()
    page.keyboard.press("j")
    expect(page.locator("[data-photo].in-focus [data-item]")).to_be_focused()
    page.keyboard.press("l")
    expect(page.locator("[data-photo]").nth(1)).to_have_attribute("data-name", "0.jpg")
    expect(page.locator("[data-photo].in-focus")).to_have_attribute("data-name", "0.jpg")
    assert names(page) == ["1.jpg", "0.jpg", "2.jpg"]
    found += violations(page)
    page.keyboard.press("c")
    expect(page.locator(".is-cover")).to_have_attribute("data-name", "0.jpg")
    expect(page.locator("[data-photo].in-focus [data-item]")).to_be_focused()
    page.keyboard.press("e")
    expect(page.locator("[data-photo]").first).to_have_attribute("data-name", "0.jpg")
    expect(page.locator("[data-photo].in-focus [data-item]")).to_be_focused()
    page.keyboard.press("a")
    expect(page.get_by_label("Alt text of 0.jpg")).to_be_focused()
    page.keyboard.type("A mug with a handle")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("A mug with a handle").first).to_be_visible()
    expect(page.locator("[data-photo].in-focus [data-item]")).to_be_focused()
    page.keyboard.press("v")
    expect(page.get_by_label("To the product with the SKU").first).to_be_focused()
    page.keyboard.type("CUP-1")
    found += violations(page)
    page.keyboard.press("Enter")
    expect(page.locator("[data-photo]")).to_have_count(2)
    assert names(page) == ["1.jpg", "2.jpg"]
    moved = Image.objects.get(filename="0.jpg")
    assert moved.product == Product.objects.get(sku="CUP-1")
    assert AltText.objects.get(image=moved).text == "A mug with a handle"
    mug.refresh_from_db()
    assert mug.cover is None
    assert not found, "\n".join(found)


def test_photos_are_dragged_into_another_order(
    mug: Product, make_user: Callable[..., User], open_page: SignIn
) -> None:
    page = open_page(make_user("sam", "staff"))
    page.goto(f"/products/{mug.pk}/")
    page.locator("[data-product-ready]").wait_for()
    photos = page.locator("[data-photo]")
    with page.expect_response(lambda response: response.url.endswith("/order/")):
        photos.nth(0).drag_to(photos.nth(2))
    expect(photos.nth(2)).to_have_attribute("data-name", "0.jpg")
    order = Image.objects.filter(product=mug).in_order().values_list("filename", flat=True)
    assert list(order) == ["1.jpg", "2.jpg", "0.jpg"]


def test_a_product_on_a_phone_in_the_dark(
    mug: Product, make_user: Callable[..., User], open_page: SignIn
) -> None:
    page = open_page(make_user("sam", "staff"), dark=True, width=390)
    found = []
    for address in ("/products/", f"/products/{mug.pk}/", "/products/?q=zebra"):
        page.goto(address)
        assert sideways(page) == 0, address
        found += violations(page)
    assert not found, "\n".join(found)


@pytest.fixture
def copies(
    storefront: Storefront, mug: Product, upload: Callable[..., Image], picture: Picture
) -> list[Image]:
    """Two groups of two: one within a product, one between it and no product."""
    encoder = encoder_of(8)
    other = [upload(picture("vase", n), filename=f"vase-{n}.jpg") for n in range(2)]
    Image.objects.update(status=Status.LIVE, screened_at=timezone.now())
    for image, like in zip(Image.objects.order_by("created_at"), (0, 1, 0, 1, 2), strict=True):
        see(image, like, encoder)
    grouping.catch_up(storefront=storefront, encoder=encoder)
    return other


def test_duplicates_are_settled_by_keyboard_alone(
    copies: list[Image], mug: Product, make_user: Callable[..., User], open_page: SignIn
) -> None:
    page = open_page(make_user("sam", "staff"))
    page.goto("/duplicates/")
    page.locator("[data-duplicates-ready]").wait_for()
    found = violations(page)
    groups = page.locator(".duplicate-group")
    expect(groups).to_have_count(2)
    page.keyboard.press("j")
    between = groups.filter(has_text="different products")
    if not between.first.evaluate("group => group.classList.contains('in-focus')"):
        page.keyboard.press("j")
    expect(page.locator(".duplicate-group.in-focus")).to_contain_text("different products")
    page.keyboard.press("p")
    expect(page.get_by_text("1 photo moved to the product.")).to_be_visible()
    assert Image.objects.get(filename="vase-0.jpg").product == mug
    page.keyboard.press("2")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", name="Erase 1 photo for good?")).to_be_visible()
    found += violations(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".duplicate-group.in-focus [data-item]")).to_be_focused()
    page.keyboard.press("o")
    page.get_by_role("button", name="Erase 1 and keep one").wait_for()
    kept = page.locator("dialog [name=photo]").get_attribute("value")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Kept one, erased 1 photo.")).to_be_visible()
    assert Image.objects.filter(pk=kept).exists()
    assert Image.objects.count() == 4
    expect(page.locator("[data-settled]")).to_have_count(1)
    # The focus goes on to the next group, or stays with this one where it was the last.
    settled = page.locator("[data-settled]")
    if settled.evaluate("group => group.nextElementSibling === null"):
        expect(settled).to_be_focused()
        page.keyboard.press("k")
    other = page.locator(".duplicate-group.in-focus:not([data-settled]) [data-item]")
    expect(other).to_be_focused()
    page.keyboard.press("i")
    expect(page.locator("[data-settled]")).to_have_count(2)
    page.goto("/duplicates/")
    expect(page.get_by_role("heading", name="No duplicates")).to_be_visible()
    page.goto("/duplicates/?show=ignored")
    expect(page.locator(".duplicate-group")).to_have_count(1)
    found += violations(page)
    assert not found, "\n".join(found)


def test_duplicates_and_more_on_a_phone(
    copies: list[Image], make_user: Callable[..., User], open_page: SignIn
) -> None:
    page = open_page(make_user("lea", "lead"), width=390)
    page.goto("/photos/")
    expect(page.get_by_role("link", name="Sweeps")).to_be_hidden()
    page.get_by_role("button", name="More", exact=True).click()
    for name in ("Sweeps", "Taxonomy", "Map", "Second look", "Prompt lab", "Policies"):
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Sign out").last).to_be_visible()
    found = violations(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Sweeps")).to_be_hidden()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("link", name="Duplicates").click()
    page.locator("[data-duplicates-ready]").wait_for()
    assert sideways(page) == 0
    found += violations(page)
    assert not found, "\n".join(found)
