"""The queue: what is next, what was skipped or given back, filters and pages."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.choices import Status
from catalog.models import Image, Storefront
from moderation import reviewing
from moderation.choices import Queue
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


@pytest.fixture
def many(review: Review, upload: Callable[..., Image], picture: Picture) -> list[Review]:
    """Weapons now, Drugs two hours old, Weapons five hours old in another shop, and an appeal."""
    drugs = Policy.objects.create(slug="drugs", name="Drugs")
    rival = Storefront.objects.create(name="Rival shop", slug="rival-shop")
    made = [review]
    for n, (policy, shop, hours, queue) in enumerate(
        (
            (drugs, None, 2, Queue.FIRST),
            (review.policy, rival, 5, Queue.FIRST),
            (drugs, None, 0, Queue.APPEALS),
        )
    ):
        made.append(
            Review.objects.create(
                image=upload(picture("pills", n), to=shop),
                policy=policy,
                queue=queue,
                priority=2.0 - n,
                created_at=timezone.now() - timedelta(hours=hours),
                due_at=timezone.now() - timedelta(minutes=n),
            )
        )
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [0, 1, 2]),
        ({"policy": "drugs"}, [1]),
        ({"storefront": "rival-shop"}, [2]),
        ({"older": "60"}, [1, 2]),
        ({"older": "240"}, [2]),
        ({"policy": "weapons", "older": "60", "storefront": "rival-shop"}, [2]),
        ({"policy": "drugs", "storefront": "rival-shop"}, []),
        ({"queue": "appeals"}, [3]),
        ({"queue": "no-such", "older": "x", "policy": "\x00"}, [0, 1, 2]),
        ({"older": "9" * 40}, []),
    ],
)
def test_filters_of_the_address_choose_what_is_shown(
    query: dict[str, str], expected: list[int], many: list[Review], sign_in: SignIn
) -> None:
    response = sign_in("moderator").get(reverse("moderation:queue"), query)
    assert [row.pk for row in response.context["rows"]] == [many[n].pk for n in expected]
    if not expected:
        assert "Nothing waits here under these filters" in response.text


def test_whoever_starts_in_a_filter_stays_in_it(many: list[Review], sign_in: SignIn) -> None:
    client = sign_in("moderator")
    query = "?older=60"
    page = client.get(reverse("moderation:queue") + query).text
    assert f'action="{reverse("moderation:next")}{query}"' in page
    first = client.post(reverse("moderation:next") + query)
    assert first["Location"] == at("review", many[1]) + query
    page = client.get(first["Location"]).text
    assert at("decide", many[1]) + query in page
    many[1].refresh_from_db()
    sent = {"version": many[1].version, "action": "approve"}
    second = client.post(at("decide", many[1]) + query, sent)
    assert second["Location"] == at("review", many[2]) + query
    end = client.post(at("skip", many[2]) + query)
    assert end["Location"] == reverse("moderation:queue") + query


def test_a_case_of_another_queue_leads_on_in_that_queue(
    many: list[Review], sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    client.post(at("claim", many[3]))
    answer = client.post(at("skip", many[3]))
    assert answer["Location"] == reverse("moderation:queue") + "?queue=appeals"


def test_tabs_count_what_this_person_may_work_on(
    many: list[Review], sign_in: SignIn, make_user: Callable[..., User]
) -> None:
    Review.objects.filter(pk=many[1].pk).update(queue=Queue.ESCALATED)
    group = Group.objects.create(name="drug specialists")
    Review.objects.filter(pk=many[3].pk).update(group=group)

    def counts(client: Client) -> dict[str, int]:
        tabs = client.get(reverse("moderation:queue")).context["tabs"]
        return {tab.queue: tab.count for tab in tabs}

    client = sign_in("moderator")
    assert counts(client) == {"first": 2, "second": 0, "appeals": 0, "flood": 0}
    lead = Client()
    lead.force_login(make_user("lea", "lead"))
    assert counts(lead) == {"first": 2, "second": 0, "escalated": 1, "appeals": 1, "flood": 0}
    specialist = make_user("sid", "moderator")
    specialist.groups.add(group)
    client.force_login(specialist)
    assert counts(client)["appeals"] == 1


@pytest.mark.parametrize("queue", Queue.values)
def test_every_empty_queue_says_what_it_is_for(queue: str, sign_in: SignIn) -> None:
    page = sign_in("lead").get(reverse("moderation:queue"), {"queue": queue}).text
    assert "Nothing waits for a person here." in page
    assert "All clear" in page
