"""Everything in a filtered list at once: confirmed, checked again, undone together."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalog.models import Image
from moderation import reviewing
from moderation.choices import Action, ReviewStatus
from moderation.models import Decision, Policy, Review
from tests.conftest import Picture
from tests.moderation.piles import pile
from tests.pages import SignIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviews(upload: Callable[..., Image], picture: Picture) -> list[Review]:
    """Three under Weapons, then one of them moved to Drugs."""
    weapons = Policy.objects.create(slug="weapons", name="Weapons")
    drugs = Policy.objects.create(slug="drugs", name="Drugs")
    made = pile(upload, picture, weapons, count=4)
    Review.objects.filter(pk=made[3].pk).update(policy=drugs)
    return made


URL = "moderation:bulk"


def confirmed(client: Client, query: str = "?policy=weapons", **changes: str) -> dict[str, str]:
    """The form as the page sends it once its count was typed."""
    page = client.get(reverse(URL) + query)
    shown = re.search(r'name="cases" value="([^"]*)"', page.text)
    assert shown
    return {
        "cases": shown[1],
        "confirm": str(page.context["count"]),
        "action": "remove",
        "policy": "weapons",
        **changes,
    }


@pytest.mark.parametrize("role", [None, "nobody", "staff", "moderator", "lead"])
def test_bulk_is_for_moderators_and_leads(
    role: str | None, reviews: list[Review], sign_in: SignIn
) -> None:
    response = sign_in(role).get(reverse(URL))
    may = role in ("moderator", "lead")
    assert response.status_code == (302 if role is None else 200 if may else 403)


def test_only_what_the_filter_shows_is_decided_and_all_of_it_undone(
    reviews: list[Review], sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    page = client.post(
        reverse(URL) + "?policy=weapons", confirmed(client, note="Spam wave."), follow=True
    )
    assert "3 removed, Weapons" in page.text
    decided = Decision.objects.values_list("review", "action", "note")
    assert set(decided) == {(r.pk, Action.REMOVE, "Spam wave.") for r in reviews[:3]}
    assert list(Review.objects.open()) == [reviews[3]]
    client.post(reverse("moderation:undo_batch", args=[Decision.objects.all()[0].batch]))
    assert Review.objects.open().count() == 4


@pytest.mark.parametrize("change", ["claimed", "arrived"])
def test_a_list_that_changed_meanwhile_is_shown_again_and_nothing_done(
    change: str,
    reviews: list[Review],
    sign_in: SignIn,
    make_user: Callable[..., User],
) -> None:
    client = sign_in("moderator")
    form = confirmed(client)
    if change == "claimed":
        reviewing.claim(review_id=reviews[0].pk, moderator=make_user("ben", "moderator"))
    else:
        Review.objects.filter(pk=reviews[3].pk).update(policy=reviews[0].policy)
    response = client.post(reverse(URL) + "?policy=weapons", form)
    assert response.status_code == 409
    now = 2 if change == "claimed" else 4
    assert f"The list changed while you looked: it has {now} now, it had 3." in response.text
    assert response.context["count"] == now
    assert not Decision.objects.exists()


def test_one_gone_and_another_come_is_a_change_too(
    reviews: list[Review], sign_in: SignIn, make_user: Callable[..., User]
) -> None:
    client = sign_in("moderator")
    form = confirmed(client)
    reviewing.claim(review_id=reviews[0].pk, moderator=make_user("ben", "moderator"))
    Review.objects.filter(pk=reviews[3].pk).update(policy=reviews[0].policy)
    assert client.post(reverse(URL) + "?policy=weapons", form).status_code == 409
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"confirm": "2"}, "Type 3 to confirm how many you decide."),
        ({"confirm": ""}, "Type 3 to confirm how many you decide."),
        ({"action": ""}, "Say what to do"),
        ({"policy": "no-such"}, "A removal names the policy it is made under"),
    ],
)
def test_what_is_not_confirmed_is_not_done(
    wrong: dict[str, str], sentence: str, reviews: list[Review], sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    response = client.post(reverse(URL) + "?policy=weapons", confirmed(client, **wrong))
    assert response.status_code == 400
    assert sentence in response.text
    assert "Nothing was decided." in response.text
    assert not Decision.objects.exists()


def test_a_review_that_changed_but_stayed_in_the_list_is_a_conflict(
    reviews: list[Review], sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    form = confirmed(client)
    Review.objects.filter(pk=reviews[1].pk).update(version=9)
    page = client.post(reverse(URL) + "?policy=weapons", form, follow=True).text
    assert "1 could not be decided and stayed as it was" in page
    assert Decision.objects.count() == 2
    assert Review.objects.get(pk=reviews[1].pk).status == ReviewStatus.OPEN


def test_more_than_the_limit_stays_and_is_counted(
    reviews: list[Review], sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.views.bulk.LIMIT", 2)
    client = sign_in("moderator")
    assert "2 more match and stay where they are." in client.get(reverse(URL)).text
    client.post(reverse(URL), confirmed(client, ""))
    assert set(Decision.objects.values_list("review", flat=True)) == {r.pk for r in reviews[:2]}


def test_nothing_to_decide_says_so(sign_in: SignIn) -> None:
    assert "Nothing waits for you under these filters." in sign_in("lead").get(reverse(URL)).text
