"""Learning from decisions: which banks, what it would do, and taking it back."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from pgvector import HalfVector

from catalog.choices import Status
from catalog.models import Embedding, Encoder, Event, Image
from moderation import banks, deciding, teaching
from moderation.choices import Action, BankKind, MatchKind, Outcome
from moderation.foresight import Effect, foresee
from moderation.models import Bank, BankThreshold, Decision, Exemplar, ExemplarVector, Flag, Policy
from moderation.teaching import TeachingRefused
from tests.conftest import Picture
from tests.moderation.cases import decide, make_review

pytestmark = pytest.mark.django_db

Photo = Callable[..., Image]


@pytest.fixture
def weapons() -> Policy:
    return Policy.objects.create(slug="weapons", name="Weapons", severity=4)


@pytest.fixture
def bank(weapons: Policy) -> Bank:
    return Bank.objects.create(policy=weapons, name="Known weapons", hold_threshold=0.87)


@pytest.fixture
def gun(bank: Bank) -> Exemplar:
    return Exemplar.objects.create(bank=bank, sha256="a" * 64, pdq="0" * 256, pdq_quality=100)


@pytest.fixture
def encoder() -> Encoder:
    return Encoder.objects.create(
        name="test", fingerprint="f" * 64, dimension=4, scoring="softmax", logit_scale=20,
        is_active=True,
    )  # fmt: skip


@pytest.fixture
def photo(upload: Callable[..., Image], picture: Picture, encoder: Encoder) -> Photo:
    """Another screened photo whose cosine to the first axis is given."""
    count = iter(range(1000))

    def make(cosine: float = 1.0, status: str = Status.LIVE) -> Image:
        image = upload(picture("mug", next(count), size=64), filename="mug.jpg")
        vector = HalfVector([cosine, (1 - cosine**2) ** 0.5, 0.0, 0.0])
        Embedding.objects.create(image=image, encoder=encoder, vector=vector)
        make_review(image, None).delete()  # screened
        Image.objects.filter(pk=image.pk).update(status=status)
        image.refresh_from_db()
        return image

    return make


def flag(image: Image, exemplar: Exemplar, **fields: object) -> Flag:
    values = {
        "image": image,
        "policy": exemplar.bank.policy,
        "bank": exemplar.bank,
        "bank_version": 1,
        "exemplar": exemplar,
        "encoder": Encoder.objects.get(),
        "score": 0.93,
        "threshold": 0.87,
        "outcome": Outcome.HOLD,
    }
    return Flag.objects.create(**{**values, **fields})


@pytest.fixture
def approved(photo: Photo, gun: Exemplar, ana: User) -> Decision:
    """A draft: the photo was flagged by the gun, and ana approved it."""
    image = photo()
    flag(image, gun)
    return decide(make_review(image, gun.bank.policy), ana)


@pytest.fixture
def removed(photo: Photo, bank: Bank, ana: User) -> Decision:
    return decide(make_review(photo(), None), ana, Action.REMOVE, bank.policy)


def test_a_removal_teaches_violating_banks_of_its_policy(removed: Decision, bank: Bank) -> None:
    Bank.objects.create(policy=bank.policy, name="Toys", kind=BankKind.SAFE)
    other = Policy.objects.create(slug="drugs", name="Drugs")
    Bank.objects.create(policy=other, name="Pills")
    assert teaching.suggestions(removed) == [bank]


def test_a_removal_under_a_policy_without_banks_proposes_one(photo: Photo, ana: User) -> None:
    drugs = Policy.objects.create(slug="drugs", name="Drugs")
    decision = decide(make_review(photo(), None), ana, Action.REMOVE, drugs)
    (proposed,) = teaching.suggestions(decision)
    assert (proposed.pk, proposed.name, proposed.kind) == (
        None,
        "Learned from reviews",
        "violating",
    )
    assert not Bank.objects.filter(policy=drugs).exists()


def test_an_approval_proposes_a_safe_bank_at_the_violating_banks_threshold(
    approved: Decision, bank: Bank, encoder: Encoder, ana: User
) -> None:
    BankThreshold.objects.create(bank=bank, encoder=encoder, hold=0.91, author=ana)
    (proposed,) = teaching.suggestions(approved)
    assert (proposed.pk, proposed.name, proposed.kind) == (None, "Allowed look-alikes", "safe")
    assert proposed.hold_threshold == 0.91
    assert not Bank.objects.filter(kind=BankKind.SAFE).exists()


def test_an_approval_teaches_the_safe_bank_there_is(approved: Decision, bank: Bank) -> None:
    toys = Bank.objects.create(policy=bank.policy, name="Toys", kind=BankKind.SAFE)
    assert teaching.suggestions(approved) == [toys]


def test_an_approval_of_what_no_bank_flagged_teaches_nothing(photo: Photo, ana: User) -> None:
    assert teaching.suggestions(decide(make_review(photo(), None), ana)) == []


def test_the_photos_own_picture_joins_the_bank(removed: Decision, bank: Bank, ana: User) -> None:
    version = bank.version
    exemplar = teaching.teach(decision=removed, bank=bank, author=ana)
    image = removed.image
    assert (exemplar.bank, exemplar.sha256) == (bank, image.sha256)
    assert (exemplar.taken_from, exemplar.taught_by, exemplar.added_by) == (image, removed, ana)
    assert (exemplar.note, exemplar.source) == ("mug.jpg", "Removed by ana")
    assert exemplar.picture.read(3) == b"\xff\xd8\xff"
    bank.refresh_from_db()
    assert bank.version > version
    told = Event.objects.get(image=image, kind="taught")
    assert (told.summary, told.actor) == ("Added to Weapons ▸ Known weapons by ana", ana)


def test_teaching_a_proposed_bank_creates_it_once(approved: Decision, ana: User) -> None:
    (proposed,) = teaching.suggestions(approved)
    (again,) = teaching.suggestions(approved)
    first = teaching.teach(decision=approved, bank=proposed, author=ana)
    assert teaching.teach(decision=approved, bank=again, author=ana) == first
    made = Bank.objects.get(kind=BankKind.SAFE)
    assert (made.name, made.hold_threshold) == ("Allowed look-alikes", 0.87)
    assert Exemplar.objects.filter(bank=made).count() == 1


def test_a_decision_cannot_teach_another_policys_bank(
    removed: Decision, bank: Bank, ana: User
) -> None:
    other = Bank.objects.create(policy=Policy.objects.create(slug="d", name="D"), name="Pills")
    safe = Bank.objects.create(policy=bank.policy, name="Toys", kind=BankKind.SAFE)
    for wrong in (other, safe):
        with pytest.raises(TeachingRefused) as refused:
            teaching.teach(decision=removed, bank=wrong, author=ana)
        assert refused.value.code == "wrong_bank"
    assert not Exemplar.objects.exists()


def test_an_undone_decision_takes_back_what_it_taught(
    removed: Decision, bank: Bank, ana: User
) -> None:
    exemplar = teaching.teach(decision=removed, bank=bank, author=ana)
    assert teaching.forget(decisions=[removed]) == 1
    exemplar.refresh_from_db()
    assert not exemplar.is_enabled
    assert teaching.forget(decisions=[removed]) == 0


def test_an_undone_decision_teaches_nothing(removed: Decision, bank: Bank, ana: User) -> None:
    deciding.undo(decision_id=removed.pk, moderator=ana)
    with pytest.raises(TeachingRefused) as refused:
        teaching.teach(decision=removed, bank=bank, author=ana)
    assert refused.value.code == "undone"
    assert not Exemplar.objects.exists()


def test_deciding_again_after_an_undo_teaches_again(
    removed: Decision, bank: Bank, ana: User
) -> None:
    exemplar = teaching.teach(decision=removed, bank=bank, author=ana)
    review = deciding.undo(decision_id=removed.pk, moderator=ana)
    teaching.forget(decisions=[removed])
    again = deciding.decide(
        review_id=review.pk, moderator=ana, version=review.version, action=Action.REMOVE,
        policy=bank.policy,
    )  # fmt: skip
    assert teaching.teach(decision=again, bank=bank, author=ana) == exemplar
    exemplar.refresh_from_db()
    assert exemplar.is_enabled
    assert exemplar.taught_by == again


def test_what_a_lead_retired_is_not_brought_back_by_teaching(
    removed: Decision, bank: Bank, ana: User
) -> None:
    exemplar = teaching.teach(decision=removed, bank=bank, author=ana)
    banks.disable_exemplar(exemplar=exemplar)
    with pytest.raises(TeachingRefused) as refused:
        teaching.teach(decision=removed, bank=bank, author=ana)
    assert refused.value.code == "retired"
    exemplar.refresh_from_db()
    assert not exemplar.is_enabled


def test_a_photo_whose_file_is_gone_is_refused_in_words(
    removed: Decision, bank: Bank, ana: User
) -> None:
    removed.image.original.storage.delete(removed.image.original.name)
    with pytest.raises(TeachingRefused) as refused:
        teaching.teach(decision=removed, bank=bank, author=ana)
    assert refused.value.code == "gone"


def test_foresight_counts_what_a_violating_exemplar_would_hold(photo: Photo, bank: Bank) -> None:
    image = photo()
    near, held = photo(0.95), photo(0.9, Status.HELD)
    photo(0.8)
    photo(0.99, Status.REMOVED)
    assert foresee(bank=bank, image=image) == Effect(1, 1, 0, [near, held])


def test_foresight_leaves_out_what_a_safe_exemplar_vetoes(
    photo: Photo, bank: Bank, encoder: Encoder
) -> None:
    image, spared, near = photo(), photo(0.9), photo(0.97)
    safe = Bank.objects.create(
        policy=bank.policy, name="Toys", kind=BankKind.SAFE, hold_threshold=0.9
    )
    toy = Exemplar.objects.create(bank=safe, sha256="b" * 64, pdq="0" * 256)
    vector = HalfVector([0.9, 0.19**0.5, 0.0, 0.0])
    ExemplarVector.objects.create(exemplar=toy, encoder=encoder, vector=vector)
    # 0.97 to the exemplar, 0.979 to the toy: it is spared until the margin asks for more.
    assert foresee(bank=bank, image=image) == Effect(0, 0, 0, [])
    Bank.objects.filter(pk=safe.pk).update(veto_margin=0.02)
    assert foresee(bank=bank, image=image) == Effect(1, 0, 0, [near])
    Bank.objects.filter(pk=safe.pk).update(is_enabled=False)
    assert foresee(bank=bank, image=image) == Effect(2, 0, 0, [near, spared])


def test_foresight_of_a_safe_exemplar_counts_the_reviews_it_would_have_spared(
    photo: Photo, gun: Exemplar, approved: Decision
) -> None:
    (proposed,) = teaching.suggestions(approved)
    spared, nearer_to_the_gun, hashed, twice = (photo(0.95) for _ in range(4))
    flag(spared, gun, score=0.94)
    flag(nearer_to_the_gun, gun, score=0.96)
    flag(hashed, gun, score=0.9)
    flag(hashed, gun, kind=MatchKind.HASH, encoder=None, score=3, threshold=31)
    drugs = Policy.objects.create(slug="drugs", name="Drugs")
    pills = Bank.objects.create(policy=drugs, name="Pills")
    flag(twice, gun, score=0.9)
    flag(twice, Exemplar.objects.create(bank=pills, sha256="c" * 64, pdq="0" * 256), score=0.9)
    for image in (spared, nearer_to_the_gun, hashed, twice):
        make_review(image, gun.bank.policy)
    assert foresee(bank=proposed, image=approved.image) == Effect(0, 0, 1, [spared])


def test_foresight_needs_a_vector_of_the_active_encoder(photo: Photo, bank: Bank) -> None:
    image = photo()
    Encoder.objects.update(is_active=False)
    assert foresee(bank=bank, image=image) is None
