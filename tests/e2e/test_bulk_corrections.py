"""Correcting many photos' tags without touching the mouse, and with it on a phone."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from catalog import learning, pipeline, verdicts
from catalog.models import Category, Image, TagVerdict, Taxonomy
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def mugs(
    starter: Taxonomy,
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], pipeline.Drained],
) -> list[Image]:
    """Five tagged photos of mugs, as the grid orders them."""
    made = [
        upload(picture("mug", 11, calm=True, size=200 + n), filename=f"{n}.jpg") for n in range(5)
    ]
    process()
    return made[::-1]


def said() -> list[tuple[str, str, bool | None]]:
    rows = TagVerdict.objects.order_by("pk")
    return list(rows.values_list("image__filename", "category__external_id", "accepted"))


def toast(page: Page, text: str) -> None:
    expect(page.locator("#toasts")).to_have_text(text)


def fits(page: Page) -> None:
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) == 0


def test_many_tags_are_corrected_by_keyboard_alone(
    mugs: list[Image], make_user: Callable[..., User], open_page: SignIn
) -> None:
    page = open_page(make_user("sam", "staff"))
    page.goto("/photos/")
    expect(page.locator(".fix-selected")).to_contain_text("press a key")  # the script is here
    found = violations(page)
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.locator(".fix-selected")).to_have_text("3 of 5 selected")
    found += violations(page)
    page.keyboard.press("y")
    toast(page, "3 photos confirmed.")
    expect(page.locator(".confirmed")).to_have_count(3)
    expect(page.locator(".fix-today")).to_have_text("3 confirmed today")
    expect(page.locator(".fix-selected")).to_contain_text("press a key")  # nothing selected
    assert sorted(said()) == [(f"{n}.jpg", "mug", True) for n in (2, 3, 4)]
    page.keyboard.press("u")
    toast(page, "3 photos put back.")
    expect(page.locator(".confirmed")).to_have_count(0)
    expect(page.locator(".fix-today")).to_have_text("0 confirmed today")

    # With none selected, a key is for the photo in focus, and the focus goes on.
    focused = page.locator("#grid > li:focus-within")
    expect(focused).to_have_id(f"photo-{mugs[2].pk}")
    page.keyboard.press("n")
    toast(page, "1 photo rejected.")
    expect(focused).to_have_id(f"photo-{mugs[3].pk}")
    page.keyboard.press("t")
    expect(page.get_by_label("Category", exact=True)).to_be_focused()
    found += violations(page)
    page.keyboard.type("nothing of the kind")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("There is no category")
    page.get_by_label("Category", exact=True).fill("lemon")
    page.keyboard.press("Enter")
    toast(page, "1 photo tagged anew.")
    expect(page.locator(f"#photo-{mugs[3].pk} .card-name")).to_contain_text("Lemon")
    expect(focused).to_have_id(f"photo-{mugs[4].pk}")
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("y")
    page.keyboard.press("y")  # at once: it waits for the first
    expect(focused).to_have_id(f"photo-{mugs[2].pk}")
    expect(page.locator(".fix-today")).to_have_text("3 confirmed today")
    page.keyboard.press("a")
    expect(page.locator(".fix-selected")).to_have_text("5 of 5 selected")
    page.keyboard.press("a")
    expect(page.locator(".fix-selected")).to_contain_text("press a key")
    assert said()[6:9] == [
        ("2.jpg", "mug", False),
        ("1.jpg", "mug", False),
        ("1.jpg", "lemon", True),
    ]
    assert said()[9:] == [("4.jpg", "mug", True), ("3.jpg", "mug", True)]
    assert not found, "\n".join(found)


def test_a_range_is_selected_by_shift_and_a_click_and_facets_work_on_a_phone(
    mugs: list[Image], make_user: Callable[..., User], open_page: SignIn
) -> None:
    sam = make_user("sam", "staff")
    page = open_page(sam)
    page.goto("/photos/")
    expect(page.locator(".fix-selected")).to_contain_text("press a key")
    boxes = page.locator("[name=photo]")
    boxes.nth(1).check()
    page.locator("#grid [data-item]").nth(3).click(modifiers=["Shift"])
    expect(page.locator(".fix-selected")).to_have_text("3 of 5 selected")
    assert [boxes.nth(n).is_checked() for n in range(5)] == [False, True, True, True, False]
    page = open_page(sam, dark=True, width=390)
    page.goto("/photos/?order=least-sure")
    found = violations(page)
    fits(page)
    page.locator("[name=photo]").nth(0).check()
    page.get_by_role("button", name="Right").click()
    toast(page, "1 photo confirmed.")
    found += violations(page)
    page.get_by_role("link", name="Unconfirmed only").click()
    expect(page.locator("#grid > li")).to_have_count(4)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 390)])
def test_the_learning_page_previews_and_is_accessible(
    dark: bool,
    width: int,
    mugs: list[Image],
    make_user: Callable[..., User],
    open_page: SignIn,
) -> None:
    lea = make_user("lea", "lead")
    lemon = Category.objects.get(external_id="lemon", taxonomy__slug="starter")
    verdicts.judge(image_id=mugs[0].pk, category=lemon, accepted=True, by=lea)
    learning.learn_all()
    page = open_page(lea, dark=dark, width=width)
    page.goto("/taxonomies/starter/learning/")
    expect(page.get_by_text("category with one confirmed photo")).to_be_visible()
    page.get_by_role("link", name="See what would change").click()
    expect(page.locator("#preview")).to_contain_text("0 of 5 photos would get another first tag")
    found = violations(page)
    fits(page)
    page.get_by_role("button", name="Tag 5 photos again").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    found += violations(page)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    assert not found, "\n".join(found)
