"""The life of a review: claims, versions, decisions, and two moderators at once."""

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection

from catalog.choices import Status
from catalog.models import Event, Image
from moderation import deciding, reviewing
from moderation.choices import Action, ReviewStatus
from moderation.models import Decision, Policy, Review
from moderation.reviewing import ReviewConflict
from tests.conftest import Picture
from tests.moderation.cases import expire, make_review

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_once")]


def test_the_most_urgent_review_is_claimed_first(
    case: Review, ana: User, upload: Callable[..., Image], picture: Picture, policy: Policy
) -> None:
    urgent = make_review(upload(picture("rifle")), policy, priority=3.0)
    assert reviewing.claim_next(moderator=ana) == urgent


def test_a_removal_takes_effect_once_and_is_recorded(
    case: Review, ana: User, policy: Policy
) -> None:
    claimed = reviewing.claim(review_id=case.pk, moderator=ana)
    decision = deciding.decide(
        review_id=case.pk,
        moderator=ana,
        version=claimed.version,
        action=Action.REMOVE,
        policy=policy,
        note="clear case",
    )
    case.refresh_from_db()
    image = Image.objects.get(pk=case.image_id)
    assert image.status == Status.REMOVED
    assert (case.status, case.claimed_by) == (ReviewStatus.DECIDED, None)
    assert (decision.policy, decision.note, decision.decided_by) == (policy, "clear case", ana)
    kinds = list(Event.objects.filter(image=image).values_list("kind", flat=True))
    assert kinds == ["uploaded", "claimed", "removed_by_moderator"]
    with pytest.raises(ReviewConflict) as conflict:
        reviewing.claim(review_id=case.pk, moderator=ana)
    assert conflict.value.code == "already_decided"


def test_an_approval_publishes(case: Review, ana: User) -> None:
    claimed = reviewing.claim(review_id=case.pk, moderator=ana)
    deciding.decide(
        review_id=case.pk, moderator=ana, version=claimed.version, action=Action.APPROVE
    )
    assert Image.objects.get(pk=case.image_id).status == Status.LIVE


def test_a_removal_names_its_policy(case: Review, ana: User) -> None:
    claimed = reviewing.claim(review_id=case.pk, moderator=ana)
    with pytest.raises(ValueError, match="names the policy"):
        deciding.decide(
            review_id=case.pk, moderator=ana, version=claimed.version, action=Action.REMOVE
        )
    assert not Decision.objects.exists()


def test_a_second_moderator_is_told_who_has_it(case: Review, ana: User, ben: User) -> None:
    reviewing.claim(review_id=case.pk, moderator=ana)
    with pytest.raises(ReviewConflict, match="ana is reviewing this until") as conflict:
        reviewing.claim(review_id=case.pk, moderator=ben)
    assert conflict.value.code == "claimed_by_other"
    assert reviewing.claim_next(moderator=ben) is None


def test_an_expired_claim_can_be_taken_and_the_first_screen_is_stale(
    case: Review, ana: User, ben: User, policy: Policy
) -> None:
    old = reviewing.claim(review_id=case.pk, moderator=ana)
    expire(case)
    new = reviewing.claim_next(moderator=ben)
    assert new is not None
    with pytest.raises(ReviewConflict) as conflict:
        deciding.decide(
            review_id=case.pk, moderator=ana, version=old.version, action=Action.APPROVE
        )
    assert conflict.value.code == "claimed_by_other"
    deciding.decide(
        review_id=case.pk,
        moderator=ben,
        version=new.version,
        action=Action.REMOVE,
        policy=policy,
    )
    with pytest.raises(ReviewConflict, match=r"Decided by ben \(removed, Arms\)") as conflict:
        deciding.decide(
            review_id=case.pk, moderator=ana, version=old.version, action=Action.APPROVE
        )
    assert conflict.value.code == "already_decided"
    assert Image.objects.get(pk=case.image_id).status == Status.REMOVED
    assert Decision.objects.count() == 1


def test_a_stale_version_is_refused(case: Review, ana: User) -> None:
    claimed = reviewing.claim(review_id=case.pk, moderator=ana)
    Review.objects.filter(pk=case.pk).update(version=claimed.version + 1)
    with pytest.raises(ReviewConflict) as conflict:
        deciding.decide(
            review_id=case.pk, moderator=ana, version=claimed.version, action=Action.APPROVE
        )
    assert conflict.value.code == "stale_version"


def test_renewing_keeps_the_version_of_the_screen(case: Review, ana: User) -> None:
    claimed = reviewing.claim(review_id=case.pk, moderator=ana)
    renewed = reviewing.renew(review_id=case.pk, moderator=ana)
    assert renewed.version == claimed.version
    assert renewed.claim_expires_at > claimed.claim_expires_at


def test_deciding_needs_a_claim(case: Review, ana: User) -> None:
    with pytest.raises(ReviewConflict) as conflict:
        deciding.decide(review_id=case.pk, moderator=ana, version=1, action=Action.APPROVE)
    assert conflict.value.code == "not_claimed"


def test_a_skipped_review_stays_in_everyone_elses_queue(case: Review, ana: User, ben: User) -> None:
    reviewing.claim(review_id=case.pk, moderator=ana)
    reviewing.skip(review_id=case.pk, moderator=ana)
    assert reviewing.claim_next(moderator=ana) is None
    assert reviewing.claim_next(moderator=ben) == case


def test_a_released_review_returns_to_the_queue(case: Review, ana: User, ben: User) -> None:
    reviewing.claim(review_id=case.pk, moderator=ana)
    reviewing.release(review_id=case.pk, moderator=ana)
    assert reviewing.claim_next(moderator=ben) == case


def test_a_person_can_send_a_live_photo_to_review(case: Review, ana: User) -> None:
    claimed = reviewing.claim(review_id=case.pk, moderator=ana)
    deciding.decide(
        review_id=case.pk, moderator=ana, version=claimed.version, action=Action.APPROVE
    )
    again = reviewing.open_review(image=case.image, actor=ana, note="looks odd")
    assert Image.objects.get(pk=case.image_id).status == Status.HELD
    claimed = reviewing.claim(review_id=again.pk, moderator=ana)
    second = deciding.decide(
        review_id=again.pk, moderator=ana, version=claimed.version, action=Action.APPROVE
    )
    assert second.override_of == Decision.objects.get(review=case)


def test_an_unscreened_photo_cannot_be_sent_to_review(
    upload: Callable[..., Image], picture: Picture, ana: User
) -> None:
    with pytest.raises(ReviewConflict) as conflict:
        reviewing.open_review(image=upload(picture("mug")), actor=ana)
    assert conflict.value.code == "not_screened"


@pytest.mark.django_db(transaction=True)
def test_ten_moderators_at_once_get_ten_different_reviews(
    upload: Callable[..., Image],
    picture: Picture,
    policy: Policy,
    make_user: Callable[..., User],
) -> None:
    for seed in range(10):
        make_review(upload(picture("mug", seed)), policy)
    moderators = [make_user(f"moderator-{n}", "moderator") for n in range(10)]
    claimed: list[Review | None] = []
    gate = threading.Barrier(10)

    def work(moderator: User) -> None:
        gate.wait()
        claimed.append(reviewing.claim_next(moderator=moderator))
        connection.close()

    threads = [threading.Thread(target=work, args=(moderator,)) for moderator in moderators]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({review.pk for review in claimed if review}) == 10
