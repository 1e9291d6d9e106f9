"""Correcting a photo's tags without touching the mouse."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from catalog.choices import Status
from catalog.models import Image, TagVerdict
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations
from tests.pages import tag

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 390)])
def test_tags_are_confirmed_and_rejected_by_keyboard(
    dark: bool,
    width: int,
    upload: Callable[..., Image],
    picture: Picture,
    make_user: Callable[..., User],
    open_page: SignIn,
) -> None:
    image = upload(picture("mug"))
    Image.objects.update(status=Status.LIVE, screened_at=timezone.now())
    tag(image, "Mug", score=0.9)
    tag(image, "Kettle", score=0.4)
    page = open_page(make_user("sam", "staff"), dark=dark, width=width)
    page.goto(f"/photos/{image.pk}/")
    page.keyboard.press("y")
    expect(page.get_by_text("confirmed", exact=True)).to_have_count(1)
    page.keyboard.press("n")
    expect(page.get_by_role("button", name="after all")).to_be_visible()
    found = violations(page)
    page.keyboard.press("t")
    expect(page.get_by_label("Add a tag")).to_be_focused()
    page.keyboard.type("nothing of the kind")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("There is no such category")
    assert sorted(TagVerdict.objects.values_list("category__name", "accepted")) in (
        [("Kettle", False), ("Mug", True)],
        [("Kettle", True), ("Mug", False)],
    )
    assert not found, "\n".join(found)
    assert (
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        == 0
    )
