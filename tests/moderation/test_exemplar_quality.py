"""How often an exemplar has been right, from decisions that took effect."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from catalog.models import Image
from moderation import deciding, exemplars
from moderation.choices import Action, Outcome
from moderation.exemplars import Quality
from moderation.models import Bank, Exemplar, Flag, Policy
from tests.conftest import Picture
from tests.moderation.cases import decide, make_review, settle
from tests.pages import tag

pytestmark = pytest.mark.django_db


@pytest.fixture
def weapons() -> Policy:
    return Policy.objects.create(slug="weapons", name="Weapons")


@pytest.fixture
def bank(weapons: Policy) -> Bank:
    return Bank.objects.create(policy=weapons, name="Known weapons", hold_threshold=0.87)


@pytest.fixture
def gun(bank: Bank) -> Exemplar:
    return Exemplar.objects.create(bank=bank, sha256="a" * 64, pdq="0" * 256)


@pytest.fixture
def flagged(upload: Callable[..., Image], picture: Picture) -> Callable[..., Image]:
    """Another held photo, flagged by an exemplar."""
    count = iter(range(1000))

    def make(exemplar: Exemplar, **fields: object) -> Image:
        image = upload(picture("mug", next(count), size=64))
        values = {
            "image": image,
            "policy": exemplar.bank.policy,
            "bank": exemplar.bank,
            "bank_version": 1,
            "exemplar": exemplar,
            "encoder": tag(image, "Mug", score=0.9).encoder,
            "score": 0.93,
            "threshold": 0.87,
            "outcome": Outcome.HOLD,
        }
        Flag.objects.create(**{**values, **fields})
        return image

    return make


def conclude(image: Image, by: User, action: str, policy: Policy | None = None) -> None:
    """Decide on a photo, and let it take effect."""
    review = make_review(image, Policy.objects.get(slug="weapons"))
    decide(review, by, action, policy)
    settle(review)


def quality(exemplar: Exemplar) -> Quality:
    return exemplars.quality_of([exemplar.pk]).get(exemplar.pk, Quality())


def test_removals_under_the_policy_confirm_and_approvals_refute(
    gun: Exemplar, flagged: Callable[..., Image], ana: User, weapons: Policy
) -> None:
    drugs = Policy.objects.create(slug="drugs", name="Drugs")
    for action, policy in (
        (Action.REMOVE, weapons),
        (Action.REMOVE, drugs),
        (Action.APPROVE, None),
    ):
        conclude(flagged(gun), ana, action, policy)
    flagged(gun)  # nobody has decided on this one
    assert quality(gun) == Quality(confirmed=1, refuted=1)


def test_drafts_and_undone_decisions_do_not_count(
    gun: Exemplar, flagged: Callable[..., Image], ana: User
) -> None:
    draft = decide(make_review(flagged(gun), gun.bank.policy), ana)
    assert quality(gun) == Quality()
    deciding.undo(decision_id=draft.pk, moderator=ana)
    assert quality(gun) == Quality()


def test_the_latest_decision_counts_and_each_photo_once(
    gun: Exemplar, flagged: Callable[..., Image], ana: User, make_user: Callable[..., User]
) -> None:
    image = flagged(gun)
    Flag.objects.create(
        image=image, policy=gun.bank.policy, bank=gun.bank, bank_version=1, exemplar=gun,
        kind="hash", score=3, threshold=31, outcome=Outcome.HOLD,
    )  # fmt: skip
    conclude(image, ana, Action.REMOVE, gun.bank.policy)
    assert quality(gun) == Quality(confirmed=1)
    conclude(image, make_user("ben", "moderator"), Action.APPROVE)
    assert quality(gun) == Quality(refuted=1)


def test_flags_raised_after_the_decision_or_withdrawn_before_it_do_not_count(
    gun: Exemplar, flagged: Callable[..., Image], ana: User
) -> None:
    early = flagged(gun)
    conclude(early, ana, Action.APPROVE)
    Flag.objects.filter(image=early).update(created_at=timezone.now())
    conclude(flagged(gun, withdrawn_at=timezone.now()), ana, Action.APPROVE)
    conclude(flagged(gun, outcome=Outcome.UNSAMPLED), ana, Action.APPROVE)
    assert quality(gun) == Quality()


def test_a_safe_exemplar_is_right_when_the_photo_it_spared_is_approved(
    gun: Exemplar, flagged: Callable[..., Image], ana: User, weapons: Policy
) -> None:
    bank = Bank.objects.create(policy=weapons, name="Toys", kind="safe")
    toy = Exemplar.objects.create(bank=bank, sha256="b" * 64, pdq="1" * 256)
    spared = {"outcome": Outcome.VETOED, "vetoed_by": toy, "veto_score": 0.95}
    conclude(flagged(gun, **spared), ana, Action.APPROVE)
    conclude(flagged(gun, **spared), ana, Action.APPROVE)
    conclude(flagged(gun, **spared), ana, Action.REMOVE, weapons)
    assert quality(toy) == Quality(confirmed=2, refuted=1)
    assert quality(gun) == Quality()


def test_many_exemplars_cost_two_queries(
    bank: Bank,
    gun: Exemplar,
    flagged: Callable[..., Image],
    ana: User,
    django_assert_num_queries: Callable[..., object],
) -> None:
    knife = Exemplar.objects.create(bank=bank, sha256="c" * 64, pdq="0" * 256)
    conclude(flagged(gun), ana, Action.APPROVE)
    conclude(flagged(knife), ana, Action.REMOVE, bank.policy)
    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        found = exemplars.quality_of([gun.pk, knife.pk])
    assert found == {gun.pk: Quality(refuted=1), knife.pk: Quality(confirmed=1)}


@pytest.mark.parametrize(
    ("confirmed", "refuted", "poor"),
    [
        (0, 4, False),  # too few to judge
        (0, 5, True),
        (1, 5, False),  # at most 0.56 right
        (1, 8, True),  # at most 0.44 right
        (5, 5, False),
        (40, 2, False),
    ],
)
def test_poor_means_wrong_beyond_chance(confirmed: int, refuted: int, poor: bool) -> None:
    assert Quality(confirmed, refuted).is_poor is poor


def test_poor_exemplars_of_a_bank_are_proposed_once_and_while_enabled(
    bank: Bank, gun: Exemplar, flagged: Callable[..., Image], ana: User
) -> None:
    fine = Exemplar.objects.create(bank=bank, sha256="d" * 64, pdq="0" * 256)
    for _ in range(5):
        conclude(flagged(gun), ana, Action.APPROVE)
    conclude(flagged(fine), ana, Action.REMOVE, bank.policy)
    assert exemplars.poor(bank) == [(gun, Quality(refuted=5))]
    Exemplar.objects.filter(pk=gun.pk).update(is_enabled=False)
    assert exemplars.poor(bank) == []


def test_the_busiest_exemplar_has_most_photos_waiting(
    bank: Bank, gun: Exemplar, flagged: Callable[..., Image], ana: User
) -> None:
    assert exemplars.busiest(bank) is None
    other = Exemplar.objects.create(bank=bank, sha256="d" * 64, pdq="0" * 256)
    for _ in range(2):
        make_review(flagged(gun), bank.policy)
    make_review(flagged(other), bank.policy)
    for _ in range(3):
        conclude(flagged(other), ana, Action.APPROVE)
    assert exemplars.busiest(bank) == gun


def test_an_exemplar_whose_decision_was_overturned_is_found(
    bank: Bank, flagged: Callable[..., Image], gun: Exemplar, ana: User,
    make_user: Callable[..., User],
) -> None:  # fmt: skip
    first, second = flagged(gun), flagged(gun)
    learned = []
    for image in (first, second):
        conclude(image, ana, Action.REMOVE, bank.policy)
        learned.append(
            Exemplar.objects.create(
                bank=bank, sha256=image.sha256, pdq="0" * 256, taught_by=image.decisions.get()
            )
        )
    assert exemplars.overturned(bank) == []
    ben = make_user("ben", "moderator")
    conclude(second, ben, Action.REMOVE, bank.policy)
    draft = decide(make_review(first, bank.policy), ben)
    assert exemplars.overturned(bank) == []
    settle(draft.review)
    assert exemplars.overturned(bank) == [learned[0]]
