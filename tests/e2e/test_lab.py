"""The threshold lab by hand: a lead tries a threshold on the keyboard, saves it, takes it back."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from catalog.models import Storefront
from moderation.models import BankThreshold
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations
from tests.moderation.lab import Lab, at, make_lab

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lab(storefront: Storefront, make_user: Callable[..., User]) -> Lab:
    """Holds from 0.875; one violation and one approved photo lie just below that."""
    lab = make_lab(storefront, make_user)
    lab.exemplar(lab.safe_bank, (0.0, 1.0, 0.0, 0.0))
    for cosine in (1.0, 0.9375, 0.87109375):
        lab.removed(at(cosine))
    for cosine in (0.90625, 0.8125, 0.5):
        lab.approved(at(cosine))
    lab.photo(at(0.8125))
    return lab


@pytest.fixture
def lea(make_user: Callable[..., User]) -> User:
    return make_user("lea", "lead")


def tile(page: Page, name: str) -> object:
    return page.locator(".tile", has=page.get_by_role("heading", name=name))


def test_a_lead_tries_saves_and_takes_back(lab: Lab, lea: User, open_page: SignIn) -> None:
    page = open_page(lea)
    page.goto(f"/banks/{lab.bank.pk}/lab/")
    slider = page.get_by_role("slider", name="Hold from")
    expect(tile(page, "Precision")).to_contain_text("2 of 3")  # type: ignore[arg-type]
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    save = page.get_by_role("button", name="Save: hold from 0.871")
    expect(save).to_be_visible()
    expect(tile(page, "Precision")).to_contain_text("3 of 4")  # type: ignore[arg-type]
    expect(tile(page, "Violations missed")).to_contain_text("0 of 3")  # type: ignore[arg-type]
    expect(page.get_by_role("heading", name="Newly held 1")).to_be_visible()
    expect(slider).to_be_focused()
    assert "hold=0.871" in page.url
    assert not BankThreshold.objects.exists(), "looking changes nothing"

    page.keyboard.press("[")
    expect(page.get_by_role("button", name="Save: hold from 0.861")).to_be_visible()
    page.keyboard.press("]")
    expect(save).to_be_visible()
    page.reload()
    expect(save).to_be_visible()
    expect(tile(page, "Precision")).to_contain_text("3 of 4")  # type: ignore[arg-type]

    page.get_by_label("Why").first.fill("One slipped through.")
    save.click()
    expect(page.get_by_text("Saved. New photos are held from 0.871.")).to_be_visible()
    row = BankThreshold.objects.get()
    assert (row.hold, row.remove, row.author, row.note) == (
        0.871,
        None,
        lea,
        "One slipped through.",
    )
    expect(page.get_by_role("link", name="Sweep them with this bank")).to_be_visible()

    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("held from 0.875 again")).to_be_visible()
    back = BankThreshold.objects.exclude(pk=row.pk).get()
    assert (back.hold, back.reverts) == (0.875, row)
    expect(page.get_by_role("link", name="Sweep them with this bank")).to_have_count(0)


def test_the_suggestion_moves_the_slider(lab: Lab, lea: User, open_page: SignIn) -> None:
    page = open_page(lea)
    page.goto(f"/banks/{lab.bank.pk}/lab/")
    page.get_by_role("link", name="Move there").click()
    # The middle of 0.8125 and 0.8711.
    expect(page.get_by_text("You are there.")).to_be_visible()
    expect(page.get_by_role("button", name="Save: hold from 0.840")).to_be_visible()
    expect(page.get_by_role("slider", name="Hold from")).to_be_focused()
    expect(page.locator("#announcer")).to_contain_text("Hold from 0.840. Precision 0.75")


def test_removing_without_a_review_is_its_own_threshold(
    lab: Lab, lea: User, open_page: SignIn
) -> None:
    page = open_page(lea)
    page.goto(f"/banks/{lab.bank.pk}/lab/")
    slider = page.get_by_role("slider", name="Remove from")
    expect(slider).to_be_disabled()
    page.get_by_label("Remove without a review").check()
    expect(page.get_by_text("and 1.0 removed without one")).to_be_visible()
    for _ in range(3):
        slider.press("ArrowLeft")
    button = page.get_by_role("button", name="Save: hold from 0.875, remove from 0.997")
    page.get_by_label("Why").first.fill("Those are certain.")
    button.click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert BankThreshold.objects.get().remove == 0.997


@pytest.mark.parametrize(
    ("dark", "width"), [(False, 1440), (True, 1440), (False, 390)], ids=["light", "dark", "phone"]
)
def test_the_lab_is_accessible(
    dark: bool, width: int, lab: Lab, lea: User, open_page: SignIn
) -> None:
    page = open_page(lea, dark=dark, width=width)
    found = []
    for query in ("", "?hold=0.5&remove=0.9", "?hold=high"):
        page.goto(f"/banks/{lab.bank.pk}/lab/{query}")
        for summary in page.get_by_text("The numbers").all():
            summary.click()
        found += violations(page)
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow == 0, query
    page.goto(f"/banks/{lab.safe_bank.pk}/lab/")
    found += violations(page)
    assert not found, "\n".join(found)
