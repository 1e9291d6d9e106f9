"""A person's own way of working: remapped keys, zen, zoom, and a break proposed in time."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from catalog.models import Event
from moderation.choices import ModerationEvent
from moderation.models import Decision, Preferences, Review
from tests.e2e.conftest import SignIn

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_a_key_is_set_by_pressing_it_and_works_from_then_on(
    reviews: list[Review], ana: User, open_page: SignIn
) -> None:
    page = open_page(ana)
    page.goto("/preferences/")
    page.get_by_label("Approve: the photo goes live").focus()
    page.keyboard.press("r")
    sentence = page.get_by_text("R would do 2 things: “Approve” and “Remove”. Change one.")
    expect(sentence).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.keyboard.press("y")
    expect(sentence).to_be_hidden()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert Preferences.objects.get().keys == {"approve": "y"}
    page.goto("/review/")
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    assert not Decision.objects.exists()
    page.keyboard.press("?")
    help_dialog = page.get_by_role("dialog", name="Keys")
    expect(
        help_dialog.locator("div", has_text="Approve: the photo goes live").last
    ).to_contain_text("Y")
    page.keyboard.press("Escape")
    page.keyboard.press("y")
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    assert Decision.objects.get().action == "approve"


def test_lists_follow_the_persons_keys(reviews: list[Review], ana: User, open_page: SignIn) -> None:
    Preferences.objects.create(user=ana, keys={"next": "y"})
    page = open_page(ana)
    page.goto("/review/")
    items = page.locator("[data-item]")
    page.keyboard.press("j")
    expect(items.first).not_to_be_focused()
    page.keyboard.press("y")
    expect(items.first).to_be_focused()
    page.keyboard.press("y")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()


def test_zen_leaves_the_photo_and_the_actions(
    reviews: list[Review], ana: User, open_page: SignIn
) -> None:
    page = open_page(ana)
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    page.wait_for_load_state()  # until then the page's own script may not listen yet
    page.keyboard.press("z")
    for gone in (".rail", ".panel", ".duplicates"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.locator("[data-photo]")).to_be_visible()
    page.keyboard.press("a")  # keys work, and zen is remembered from photo to photo
    expect(page.locator("#desk[data-version]")).to_have_attribute(
        "data-announce", "Weapons. 1 more waiting."
    )
    expect(page.locator(".panel")).to_be_hidden()
    page.reload()
    expect(page.locator(".rail")).to_be_hidden()
    page.keyboard.press("z")
    expect(page.locator(".panel")).to_be_visible()
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()


def test_zoom_opens_on_the_photo_and_closes_by_the_same_key(
    reviews: list[Review], ana: User, open_page: SignIn
) -> None:
    page = open_page(ana)
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("x")
    zoom = page.get_by_role("dialog", name="The photo, enlarged")
    expect(zoom).to_be_visible()
    page.keyboard.press("a")  # nothing is decided behind an open picture
    page.keyboard.press("x")
    expect(zoom).to_be_hidden()
    page.locator("[data-photo]").click()
    expect(zoom).to_be_visible()
    assert not Decision.objects.exists()


def test_nothing_moves_from_one_review_to_the_next(
    reviews: list[Review], ana: User, open_page: SignIn
) -> None:
    page = open_page(ana)
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    places = ("[data-photo]", ".act.approve", "summary.act", ".moving", ".duplicates")
    before = [page.locator(place).first.bounding_box() for place in places]
    page.keyboard.press("a")
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    assert [page.locator(place).first.bounding_box() for place in places] == before


def test_a_break_is_proposed_without_moving_anything_and_put_off(
    reviews: list[Review], ana: User, open_page: SignIn
) -> None:
    page = open_page(ana)
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    before = page.locator("[data-photo]").bounding_box()
    now = timezone.now()
    Event.objects.bulk_create(
        Event(
            image=reviews[0].image,
            kind=ModerationEvent.SKIPPED,
            summary="Skipped",
            actor=ana,
            at=now - timedelta(minutes=minutes),
        )
        for minutes in range(1, 62, 6)
    )
    page.keyboard.press("a")
    expect(page.get_by_text("61 minutes without a pause.")).to_be_visible()
    assert page.locator("[data-photo]").bounding_box() == before
    page.get_by_role("button", name="In 15 minutes").click()
    expect(page.get_by_text("minutes without a pause.")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.get_by_role("link", name="photo-2.jpg")).to_be_visible()
    expect(page.get_by_text("minutes without a pause.")).to_have_count(0)
