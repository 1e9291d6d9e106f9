"""The numbers of insights, against numbers worked out by hand."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Storefront
from moderation import agreement, precision, quality
from moderation.agreement import cohens_kappa
from moderation.choices import Action, BankKind, MatchKind, Outcome, Queue, Result
from moderation.models import Bank, Exemplar, Flag, Policy, Review, Skip
from moderation.scope import Scope
from tests.moderation.decided import decided, judged_blind, photo

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MARCH = Scope(since=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 4, 1, tzinfo=UTC))

MakeUser = Callable[..., User]


@pytest.fixture
def ana(make_user: MakeUser) -> User:
    return make_user("ana", "moderator")


@pytest.fixture
def ben(make_user: MakeUser) -> User:
    return make_user("ben", "moderator")


@pytest.fixture
def weapons(db: None) -> Policy:
    return Policy.objects.create(slug="weapons", name="Weapons")


@pytest.fixture
def drugs(db: None) -> Policy:
    return Policy.objects.create(slug="drugs", name="Drugs")


def test_kappa_of_the_textbook() -> None:
    """Cohen's example of grants read by two people: 20 both yes, 15 both no, 5 and 10 apart."""
    found = cohens_kappa(
        {("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}
    )
    assert (found.n, found.observed, found.kappa) == (50, Fraction(7, 10), Fraction(2, 5))
    assert found.words == ""


def test_kappa_with_three_categories_is_exact() -> None:
    # Rows 30, 20, 10 and columns 28, 20, 12 of 60: pₑ = (840 + 400 + 120) / 3600 = 17/45,
    # pₒ = 45/60, so κ = (3/4 − 17/45) / (28/45) = 67/112.
    table = {
        ("a", "a"): 24, ("a", "b"): 4, ("a", "c"): 2,
        ("b", "a"): 3, ("b", "b"): 14, ("b", "c"): 3,
        ("c", "a"): 1, ("c", "b"): 2, ("c", "c"): 7,
    }  # fmt: skip
    assert cohens_kappa(table).kappa == Fraction(67, 112)


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        ({("a", "a"): 1, ("b", "b"): 1}, Fraction(1)),
        ({("a", "b"): 1, ("b", "a"): 1}, Fraction(-1)),
        ({("a", "b"): 3}, Fraction(0)),
        ({("a", "a"): 25, ("a", "b"): 25, ("b", "a"): 25, ("b", "b"): 25}, Fraction(0)),
    ],
)
def test_kappa_at_its_ends(table: dict[tuple[str, str], int], kappa: Fraction) -> None:
    assert cohens_kappa(table).kappa == kappa


def test_kappa_that_is_not_defined_says_so() -> None:
    nothing, alike = cohens_kappa({}), cohens_kappa({("a", "a"): 40})
    assert (nothing.n, nothing.observed, nothing.kappa) == (0, None, None)
    assert nothing.words == "No photo has been judged twice yet."
    assert (alike.n, alike.observed, alike.kappa) == (40, Fraction(1), None)
    assert alike.words.startswith("Not defined: everything was judged alike")
    assert cohens_kappa({("a", "a"): 2, ("b", "b"): 2}).words == "Few photos: a first impression."


def test_agreement_per_pair_policy_and_person(
    storefront: Storefront, ana: User, ben: User, weapons: Policy, drugs: Policy
) -> None:
    """Ana and Ben judge four photos, two each way round; a removal under another policy is
    another verdict."""

    def twice(first: User, action: str, reason: Policy | None, *second: object) -> None:
        made = decided(photo(storefront), first, NOON, action, policy=reason, about=weapons)
        other = ben if first == ana else ana
        judged_blind(made, other, NOON, *second)  # type: ignore[arg-type]

    twice(ana, Action.REMOVE, weapons, Action.REMOVE, weapons)
    twice(ana, Action.REMOVE, weapons, Action.REMOVE, drugs)
    twice(ben, Action.APPROVE, None, Action.APPROVE)
    twice(ben, Action.APPROVE, None, Action.REMOVE, weapons)

    found = agreement.agreements(MARCH)

    # Ana: weapons, weapons, approve, weapons. Ben: weapons, drugs, approve, approve.
    # pₒ = 2/4; pₑ = (3·1 + 1·2 + 0·1)/16 = 5/16; κ = (8/16 − 5/16) / (11/16).
    pair = found.pairs["ana", "ben"]
    assert (pair.n, pair.observed, pair.kappa) == (4, Fraction(1, 2), Fraction(3, 11))
    assert list(found.pairs) == [("ana", "ben")]
    # First and second looks: weapons, weapons, approve, approve and weapons, drugs, approve,
    # weapons. pₑ = (2·2 + 2·1)/16 = 6/16; κ = (8 − 6) / (16 − 6).
    assert found.overall.kappa == Fraction(1, 5)
    assert found.policies == {"Weapons": found.overall}
    assert found.people["ana"].kappa == found.people["ben"].kappa == Fraction(3, 11)
    reasons = {
        (b.decision.verdict, b.action, b.policy and b.policy.slug)
        for b in agreement.disagreements(MARCH)
    }
    assert reasons == {
        ("removed, Weapons", "remove", "drugs"),
        ("approved", "remove", "weapons"),
    }


def test_only_answers_of_the_time_and_the_policy_count(
    storefront: Storefront,
    other_storefront: Storefront,
    ana: User,
    ben: User,
    weapons: Policy,
    drugs: Policy,
) -> None:
    for shop, about, at in (
        (storefront, weapons, NOON),
        (other_storefront, drugs, NOON),
        (storefront, weapons, MARCH.until),
    ):
        made = decided(photo(shop), ana, NOON, about=about)
        judged_blind(made, ben, at, Action.APPROVE)
    narrowed = {"since": MARCH.since, "until": MARCH.until}
    assert agreement.agreements(MARCH).overall.n == 2
    assert agreement.agreements(Scope(**narrowed, policy=drugs)).overall.n == 1
    assert agreement.agreements(Scope(**narrowed, storefront=storefront)).overall.n == 1
    mixed = Scope(**narrowed, storefront=storefront, policy=drugs)
    assert agreement.agreements(mixed).overall.n == 0


def test_handling_time_is_counted_from_the_claim(storefront: Storefront, ana: User) -> None:
    for seconds in (10, 20, 30, 40):
        decided(photo(storefront), ana, NOON, took=seconds, waited=seconds * 10)
    work = quality.work_done(MARCH).total
    assert work.decisions == 4
    assert (work.handling_median, work.handling_p90) == (25, pytest.approx(37))
    assert (work.waited_median, work.waited_p90) == (250, pytest.approx(370))


def test_decisions_made_together_share_their_time(storefront: Storefront, ana: User) -> None:
    """One was looked at for 30 seconds, four look-alikes were decided with it: 6 seconds each."""
    batch = uuid.uuid4()
    for took in (30, 0, 0, 0, 0):
        decided(photo(storefront), ana, NOON, took=took, batch=batch)
    decided(photo(storefront), ana, NOON + timedelta(days=1), took=100)
    done = quality.work_done(MARCH)
    assert done.days[date(2026, 3, 2)].handling_median == 6
    assert done.days[date(2026, 3, 2)].handling_p90 == 6
    assert done.days[date(2026, 3, 3)].handling_median == 100
    assert done.total.handling_median == 6


def test_a_narrower_view_shares_the_time_of_the_whole_batch(
    storefront: Storefront, ana: User, weapons: Policy, drugs: Policy
) -> None:
    batch = uuid.uuid4()
    decided(photo(storefront), ana, NOON, took=30, batch=batch, about=weapons)
    decided(photo(storefront), ana, NOON, took=0, batch=batch, about=drugs)
    scope = Scope(since=MARCH.since, until=MARCH.until, policy=drugs)
    assert quality.work_done(scope).total.handling_median == 15


def test_overturned_is_an_effective_decision_whose_next_took_the_other_action(
    storefront: Storefront, ana: User, ben: User, weapons: Policy
) -> None:
    kept, appealed, reconsidered, repeated, undone, waiting = (photo(storefront) for _ in range(6))
    later = NOON + timedelta(hours=1)
    remove = {"action": Action.REMOVE, "policy": weapons}
    decided(kept, ana, NOON)
    decided(appealed, ana, NOON, **remove)  # type: ignore[arg-type]
    decided(appealed, ben, later, queue=Queue.APPEALS)
    decided(reconsidered, ana, NOON)
    decided(reconsidered, ben, later, **remove)  # type: ignore[arg-type]
    decided(repeated, ana, NOON)
    decided(repeated, ben, later)
    decided(undone, ana, NOON)
    decided(undone, ben, later, result=Result.UNDONE, **remove)  # type: ignore[arg-type]
    decided(waiting, ana, NOON)
    decided(waiting, ben, later, result=None, **remove)  # type: ignore[arg-type]

    done = quality.work_done(MARCH)

    assert (done.total.effective, done.total.overturned) == (9, 2)
    assert done.total.overturned_by_appeal == 1
    assert (done.people["ana"].overturned, done.people["ana"].effective) == (2, 6)
    assert (done.people["ben"].overturned, done.people["ben"].effective) == (0, 3)
    assert done.people["ana"].overturn_rate == pytest.approx(1 / 3)


def test_what_was_undone_counts_as_undone_only(storefront: Storefront, ana: User) -> None:
    image = photo(storefront)
    decided(image, ana, NOON, took=1000, result=Result.UNDONE)
    decided(image, ana, NOON + timedelta(minutes=1), took=10)
    decided(photo(storefront), ana, NOON, took=10, result=None)
    decided(photo(storefront), ana, NOON, took=10, result=Result.HELD)
    work = quality.work_done(MARCH).total
    assert (work.decisions, work.undone, work.undo_rate) == (3, 1, 0.25)
    assert work.handling_p90 == 10
    assert work.effective == 1


def test_in_time_is_before_the_review_was_due(storefront: Storefront, ana: User) -> None:
    for waited in (100, 200, 300, 400):
        decided(photo(storefront), ana, NOON, waited=waited, due_after=300)
    decided(photo(storefront), ana, NOON, waited=9999, due_after=1, result=None)
    gone = decided(photo(storefront), ana, NOON, waited=9999, due_after=1)
    Review.objects.filter(pk=gone.review_id).delete()
    work = quality.work_done(MARCH).total
    assert (work.timed, work.in_time, work.in_time_share) == (4, 3, 0.75)


def test_per_person_and_day_at_the_edges_of_the_time(
    storefront: Storefront, ana: User, ben: User
) -> None:
    for by, at in (
        (ana, MARCH.since - timedelta(seconds=1)),
        (ana, MARCH.since),
        (ana, NOON),
        (ben, NOON),
        (ben, MARCH.until - timedelta(seconds=1)),
        (ben, MARCH.until),
    ):
        decided(photo(storefront), by, at)
    done = quality.work_done(MARCH)
    counts = {key: work.decisions for key, work in done.people_days.items()}
    assert counts == {
        ("ana", date(2026, 3, 1)): 1,
        ("ana", date(2026, 3, 2)): 1,
        ("ben", date(2026, 3, 2)): 1,
        ("ben", date(2026, 3, 31)): 1,
    }
    assert (done.total.decisions, done.people["ana"].days) == (4, 2)
    only = quality.work_done(Scope(since=MARCH.since, until=MARCH.until, person=ben))
    assert list(only.people) == ["ben"]
    assert only.total.decisions == 2


def test_all_of_it_is_one_query_and_nothing_is_nothing(
    storefront: Storefront, ana: User, weapons: Policy
) -> None:
    scope = Scope(since=MARCH.since, until=MARCH.until, policy=weapons, storefront=storefront)
    assert quality.work_done(scope).total == quality.Work()
    assert quality.Work().undo_rate is None
    for about in (weapons, weapons, None):
        decided(photo(storefront), ana, NOON, about=about)
    with CaptureQueriesContext(connection) as queries:
        assert quality.work_done(scope).total.decisions == 2
    assert len(queries) == 1


def test_queues_now_with_what_is_late(storefront: Storefront, weapons: Policy) -> None:
    now = timezone.now()
    for queue, age, due in (("escalated", 9, 1), ("first", 5, -1), ("first", 3, 1)):
        Review.objects.create(
            image=photo(storefront),
            policy=weapons,
            queue=queue,
            created_at=now - timedelta(hours=age),
            due_at=now + timedelta(hours=due),
        )
    assert quality.queue_ages(MARCH, now) == [
        quality.QueueAge("first", 2, 1, now - timedelta(hours=5)),
        quality.QueueAge("escalated", 1, 0, now - timedelta(hours=9)),
    ]


def test_skips_and_escalations(storefront: Storefront, ana: User, weapons: Policy) -> None:
    scope = Scope.last(7)
    for _ in range(2):
        review = Review.objects.create(
            image=photo(storefront), policy=weapons, queue=Queue.ESCALATED, due_at=timezone.now()
        )
        Skip.objects.create(review=review, moderator=ana)
    assert quality.skips(scope) == {"ana": 2}
    assert quality.escalations(scope) == 2
    assert (quality.skips(MARCH), quality.escalations(MARCH)) == ({}, 0)


def test_precision_per_bank_and_kind_from_what_people_decided(
    storefront: Storefront, ana: User, weapons: Policy, drugs: Policy
) -> None:
    """Of six photos the bank flagged three were removed for it, one approved, one removed for
    something else and one is undecided; a safe bank vetoed two, one rightly."""
    guns = Bank.objects.create(policy=weapons, name="Guns")
    toys = Bank.objects.create(policy=weapons, name="Toys", kind=BankKind.SAFE)
    gun, toy = (
        Exemplar.objects.create(bank=bank, sha256=f"{bank.pk:064d}", pdq="01" * 128)
        for bank in (guns, toys)
    )

    def flagged(verdict: tuple[str, Policy | None] | None, vetoed: bool = False) -> None:
        image = photo(storefront)
        flag = Flag.objects.create(
            image=image,
            kind=MatchKind.HASH,
            policy=weapons,
            bank=guns,
            bank_version=1,
            exemplar=gun,
            score=4,
            threshold=31,
            outcome=Outcome.VETOED if vetoed else Outcome.HOLD,
            vetoed_by=toy if vetoed else None,
        )
        Flag.objects.filter(pk=flag.pk).update(created_at=NOON - timedelta(hours=1))
        if verdict:
            decided(image, ana, NOON, verdict[0], policy=verdict[1])

    for _ in range(3):
        flagged((Action.REMOVE, weapons))
    flagged((Action.APPROVE, None))
    flagged((Action.REMOVE, drugs))
    flagged(None)
    flagged((Action.APPROVE, None), vetoed=True)
    flagged((Action.REMOVE, weapons), vetoed=True)

    right, safe = precision.per_bank(MARCH)

    assert (right.name, right.confirmed, right.refuted) == ("Weapons ▸ Guns", 3, 1)
    assert right.share == 0.75
    assert right.interval == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert (safe.name, safe.confirmed, safe.refuted) == ("Weapons ▸ Toys", 1, 1)
    (by_hash,) = precision.per_kind(MARCH)
    assert (by_hash.name, by_hash.confirmed, by_hash.refuted) == (MatchKind.HASH.label, 3, 1)
    assert precision.flags_by_bank(MARCH) == [
        precision.BankFlags("Weapons ▸ Guns", held=6, removed=0, vetoed=2, unsampled=0, withdrawn=0)
    ]
    assert precision.per_bank(Scope.last(1)) == []
