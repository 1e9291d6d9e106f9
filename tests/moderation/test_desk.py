"""The desk's steps: on, back, escalate, undo, and what each queue shows and hides."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from catalog.choices import Status
from catalog.models import Image
from moderation import reviewing
from moderation.choices import Queue, Result, ReviewStatus
from moderation.models import Decision, Policy, Review
from tests.conftest import Picture
from tests.moderation.piles import at, decided_by, pile, settled
from tests.pages import SignIn

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ben(make_user: Callable[..., User]) -> User:
    return make_user("ben", "moderator")


@pytest.fixture
def reviews(upload: Callable[..., Image], picture: Picture) -> list[Review]:
    return pile(upload, picture, Policy.objects.create(slug="weapons", name="Weapons"))


@pytest.mark.parametrize("role", [None, "nobody", "staff"])
@pytest.mark.parametrize("step", ["escalate", "later", "back", "standing", "undo", "put_off"])
def test_nobody_else_may_take_a_step(
    role: str | None, step: str, review: Review, ben: User, sign_in: SignIn
) -> None:
    decision = decided_by(ben, review)
    client = sign_in(role)
    if step == "standing":
        response = client.get(at(step, review))
    elif step == "put_off":
        response = client.post(reverse("moderation:put_off_break"))
    else:
        pk = decision.pk if step == "undo" else review.pk
        response = client.post(reverse(f"moderation:{step}", args=[pk]))
    assert response.status_code == (302 if role is None else 403)
    assert not hasattr(Decision.objects.get(), "settlement")


def test_later_gives_it_back_and_it_comes_again_after_the_rest(
    reviews: list[Review], sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    client.post(reverse("moderation:next"))
    assert client.post(at("later", reviews[0]))["Location"] == at("review", reviews[1])
    reviews[0].refresh_from_db()
    assert reviews[0].claimed_by is None
    reviews[1].refresh_from_db()
    sent = {"version": reviews[1].version, "action": "approve"}
    assert client.post(at("decide", reviews[1]), sent)["Location"] == at("review", reviews[2])
    reviews[2].refresh_from_db()
    sent = {"version": reviews[2].version, "action": "approve"}
    assert client.post(at("decide", reviews[2]), sent)["Location"] == at("review", reviews[0])


def test_later_with_nothing_else_stays_and_says_so(review: Review, sign_in: SignIn) -> None:
    client = sign_in("moderator")
    client.post(at("claim", review))
    page = client.post(at("later", review), follow=True)
    assert "Nothing else waits here." in page.text
    assert at("decide", review) in page.text


def test_back_goes_the_way_one_came(reviews: list[Review], sign_in: SignIn) -> None:
    client = sign_in("moderator")
    client.post(reverse("moderation:next"), follow=True)
    client.post(at("later", reviews[0]), follow=True)
    client.post(at("later", reviews[1]), follow=True)
    assert client.post(at("back", reviews[2]))["Location"] == at("review", reviews[1])
    client.get(at("review", reviews[1]))
    assert client.post(at("back", reviews[1]))["Location"] == at("review", reviews[0])
    page = client.get(at("review", reviews[0])).text
    assert at("decide", reviews[0]) in page  # claimed again
    page = client.post(at("back", reviews[0]), follow=True).text
    assert "This is the first one you saw." in page
    reviews[1].refresh_from_db()
    assert reviews[1].claimed_by is None


def test_escalating_hands_it_to_the_leads_with_the_note(
    reviews: list[Review], sign_in: SignIn, make_user: Callable[..., User]
) -> None:
    client = sign_in("moderator")
    client.post(at("claim", reviews[0]))
    reviews[0].refresh_from_db()
    sent = {"version": reviews[0].version, "note": "Deko?"}
    assert client.post(at("escalate", reviews[0]), sent)["Location"] == at("review", reviews[1])
    reviews[0].refresh_from_db()
    assert (reviews[0].queue, reviews[0].claimed_by) == (Queue.ESCALATED, None)
    assert "This review is with the leads." in client.get(at("review", reviews[0])).text
    assert "Escalated" not in client.get(reverse("moderation:queue")).text
    client.force_login(make_user("lea", "lead"))
    assert "Escalated by the-moderator: Deko?" in client.get(at("review", reviews[0])).text
    queue = client.get(reverse("moderation:queue"), {"queue": "escalated"}).text
    assert at("review", reviews[0]) + "?queue=escalated" in queue


@pytest.mark.parametrize("version", ["", "x", "99999999999999999999", "3"])
def test_escalating_a_stale_or_mangled_version_changes_nothing(
    version: str, review: Review, sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    client.post(at("claim", review))
    Review.objects.update(version=7)
    response = client.post(at("escalate", review), {"version": version})
    assert response.status_code == (409 if version == "3" else 400)
    review.refresh_from_db()
    assert review.queue == Queue.FIRST


def test_undo_opens_the_review_again(reviews: list[Review], sign_in: SignIn) -> None:
    client = sign_in("moderator")
    client.post(at("claim", reviews[0]))
    reviews[0].refresh_from_db()
    sent = {"version": reviews[0].version, "action": "approve"}
    page = client.post(at("decide", reviews[0]), sent, follow=True).text
    undo = reverse("moderation:undo", args=[Decision.objects.get().pk])
    assert undo in page
    assert "Undo" in page
    response = client.post(undo, follow=True)
    assert response.redirect_chain[-1][0] == at("review", reviews[0])
    assert "Undone: the review is yours again." in response.text
    assert at("decide", reviews[0]) in response.text
    assert Decision.objects.get().settlement.result == Result.UNDONE
    assert undo not in response.text


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_undoing_too_late_is_said_in_words(
    headers: dict[str, str], review: Review, sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    decision = decided_by(User.objects.get(username="the-moderator"), review, "approve")
    settled()
    response = client.post(reverse("moderation:undo", args=[decision.pk]), headers=headers)
    assert response.status_code == 409
    assert "This can no longer be undone." in response.text
    assert Image.objects.get().status == Status.LIVE


def test_nobody_undoes_anothers_decision(review: Review, ben: User, sign_in: SignIn) -> None:
    client = sign_in("lead")
    decision = decided_by(ben, review, "approve")
    response = client.post(reverse("moderation:undo", args=[decision.pk]))
    assert (response.status_code, "This is ben’s decision." in response.text) == (409, True)
    assert client.post(reverse("moderation:undo", args=[decision.pk + 999])).status_code == 404
    review.refresh_from_db()
    assert review.status == ReviewStatus.DRAFT


def test_a_screen_that_watches_learns_who_decided_and_for_how_long_it_can_be_undone(
    review: Review, ben: User, sign_in: SignIn
) -> None:
    claimed = reviewing.claim(review_id=review.pk, moderator=ben)
    client = sign_in("moderator")
    assert "ben is reviewing this until" in client.get(at("review", review)).text
    asked = {"version": str(claimed.version)}
    assert client.get(at("standing", review), asked, headers=HTMX).status_code == 204
    decided_by(ben, review)
    changed = client.get(at("standing", review), asked, headers=HTMX)
    assert changed["HX-Push-Url"] == at("review", review)
    assert "Decided by ben (removed, Weapons). It can be undone, and takes effect" in changed.text
    assert at("decide", review) not in changed.text
