"""A moderator who opens the review of a photo that was erased."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from catalog import erasing
from catalog.models import Image
from moderation.models import Review
from tests.e2e.conftest import SignIn
from tests.e2e.test_accessibility import violations

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_they_are_told_and_go_on_with_one_key(
    open_page: SignIn, live_server: object, reviews: list[Review], ana: User
) -> None:
    erased = reviews[0]
    erasing.erase(Image.objects.filter(pk=erased.image_id), by="the API key of the shop")
    page = open_page(ana)

    page.goto(live_server.url + reverse("moderation:review", args=[erased.pk]))  # type: ignore[attr-defined]

    assert page.get_by_role("heading", name="This photo was erased").is_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Take the next one").click()
    page.wait_for_url("**/review/*/")
    assert page.locator("#desk").is_visible()
