"""Attributes in a browser: the page about them, filters, and correcting a photo's by keyboard."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from catalog.attributes import importing
from catalog.choices import Status
from catalog.models import AttributeValue, AttributeVerdict, Image, ImageAttribute
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations
from tests.pages import tag

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def give(image: Image, slug: str, score: float) -> None:
    ImageAttribute.objects.create(
        image=image,
        value=AttributeValue.objects.get(slug=slug),
        encoder=image.tags.get().encoder,
        score=score,
        threshold=0.4,
        version="pixels-1",
    )


def assert_sound(page: Page) -> None:
    found = violations(page)
    assert not found, "\n".join(found)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 390)])
def test_attributes_are_filtered_by_and_corrected_by_keyboard(
    dark: bool,
    width: int,
    upload: Callable[..., Image],
    picture: Picture,
    make_user: Callable[..., User],
    open_page: SignIn,
) -> None:
    importing.load()
    mug, vase = upload(picture("mug")), upload(picture("vase"))
    Image.objects.update(status=Status.LIVE, screened_at=timezone.now())
    for image, colour in ((mug, "red"), (vase, "blue")):
        tag(image, "Mug", score=0.9)
        give(image, colour, 0.8)
    give(mug, "white", 0.4)
    page = open_page(make_user("sam", "staff"), dark=dark, width=width)

    page.goto("/attributes/")
    page.locator("summary", has_text="Prompts").first.click()
    expect(page.get_by_text("a close-up photo of a polka dot fabric")).to_be_visible()
    assert_sound(page)

    page.goto("/photos/")
    page.locator("summary", has_text="Colour").click()
    expect(page.locator(".options .num")).to_have_count(3)  # those that photos have
    assert_sound(page)
    page.get_by_role("link", name="Red").click()
    expect(page).to_have_url("/photos/?attribute=colour%3Ared")
    expect(page.locator("[data-item]")).to_have_count(1)
    expect(page.get_by_role("link", name="Colour: Red")).to_be_visible()

    page.locator("[data-item]").click()
    expect(page).to_have_url(f"/photos/{mug.pk}/")
    page.keyboard.press("r")
    expect(page.locator(".attribute-value.confirmed")).to_have_count(1)
    page.keyboard.press("w")
    expect(page.locator(".attribute-value")).to_have_count(1)
    page.keyboard.press("f")
    expect(page.get_by_label("Add an attribute")).to_be_focused()
    page.get_by_label("Add an attribute").select_option(label="Wood")
    page.get_by_role("button", name="Add it").last.click()
    expect(page.locator(".attribute-value.confirmed")).to_have_count(2)
    assert_sound(page)
    said = AttributeVerdict.objects.order_by("id").values_list("value__slug", "accepted")
    assert list(said) == [("red", True), ("white", False), ("wood", True)]
