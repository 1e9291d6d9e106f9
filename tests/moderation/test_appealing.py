"""Appeals: once per removal, by anybody but whoever decided before."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from catalog.choices import Source, Status
from catalog.models import Event, Image
from moderation import appealing, deciding, reviewing
from moderation.appealing import AppealRefused
from moderation.choices import Action, Outcome, Queue, Result
from moderation.models import Appeal, Bank, Policy, Review
from moderation.reviewing import ReviewConflict, Wanted
from tests.conftest import Picture
from tests.moderation.cases import decide, make_flag, settle

pytestmark = pytest.mark.django_db

APPEALS = Wanted(queue=Queue.APPEALS)


@pytest.fixture
def removed(case: Review, ana: User, policy: Policy) -> Image:
    """A photo ana removed."""
    decide(case, ana, Action.REMOVE, policy)
    settle(case)
    return Image.objects.get(pk=case.image_id)


def make_appeal(image: Image, text: str = "It is a toy.") -> Appeal:
    return appealing.appeal(image=image, text=text, source=Source.API)


def test_an_appeal_is_decided_by_somebody_else_and_can_overturn(
    removed: Image, ana: User, ben: User
) -> None:
    made = make_appeal(removed)
    assert Image.objects.get(pk=removed.pk).status == Status.REMOVED, "removed meanwhile"
    assert Event.objects.filter(summary="Appealed by the storefront: It is a toy.").exists()
    assert reviewing.claim_next(moderator=ana, wanted=APPEALS) is None
    with pytest.raises(ReviewConflict) as conflict:
        reviewing.claim(review_id=made.review_id, moderator=ana)
    assert conflict.value.code == "needs_another_person"
    assert reviewing.claim_next(moderator=ben, wanted=APPEALS) == made.review
    decision = decide(made.review, ben)
    assert decision.override_of == made.decision
    settle(made.review)
    assert Image.objects.get(pk=removed.pk).status == Status.LIVE


def test_an_upheld_appeal_is_final(removed: Image, ben: User, policy: Policy) -> None:
    made = make_appeal(removed)
    decide(made.review, ben, Action.REMOVE, policy)
    settle(made.review)
    assert Image.objects.get(pk=removed.pk).status == Status.REMOVED
    with pytest.raises(AppealRefused) as refused:
        make_appeal(removed, "Look closer.")
    assert refused.value.code == "already_appealed"


def test_a_severe_removal_is_not_overturned_by_one_person(
    case: Review, policy: Policy, ana: User, ben: User, lea: User, make_user: Callable[..., User]
) -> None:
    policy.needs_second_person = True
    policy.save()
    decide(case, ana, Action.REMOVE, policy)
    settle(case)
    decide(case, ben, Action.REMOVE, policy)
    settle(case)
    image = Image.objects.get(pk=case.image_id)
    made = make_appeal(image)
    for decider in (ana, ben):
        assert reviewing.claim_next(moderator=decider, wanted=APPEALS) is None
    held = decide(made.review, make_user("cleo", "moderator"))
    settle(made.review)
    assert Image.objects.get(pk=image.pk).status == Status.REMOVED
    assert held.settlement.result == Result.HELD
    made.review.refresh_from_db()
    assert made.review.queue == Queue.SECOND
    decide(made.review, lea)
    settle(made.review)
    assert Image.objects.get(pk=image.pk).status == Status.LIVE


def test_what_a_trusted_bank_removed_can_be_appealed(
    upload: Callable[..., Image], picture: Picture, policy: Policy
) -> None:
    image = upload(picture("handgun"))
    Image.objects.filter(pk=image.pk).update(status=Status.REMOVED, screened_at=timezone.now())
    bank = Bank.objects.create(policy=policy, name="Known")
    make_flag(image, bank, outcome=Outcome.REMOVE)
    made = make_appeal(image)
    assert (made.decision, made.review.policy) == (None, policy)


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty"), ("  \n", "empty"), ("x" * 2001, "too_long")]
)
def test_an_appeal_says_why(removed: Image, text: str, code: str) -> None:
    with pytest.raises(AppealRefused) as refused:
        make_appeal(removed, text)
    assert refused.value.code == code
    assert not Appeal.objects.exists()


def test_one_appeal_at_a_time(removed: Image) -> None:
    make_appeal(removed)
    with pytest.raises(AppealRefused) as refused:
        make_appeal(removed)
    assert refused.value.code == "in_review"


def test_only_a_removal_is_appealed(case: Review, ana: User) -> None:
    decide(case, ana)
    image = Image.objects.get(pk=case.image_id)
    with pytest.raises(AppealRefused) as refused:
        make_appeal(image)
    assert refused.value.code == "in_review", "a draft can still be undone"
    settle(case)
    with pytest.raises(AppealRefused) as refused:
        make_appeal(image)
    assert refused.value.code == "nothing_to_appeal"


def test_the_same_removal_is_appealed_once(removed: Image, ben: User) -> None:
    made = make_appeal(removed)
    made.review.delete()  # as if the review were lost: the appeal goes with it
    assert not Appeal.objects.exists()
    again = make_appeal(removed)
    decision = decide(again.review, ben)
    deciding.undo(decision_id=decision.pk, moderator=ben)
    with pytest.raises(AppealRefused) as refused:
        make_appeal(removed)
    assert refused.value.code == "in_review"
