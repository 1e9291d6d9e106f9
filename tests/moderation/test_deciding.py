"""Decisions: drafts, undo to the second, a second person, and nothing forgotten."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from catalog.choices import Status
from catalog.models import Event, Image
from moderation import deciding, entering, reviewing, settling, teaching
from moderation.choices import Action, Outcome, Queue, Result, ReviewStatus
from moderation.models import Bank, Decision, Policy, Review, Settlement
from moderation.reviewing import ReviewConflict, Wanted
from tests.conftest import Picture
from tests.moderation.cases import decide, make_flag, make_review, pass_time, settle

pytestmark = pytest.mark.django_db

FIRST, SECOND = Wanted(), Wanted(queue=Queue.SECOND)


@pytest.fixture
def severe(policy: Policy) -> Policy:
    """The policy of the case, from now on one that needs two people."""
    policy.needs_second_person = True
    policy.save()
    return policy


@pytest.fixture
def bank(policy: Policy) -> Bank:
    return Bank.objects.create(policy=policy, name="Known")


def status_of(review: Review) -> str:
    return Image.objects.get(pk=review.image_id).status


def test_a_draft_changes_nothing_until_it_takes_effect(case: Review, ana: User) -> None:
    decision = decide(case, ana)
    assert status_of(case) == Status.HELD
    assert not Settlement.objects.exists()
    assert settling.settle_due() == 0, "the undo window has not passed"
    assert settle(case) == 1
    assert status_of(case) == Status.LIVE
    assert decision.settlement.result == Result.EFFECTIVE
    case.refresh_from_db()
    assert (case.status, case.draft, case.takes_effect_at) == (ReviewStatus.DECIDED, None, None)
    assert settling.settle_due() == 0, "once is enough"


def test_undo_at_59_seconds(case: Review, ana: User, policy: Policy) -> None:
    decision = decide(case, ana, Action.REMOVE, policy)
    pass_time(case, 59)
    settling.settle_due()
    again = deciding.undo(decision_id=decision.pk, moderator=ana)
    assert (again.status, again.claimed_by) == (ReviewStatus.OPEN, ana)
    assert (decision.settlement.result, decision.settlement.by) == (Result.UNDONE, ana)
    assert settle_nothing()
    assert status_of(case) == Status.HELD
    second = decide(case, ana)
    assert second.override_of == decision


@pytest.mark.parametrize("worker_came_round", [True, False])
def test_undo_at_61_seconds(
    case: Review, ana: User, policy: Policy, worker_came_round: bool
) -> None:
    decision = decide(case, ana, Action.REMOVE, policy)
    pass_time(case, 61)
    if worker_came_round:
        settling.settle_due()
    with pytest.raises(ReviewConflict, match="can no longer be undone") as conflict:
        deciding.undo(decision_id=decision.pk, moderator=ana)
    assert conflict.value.code == "too_late"
    settling.settle_due()
    assert status_of(case) == Status.REMOVED
    assert decision.settlement.result == Result.EFFECTIVE


def settle_nothing() -> bool:
    return settling.settle_due() == 0


def test_undo_takes_back_what_the_decision_taught(
    case: Review, ana: User, policy: Policy, bank: Bank
) -> None:
    decision = decide(case, ana, Action.REMOVE, policy)
    exemplar = teaching.teach(decision=decision, bank=bank, author=ana)
    assert exemplar.is_enabled
    deciding.undo(decision_id=decision.pk, moderator=ana)
    exemplar.refresh_from_db()
    assert not exemplar.is_enabled


def test_only_the_decider_undoes(case: Review, ana: User, ben: User) -> None:
    decision = decide(case, ana)
    with pytest.raises(ReviewConflict, match="ana’s decision") as conflict:
        deciding.undo(decision_id=decision.pk, moderator=ben)
    assert conflict.value.code == "not_yours"


def test_a_draft_can_be_claimed_by_nobody(case: Review, ana: User, ben: User) -> None:
    decide(case, ana)
    assert reviewing.claim_next(moderator=ben) is None
    with pytest.raises(ReviewConflict, match=r"Decided by ana \(approved\).*undo it for 0:5") as no:
        reviewing.claim(review_id=case.pk, moderator=ben)
    assert no.value.code == "already_decided"


def test_one_decision_that_cannot_take_effect_stops_no_other(
    case: Review, ana: User, policy: Policy, upload: Callable[..., Image], picture: Picture
) -> None:
    broken = make_review(upload(picture("rifle")), policy)
    decide(broken, ana)
    decide(case, ana)
    Image.objects.filter(pk=broken.image_id).update(screened_at=None)  # must not go live
    pass_time(broken, 100)
    pass_time(case, 90)
    assert settling.settle_due() == 1
    assert (status_of(broken), status_of(case)) == (Status.HELD, Status.LIVE)
    broken.refresh_from_db()
    assert broken.status == ReviewStatus.DRAFT
    assert not Settlement.objects.filter(decision=broken.draft).exists()


def test_an_approval_that_meets_a_new_flag_goes_back_to_the_queue(
    case: Review, ana: User, ben: User, bank: Bank
) -> None:
    decision = decide(case, ana)
    with transaction.atomic():
        entering.enter([make_flag(case.image, bank)])
    settle(case)
    assert status_of(case) == Status.HELD
    assert decision.settlement.result == Result.UNDONE
    assert reviewing.claim_next(moderator=ben) == case


class TestSecondPerson:
    def test_a_severe_decision_waits_for_another_person(
        self, case: Review, severe: Policy, ana: User, ben: User
    ) -> None:
        first = decide(case, ana, Action.REMOVE, severe)
        settle(case)
        assert status_of(case) == Status.HELD
        assert first.settlement.result == Result.HELD
        assert reviewing.claim_next(moderator=ana, wanted=SECOND) is None
        with pytest.raises(ReviewConflict) as conflict:
            reviewing.claim(review_id=case.pk, moderator=ana)
        assert conflict.value.code == "needs_another_person"
        assert reviewing.claim_next(moderator=ben, wanted=SECOND) == case
        second = decide(case, ben, Action.REMOVE, severe)
        settle(case)
        assert status_of(case) == Status.REMOVED
        assert (second.override_of, second.settlement.result) == (first, Result.EFFECTIVE)
        assert Event.objects.filter(summary="Removed by ana and ben: Arms").exists()

    def test_an_approval_under_a_severe_policy_waits_too(
        self, case: Review, severe: Policy, ana: User, ben: User
    ) -> None:
        decide(case, ana)
        settle(case)
        assert status_of(case) == Status.HELD
        decide(case, ben)
        settle(case)
        assert status_of(case) == Status.LIVE

    def test_what_a_trusted_bank_removed_needs_two_to_restore(
        self, case: Review, bank: Bank, ana: User, ben: User
    ) -> None:
        make_flag(case.image, bank, outcome=Outcome.REMOVE)
        decide(case, ana)
        settle(case)
        case.refresh_from_db()
        assert (case.queue, status_of(case)) == (Queue.SECOND, Status.HELD)

    def test_people_who_disagree_are_settled_by_a_lead_who_is_neither(
        self, case: Review, severe: Policy, ana: User, ben: User, lea: User
    ) -> None:
        decide(case, ana, Action.REMOVE, severe)
        settle(case)
        disputing = decide(case, ben, Action.APPROVE)
        settle(case)
        case.refresh_from_db()
        assert (case.queue, case.held_decision, status_of(case)) == (
            Queue.ESCALATED,
            disputing,
            Status.HELD,
        )
        with pytest.raises(ReviewConflict) as conflict:
            reviewing.claim(review_id=case.pk, moderator=ben)
        assert conflict.value.code == "leads_only"
        decide(case, lea, Action.APPROVE)
        settle(case)
        assert status_of(case) == Status.LIVE

    def test_who_undid_a_decision_may_be_the_second_person(
        self, case: Review, severe: Policy, ana: User, ben: User
    ) -> None:
        slip = decide(case, ana)
        deciding.undo(decision_id=slip.pk, moderator=ana)
        reviewing.release(review_id=case.pk, moderator=ana)
        decide(case, ben, Action.REMOVE, severe)
        settle(case)
        assert reviewing.claim_next(moderator=ana, wanted=SECOND) == case

    def test_an_undone_second_decision_stays_with_the_second_person(
        self, case: Review, severe: Policy, ana: User, ben: User
    ) -> None:
        decide(case, ana, Action.REMOVE, severe)
        settle(case)
        second = decide(case, ben, Action.APPROVE)
        again = deciding.undo(decision_id=second.pk, moderator=ben)
        assert again.queue == Queue.SECOND


class TestWhatAddonsServerGotWrong:
    """Bugs of its second-level approval (mozilla/addons): a held decision stayed in the first
    queue (#15317), a delayed one skipped the second person (#15252), automatic flags brought a
    held one back (#15618), and an override left no record (#15653)."""

    @pytest.fixture
    def held(self, case: Review, severe: Policy, ana: User) -> Review:
        decide(case, ana, Action.REMOVE, severe)
        settle(case)
        case.refresh_from_db()
        return case

    def nobody_finds_it_first(self, people: list[User]) -> bool:
        return all(reviewing.claim_next(moderator=each, wanted=FIRST) is None for each in people)

    def test_addons_server_15317_a_held_decision_has_left_the_first_queue(
        self, held: Review, ana: User, ben: User, lea: User
    ) -> None:
        assert self.nobody_finds_it_first([ana, ben, lea])
        reviewing.claim(review_id=held.pk, moderator=ben)
        reviewing.skip(review_id=held.pk, moderator=ben)
        assert self.nobody_finds_it_first([ana, ben, lea])

    def test_addons_server_15252_a_delayed_decision_waits_for_the_second_person_too(
        self, case: Review, policy: Policy, ana: User
    ) -> None:
        decide(case, ana, Action.REMOVE, policy)
        policy.needs_second_person = True  # after the decision, before its effect
        policy.save()
        pass_time(case, 7 * 24 * 3600)  # the worker was away for a week
        assert settling.settle_due() == 1
        case.refresh_from_db()
        assert (case.queue, status_of(case)) == (Queue.SECOND, Status.HELD)

    def test_addons_server_15618_automatic_paths_do_not_bring_it_back(
        self, held: Review, bank: Bank, ana: User, ben: User, lea: User
    ) -> None:
        claimed = reviewing.claim(review_id=held.pk, moderator=ben)
        Review.objects.filter(pk=held.pk).update(
            claim_expires_at=timezone.now() - timedelta(seconds=1)
        )
        assert reviewing.expire_claims() == 1
        with transaction.atomic():
            entering.enter([make_flag(held.image, bank)])
        assert reviewing.open_review(image=held.image, actor=ana) == held
        settling.settle_due()
        held.refresh_from_db()
        assert held.version > claimed.version
        assert (held.queue, held.status) == (Queue.SECOND, ReviewStatus.OPEN)
        assert Review.objects.count() == 1
        assert self.nobody_finds_it_first([ana, ben, lea])

    @pytest.mark.parametrize("queue", [Queue.FIRST, Queue.FLOOD, Queue.APPEALS])
    def test_addons_server_15317_the_database_refuses_it_too(
        self, held: Review, queue: Queue
    ) -> None:
        with (
            pytest.raises(IntegrityError, match="review_held_never_returns"),
            transaction.atomic(),
        ):
            Review.objects.filter(pk=held.pk).update(queue=queue)

    def test_addons_server_15653_every_override_names_what_it_overrides(
        self, held: Review, severe: Policy, ana: User, ben: User, lea: User
    ) -> None:
        decide(held, ben, Action.REMOVE, severe)
        settle(held)
        again = reviewing.open_review(image=held.image, actor=lea)
        decide(again, lea)
        settle(again)
        ids = list(Decision.objects.order_by("pk").values_list("pk", "override_of"))
        assert ids == [(ids[0][0], None), (ids[1][0], ids[0][0]), (ids[2][0], ids[1][0])]

    def test_addons_server_15653_the_database_refuses_an_override_without_a_record(
        self, held: Review, ana: User
    ) -> None:
        with (
            pytest.raises(IntegrityError, match="names_what_it_overrides"),
            transaction.atomic(),
        ):
            Decision.objects.create(
                review=held, image=held.image, action=Action.APPROVE, decided_by=ana
            )


class TestTogether:
    @pytest.fixture
    def cases(self, upload: Callable[..., Image], picture: Picture, policy: Policy) -> list[Review]:
        return [make_review(upload(picture("mug", seed)), policy) for seed in range(4)]

    def test_each_is_its_own_draft(self, cases: list[Review], ana: User, policy: Policy) -> None:
        shown = [(each.pk, each.version) for each in cases]
        done = deciding.decide_together(
            moderator=ana, cases=shown, action=Action.REMOVE, policy=policy, note="one series"
        )
        assert not done.conflicts
        assert {each.batch for each in done.decisions} == {done.batch}
        deciding.undo(decision_id=done.decisions[0].pk, moderator=ana)
        for each in cases[1:]:
            settle(each)
        assert [status_of(each) for each in cases] == [Status.HELD] + 3 * [Status.REMOVED]

    def test_what_changed_meanwhile_is_left_as_it_is(
        self, cases: list[Review], ana: User, ben: User
    ) -> None:
        shown = [(each.pk, each.version) for each in cases]
        reviewing.claim(review_id=cases[0].pk, moderator=ben)
        Review.objects.filter(pk=cases[1].pk).update(version=9)
        done = deciding.decide_together(
            moderator=ana, cases=[*shown, (0, 1)], action=Action.APPROVE
        )
        codes = {key: conflict.code for key, conflict in done.conflicts}
        assert codes == {
            0: "withdrawn",
            cases[0].pk: "claimed_by_other",
            cases[1].pk: "stale_version",
        }
        assert {each.review_id for each in done.decisions} == {cases[2].pk, cases[3].pk}

    def test_a_removal_names_its_policy(self, cases: list[Review], ana: User) -> None:
        with pytest.raises(ValueError, match="names the policy"):
            deciding.decide_together(moderator=ana, cases=[(cases[0].pk, 1)], action=Action.REMOVE)
        assert not Decision.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_moderators_on_one_screen(case: Review, ana: User, ben: User, policy: Policy) -> None:
    """Mastodon #20570: both see the photo, both press a key; one decision comes of it."""
    seen = reviewing.claim(review_id=case.pk, moderator=ana).version
    outcomes: dict[str, str] = {}
    gate = threading.Barrier(2)

    def press(moderator: User, action: Action, reason: Policy | None) -> None:
        gate.wait()
        try:
            deciding.decide(
                review_id=case.pk,
                moderator=moderator,
                version=seen,
                action=action,
                policy=reason,
            )
            outcomes[moderator.username] = "decided"
        except ReviewConflict as conflict:
            outcomes[moderator.username] = conflict.code
        finally:
            connection.close()

    threads = [
        threading.Thread(target=press, args=(ana, Action.REMOVE, policy)),
        threading.Thread(target=press, args=(ben, Action.APPROVE, None)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes["ana"] == "decided"
    assert outcomes["ben"] in ("claimed_by_other", "already_decided")
    assert Decision.objects.count() == 1
    settle(case)
    assert status_of(case) == Status.REMOVED


@pytest.mark.django_db(transaction=True)
def test_two_workers_settle_each_draft_once(
    ana: User, policy: Policy, upload: Callable[..., Image], picture: Picture
) -> None:
    cases = [make_review(upload(picture("mug", seed)), policy) for seed in range(6)]
    for each in cases:
        decide(each, ana)
        pass_time(each, 100)
    counts: list[int] = []
    gate = threading.Barrier(2)

    def work() -> None:
        gate.wait()
        counts.append(settling.settle_due())
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts.append(settling.settle_due())  # what one skipped while the other held it
    assert sum(counts) == 6
    assert Settlement.objects.filter(result=Result.EFFECTIVE).count() == 6
    assert Event.objects.filter(kind="approved").count() == 6
