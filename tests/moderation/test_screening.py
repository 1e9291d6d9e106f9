"""Screening: banks against photos, through the whole conveyor; hashes have their own file."""

from collections.abc import Callable

import pytest

from catalog import pipeline
from catalog.choices import Status
from catalog.models import Image
from moderation import banks
from moderation.choices import BankKind, Outcome, ReviewStatus, Severity
from moderation.models import Bank, Exemplar, Flag, Policy, Review
from tests.conftest import Picture

pytestmark = pytest.mark.django_db

Process = Callable[[], pipeline.Drained]
Upload = Callable[..., Image]


@pytest.fixture
def weapons(db: None) -> Policy:
    return Policy.objects.create(slug="weapons", name="Weapons", severity=Severity.SEVERE)


@pytest.fixture
def bank(weapons: Policy) -> Bank:
    return Bank.objects.create(
        policy=weapons, name="Handguns", hold_threshold=0.95, hash_distance=None
    )


def test_a_bank_with_exactly_one_exemplar_matches(
    bank: Bank, upload: Upload, picture: Picture, process: Process
) -> None:
    exemplar = banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    known, harmless = upload(picture("handgun", 1)), upload(picture("mug", 2))
    process()

    known.refresh_from_db()
    harmless.refresh_from_db()
    assert (known.status, harmless.status) == (Status.HELD, Status.LIVE)
    flag = Flag.objects.get()
    assert (flag.image_id, flag.exemplar_id, flag.policy) == (known.pk, exemplar.pk, bank.policy)
    assert flag.score >= flag.threshold == 0.95
    assert flag.outcome == Outcome.HOLD
    bank.refresh_from_db()
    assert flag.bank_version == bank.version
    review = Review.objects.get()
    assert (review.image_id, review.policy, review.status) == (
        known.pk,
        bank.policy,
        ReviewStatus.OPEN,
    )


def test_an_empty_bank_matches_nothing(
    bank: Bank, upload: Upload, picture: Picture, process: Process
) -> None:
    image = upload(picture("handgun", 1))
    process()
    image.refresh_from_db()
    assert image.status == Status.LIVE
    assert not Flag.objects.exists()
    assert not Review.objects.exists()


def test_a_safe_bank_vetoes(bank: Bank, upload: Upload, picture: Picture, process: Process) -> None:
    bank.hold_threshold = 0.05  # so low that the look-alike is certainly flagged
    bank.save()
    banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    safe = Bank.objects.create(
        policy=bank.policy,
        name="Toys",
        kind=BankKind.SAFE,
        hold_threshold=0.9,
        hash_distance=None,
    )
    toy = banks.add_exemplar(bank=safe, data=picture("water-pistol", 3))
    image, real = upload(picture("water-pistol", 3)), upload(picture("handgun", 1))
    process()

    image.refresh_from_db()
    real.refresh_from_db()
    assert (image.status, real.status) == (Status.LIVE, Status.HELD)
    flag = Flag.objects.get(image=image)
    assert (flag.outcome, flag.vetoed_by_id) == (Outcome.VETOED, toy.pk)
    assert flag.veto_score >= 0.9
    assert not Review.objects.filter(image=image).exists()


def test_a_veto_needs_its_margin(
    bank: Bank, upload: Upload, picture: Picture, process: Process
) -> None:
    banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    safe = Bank.objects.create(
        policy=bank.policy,
        name="Toys",
        kind=BankKind.SAFE,
        hold_threshold=0.5,
        veto_margin=0.2,
        hash_distance=None,
    )
    banks.add_exemplar(bank=safe, data=picture("handgun", 1))  # equally near: no margin
    image = upload(picture("handgun", 1))
    process()
    image.refresh_from_db()
    assert image.status == Status.HELD


def test_a_safe_bank_of_another_policy_does_not_veto(
    bank: Bank, upload: Upload, picture: Picture, process: Process
) -> None:
    banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    other = Policy.objects.create(slug="drugs", name="Drugs")
    safe = Bank.objects.create(policy=other, name="Safe", kind=BankKind.SAFE, hold_threshold=0.5)
    banks.add_exemplar(bank=safe, data=picture("handgun", 1))
    image = upload(picture("handgun", 1))
    process()
    image.refresh_from_db()
    assert image.status == Status.HELD


def test_a_bank_trusted_to_remove_removes(
    bank: Bank, upload: Upload, picture: Picture, process: Process
) -> None:
    bank.remove_threshold = 0.98
    bank.save()
    banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    image = upload(picture("handgun", 1))
    process()
    image.refresh_from_db()
    assert image.status == Status.REMOVED
    flag = Flag.objects.get()
    assert (flag.outcome, flag.threshold) == (Outcome.REMOVE, 0.98)
    assert not Review.objects.exists()


@pytest.mark.parametrize("off", ["bank", "policy", "exemplar"])
def test_what_is_switched_off_matches_nothing(
    off: str, bank: Bank, upload: Upload, picture: Picture, process: Process
) -> None:
    exemplar = banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    switched = {"bank": bank, "policy": bank.policy, "exemplar": exemplar}[off]
    switched.is_enabled = False
    switched.save()
    banks.touch(bank)
    image = upload(picture("handgun", 1))
    process()
    image.refresh_from_db()
    assert image.status == Status.LIVE


def test_an_exemplar_added_between_two_batches_matches_in_the_second(
    bank: Bank, upload: Upload, picture: Picture, encoder: object
) -> None:
    stages = pipeline.load_stages()
    before = upload(picture("handgun", 1))
    pipeline.drain(encoder=encoder, stages=stages, seconds=60)  # type: ignore[arg-type]
    banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    after = upload(picture("handgun", 1, size=255))
    pipeline.drain(encoder=encoder, stages=stages, seconds=60)  # type: ignore[arg-type]
    before.refresh_from_db()
    after.refresh_from_db()
    assert (before.status, after.status) == (Status.LIVE, Status.HELD)


def test_an_exemplar_that_cannot_be_read_stops_screening_instead_of_being_skipped(
    bank: Bank, upload: Upload, picture: Picture, process: Process
) -> None:
    exemplar = banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    exemplar.picture.storage.delete(exemplar.picture.name)
    image = upload(picture("mug", 1))
    with pytest.raises(FileNotFoundError):
        process()
    image.refresh_from_db()
    assert image.status == Status.PENDING  # fail closed: it waits


def test_the_same_exemplar_twice_is_one(bank: Bank, picture: Picture) -> None:
    first = banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    version = Bank.objects.get(pk=bank.pk).version
    assert banks.add_exemplar(bank=bank, data=picture("handgun", 1)) == first
    assert Exemplar.objects.count() == 1
    assert Bank.objects.get(pk=bank.pk).version == version


def test_one_review_for_a_photo_that_breaks_two_policies_the_worse_first(
    bank: Bank, upload: Upload, picture: Picture, process: Process
) -> None:
    mild = Policy.objects.create(slug="mild", name="Mild", severity=Severity.LOW)
    second = Bank.objects.create(policy=mild, name="Same", hold_threshold=0.9, hash_distance=None)
    for each in (bank, second):
        banks.add_exemplar(bank=each, data=picture("handgun", 1))
    upload(picture("handgun", 1))
    process()
    assert Flag.objects.count() == 2
    assert Review.objects.get().policy == bank.policy
