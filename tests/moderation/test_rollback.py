"""Rolling back an exemplar: what nobody has judged is undone, and nothing else."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from pgvector import HalfVector

from catalog import publishing
from catalog.choices import Status
from catalog.models import Embedding, Event, Image, PerceptualHash
from moderation import reviewing, rollback
from moderation.choices import Action, MatchKind, Outcome, Queue, ReviewStatus
from moderation.models import Bank, BankThreshold, Exemplar, ExemplarVector, Flag, Policy, Review
from moderation.rollback import Extent, RolledBack, preview, roll_back
from tests.conftest import Picture
from tests.moderation.cases import decide, make_review, settle
from tests.pages import tag

pytestmark = pytest.mark.django_db

PHOTO = [1.0, 0.0, 0.0, 0.0]


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
def lea(make_user: Callable[..., User]) -> User:
    return make_user("lea", "lead")


@pytest.fixture
def held(upload: Callable[..., Image], picture: Picture) -> Callable[..., Review]:
    """Another held photo, flagged by an exemplar, in review. Its vector is `PHOTO`."""
    count = iter(range(1000))

    def make(exemplar: Exemplar, queue: str = Queue.FIRST, **fields: object) -> Review:
        image = upload(picture("mug", next(count), size=64))
        review = make_review(image, exemplar.bank.policy, queue=queue)
        encoder = tag(image, "Mug", score=0.9).encoder
        Embedding.objects.create(image=image, encoder=encoder, vector=HalfVector(PHOTO))
        flag(image, exemplar, **fields)
        return review

    return make


def flag(image: Image, exemplar: Exemplar, **fields: object) -> Flag:
    values = {
        "image": image,
        "policy": exemplar.bank.policy,
        "bank": exemplar.bank,
        "bank_version": 1,
        "exemplar": exemplar,
        "encoder": image.tags.get().encoder,
        "score": 0.93,
        "threshold": 0.87,
        "outcome": Outcome.HOLD,
    }
    return Flag.objects.create(**{**values, **fields})


def another(bank: Bank, review: Review, vector: list[float]) -> Exemplar:
    """A second exemplar of the bank, with this vector."""
    made = Exemplar.objects.create(bank=bank, sha256="b" * 64, pdq="1" * 256, pdq_quality=100)
    encoder = review.image.tags.get().encoder
    ExemplarVector.objects.create(exemplar=made, encoder=encoder, vector=HalfVector(vector))
    return made


def test_a_photo_with_nothing_else_against_it_goes_live(
    gun: Exemplar, held: Callable[..., Review], lea: User
) -> None:
    review, version = held(gun), gun.bank.version
    assert preview(gun) == Extent(flags=1, reviews=1, removed=0, kept=0)
    done = roll_back(exemplar=gun, actor=lea, reason="a toy")
    assert done == RolledBack(flags=1, reviews_closed=1, photos_published=1)
    review.refresh_from_db()
    assert review.status == ReviewStatus.WITHDRAWN
    assert review.image.status == Status.LIVE
    mark = Flag.objects.get()
    assert mark.withdrawn_at is not None
    assert mark.withdrawn_by == lea
    gun.refresh_from_db()
    assert not gun.is_enabled
    gun.bank.refresh_from_db()
    assert gun.bank.version > version
    told = Event.objects.filter(image=review.image, kind="withdrawn", actor=lea)
    assert "Flag withdrawn by lea, exemplar rolled back: a toy" in [e.summary for e in told]


def test_rolling_back_twice_changes_nothing_more(
    gun: Exemplar, held: Callable[..., Review], lea: User
) -> None:
    held(gun)
    roll_back(exemplar=gun, actor=lea)
    events = Event.objects.count()
    assert preview(gun) == Extent()
    assert roll_back(exemplar=gun, actor=lea) == RolledBack()
    assert Event.objects.count() == events


def test_it_finishes_in_chunks(
    gun: Exemplar, held: Callable[..., Review], lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollback, "PHOTOS_AT_ONCE", 2)
    for _ in range(5):
        held(gun)
    assert roll_back(exemplar=gun, actor=lea) == RolledBack(5, 5, 5)


def test_when_its_time_is_up_the_rest_is_left_for_the_next_call(
    gun: Exemplar, held: Callable[..., Review], lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollback, "PHOTOS_AT_ONCE", 2)
    for _ in range(5):
        held(gun)
    assert roll_back(exemplar=gun, actor=lea, seconds=0) == RolledBack(2, 2, 2, photos_left=3)
    assert preview(gun) == Extent(flags=3, reviews=3, removed=0, kept=0)
    assert roll_back(exemplar=gun, actor=lea) == RolledBack(3, 3, 3)


def test_an_interrupted_roll_back_is_finished_by_calling_it_again(
    gun: Exemplar, held: Callable[..., Review], lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollback, "PHOTOS_AT_ONCE", 1)
    held(gun)
    held(gun)
    calls = iter([publishing.publish])
    with monkeypatch.context() as patch:
        # The second photo's transaction fails before its commit.
        patch.setattr(publishing, "publish", lambda **given: next(calls)(**given))
        with pytest.raises(StopIteration):
            roll_back(exemplar=gun, actor=lea)
    assert Image.objects.filter(status=Status.LIVE).count() == 1
    assert Flag.objects.standing().count() == 1
    assert roll_back(exemplar=gun, actor=lea) == RolledBack(1, 1, 1)
    assert Image.objects.filter(status=Status.LIVE).count() == 2


def test_another_exemplar_of_the_bank_that_matches_too_keeps_the_photo_held(
    gun: Exemplar, held: Callable[..., Review], lea: User
) -> None:
    review = held(gun)
    rifle = another(gun.bank, review, [0.9, 0.43589, 0.0, 0.0])
    assert preview(gun) == Extent(flags=1, reviews=1, removed=0, kept=1)
    assert roll_back(exemplar=gun, actor=lea) == RolledBack(1, 0, 0)
    review.refresh_from_db()
    assert review.status == ReviewStatus.OPEN
    assert review.image.status == Status.HELD
    mark = Flag.objects.standing().get()
    assert (mark.exemplar, mark.threshold, mark.outcome) == (rifle, 0.87, Outcome.HOLD)
    assert mark.score == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize("why", ["too far", "retired", "bank off", "raised for this encoder"])
def test_an_exemplar_that_would_not_match_keeps_nothing(
    why: str, gun: Exemplar, held: Callable[..., Review], lea: User
) -> None:
    review, bank = held(gun), gun.bank
    cosine = 0.5 if why == "too far" else 0.9
    rifle = another(bank, review, [cosine, (1 - cosine**2) ** 0.5, 0.0, 0.0])
    if why == "retired":
        Exemplar.objects.filter(pk=rifle.pk).update(is_enabled=False)
    elif why == "bank off":
        bank.is_enabled = False
        bank.save()
    elif why == "raised for this encoder":
        encoder = review.image.tags.get().encoder
        BankThreshold.objects.create(bank=bank, encoder=encoder, hold=0.95, author=lea)
    assert roll_back(exemplar=gun, actor=lea) == RolledBack(1, 1, 1)


def test_another_hash_of_the_bank_keeps_the_photo_held(
    gun: Exemplar, held: Callable[..., Review], lea: User
) -> None:
    review = held(gun, kind=MatchKind.HASH, encoder=None, score=2, threshold=31)
    PerceptualHash.objects.create(image=review.image, pdq="0" * 254 + "11", quality=90)
    near = Exemplar.objects.create(
        bank=gun.bank, sha256="c" * 64, pdq="0" * 246 + "1" * 10, pdq_quality=90
    )
    Exemplar.objects.create(bank=gun.bank, sha256="d" * 64, pdq="1" * 256, pdq_quality=90)
    assert roll_back(exemplar=gun, actor=lea) == RolledBack(1, 0, 0)
    mark = Flag.objects.standing().get()
    assert (mark.kind, mark.exemplar, mark.score) == (MatchKind.HASH, near, 8)


def test_a_flag_of_another_policy_keeps_the_review_and_says_what_it_is_about(
    gun: Exemplar, held: Callable[..., Review], lea: User
) -> None:
    drugs = Policy.objects.create(slug="drugs", name="Drugs", severity=1)
    pills = Exemplar.objects.create(
        bank=Bank.objects.create(policy=drugs, name="Pills"), sha256="c" * 64, pdq="0" * 256
    )
    review = held(gun)
    flag(review.image, pills)
    before = review.version
    assert roll_back(exemplar=gun, actor=lea) == RolledBack(1, 0, 0)
    review.refresh_from_db()
    assert review.status == ReviewStatus.OPEN
    assert review.policy == drugs
    assert review.priority == pytest.approx(0.93)
    assert review.version > before  # screens that show the old reason are stale


@pytest.mark.parametrize("case", ["by hand", "escalated"])
def test_a_review_a_person_asked_for_stays_open(
    case: str, gun: Exemplar, held: Callable[..., Review], lea: User
) -> None:
    review = held(gun)
    if case == "by hand":
        Review.objects.filter(pk=review.pk).update(policy=None)
    else:
        Review.objects.filter(pk=review.pk).update(queue=Queue.ESCALATED)
    assert preview(gun) == Extent(flags=1, reviews=1, removed=0, kept=1)
    assert roll_back(exemplar=gun, actor=lea) == RolledBack(1, 0, 0)
    review.refresh_from_db()
    assert review.status == ReviewStatus.OPEN
    assert review.image.status == Status.HELD


def test_what_people_judged_keeps_its_flags(
    gun: Exemplar, held: Callable[..., Review], ana: User, lea: User, weapons: Policy
) -> None:
    drafted, decided, waiting = held(gun), held(gun), held(gun)
    decide(drafted, ana, Action.REMOVE, weapons)
    decide(decided, ana, Action.REMOVE, weapons)
    settle(decided)
    Policy.objects.update(needs_second_person=True)
    decide(waiting, ana, Action.REMOVE, weapons)
    settle(waiting)
    assert preview(gun) == Extent()
    assert roll_back(exemplar=gun, actor=lea) == RolledBack()
    assert Flag.objects.standing().count() == 3
    waiting.refresh_from_db()
    assert (waiting.status, waiting.queue) == (ReviewStatus.OPEN, Queue.SECOND)
    assert list(Image.objects.filter(status=Status.LIVE)) == []


def test_what_the_bank_removed_by_itself_comes_back(
    gun: Exemplar, held: Callable[..., Review], lea: User
) -> None:
    review = held(gun, outcome=Outcome.REMOVE)
    review.delete()
    publishing.remove(image=review.image)
    assert preview(gun) == Extent(flags=1, reviews=0, removed=1, kept=0)
    assert roll_back(exemplar=gun, actor=lea) == RolledBack(1, 0, 1)
    review.image.refresh_from_db()
    assert review.image.status == Status.LIVE


def test_what_the_bank_removed_is_held_while_another_exemplar_holds_it(
    gun: Exemplar, held: Callable[..., Review], lea: User
) -> None:
    review = held(gun, outcome=Outcome.REMOVE)
    image = review.image
    another(gun.bank, review, [0.9, 0.43589, 0.0, 0.0])
    review.delete()
    publishing.remove(image=image)
    assert roll_back(exemplar=gun, actor=lea) == RolledBack(1, 0, 0)
    image.refresh_from_db()
    assert image.status == Status.HELD
    assert Review.objects.get().status == ReviewStatus.OPEN


def test_a_claimed_review_is_taken_back_from_its_moderator(
    gun: Exemplar, held: Callable[..., Review], ana: User, lea: User
) -> None:
    review = held(gun)
    reviewing.claim(review_id=review.pk, moderator=ana)
    assert roll_back(exemplar=gun, actor=lea) == RolledBack(1, 1, 1)
    with pytest.raises(reviewing.ReviewConflict) as conflict:
        reviewing.renew(review_id=review.pk, moderator=ana)
    assert conflict.value.code == "withdrawn"


def test_a_safe_exemplar_is_retired_and_publishes_nothing(
    gun: Exemplar, held: Callable[..., Review], lea: User, weapons: Policy
) -> None:
    safe = Bank.objects.create(policy=weapons, name="Toys", kind="safe")
    toy = Exemplar.objects.create(bank=safe, sha256="e" * 64, pdq="0" * 256)
    held(gun)
    assert roll_back(exemplar=toy, actor=lea) == RolledBack()
    toy.refresh_from_db()
    assert not toy.is_enabled
    assert Image.objects.get().status == Status.HELD
