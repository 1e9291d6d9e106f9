"""Second looks by keyboard, insights in a browser, and both for everybody's eyes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from catalog.choices import Status
from catalog.models import Image, Product
from moderation.choices import Action, MatchKind, Outcome
from moderation.models import Bank, BlindReview, Decision, Exemplar, Flag, Policy
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations
from tests.moderation.decided import decided, judged_blind

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people(make_user: Callable[..., User]) -> dict[str, User]:
    names = {"ana": "moderator", "ben": "moderator", "lea": "lead"}
    return {name: make_user(name, role) for name, role in names.items()}


@pytest.fixture
def policies(db: None) -> list[Policy]:
    return [
        Policy.objects.create(slug="weapons", name="Weapons", severity=4, description="None."),
        Policy.objects.create(slug="drugs", name="Drugs", severity=3),
    ]


@pytest.fixture
def waiting(
    people: dict[str, User],
    policies: list[Policy],
    upload: Callable[..., Image],
    picture: Picture,
) -> list[BlindReview]:
    """Three photos that Ana approved, each of a product of its own, wait for a second look."""
    found = []
    for n in range(3):
        image = upload(picture("handgun", n))
        product = Product.objects.create(storefront=image.storefront, sku=f"SKU-{n}")
        Image.objects.filter(pk=image.pk).update(
            product=product, status=Status.LIVE, screened_at=timezone.now()
        )
        decision = decided(image, people["ana"], timezone.now(), about=policies[0])
        found.append(BlindReview.objects.create(decision=decision))
    return found


@pytest.fixture
def judged(
    waiting: list[BlindReview], people: dict[str, User], policies: list[Policy]
) -> list[Decision]:
    """Ben agreed with one and not with another; a bank had flagged all three."""
    bank = Bank.objects.create(policy=policies[0], name="Handguns")
    known = Exemplar.objects.create(bank=bank, sha256="e" * 64, pdq="01" * 128)
    decisions = [each.decision for each in waiting]
    BlindReview.objects.filter(decision__in=decisions[:2]).delete()
    for decision in decisions:
        flag = Flag.objects.create(
            image=decision.image,
            kind=MatchKind.HASH,
            policy=policies[0],
            bank=bank,
            bank_version=1,
            exemplar=known,
            score=6,
            threshold=31,
            outcome=Outcome.HOLD,
        )
        Flag.objects.filter(pk=flag.pk).update(created_at=decision.opened_at)
    judged_blind(decisions[0], people["ben"], timezone.now(), Action.APPROVE)
    judged_blind(decisions[1], people["ben"], timezone.now(), Action.REMOVE, policies[0])
    return decisions


def test_second_looks_by_keyboard(
    waiting: list[BlindReview], people: dict[str, User], open_page: SignIn
) -> None:
    page = open_page(people["ben"])
    page.goto("/blind/")
    expect(page.get_by_text("3 waiting for you")).to_be_visible()
    page.keyboard.press("n")
    for n, keys in enumerate((["a"], ["s"], ["r", "2"])):
        expect(page.get_by_text(f"SKU-{n}")).to_be_visible()
        for key in keys:
            page.keyboard.press(key)
    expect(page.get_by_text("Only those you skipped are left")).to_be_visible()
    answers = {
        each.pk: (each.action, each.policy and each.policy.slug)
        for each in BlindReview.objects.filter(answered_at__isnull=False)
    }
    assert answers == {waiting[0].pk: ("approve", None), waiting[2].pk: ("remove", "drugs")}
    assert set(Image.objects.values_list("status", flat=True)) == {Status.LIVE}
    page.keyboard.press("n")
    expect(page.get_by_text("SKU-1")).to_be_visible()
    page.keyboard.press("q")
    expect(page.get_by_text("1 waiting for you")).to_be_visible()


def test_escape_closes_the_reasons_and_the_photo_stays_veiled(
    waiting: list[BlindReview], people: dict[str, User], open_page: SignIn
) -> None:
    page = open_page(people["ben"])
    page.goto("/blind/")
    page.keyboard.press("n")
    photo = page.locator("[data-photo]")
    expect(photo).to_be_visible()
    assert "blur" in photo.evaluate("image => getComputedStyle(image).filter")
    page.keyboard.press("r")
    expect(page.get_by_text("I would remove it for")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("I would remove it for")).to_be_hidden()
    assert not BlindReview.objects.filter(answered_at__isnull=False).exists()


def test_a_lead_reads_insights_and_opens_a_review_of_a_difference(
    judged: list[Decision], people: dict[str, User], open_page: SignIn
) -> None:
    page = open_page(people["lea"])
    page.goto("/insights/")
    page.get_by_role("combobox", name="Policy").select_option("weapons")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**policy=weapons**")
    expect(page.get_by_role("img", name="Decisions per day")).to_be_visible()
    page.get_by_text("Per day: the numbers").click()
    expect(page.get_by_role("region", name="Per day")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download days.csv").click()
    assert download.value.suggested_filename == "vitrine-days.csv"
    page.get_by_role("button", name="Open a review").click()
    expect(page.get_by_text("Sent to review: held")).to_be_visible()
    assert Image.objects.get(pk=judged[1].image_id).status == Status.HELD


@pytest.mark.parametrize(
    ("dark", "width"),
    [(False, 1440), (True, 1440), (True, 390)],
    ids=["light", "dark", "dark-phone"],
)
def test_the_pages_are_accessible_and_fit(
    dark: bool,
    width: int,
    judged: list[Decision],
    people: dict[str, User],
    policies: list[Policy],
    open_page: Any,
) -> None:
    page = open_page(people["lea"], dark=dark, width=width)
    found = []
    decided(judged[0].image, people["lea"], timezone.now(), Action.REMOVE, policy=policies[0])
    Image.objects.filter(pk=judged[0].image_id).update(status=Status.REMOVED)
    photo = f"/photos/{judged[0].image_id}/"
    for address in ("/insights/", "/insights/me/", "/blind/", "/insights/?policy=drugs", photo):
        page.goto(address)
        for summary in page.locator("main details > summary").all():
            summary.click()
        found += violations(page)
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow == 0, address
    page.goto("/blind/")
    page.get_by_role("button", name="Begin").click()
    page.get_by_text("Why there is no more").wait_for()
    found += violations(page)
    page.locator("summary", has_text="Remove").click()
    found += violations(page)
    assert not found, "\n".join(found)
