"""Several at once in the browser: a cluster with an outlier, and everything under a filter."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from catalog.models import Image
from moderation.choices import ReviewStatus
from moderation.models import Decision, Policy, Review
from tests.conftest import Picture
from tests.e2e.conftest import SignIn
from tests.moderation.piles import pile
from tests.pages import tag

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cluster(upload: Callable[..., Image], picture: Picture) -> list[Review]:
    """Four copies, and a fifth photo that is unlike them."""
    policy = Policy.objects.create(slug="weapons", name="Weapons", severity=4)
    Policy.objects.create(slug="drugs", name="Drugs", severity=3)
    encoder = tag(upload(picture("mug")), "Mug", score=0.9).encoder
    return pile(upload, picture, policy, encoder, [1.0, 0.99, 0.985, 0.98, 0.91])


def test_a_cluster_by_keyboard_with_its_outlier_left_out_and_one_undone(
    cluster: list[Review], ana: User, open_page: SignIn
) -> None:
    page = open_page(ana)
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    expect(page.get_by_role("link", name="4 near-duplicates")).to_be_visible()
    page.keyboard.press("d")
    expect(page.get_by_role("heading", name="Near-duplicates")).to_be_visible()
    boxes = page.get_by_role("checkbox")
    expect(boxes).to_have_count(5)
    assert [box.is_checked() for box in boxes.all()] == [True, True, True, True, False]
    expect(page.get_by_text("Unlike the rest", exact=True)).to_be_visible()
    expect(boxes.first).to_be_focused()
    for key in ("j", "j", "Space"):
        page.keyboard.press(key)
    expect(boxes.nth(2)).not_to_be_checked()
    expect(page.locator("[data-selected]")).to_have_text("3")
    page.keyboard.press("r")
    page.keyboard.press("2")
    expect(page.get_by_role("heading", name="3 removed, Drugs")).to_be_visible()
    decided = Decision.objects.order_by("review").values_list("review", flat=True)
    assert list(decided) == [cluster[0].pk, cluster[1].pk, cluster[3].pk]
    page.get_by_role("button", name="Undo photo 2").click()
    expect(page.get_by_text("Undone", exact=True)).to_be_visible()
    drafts = Review.objects.filter(status=ReviewStatus.DRAFT)
    assert set(drafts) == {cluster[0], cluster[3]}
    page.keyboard.press("u")
    expect(page.get_by_text("Undone: 2.")).to_be_visible()
    assert Review.objects.open().count() == 5
    page.keyboard.press("n")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()


def test_nothing_selected_can_be_decided(
    cluster: list[Review], ana: User, open_page: SignIn
) -> None:
    page = open_page(ana)
    page.goto(f"/review/{cluster[0].pk}/cluster/")
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    page.keyboard.press("a")
    page.keyboard.press("q")
    expect(page.get_by_role("link", name="photo-0.jpg")).to_be_visible()
    assert not Decision.objects.exists()


def test_a_filtered_list_is_decided_after_its_count_was_typed(
    reviews: list[Review], ana: User, open_page: SignIn
) -> None:
    other = Policy.objects.get(slug="drugs")
    Review.objects.filter(pk=reviews[2].pk).update(policy=other)
    page = open_page(ana)
    page.get_by_label("Policy").select_option("weapons")
    page.wait_for_url("**policy=weapons**")
    page.get_by_role("link", name="Decide all 2").click()
    page.get_by_label("Approve them: they go live").check()
    page.get_by_label("Type 2 to confirm").fill("3")
    page.get_by_role("button", name="Decide all 2").click()
    expect(page.get_by_text("Nothing was decided.", exact=False).first).to_be_visible()
    expect(page.get_by_label("Approve them: they go live")).to_be_checked()
    page.get_by_label("Type 2 to confirm").fill("2")
    page.get_by_role("button", name="Decide all 2").click()
    expect(page.get_by_role("heading", name="2 approved")).to_be_visible()
    assert set(Decision.objects.values_list("review", flat=True)) == {r.pk for r in reviews[:2]}
    page.get_by_role("button", name="Undo all 2").click()
    expect(page.get_by_text("Undone: 2. They wait in the queue again.")).to_be_visible()
    assert Review.objects.open().count() == 3
