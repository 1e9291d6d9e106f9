"""The map by hand: a text lands, the keyboard zooms and pans, a photo opens."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from catalog import mapping, query_vectors
from catalog.choices import MapKind, Status
from catalog.encoders import LoadedEncoder
from catalog.models import Image, Projection
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def projection(
    starter: object,
    encoder: LoadedEncoder,
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], object],
) -> Projection:
    for n in range(6):
        for kind in ("mug", "handgun"):
            upload(picture(kind, n, calm=True), filename=f"{kind}-{n}.jpg")
    process()
    Image.objects.filter(filename="handgun-0.jpg").update(status=Status.HELD)
    projection = mapping.fit(encoder=encoder.row, kind=MapKind.LINEAR)
    assert projection
    mapping.place(projection=projection, seconds=60)
    return projection


def opened(page: Page) -> None:
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("link", name="Map", exact=True).click()
    expect(page.get_by_role("button", name="Zoom in")).to_be_visible()


def test_a_text_lands_and_a_photo_is_opened_by_keyboard(
    projection: Projection,
    encoder: LoadedEncoder,
    make_user: Callable[..., User],
    open_page: SignIn,
) -> None:
    query_vectors.encode_text(text="mug", encoder=encoder)
    page = open_page(make_user("sam", "staff"))
    opened(page)
    box = page.get_by_role("searchbox", name="A text to place on the map")
    box.fill("mug")
    box.press("Enter")
    asked = page.locator("#landing")
    expect(asked.get_by_role("heading")).to_contain_text("“mug” is nearest to")
    expect(asked.get_by_role("img").first).to_have_attribute("alt", re.compile("Mug", re.I))

    card = page.locator("[data-map-card]")
    expect(card).to_be_hidden()
    page.locator("h1").click()
    page.keyboard.press("-")
    expect(card).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("+")
    expect(card).to_be_visible()
    href = card.get_attribute("href")
    assert href
    page.keyboard.press("o")
    page.wait_for_url(f"**{href}")
    assert Image.objects.filter(pk=href.split("/")[2]).exists()


def test_held_photos_are_veiled_and_colours_can_be_brought_out(
    projection: Projection, make_user: Callable[..., User], open_page: SignIn
) -> None:
    page = open_page(make_user("mo", "moderator"))
    opened(page)
    page.locator("[data-colour]").select_option("status")
    held = page.get_by_role("button", name=re.compile("^Held"))
    expect(held).to_contain_text("1")
    held.click()
    expect(held).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Zoom in").click()
    for _ in range(12):  # whichever point is in the middle: only held ones are looked for
        if page.locator("[data-map-card]").is_visible():
            break
        page.get_by_role("button", name="Zoom out").click()
    card = page.locator("[data-map-card]")
    expect(card.locator(".status")).to_have_text("Held")
    expect(card.locator(".frame")).to_have_class(re.compile("veil"))
    image = Image.objects.get(status=Status.HELD)
    assert card.get_attribute("href") == f"/photos/{image.pk}/"


def test_the_pointer_finds_photos_and_the_wheel_zooms(
    projection: Projection, make_user: Callable[..., User], open_page: SignIn
) -> None:
    page = open_page(make_user("mo", "moderator"))
    opened(page)
    canvas = page.locator("[data-map] canvas")
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.wheel(0, -300)
    page.mouse.wheel(0, 300)
    found = None
    for x in range(20, int(box["width"]) - 20, 12):
        for y in range(20, int(box["height"]) - 20, 24):
            page.mouse.move(box["x"] + x, box["y"] + y)
            if page.locator("[data-map-card]").is_visible():
                found = (x, y)
                break
        if found:
            break
    assert found, "no photo under the pointer anywhere"
    href = page.locator("[data-map-card]").get_attribute("href")
    assert href
    page.mouse.click(box["x"] + found[0], box["y"] + found[1])
    page.wait_for_url(f"**{href}")


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 1440), (True, 390)])
def test_the_map_is_accessible(
    dark: bool,
    width: int,
    projection: Projection,
    make_user: Callable[..., User],
    open_page: SignIn,
) -> None:
    page = open_page(make_user("lea", "lead"), dark=dark, width=width)
    page.goto("/map/")
    page.get_by_role("button", name="Zoom in").click()
    expect(page.get_by_role("table")).to_contain_text("Photos")
    found = violations(page)
    Projection.objects.all().delete()
    page.goto("/map/")
    expect(page.get_by_role("heading", name="There is no map yet")).to_be_visible()
    found += violations(page)
    assert not found, "\n".join(found)
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow == 0
