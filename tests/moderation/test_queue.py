"""The queue: what is next, what was skipped or given back, filters and pages."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.choices import Status
from catalog.models import Image
from moderation import reviewing
from moderation.models import Policy, Review
from tests.conftest import Picture
from tests.pages import SignIn

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def other(make_user: Callable[..., User]) -> User:
    return make_user("ben", "moderator")


def at(name: str, review: Review) -> str:
    return reverse(f"moderation:{name}", args=[review.pk])


def test_next_claims_the_most_urgent_and_then_says_all_clear(
    review: Review, sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    assert client.post(reverse("moderation:next"))["Location"] == at("review", review)
    review.refresh_from_db()
    assert str(review.claimed_by) == "the-moderator"
    page = client.get(at("review", review)).text
    assert at("decide", review) in page
    assert "yours for" in page
    response = client.post(at("decide", review), {"version": review.version, "action": "approve"})
    assert response["Location"] == reverse("moderation:queue")
    assert "All clear" in client.get(response["Location"]).text


def test_skipping_hides_it_from_oneself_only(review: Review, other: User, sign_in: SignIn) -> None:
    client = sign_in("moderator")
    client.post(at("claim", review))
    assert client.post(at("skip", review))["Location"] == reverse("moderation:queue")
    assert "none of them for you" in client.get(reverse("moderation:queue")).text
    assert reviewing.claim_next(moderator=other) == review


def test_stopping_gives_the_review_back(review: Review, other: User, sign_in: SignIn) -> None:
    client = sign_in("moderator")
    client.post(at("claim", review))
    response = client.post(at("release", review), headers=HTMX)
    assert response["HX-Redirect"] == reverse("moderation:queue")
    assert reviewing.claim_next(moderator=other) == review


def test_a_moderator_sends_a_live_photo_to_review_and_staff_cannot(
    review: Review, sign_in: SignIn, make_user: Callable[..., User]
) -> None:
    Review.objects.all().delete()
    Image.objects.update(status=Status.LIVE)
    url = reverse("moderation:send_to_review", args=[review.image_id])
    staff = Client()
    staff.force_login(make_user("sam", "staff"))
    assert staff.post(url).status_code == 403
    assert Image.objects.get().status == Status.LIVE
    sign_in("moderator").post(url, {"note": "Look at the label."})
    assert Image.objects.get().status == Status.HELD
    assert Review.objects.open().get().policy is None
    page = sign_in(None).get(reverse("catalog:photo", args=[review.image_id])).text
    assert "Look at the label." in page


def test_the_queue_filters_by_policy_and_pages_without_gaps(
    review: Review,
    upload: Callable[..., Image],
    picture: Picture,
    sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drugs = Policy.objects.create(slug="drugs", name="Drugs")
    second = Review.objects.create(
        image=upload(picture("pills")), policy=drugs, priority=0.5, due_at=timezone.now()
    )
    monkeypatch.setattr("moderation.views.queue.PAGE_SIZE", 1)
    client, url = sign_in("moderator"), reverse("moderation:queue")
    first_page = client.get(url)
    assert at("review", review) in first_page.text
    assert at("review", second) not in first_page.text
    rest = client.get(url + first_page.context["next_page"]).text
    assert at("review", second) in rest
    assert at("review", review) not in rest
    assert at("review", review) not in client.get(url, {"policy": "drugs"}).text
    for hostile in ({"policy": "\x00"}, {"after": "nan~x~y"}, {"after": "1~2~3"}):
        assert client.get(url, hostile).status_code == 200
