"""How much somebody saw today, and the break that is proposed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from catalog.models import Event, Image
from moderation.choices import ModerationEvent
from moderation.exposure import break_is_due, exposure_of
from moderation.models import Preferences, Review
from tests.pages import SignIn

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def ana(make_user: Callable[..., User]) -> User:
    return make_user("ana", "moderator")


def work(user: User, image: Image, now: datetime, *minutes_ago: float) -> None:
    """Claims of this photo, so many minutes before `now`."""
    Event.objects.bulk_create(
        Event(
            image=image,
            kind=ModerationEvent.CLAIMED,
            summary="Claimed",
            actor=user,
            at=now - timedelta(minutes=minutes),
        )
        for minutes in minutes_ago
    )


def test_a_day_that_has_not_begun(ana: User) -> None:
    exposure = exposure_of(ana, NOON)
    assert (exposure.seen, exposure.decided, exposure.since) == (0, 0, None)
    assert not break_is_due(ana, exposure, NOON)


def test_a_photo_seen_twice_is_one_photo_and_yesterday_does_not_count(
    ana: User, review: Review
) -> None:
    work(ana, review.image, NOON, 1, 3, 60 * 13)
    assert exposure_of(ana, NOON).seen == 1
    other = Image(pk="00000000-0000-4000-8000-000000000001")
    work(ana, other, NOON, 60 * 13)
    assert exposure_of(ana, NOON).seen == 1


def test_work_counts_from_the_last_pause_of_ten_minutes(ana: User, review: Review) -> None:
    work(ana, review.image, NOON, 2, 8, 15, 22, 32, 40)
    assert exposure_of(ana, NOON).since == NOON - timedelta(minutes=22)
    work(ana, review.image, NOON, 27)
    assert exposure_of(ana, NOON).since == NOON - timedelta(minutes=40)


def test_after_a_pause_the_count_begins_anew(ana: User, review: Review) -> None:
    work(ana, review.image, NOON, 10, 15)
    assert exposure_of(ana, NOON).since is None


def test_other_peoples_work_is_theirs(
    ana: User, review: Review, make_user: Callable[..., User]
) -> None:
    work(make_user("ben", "moderator"), review.image, NOON, 1, 5)
    assert exposure_of(ana, NOON).seen == 0
    assert exposure_of(ana, NOON).since is None


@pytest.mark.parametrize(("limit", "due"), [(50, True), (51, False), (0, False)])
def test_a_break_is_due_when_the_person_wants_one(
    limit: int, due: bool, ana: User, review: Review
) -> None:
    Preferences.objects.create(user=ana, break_after_minutes=limit)
    work(ana, review.image, NOON, *range(0, 51, 5))
    assert break_is_due(ana, exposure_of(ana, NOON), NOON) is due


def test_the_proposal_is_put_off_for_a_quarter_of_an_hour(
    review: Review, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in("moderator")
    client.post(reverse("moderation:claim", args=[review.pk]))
    work(User.objects.get(username="the-moderator"), review.image, timezone.now(), *range(1, 60, 5))
    url = reverse("moderation:review", args=[review.pk])
    assert "minutes without a pause.</b>" in client.get(url).text
    answer = client.post(reverse("moderation:put_off_break"), {"back": url})
    assert answer["Location"] == url
    assert "minutes without a pause.</b>" not in client.get(url).text
    monkeypatch.setattr("moderation.views.breaks.QUIET", timedelta(0))
    assert "minutes without a pause.</b>" in client.get(url).text
    hostile = client.post(reverse("moderation:put_off_break"), {"back": "https://evil.example/"})
    assert hostile["Location"] == reverse("moderation:queue")
