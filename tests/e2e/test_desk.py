"""The desk by hand: keys, the veil, stale screens, leases, and a page without scripts."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, expect

from moderation import deciding, reviewing, settling
from moderation.choices import Action, Queue, ReviewStatus
from moderation.models import Decision, Review
from tests.e2e.conftest import SignIn

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

BLUR = "image => getComputedStyle(image).filter"


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


def test_escalate_later_and_back_by_key(
    reviews: list[Review], ana: User, open_page: SignIn
) -> None:
    page = open_page(ana)
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    page.keyboard.press("e")
    expect(page.get_by_role("button", name="Escalate now")).to_be_focused()
    page.get_by_label("For them").fill("Deko?")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Escalate now")).to_be_hidden()
    page.keyboard.press("e")
    page.keyboard.press("e")
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    escalated = Review.objects.get(queue=Queue.ESCALATED)
    assert escalated == reviews[0]
    assert escalated.image.events.filter(summary="Escalated by ana: Deko?").count() == 1


def test_undo_takes_the_last_decision_back(
    reviews: list[Review], ana: User, open_page: SignIn
) -> None:
    page = open_page(ana)
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    page.keyboard.press("a")
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    expect(page.locator("[data-undo] time")).to_contain_text("0:5")
    page.keyboard.press("u")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    assert page.url.endswith(f"/review/{reviews[0].pk}/")
    reviews[0].refresh_from_db()
    assert (reviews[0].status, reviews[0].claimed_by) == (ReviewStatus.OPEN, ana)


def test_undo_is_out_of_reach_once_its_time_is_over(
    reviews: list[Review], ana: User, open_page: SignIn, settings: object
) -> None:
    settings.VITRINE_UNDO_SECONDS = 3  # type: ignore[attr-defined]
    page = open_page(ana)
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled(timeout=10_000)
    page.keyboard.press("u")
    page.wait_for_timeout(300)
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    assert not hasattr(Decision.objects.get(), "settlement")


def test_an_undo_that_comes_too_late_is_told_so(
    reviews: list[Review], ana: User, open_page: SignIn
) -> None:
    page = open_page(ana)
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    Review.objects.filter(pk=reviews[0].pk).update(takes_effect_at=timezone.now())
    settling.settle_due()
    page.keyboard.press("u")
    expect(page.get_by_text("This can no longer be undone.")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    assert Decision.objects.get().settlement.result == "effective"


def test_who_only_watches_sees_who_decided(
    reviews: list[Review], ana: User, ben: User, open_page: SignIn
) -> None:
    first, second = open_page(ana), open_page(ben)
    first.keyboard.press("n")
    expect(first.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    second.goto(f"/review/{reviews[0].pk}/")
    expect(second.get_by_text("ana is reviewing this until")).to_be_visible()
    first.keyboard.press("a")
    expect(first.get_by_role("link", name="photo-1.jpg")).to_be_visible()
    expect(second.get_by_text("Decided by ana (approved). It can be undone")).to_be_visible()
    assert float(second.locator("[data-photo]").evaluate("i => getComputedStyle(i).opacity")) < 1
    first.keyboard.press("u")
    expect(second.get_by_text("ana is reviewing this until")).to_be_visible()


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
    deciding.decide(
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
