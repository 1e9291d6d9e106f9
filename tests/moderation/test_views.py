"""The desk: who may open it, what it shows, and two moderators at once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from catalog.choices import Status
from catalog.models import Image
from moderation import deciding, reviewing
from moderation.choices import Action, ReviewStatus
from moderation.models import Decision, Exemplar, Review
from tests.pages import JSON, SignIn

pytestmark = pytest.mark.django_db

ROLES = ["nobody", "staff", "moderator", "lead"]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def other(make_user: Callable[..., User]) -> User:
    return make_user("ben", "moderator")


def at(name: str, review: Review) -> str:
    return reverse(f"moderation:{name}", args=[review.pk])


def removal(review: Review, **fields: str) -> dict[str, Any]:
    return {"version": review.version, "action": "remove", "policy": "weapons", **fields}


@pytest.mark.parametrize("role", [None, *ROLES])
def test_pages_open_for_moderators_and_leads_only(
    role: str | None, review: Review, exemplar: Exemplar, sign_in: SignIn
) -> None:
    client = sign_in(role)
    may = role in ("moderator", "lead")
    for url in (reverse("moderation:queue"), at("review", review)):
        response = client.get(url)
        if role is None:
            assert response["Location"].startswith(reverse("login"))
        else:
            assert response.status_code == (200 if may else 403)
    shown = client.get(reverse("moderation:exemplar", args=[exemplar.pk]))
    assert shown.status_code == (302 if role is None else 403 if role == "nobody" else 200)


@pytest.mark.parametrize("role", [None, "nobody", "staff"])
@pytest.mark.parametrize("step", ["claim", "renew", "release", "skip", "decide"])
def test_nobody_else_may_act_on_a_review(
    role: str | None, step: str, review: Review, sign_in: SignIn
) -> None:
    response = sign_in(role).post(at(step, review), removal(review))
    assert response.status_code == (302 if role is None else 403)
    review.refresh_from_db()
    assert (review.status, review.claimed_by) == (ReviewStatus.OPEN, None)


def test_looking_does_not_claim(review: Review, sign_in: SignIn) -> None:
    page = sign_in("moderator").get(at("review", review)).text
    review.refresh_from_db()
    assert review.claimed_by is None
    assert "Claim it to decide" in page
    assert at("decide", review) not in page
    assert sign_in(None).get(reverse("moderation:next")).status_code == 405


def test_the_desk_shows_the_match_its_score_and_the_policy(
    review: Review, exemplar: Exemplar, sign_in: SignIn
) -> None:
    page = sign_in("moderator").get(at("review", review)).text
    assert reverse("moderation:exemplar", args=[exemplar.pk]) in page
    assert reverse("catalog:display", args=[review.image_id]) in page
    assert 'aria-label="Score 0.93 of 1, holds from 0.87"' in page
    assert "No firearms." in page


def test_a_removal_names_its_policy_and_its_note(
    at_once: None, review: Review, sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    client.post(at("claim", review))
    review.refresh_from_db()
    client.post(at("decide", review), removal(review, note="A real one."))
    decision = Decision.objects.get(review=review)
    assert (decision.action, decision.policy.slug) == (Action.REMOVE, "weapons")  # type: ignore[union-attr]
    assert (decision.note, str(decision.decided_by)) == ("A real one.", "the-moderator")
    assert Image.objects.get().status == Status.REMOVED


@pytest.mark.parametrize(
    "wrong",
    [
        {"policy": ""},
        {"policy": "no-such"},
        {"action": "escalate"},
        {"action": ""},
        {"version": ""},
        {"version": "-1"},
        {"policy": "\x00"},
    ],
)
def test_a_decision_that_makes_no_sense_changes_nothing(
    wrong: dict[str, str], review: Review, sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    client.post(at("claim", review))
    review.refresh_from_db()
    response = client.post(at("decide", review), removal(review, **wrong))
    assert response.status_code == 400
    assert not Decision.objects.exists()
    assert Image.objects.get().status == Status.HELD


def test_a_second_moderator_sees_who_has_it_and_cannot_decide(
    review: Review, other: User, sign_in: SignIn
) -> None:
    claimed = reviewing.claim(review_id=review.pk, moderator=other)
    client = sign_in("moderator")
    page = client.get(at("review", review)).text
    assert f"ben is reviewing this until {claimed.claim_expires_at:%H:%M} UTC." in page
    assert at("decide", review) not in page
    response = client.post(at("decide", review), removal(claimed))
    assert response.status_code == 409
    assert "ben is reviewing this until" in response.text
    assert not Decision.objects.exists()


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_stale_screen_is_told_who_decided_and_offered_the_next(
    headers: dict[str, str], at_once: None, review: Review, other: User, sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    client.post(at("claim", review))
    review.refresh_from_db()
    stale = removal(review)
    Review.objects.update(claim_expires_at=timezone.now() - timedelta(seconds=1))
    theirs = reviewing.claim(review_id=review.pk, moderator=other)
    deciding.decide(
        review_id=review.pk, moderator=other, version=theirs.version, action=Action.APPROVE
    )
    response = client.post(at("decide", review), stale, headers=headers)
    assert response.status_code == 409
    assert "Decided by ben (approved)" in response.text
    assert reverse("moderation:next") in response.text
    assert at("decide", review) not in response.text
    assert ("<html" in response.text) is not bool(headers)
    assert Image.objects.get().status == Status.LIVE
    assert Decision.objects.count() == 1


def test_the_heartbeat_keeps_a_claim_and_reports_its_loss(
    review: Review, other: User, sign_in: SignIn
) -> None:
    client = sign_in("moderator")
    client.post(at("claim", review))
    review.refresh_from_db()
    Review.objects.update(claim_expires_at=timezone.now() + timedelta(seconds=5))
    answer = client.post(at("renew", review), headers=JSON).json()
    assert answer["version"] == review.version
    assert answer["seconds"] > 200
    Review.objects.update(claim_expires_at=timezone.now() - timedelta(seconds=1))
    reviewing.claim(review_id=review.pk, moderator=other)
    lost = client.post(at("renew", review), headers=JSON)
    assert (lost.status_code, lost.json()["code"]) == (409, "claimed_by_other")


def test_unknown_reviews_are_not_found(sign_in: SignIn, review: Review) -> None:
    client = sign_in("moderator")
    missing = Review(pk=review.pk + 999)
    assert client.get(at("review", missing)).status_code == 404
    for step in ("claim", "renew", "release", "skip", "decide"):
        assert client.post(at(step, missing)).status_code == 404
