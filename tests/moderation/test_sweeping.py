"""Sweeps find exactly what numpy finds, stop and go on, and are taken back as a whole."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from catalog.choices import Source, Status
from catalog.models import Encoder, Event, Image, Storefront
from moderation import chunks, sweeping
from moderation.choices import BankKind, MatchKind, Outcome, Queue, ReviewStatus, SweepStatus
from moderation.models import Bank, Exemplar, Flag, Policy, Review, Sweep
from moderation.previewing import preview
from moderation.sweeping import SweepRefused
from tests.moderation.cases import decide, make_flag, make_review
from tests.moderation.swept import (
    Everything,
    add_bits,
    add_vector,
    gap,
    make_encoder,
    make_photos,
    run,
    statuses,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def encoder() -> Encoder:
    return make_encoder()


@pytest.fixture
def everything(storefront: Storefront, encoder: Encoder) -> Everything:
    make_photos(storefront, encoder)
    return Everything.read()


@pytest.fixture
def bank(policy: Policy) -> Bank:
    return Bank.objects.create(policy=policy, name="Arms", hash_distance=None)


@pytest.fixture
def expected(everything: Everything, encoder: Encoder, bank: Bank) -> set:
    """Photos two new exemplars match; the bank's threshold lies between two scores."""
    vectors = [everything.vectors[3], everything.vectors[200]]
    for vector in vectors:
        add_vector(bank, encoder, vector)
    scores = everything.best(vectors)
    bank.hold_threshold = gap(scores, 60)
    bank.save()
    found = everything.at(scores >= bank.hold_threshold)
    assert 50 < len(found) < 70
    return found


def flagged(sweep: Sweep) -> set:
    return set(sweep.flags.values_list("image_id", flat=True))


def test_a_sweep_holds_exactly_what_numpy_finds(
    expected: set, everything: Everything, bank: Bank, encoder: Encoder, lea: User
) -> None:
    foreseen = preview(bank=bank, encoder=encoder)
    sweep = run(sweeping.start(bank=bank, started_by=lea))
    assert sweep.status == SweepStatus.DONE
    assert flagged(sweep) == expected
    assert set(sweep.hits.values_list("image_id", flat=True)) == expected
    held = Image.objects.filter(status=Status.HELD)
    assert set(held.values_list("pk", flat=True)) == expected
    assert Image.objects.filter(status=Status.LIVE).count() == 600 - len(expected)
    assert (sweep.total, sweep.scanned) == (600, 600)
    assert (sweep.matched, sweep.held) == (len(expected), len(expected))
    reviews = Review.objects.filter(status=ReviewStatus.OPEN, queue=Queue.FIRST)
    assert set(reviews.values_list("image_id", flat=True)) == expected
    assert (foreseen.photos, foreseen.compared) == (600, 600)
    assert (foreseen.would_hold, foreseen.would_remove, foreseen.already) == (len(expected), 0, 0)
    assert {sample.image.pk for sample in foreseen.samples} <= expected
    assert len(foreseen.samples) == 12
    kinds = Event.objects.filter(image_id=min(expected)).values_list("kind", flat=True)
    assert list(kinds) == ["flagged", "held", "review_opened"]


def test_flags_say_what_raised_them(
    expected: set, everything: Everything, bank: Bank, encoder: Encoder
) -> None:
    sweep = run(sweeping.start(bank=bank, started_by=None))
    flag = sweep.flags.get(image=everything.keys[3])
    assert (flag.bank, flag.encoder, flag.bank_version) == (bank, encoder, bank.version)
    assert (flag.kind, flag.outcome) == (MatchKind.EMBEDDING, Outcome.HOLD)
    assert flag.threshold == bank.hold_threshold
    assert flag.score == pytest.approx(1.0, abs=1e-3)


def test_an_exemplar_alone_is_swept_alone(
    expected: set, everything: Everything, bank: Bank, encoder: Encoder
) -> None:
    vector = everything.vectors[400]
    new = add_vector(bank, encoder, vector)
    alone = everything.at(everything.best([vector]) >= bank.hold_threshold)
    assert not alone >= expected
    sweep = run(sweeping.start(bank=bank, exemplars=[new], started_by=None))
    assert flagged(sweep) == alone
    assert set(sweep.flags.values_list("exemplar_id", flat=True)) == {new.pk}


def test_a_safe_bank_vetoes_as_it_does_at_upload(
    expected: set, everything: Everything, bank: Bank, encoder: Encoder
) -> None:
    safe = Bank.objects.create(
        policy=bank.policy,
        name="Toys",
        kind=BankKind.SAFE,
        hold_threshold=0.5,
        veto_margin=0.02,
        hash_distance=None,
    )
    inside = sorted(expected)[10]
    spared_by = everything.vectors[everything.keys.index(inside)]
    add_vector(safe, encoder, spared_by)
    violating = everything.best([everything.vectors[3], everything.vectors[200]])
    allowed = everything.best([spared_by])
    overruled = (allowed >= 0.5) & (allowed >= violating + 0.02)
    near = violating >= bank.hold_threshold
    vetoed, held = everything.at(near & overruled), everything.at(near & ~overruled)
    assert vetoed
    assert held
    foreseen = preview(bank=bank, encoder=encoder)
    assert (foreseen.would_hold, foreseen.spared) == (len(held), len(vetoed))
    sweep = run(sweeping.start(bank=bank, started_by=None))
    by_outcome = {
        outcome: set(sweep.flags.filter(outcome=outcome).values_list("image_id", flat=True))
        for outcome in (Outcome.HOLD, Outcome.VETOED)
    }
    assert by_outcome == {Outcome.HOLD: held, Outcome.VETOED: vetoed}
    assert statuses(vetoed) == {Status.LIVE}
    assert statuses(held) == {Status.HELD}


@pytest.mark.parametrize("narrowed_up_to", [64, 0])
def test_a_list_of_hashes_is_swept(
    narrowed_up_to: int,
    everything: Everything,
    bank: Bank,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("moderation.candidates.NARROWED_UP_TO", narrowed_up_to)
    bank.hash_distance = 20
    bank.save()
    code = everything.codes[5]
    add_bits(bank, code)
    same = everything.at(everything.off(code) <= 20)
    assert 1 < len(same) < 100
    foreseen = preview(bank=bank, encoder=encoder)
    assert (foreseen.would_hold, foreseen.compared) == (len(same), 600)
    sweep = run(sweeping.start(bank=bank, started_by=None))
    assert flagged(sweep) == same
    assert set(sweep.flags.values_list("kind", flat=True)) == {MatchKind.HASH}


def test_another_threshold_is_tried_without_a_change(
    expected: set, everything: Everything, bank: Bank, encoder: Encoder
) -> None:
    scores = everything.best([everything.vectors[3], everything.vectors[200]])
    lower = gap(scores, 100)
    assert preview(bank=bank, encoder=encoder, hold=lower).would_hold == int(
        (scores >= lower).sum()
    )
    assert not Flag.objects.exists()


def test_a_bank_trusted_to_remove_removes(
    expected: set, everything: Everything, bank: Bank, encoder: Encoder
) -> None:
    scores = everything.best([everything.vectors[3], everything.vectors[200]])
    bank.remove_threshold = gap(scores, 20)
    bank.save()
    gone = everything.at(scores >= bank.remove_threshold)
    foreseen = preview(bank=bank, encoder=encoder)
    assert (foreseen.would_remove, foreseen.would_hold) == (len(gone), len(expected - gone))
    sweep = run(sweeping.start(bank=bank, started_by=None))
    assert statuses(gone) == {Status.REMOVED}
    assert statuses(expected - gone) == {Status.HELD}
    assert not Review.objects.filter(image__in=gone).exists()
    sweep = run(sweeping.revert(sweep_id=sweep.pk, actor=User.objects.create(username="lea")))
    assert sweep.status == SweepStatus.REVERTED
    assert statuses(expected) == {Status.LIVE}


def test_photos_that_are_not_shown_are_left_alone(
    expected: set, everything: Everything, bank: Bank
) -> None:
    removed, failed, *rest = sorted(expected)
    Image.objects.filter(pk=removed).update(status=Status.REMOVED)
    Image.objects.filter(pk=failed).update(status=Status.FAILED, failure_reason="It is broken.")
    sweep = run(sweeping.start(bank=bank, started_by=None))
    assert flagged(sweep) == set(rest)
    assert statuses([removed]) == {Status.REMOVED}
    assert statuses([failed]) == {Status.FAILED}


def test_a_held_photo_is_flagged_and_becomes_more_urgent(
    expected: set, everything: Everything, bank: Bank
) -> None:
    held = min(expected)
    minor = Policy.objects.create(slug="minor", name="Minor", severity=1)
    review = make_review(Image.objects.get(pk=held), minor, priority=0.1)
    sweep = run(sweeping.start(bank=bank, started_by=None))
    before, review.version = review.version, 0
    review.refresh_from_db()
    assert flagged(sweep) == expected
    assert review.priority > 0.1
    assert review.policy == bank.policy
    assert review.version > before
    assert sweep.hits.get(image=held).acted is False
    assert (sweep.matched, sweep.held) == (len(expected), len(expected) - 1)


def test_what_a_person_approved_is_not_held_again(
    expected: set, everything: Everything, bank: Bank, encoder: Encoder, ana: User, at_once: None
) -> None:
    run(sweeping.start(bank=bank, started_by=None))
    review = Review.objects.get(image=min(expected))
    decide(review, ana)
    again = run(sweeping.start(bank=bank, started_by=None))
    assert (again.matched, again.scanned) == (0, 600)
    assert statuses([min(expected)]) == {Status.LIVE}
    foreseen = preview(bank=bank, encoder=encoder)
    assert (foreseen.would_hold, foreseen.already) == (0, len(expected))
    assert not again.flags.exists()


def test_it_is_approved_only_as_far_as_that_exemplar_goes(
    expected: set, everything: Everything, bank: Bank, encoder: Encoder, ana: User, at_once: None
) -> None:
    run(sweeping.start(bank=bank, started_by=None))
    approved = everything.keys[3]
    decide(Review.objects.get(image=approved), ana)
    new = add_vector(bank, encoder, everything.vectors[3])
    again = run(sweeping.start(bank=bank, exemplars=[new], started_by=None))
    assert approved in flagged(again)
    assert statuses([approved]) == {Status.HELD}


def test_pausing_and_resuming_changes_nothing_in_what_is_found(
    expected: set, everything: Everything, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 70)
    sweep = sweeping.start(bank=bank, started_by=None)
    run(sweep, most=3)
    assert sweep.scanned == 210
    sweep = run(sweeping.pause(sweep_id=sweep.pk))
    assert (sweep.status, sweep.scanned) == (SweepStatus.PAUSED, 210)
    with pytest.raises(SweepRefused, match="cannot be paused: paused"):
        sweeping.pause(sweep_id=sweep.pk)
    sweep = run(sweeping.resume(sweep_id=sweep.pk))
    assert (sweep.status, sweep.scanned) == (SweepStatus.DONE, 600)
    assert flagged(sweep) == expected
    assert sweep.flags.count() == sweep.hits.count() == len(expected)


def test_the_rate_holds_even_when_the_bell_rings_early(
    expected: set, everything: Everything, bank: Bank
) -> None:
    sweep = sweeping.start(bank=bank, started_by=None, rate=100)
    wait = chunks.run_chunk()
    assert wait is not None
    assert 0 < wait <= 1
    assert chunks.run_chunk() is None
    sweep.refresh_from_db()
    assert sweep.scanned == 100
    assert sweep.next_chunk_at is not None
    assert sweep.next_chunk_at > sweep.created_at + timedelta(seconds=1)


def test_every_other_turn_is_left_to_photos_that_wait(
    expected: set, everything: Everything, bank: Bank, storefront: Storefront
) -> None:
    waiting = Image.objects.create(
        storefront=storefront, source=Source.API, sha256="w", width=1, height=1, size_bytes=1
    )
    sweep = sweeping.start(bank=bank, started_by=None)
    scanned = []
    for _ in range(4):
        run(sweep, most=1)
        scanned.append((sweep.scanned, sweep.yielded))
    assert scanned == [(0, True), (500, False), (500, True), (600, False)]
    waiting.refresh_from_db()
    assert waiting.status == Status.PENDING


def test_a_chunk_that_fails_leaves_no_trace(
    expected: set, everything: Everything, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(flags: object) -> None:
        raise RuntimeError("out of paper")

    sweep = sweeping.start(bank=bank, started_by=None)
    with monkeypatch.context() as broken:
        broken.setattr("moderation.entering.enter", break_down)
        run(sweep)
    assert sweep.status == SweepStatus.FAILED
    assert "out of paper" in sweep.error
    assert "Resume" in sweep.error
    assert (sweep.scanned, Flag.objects.count(), sweep.hits.count()) == (0, 0, 0)
    assert statuses(expected) == {Status.LIVE}
    sweep = run(sweeping.resume(sweep_id=sweep.pk))
    assert (sweep.status, sweep.error) == (SweepStatus.DONE, "")
    assert flagged(sweep) == expected


def test_it_waits_for_vectors_and_gives_up_in_words(
    expected: set, everything: Everything, bank: Bank, encoder: Encoder
) -> None:
    late = add_vector(bank, encoder, everything.vectors[5])
    vector = late.vectors.get()
    late.vectors.all().delete()
    assert preview(bank=bank, encoder=encoder).waiting_for_vectors == 1
    sweep = sweeping.start(bank=bank, started_by=None)
    run(sweep, most=1)
    assert (sweep.status, sweep.scanned) == (SweepStatus.RUNNING, 0)
    assert sweep.error.startswith("One exemplar has yet to be encoded")
    long_ago = timezone.now() - chunks.PATIENCE - timedelta(seconds=1)
    Sweep.objects.filter(pk=sweep.pk).update(created_at=long_ago)
    Exemplar.objects.filter(pk=late.pk).update(created_at=long_ago)
    run(sweep, most=1)
    assert sweep.status == SweepStatus.FAILED
    assert "interactive worker" in sweep.error
    vector.pk = None
    vector.save()
    sweep = run(sweeping.resume(sweep_id=sweep.pk))
    assert sweep.status == SweepStatus.DONE


def test_a_bank_switched_off_meanwhile_pauses_it(
    expected: set, everything: Everything, bank: Bank
) -> None:
    sweep = sweeping.start(bank=bank, started_by=None)
    Bank.objects.filter(pk=bank.pk).update(is_enabled=False)
    run(sweep)
    assert sweep.status == SweepStatus.PAUSED
    assert "switched off" in sweep.error
    assert not Flag.objects.exists()


def test_a_sweep_is_taken_back_as_a_whole(
    expected: set,
    everything: Everything,
    bank: Bank,
    lea: User,
    ana: User,
    at_once: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("moderation.reverting.PHOTOS_AT_ONCE", 7)
    removed, approved, other, *rest = sorted(expected)
    minor = Policy.objects.create(slug="minor", name="Minor", severity=1)
    also = Bank.objects.create(policy=minor, name="Also")
    make_review(Image.objects.get(pk=other), minor)
    own = make_flag(Image.objects.get(pk=other), also)
    sweep = run(sweeping.start(bank=bank, started_by=lea))
    decide(Review.objects.get(image=removed), ana, "remove", bank.policy)
    decide(Review.objects.get(image=approved), ana)
    sweep = run(sweeping.revert(sweep_id=sweep.pk, actor=lea))
    assert sweep.status == SweepStatus.REVERTED
    assert statuses(rest) == {Status.LIVE}
    closed = Review.objects.filter(image__in=rest)
    assert set(closed.values_list("status", flat=True)) == {ReviewStatus.WITHDRAWN}
    assert statuses([removed]) == {Status.REMOVED}
    assert statuses([approved]) == {Status.LIVE}
    assert statuses([other]) == {Status.HELD}
    assert Review.objects.get(image=other).status == ReviewStatus.OPEN
    assert list(Flag.objects.standing().filter(image=other)) == [own]
    standing = set(sweep.flags.standing().values_list("image_id", flat=True))
    assert standing == {removed, approved}
    withdrawn = sweep.flags.filter(withdrawn_at__isnull=False)
    assert set(withdrawn.values_list("withdrawn_by", flat=True)) == {lea.pk}
    kept = sweep.hits.filter(reverted=False)
    assert set(kept.values_list("image_id", flat=True)) == {removed, approved}
    with pytest.raises(SweepRefused, match="already"):
        sweeping.revert(sweep_id=sweep.pk, actor=lea)


def test_it_can_be_swept_again_after_it_was_taken_back(
    expected: set, everything: Everything, bank: Bank, lea: User
) -> None:
    first = run(sweeping.start(bank=bank, started_by=lea))
    run(sweeping.revert(sweep_id=first.pk, actor=lea))
    again = run(sweeping.start(bank=bank, started_by=lea))
    assert flagged(again) == expected
    assert statuses(expected) == {Status.HELD}


def test_what_cannot_be_swept_is_refused_with_a_remedy(
    expected: set, everything: Everything, bank: Bank, policy: Policy, encoder: Encoder
) -> None:
    def refusal(bank: Bank, **named: object) -> str:
        with pytest.raises(SweepRefused) as refused:
            sweeping.start(bank=bank, started_by=None, **named)  # type: ignore[arg-type]
        return str(refused.value)

    safe = Bank.objects.create(policy=policy, name="Toys", kind=BankKind.SAFE)
    empty = Bank.objects.create(policy=policy, name="Empty")
    off = Bank.objects.create(policy=policy, name="Off", is_enabled=False)
    assert "safe bank" in refusal(safe)
    assert "no enabled exemplar" in refusal(empty)
    assert "switched off" in refusal(off)
    add_vector(empty, encoder, everything.vectors[0])
    assert "not in Empty" in refusal(empty, exemplars=[bank.exemplars.all()[0]])
    Encoder.objects.update(is_active=False)
    assert "embedded" in refusal(bank)
    assert not Sweep.objects.exists()
