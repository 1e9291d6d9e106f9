"""Who gets which review: queues, filters, groups, priorities, escalation and expiry."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone

from catalog.choices import Status
from catalog.models import Event, Image, Product, Storefront
from moderation import entering, reviewing
from moderation.choices import Queue, ReviewStatus
from moderation.models import Bank, Flag, Policy, Review
from moderation.reviewing import ReviewConflict, Wanted
from tests.conftest import Picture
from tests.moderation.cases import decide, expire, make_flag, make_review

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank(policy: Policy) -> Bank:
    return Bank.objects.create(policy=policy, name="Known")


def enter(*flags: Flag) -> None:
    with transaction.atomic():
        entering.enter(flags)


def test_priority_is_severity_times_score_times_exposure(
    upload: Callable[..., Image], picture: Picture, bank: Bank, storefront: Storefront
) -> None:
    storefront.exposure = 2.0
    storefront.save()
    image = upload(picture("mug"))
    image.product = Product.objects.create(storefront=storefront, sku="best-seller", exposure=3.0)
    image.save()
    bank.policy.severity = 4
    enter(make_flag(image, bank, score=64.0))  # 64 of 256 bits differ
    review = Review.objects.get()
    assert review.priority == pytest.approx(4 * 0.75 * 2 * 3)
    assert review.queue == Queue.FIRST


def test_filters_narrow_what_is_claimed(
    case: Review,
    ana: User,
    upload: Callable[..., Image],
    picture: Picture,
    other_storefront: Storefront,
) -> None:
    drugs = Policy.objects.create(slug="drugs", name="Drugs")
    other = make_review(upload(picture("pills"), to=other_storefront), drugs, priority=9)
    Review.objects.filter(pk=case.pk).update(created_at=timezone.now() - timedelta(hours=2))
    for wanted, expected in (
        (Wanted(policy="arms"), case),
        (Wanted(policy="drugs"), other),
        (Wanted(storefront="rival-shop"), other),
        (Wanted(older_than=60), case),
        (Wanted(policy="drugs", older_than=60), None),
        (Wanted(queue=Queue.APPEALS), None),
    ):
        assert reviewing.claim_next(moderator=ana, wanted=wanted) == expected, wanted
        if expected:
            reviewing.release(review_id=expected.pk, moderator=ana)


def test_a_policys_group_gets_its_reviews_and_leads_get_all(
    upload: Callable[..., Image], picture: Picture, ana: User, ben: User, lea: User
) -> None:
    experts = Group.objects.create(name="weapons experts")
    ben.groups.add(experts)
    policy = Policy.objects.create(slug="rifles", name="Rifles", group=experts)
    bank = Bank.objects.create(policy=policy, name="Known")
    enter(make_flag(upload(picture("rifle")), bank))
    review = Review.objects.get()
    assert review.group == experts
    assert reviewing.claim_next(moderator=ana) is None
    with pytest.raises(ReviewConflict, match="for weapons experts") as conflict:
        reviewing.claim(review_id=review.pk, moderator=ana)
    assert conflict.value.code == "other_group"
    assert reviewing.claim_next(moderator=ben) == review
    reviewing.release(review_id=review.pk, moderator=ben)
    assert reviewing.claim_next(moderator=lea) == review


def test_escalated_reviews_are_the_leads(case: Review, ana: User, ben: User, lea: User) -> None:
    claimed = reviewing.claim(review_id=case.pk, moderator=ana)
    with pytest.raises(ReviewConflict) as conflict:
        reviewing.escalate(review_id=case.pk, moderator=ben, version=claimed.version)
    assert conflict.value.code == "claimed_by_other"
    reviewing.escalate(
        review_id=case.pk, moderator=ana, version=claimed.version, note="toy or not?"
    )
    assert Event.objects.filter(summary="Escalated by ana: toy or not?", actor=ana).exists()
    escalated = Wanted(queue=Queue.ESCALATED)
    assert reviewing.claim_next(moderator=ben) is None
    assert reviewing.claim_next(moderator=ben, wanted=escalated) is None
    assert reviewing.claim_next(moderator=lea, wanted=escalated) == case


def test_an_expired_claim_is_recorded_and_the_review_is_free(case: Review, ana: User) -> None:
    reviewing.claim(review_id=case.pk, moderator=ana)
    assert reviewing.expire_claims() == 0
    expire(case)
    assert reviewing.expire_claims() == 1
    case.refresh_from_db()
    assert (case.claimed_by, case.claim_expires_at, case.claimed_at) == (None, None, None)
    assert Event.objects.filter(kind="claim_expired", actor=ana).count() == 1


def test_who_takes_over_an_expired_claim_leaves_a_record_of_it(
    case: Review, ana: User, ben: User
) -> None:
    reviewing.claim(review_id=case.pk, moderator=ana)
    expire(case)
    reviewing.claim(review_id=case.pk, moderator=ben)
    kinds = list(Event.objects.filter(image=case.image).values_list("kind", "actor__username"))
    assert kinds[1:] == [("claimed", "ana"), ("claim_expired", "ana"), ("claimed", "ben")]


class TestQuarantinedBanks:
    def test_their_photos_wait_in_a_queue_of_their_own(
        self, upload: Callable[..., Image], picture: Picture, bank: Bank, ana: User
    ) -> None:
        enter(make_flag(upload(picture("mug")), bank, quarantined=True))
        review = Review.objects.get()
        assert review.queue == Queue.FLOOD
        assert reviewing.claim_next(moderator=ana) is None
        assert reviewing.claim_next(moderator=ana, wanted=Wanted(queue=Queue.FLOOD)) == review

    def test_a_flag_of_a_sound_bank_brings_the_photo_to_the_first_queue(
        self, upload: Callable[..., Image], picture: Picture, bank: Bank, policy: Policy
    ) -> None:
        image = upload(picture("mug"))
        enter(make_flag(image, bank, quarantined=True))
        sound = Bank.objects.create(policy=policy, name="Sound")
        enter(make_flag(image, sound))
        assert Review.objects.get().queue == Queue.FIRST


class TestWithdrawing:
    def withdrawn(self, case: Review, actor: User) -> bool:
        return reviewing.withdraw(review=case, actor=actor, reason="Exemplar rolled back")

    def test_a_photo_nothing_stands_against_goes_live_again(self, case: Review, lea: User) -> None:
        assert self.withdrawn(case, lea)
        case.refresh_from_db()
        assert case.status == ReviewStatus.WITHDRAWN
        assert Image.objects.get(pk=case.image_id).status == Status.LIVE
        assert Event.objects.filter(summary="Exemplar rolled back", actor=lea).exists()

    def test_one_flag_that_stands_keeps_it_held(self, case: Review, bank: Bank, lea: User) -> None:
        make_flag(case.image, bank)
        assert not self.withdrawn(case, lea)
        assert Image.objects.get(pk=case.image_id).status == Status.HELD

    def test_what_a_person_asked_for_is_kept(
        self, upload: Callable[..., Image], picture: Picture, lea: User
    ) -> None:
        asked = make_review(upload(picture("mug")), None)
        assert not self.withdrawn(asked, lea)

    def test_a_draft_is_kept(self, case: Review, ana: User, lea: User) -> None:
        decide(case, ana)
        assert not self.withdrawn(case, lea)
        assert Image.objects.get(pk=case.image_id).status == Status.HELD
