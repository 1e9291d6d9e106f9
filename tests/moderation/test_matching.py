"""The matcher: exact, current, and the same answer every time."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog import pipeline
from catalog.batch import Batch, Item
from catalog.choices import Status
from catalog.encoders import LoadedEncoder
from catalog.models import Encoder, Event, Image
from moderation import banks, matching
from moderation.choices import BankKind, MatchKind, ModerationEvent, Outcome
from moderation.matching import Match
from moderation.models import Bank, BankThreshold, Exemplar, Flag, Policy, Review
from moderation.parts import stored
from moderation.screening import ScreenImages
from tests.conftest import Picture
from tests.moderation.banking import known, unit

pytestmark = pytest.mark.django_db

Process = Callable[[], pipeline.Drained]
Upload = Callable[..., Image]
NO_HASH = np.zeros((1, 256), dtype=bool)


@pytest.fixture
def bank(policy: Policy) -> Bank:
    return Bank.objects.create(policy=policy, name="Known", hold_threshold=0.9, hash_distance=None)


@pytest.fixture
def safe(bank: Bank) -> Bank:
    return Bank.objects.create(
        policy=bank.policy,
        name="Toys",
        kind=BankKind.SAFE,
        hold_threshold=0.8,
        veto_margin=0.05,
        hash_distance=None,
    )


def one(encoder: LoadedEncoder, vector: np.ndarray) -> list[Match]:
    """The matches of one photo without a hash."""
    found = matching.build(encoder).matches(vector[None], NO_HASH, np.zeros(1, int))
    return found[0]


def batch_of(encoder: LoadedEncoder, *photos: tuple[Image, np.ndarray]) -> Batch:
    return Batch([Item(image, vector) for image, vector in photos], encoder)


# --- what others got wrong ---


def test_a_bank_of_one_matches(
    bank: Bank, upload: Upload, picture: Picture, process: Process
) -> None:
    exemplar = banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    photo = upload(picture("handgun", 1))
    process()
    assert Exemplar.objects.count() == 1
    assert Flag.objects.get().exemplar_id == exemplar.pk
    photo.refresh_from_db()
    assert photo.status == Status.HELD


def test_an_emptied_bank_matches_nothing(
    bank: Bank, upload: Upload, picture: Picture, process: Process
) -> None:
    bank.hash_distance = 31
    bank.save()
    banks.disable_exemplar(exemplar=banks.add_exemplar(bank=bank, data=picture("handgun", 1)))
    photo = upload(picture("handgun", 1))
    process()
    photo.refresh_from_db()
    assert photo.status == Status.LIVE
    assert not Flag.objects.exists()
    assert not Review.objects.exists()


def test_an_emptied_bank_beside_full_ones_shifts_no_rows(
    bank: Bank, encoder: LoadedEncoder
) -> None:
    emptied = Bank.objects.create(policy=bank.policy, name="Emptied", hold_threshold=0.1)
    last = Bank.objects.create(policy=bank.policy, name="Last", hold_threshold=0.9)
    size = encoder.row.dimension
    first = known(bank, encoder, unit(1.0, dimension=size))
    second = known(last, encoder, unit(0.0, 1.0, dimension=size))
    for vector, owner, exemplar in (
        (unit(1.0, dimension=size), bank, first),
        (unit(0.0, 1.0, dimension=size), last, second),
    ):
        (match,) = one(encoder, vector)
        assert (match.bank, match.exemplar_id) == (owner, exemplar.pk)
    assert emptied in matching.build(encoder).banks


def test_a_flag_carries_both_metadata_and_distance(
    bank: Bank, upload: Upload, picture: Picture, process: Process, make_user: Callable[..., User]
) -> None:
    lea = make_user("lea", "lead")
    exemplar = banks.add_exemplar(
        bank=bank, data=picture("handgun", 1), note="Seized", source="Customs", added_by=lea
    )
    upload(picture("handgun", 1))
    process()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        flag = Flag.objects.select_related("exemplar__added_by", "encoder", "bank__policy").get()
        seen = (
            *(flag.score, flag.threshold, flag.kind, flag.bank_version),
            *(flag.exemplar.note, flag.exemplar.source, flag.exemplar.added_by, flag.exemplar.pk),
            *(flag.encoder.is_mini, flag.bank.policy.slug),
        )
    assert len(asked) == 1
    assert seen == (
        *(pytest.approx(1.0, abs=0.01), 0.9, MatchKind.EMBEDDING, bank.version),
        *("Seized", "Customs", lea, exemplar.pk),
        *(True, "arms"),
    )


def test_a_negative_bank_vetoes_and_says_so(
    bank: Bank, safe: Bank, upload: Upload, encoder: LoadedEncoder, picture: Picture
) -> None:
    size = encoder.row.dimension
    known(bank, encoder, unit(0.92, dimension=size))
    toy = known(safe, encoder, unit(0.98, dimension=size))
    photo = upload(picture("mug"))
    stage = ScreenImages()
    with transaction.atomic():
        batch = batch_of(encoder, (photo, unit(1.0, dimension=size)))
        stage.process(batch)
    assert batch.items[0].verdict == Status.LIVE
    flag = Flag.objects.get()
    assert (flag.outcome, flag.vetoed_by_id) == (Outcome.VETOED, toy.pk)
    assert (flag.score, flag.veto_score) == (
        pytest.approx(0.92, abs=1e-3),
        pytest.approx(0.98, abs=1e-3),
    )
    event = Event.objects.get(kind=ModerationEvent.VETOED)
    assert event.summary == "Arms: 0.92 in Known (vetoed by a safe exemplar)"
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    ("violating", "near", "vetoed"),
    [(0.92, 0.975, True), (0.92, 0.96, False), (0.91, 0.79, False), (0.99, 0.99, False)],
)
def test_a_veto_asks_for_threshold_and_margin(
    violating: float, near: float, vetoed: bool, bank: Bank, safe: Bank
) -> None:
    against = Match(bank, banks.Limits(0.9), MatchKind.EMBEDDING, known(bank).pk, violating)
    other = Match(safe, banks.Limits(0.8), MatchKind.EMBEDDING, known(safe).pk, near)
    matches = [against, other] if near >= 0.8 else [against]  # below, the matcher names none
    found = matching.veto(matches, policy_id=bank.policy_id, against=against)
    assert (found == other) is vetoed


def test_a_safe_bank_of_another_policy_vetoes_nothing(bank: Bank) -> None:
    elsewhere = Policy.objects.create(slug="other", name="Other")
    safe = Bank.objects.create(policy=elsewhere, name="Toys", kind=BankKind.SAFE)
    against = Match(bank, banks.Limits(0.9), MatchKind.EMBEDDING, known(bank).pk, 0.91)
    other = Match(safe, banks.Limits(0.8), MatchKind.EMBEDDING, known(safe).pk, 1.0)
    assert matching.veto([against, other], policy_id=bank.policy_id, against=against) is None


# --- exact ---


def test_every_match_that_brute_force_finds_is_found(
    policy: Policy, encoder: LoadedEncoder
) -> None:
    random = np.random.default_rng(3)
    size = encoder.row.dimension
    centres = random.normal(size=(4, size))

    def near(count: int) -> np.ndarray:
        around = centres[random.integers(4, size=count)]
        vectors = around + random.normal(size=(count, size)) * 0.7
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    made: dict[int, tuple[Bank, list[Exemplar], np.ndarray]] = {}
    for number, count in enumerate((1, 0, 40, 7)):
        bank = Bank.objects.create(policy=policy, name=str(number), hold_threshold=0.66)
        vectors = near(count)
        made[bank.pk] = (bank, [known(bank, encoder, v) for v in vectors], vectors)
    photos = near(64)
    found = matching.build(encoder).matches(photos, np.zeros((64, 256), bool), np.zeros(64, int))
    expected = 0
    for photo, matches in zip(photos, found, strict=True):
        by_bank = {match.bank.pk: match for match in matches}
        for key, (_, exemplars, vectors) in made.items():
            scores = stored(vectors) @ stored(photo)
            if not len(scores) or scores.max() < 0.66:
                assert key not in by_bank
                continue
            expected += 1
            assert by_bank[key].exemplar_id == exemplars[int(scores.argmax())].pk
            assert by_bank[key].score == pytest.approx(scores.max(), abs=1e-6)
    assert 20 < expected < 192  # some match, some do not


def test_what_was_built_before_is_used_again_for_banks_that_did_not_change(
    bank: Bank, encoder: LoadedEncoder
) -> None:
    other = Bank.objects.create(policy=bank.policy, name="Other")
    size = encoder.row.dimension
    known(bank, encoder, unit(1.0, dimension=size))
    known(other, encoder, unit(1.0, dimension=size))
    before = matching.build(encoder)
    known(other, encoder, unit(0.0, 1.0, dimension=size))
    banks.touch(other)
    after = matching.build(encoder, before=before)
    assert after.parts[bank.pk] is before.parts[bank.pk]
    assert len(before.parts[other.pk].vector_ids) == 1
    assert len(after.parts[other.pk].vector_ids) == 2
    assert len(after.vectors.ids) == 3


@pytest.mark.parametrize("count", [1, 12])
def test_building_costs_the_same_queries_however_many_banks(
    count: int, policy: Policy, encoder: LoadedEncoder, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        bank = Bank.objects.create(policy=policy, name=str(number))
        known(bank, encoder, unit(1.0, dimension=encoder.row.dimension))
    with django_assert_num_queries(4):
        matching.build(encoder)
    with django_assert_num_queries(2):
        matching.state()


# --- thresholds ---


def test_the_latest_thresholds_of_an_encoder_come_before_the_banks_own(
    bank: Bank, encoder: LoadedEncoder, make_user: Callable[..., User]
) -> None:
    lea = make_user("lea", "lead")
    bank.remove_threshold = 0.99
    bank.save()
    other = Encoder.objects.create(
        name="other", fingerprint="o", dimension=3, scoring="softmax", logit_scale=1.0
    )
    assert banks.thresholds_of(bank, encoder.row) == banks.Limits(0.9, 0.99)
    at = timezone.now()
    for hold, remove, when in ((0.5, None, 0), (0.6, 0.8, 2), (0.7, 0.7, 1)):
        BankThreshold.objects.create(
            bank=bank,
            encoder=encoder.row,
            hold=hold,
            remove=remove,
            author=lea,
            created_at=at + timedelta(seconds=when),
        )
    assert banks.thresholds_of(bank, encoder.row) == banks.Limits(0.6, 0.8)
    assert banks.thresholds_of(bank, other) == banks.Limits(0.9, 0.99)

    size = encoder.row.dimension
    known(bank, encoder, unit(1.0, dimension=size))
    (match,) = one(encoder, unit(0.65, dimension=size))
    assert match.limits == banks.Limits(0.6, 0.8)
    assert one(encoder, unit(0.55, dimension=size)) == []


def test_a_safe_bank_never_removes(
    safe: Bank, encoder: LoadedEncoder, make_user: Callable[..., User]
) -> None:
    BankThreshold.objects.create(
        bank=safe, encoder=encoder.row, hold=0.5, remove=0.9, author=make_user("lea", "lead")
    )
    assert banks.thresholds_of(safe, encoder.row) == banks.Limits(0.5, None)


# --- current ---


@pytest.mark.parametrize(("enabled", "hours", "matches"), [
    (True, None, True), (True, 1, True), (True, -1, False),
    (False, None, False), (False, 1, False), (False, -1, True),
])  # fmt: skip
def test_a_bank_switches_by_itself(
    enabled: bool, hours: int | None, matches: bool, bank: Bank, encoder: LoadedEncoder
) -> None:
    bank.is_enabled = enabled
    bank.switches_at = None if hours is None else timezone.now() + timedelta(hours=hours)
    bank.save()
    vector = unit(1.0, dimension=encoder.row.dimension)
    known(bank, encoder, vector)
    assert bool(one(encoder, vector)) is matches


def test_the_state_notices_the_hour_at_which_a_bank_switches(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    bank.switches_at = now + timedelta(hours=1)
    bank.save()
    before = matching.state()
    assert matching.state() == before
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(hours=2))
    assert matching.state() != before


@pytest.mark.parametrize(
    "change",
    [
        {"is_enabled": False}, {"hold_threshold": 0.5}, {"remove_threshold": 0.99},
        {"hash_distance": 3}, {"veto_margin": 0.5}, {"sample_rate": 0.5}, {"sample_seed": 5},
        {"version": 9}, {"quarantined_at": timezone.now()},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_the_state_covers_the_bank(change: dict[str, Any], bank: Bank) -> None:
    before = matching.state()
    Bank.objects.update(**change)
    assert matching.state() != before


@pytest.mark.parametrize(
    "change",
    [{"is_enabled": False}, {"version": 2}, {"prompt_threshold": 0.5}, {"severity": 4}],
    ids=lambda change: next(iter(change)),
)
def test_the_state_covers_the_policy(change: dict[str, Any], policy: Policy) -> None:
    before = matching.state()
    Policy.objects.update(**change)
    assert matching.state() != before


def test_a_change_between_prepare_and_commit_counts(
    bank: Bank, upload: Upload, picture: Picture, encoder: LoadedEncoder
) -> None:
    photo = upload(picture("mug"))
    vector = unit(1.0, dimension=encoder.row.dimension)
    stage = ScreenImages()
    stage.prepare(encoder)
    exemplar = known(bank, encoder, vector)
    banks.touch(bank)
    with transaction.atomic():
        stage.process(batch_of(encoder, (photo, vector)))
    flag = Flag.objects.get()
    assert (flag.exemplar_id, flag.bank_version) == (exemplar.pk, bank.version)


@pytest.mark.django_db(transaction=True)
def test_a_bank_changes_only_after_the_batch_that_was_screened_with_it(
    bank: Bank, upload: Upload, picture: Picture, encoder: LoadedEncoder
) -> None:
    """After `touch` has committed, no photo can appear that was matched with the older bank."""
    photo = upload(picture("mug"))
    order: list[str] = []

    def change() -> None:
        banks.touch(Bank.objects.get(pk=bank.pk))
        order.append("touched")
        connection.close()

    def another() -> None:
        Bank.objects.create(policy=bank.policy, name="Another")
        order.append("created")
        connection.close()

    changes = [threading.Thread(target=change), threading.Thread(target=another)]
    with transaction.atomic():
        ScreenImages().process(
            batch_of(encoder, (photo, unit(1.0, dimension=encoder.row.dimension)))
        )
        for thread in changes:
            thread.start()
        for _ in range(200):
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0] == 2:
                    break
            threading.Event().wait(0.02)
        else:
            pytest.fail("Nobody waits for the batch.")
        order.append("committed")
    for thread in changes:
        thread.join(20)
    assert order[0] == "committed"
    assert sorted(order[1:]) == ["created", "touched"]


@pytest.mark.django_db(transaction=True)
def test_a_bank_that_is_locked_for_a_change_does_not_deadlock_with_a_batch_that_flags(
    bank: Bank, upload: Upload, picture: Picture, encoder: LoadedEncoder
) -> None:
    vector = unit(1.0, dimension=encoder.row.dimension)
    known(bank, encoder, vector)
    photo = upload(picture("mug"))
    errors: list[Exception] = []
    locked, go = threading.Event(), threading.Event()

    def change() -> None:
        try:
            with transaction.atomic():
                mine = Bank.objects.select_for_update().get(pk=bank.pk)
                locked.set()
                go.wait(20)
                banks.touch(mine)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=change)
    thread.start()
    locked.wait(20)
    threading.Timer(0.3, go.set).start()
    with transaction.atomic():
        ScreenImages().process(batch_of(encoder, (photo, vector)))
    thread.join(20)
    assert errors == []
    assert Flag.objects.get().bank_version == 2  # the change came first, so it counted


# --- sampling ---


def test_a_sample_is_drawn_alike_every_time_and_has_its_share(bank: Bank) -> None:
    bank.sample_rate, bank.sample_seed = 0.3, 7
    digests = [f"{number:064x}" for number in range(4_000)]
    drawn = [digest for digest in digests if matching.sampled(bank, digest)]
    assert drawn == [digest for digest in digests if matching.sampled(bank, digest)]
    assert len(drawn) == pytest.approx(1_200, abs=120)

    bank.sample_seed = 8
    assert [digest for digest in digests if matching.sampled(bank, digest)] != drawn
    bank.sample_seed, bank.sample_rate = 7, 0.6
    assert set(drawn) < {digest for digest in digests if matching.sampled(bank, digest)}
    bank.sample_rate = 1.0
    assert all(matching.sampled(bank, digest) for digest in digests)


def test_a_match_outside_the_sample_is_recorded_and_holds_nothing(
    bank: Bank, upload: Upload, picture: Picture, process: Process
) -> None:
    bank.sample_rate = 1e-9
    bank.save()
    banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    photo = upload(picture("handgun", 1))
    process()
    photo.refresh_from_db()
    assert photo.status == Status.LIVE
    flag = Flag.objects.get()
    assert (flag.outcome, flag.threshold) == (Outcome.UNSAMPLED, 0.9)
    assert not Flag.objects.standing().exists()
    assert not Review.objects.exists()
    event = Event.objects.get(kind=ModerationEvent.UNSAMPLED)
    assert event.summary == f"Arms: {flag.score:.2f} in Known (outside the bank's sample)"
    assert not Event.objects.filter(kind=ModerationEvent.FLAGGED).exists()
