"""The desk by hand: keys, the veil, stale screens, leases, and a page without scripts."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, expect

from catalog.choices import Status
from catalog.models import Image
from moderation import reviewing
from moderation.choices import Action
from moderation.models import Decision, Policy, Review
from tests.conftest import Picture
from tests.e2e.conftest import SignIn

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

BLUR = "image => getComputedStyle(image).filter"


@pytest.fixture
def reviews(upload: Callable[..., Image], picture: Picture) -> list[Review]:
    """Three open reviews, the most urgent first."""
    policy = Policy.objects.create(slug="weapons", name="Weapons", severity=4)
    Policy.objects.create(slug="drugs", name="Drugs", severity=3)
    made = []
    for n in range(3):
        image = upload(picture("handgun", n), filename=f"photo-{n}.jpg")
        Image.objects.filter(pk=image.pk).update(status=Status.HELD, screened_at=timezone.now())
        made.append(
            Review.objects.create(image=image, policy=policy, priority=9 - n, due_at=timezone.now())
        )
    return made


@pytest.fixture
def ana(make_user: Callable[..., User]) -> User:
    return make_user("ana", "moderator")


@pytest.fixture
def ben(make_user: Callable[..., User]) -> User:
    return make_user("ben", "moderator")


def test_hands_stay_on_the_keyboard(reviews: list[Review], ana: User, open_page: SignIn) -> None:
    page = open_page(ana)
    page.keyboard.press("n")
    for n, keys in enumerate((["a"], ["s"], ["r", "2"])):
        expect(page.get_by_role("link", name=f"photo-{n}.jpg")).to_be_visible()
        assert page.url.endswith(f"/review/{reviews[n].pk}/")
        for key in keys:
            page.keyboard.press(key)
    expect(page.get_by_text("none of them for you")).to_be_visible()
    decided = {d.review_id: (d.action, d.policy and d.policy.slug) for d in Decision.objects.all()}
    assert decided == {reviews[0].pk: ("approve", None), reviews[2].pk: ("remove", "drugs")}
    assert list(Review.objects.open()) == [reviews[1]]


def test_a_held_key_decides_one_photo_only(
    reviews: list[Review], ana: User, open_page: SignIn
) -> None:
    page = open_page(ana)
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    for _ in range(6):  # the same key down again and again without an up is a repeat
        page.keyboard.down("a")
        page.wait_for_timeout(100)
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    assert Decision.objects.count() == 1


def test_typing_a_note_presses_no_key(reviews: list[Review], ana: User, open_page: SignIn) -> None:
    page = open_page(ana)
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    page.keyboard.press("r")
    page.get_by_label("Note").fill("")
    page.keyboard.type("a1 sq\n2")
    page.wait_for_timeout(300)
    assert not Decision.objects.exists()
    page.get_by_role("button", name="1 Weapons").click()
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    assert Decision.objects.get().note == "a1 sq\n2"


def test_photos_stay_veiled_until_asked_and_the_choice_is_remembered(
    reviews: list[Review], ana: User, open_page: SignIn
) -> None:
    page = open_page(ana)
    page.keyboard.press("n")
    photo = page.locator("[data-photo]")
    expect(photo).to_be_visible()
    assert photo.evaluate(BLUR) == "blur(24px) grayscale(1)"
    page.keyboard.press("b")
    assert photo.evaluate(BLUR) == "grayscale(1)"
    expect(page.get_by_role("button", name="Blur")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("a")
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    assert page.locator("[data-photo]").evaluate(BLUR) == "grayscale(1)"
    page.reload()
    assert page.locator("[data-photo]").evaluate(BLUR) == "grayscale(1)"


def test_a_stale_screen_goes_gray_and_leads_on(
    reviews: list[Review], ana: User, ben: User, open_page: SignIn
) -> None:
    page = open_page(ana)
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    Review.objects.filter(pk=reviews[0].pk).update(claim_expires_at=timezone.now())
    theirs = reviewing.claim(review_id=reviews[0].pk, moderator=ben)
    reviewing.decide(
        review_id=theirs.pk, moderator=ben, version=theirs.version, action=Action.APPROVE
    )
    page.keyboard.press("r")
    page.keyboard.press("1")
    expect(page.get_by_text("Decided by ben (approved)")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    assert Decision.objects.get().action == Action.APPROVE


def test_two_moderators_get_different_reviews(
    reviews: list[Review], ana: User, ben: User, open_page: SignIn
) -> None:
    first, second = open_page(ana), open_page(ben)
    first.keyboard.press("n")
    expect(first.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    second.goto(f"/review/{reviews[0].pk}/")
    expect(second.get_by_text("ana is reviewing this until")).to_be_visible()
    expect(second.get_by_role("button", name="Approve")).to_have_count(0)
    second.keyboard.press("n")
    expect(second.get_by_role("link", name="photo-1.jpg")).to_be_visible()


def test_the_desk_works_without_scripts(
    reviews: list[Review], ana: User, browser: Browser, live_server: object
) -> None:
    context = browser.new_context(
        base_url=live_server.url,  # type: ignore[attr-defined]
        java_script_enabled=False,
    )
    page = context.new_page()
    page.goto("/login/")
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Start reviewing").click()
    page.locator("summary", has_text="Remove").click()
    page.get_by_role("button", name="1 Weapons").click()
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    context.close()
    assert Decision.objects.get().action == Action.REMOVE
