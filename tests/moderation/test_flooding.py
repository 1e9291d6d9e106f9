"""A bank that floods the queue is quarantined: its photos stay held, others are not buried."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from catalog.batch import Batch, Item
from catalog.choices import Status
from catalog.encoders import LoadedEncoder
from catalog.models import Image
from catalog.publishing import PublishImages
from moderation import banks, flooding, reviewing
from moderation.choices import BankKind, Outcome, Queue
from moderation.models import Bank, BankTraffic, Flag, Notice, Policy, Review
from moderation.screening import ScreenImages
from tests.conftest import Picture
from tests.moderation.banking import known, unit

pytestmark = pytest.mark.django_db

Upload = Callable[..., Image]
NOON = datetime(2031, 5, 4, 12, 20, tzinfo=timezone.get_default_timezone())


@pytest.fixture
def bank(policy: Policy, encoder: LoadedEncoder) -> Bank:
    """Holds photos of the first direction."""
    bank = Bank.objects.create(policy=policy, name="Flooding", hold_threshold=0.9)
    known(bank, encoder, unit(1.0, dimension=encoder.row.dimension))
    return bank


@pytest.fixture
def calm(policy: Policy, encoder: LoadedEncoder) -> Bank:
    """Holds photos of the second direction."""
    bank = Bank.objects.create(policy=policy, name="Calm", hold_threshold=0.9)
    known(bank, encoder, unit(0.0, 1.0, dimension=encoder.row.dimension))
    return bank


@pytest.fixture
def screen(
    upload: Upload,
    picture: Picture,
    encoder: LoadedEncoder,
    django_capture_on_commit_callbacks: Any,
) -> Callable[..., list[Image]]:
    """Screen and publish one new photo per vector, as one batch that commits."""
    stage, count = ScreenImages(), iter(range(1000))

    def run(*vectors: np.ndarray) -> list[Image]:
        photos = [upload(picture("mug", next(count), size=32)) for _ in vectors]
        with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
            batch = Batch([Item(*each) for each in zip(photos, vectors, strict=True)], encoder)
            stage.prepare(encoder)
            stage.process(batch)
            PublishImages().process(batch)
        for photo in photos:
            photo.refresh_from_db()
        return photos

    return run


Screen = Callable[..., list[Image]]


@pytest.fixture
def directions(encoder: LoadedEncoder) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors the flooding bank, the calm bank and no bank holds."""
    size = encoder.row.dimension
    return unit(1.0, dimension=size), unit(0.0, 1.0, dimension=size), unit(0.0, 0.0, dimension=size)


Directions = tuple[np.ndarray, np.ndarray, np.ndarray]


def traffic(bank: Bank, *, hours_ago: int, screened: int, held: int, at: datetime = NOON) -> None:
    hour = (at - timedelta(hours=hours_ago)).replace(minute=0, second=0, microsecond=0)
    BankTraffic.objects.create(bank=bank, hour=hour, screened=screened, held=held)


# --- counting ---


def test_a_batch_is_counted_for_every_violating_bank(
    bank: Bank, calm: Bank, screen: Screen, directions: Directions
) -> None:
    Bank.objects.create(policy=bank.policy, name="Safe", kind=BankKind.SAFE)
    Bank.objects.create(policy=bank.policy, name="Off", is_enabled=False)
    flood, _, harmless = directions
    screen(flood, harmless, harmless)
    screen(flood, flood)
    rows = set(BankTraffic.objects.values_list("bank__name", "screened", "held"))
    assert rows == {("Flooding", 5, 3), ("Calm", 5, 0)}


def test_a_photo_counts_once_whatever_matched_and_only_what_stands(
    bank: Bank, screen: Screen, directions: Directions
) -> None:
    known(bank, pdq=np.zeros(256, bool))
    Bank.objects.update(sample_rate=1e-9)
    screen(directions[0])
    assert BankTraffic.objects.get().held == 0  # outside the sample
    Bank.objects.update(sample_rate=1.0)
    screen(directions[0])
    assert BankTraffic.objects.get().held == 1


@pytest.mark.django_db(transaction=True)
def test_a_count_that_fails_costs_no_photo(
    bank: Bank, screen: Screen, directions: Directions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flooding, "ADD", "SELECT 1 / 0 -- %s %s %s %s")
    held, live = screen(directions[0], directions[2])
    assert (held.status, live.status) == (Status.HELD, Status.LIVE)
    assert Review.objects.get().image_id == held.pk
    assert not BankTraffic.objects.exists()


# --- what a flood is ---


@pytest.mark.parametrize(
    ("usual", "recent", "flooded"),
    [
        ((0, 0), (100, 20), True),  # new, and a fifth of everything
        ((0, 0), (100, 19), False),  # too few to say
        ((0, 0), (1_000, 40), False),  # new, within five times the one in a hundred expected
        ((0, 0), (1_000, 60), True),
        ((100_000, 100), (10_000, 60), True),  # usually 0.1 %, now 0.6 %
        ((100_000, 100), (10_000, 40), False),
        ((100_000, 30_000), (1_000, 500), False),  # usually a third: half is not five times that
        ((100_000, 30_000), (1_000, 900), True),
        ((100_000, 90_000), (1_000, 1_000), True),  # all of them is more than nine in ten
        ((100_000, 90_000), (1_000, 950), False),
    ],
)
def test_what_is_far_beyond_the_usual_share(
    usual: tuple[int, int], recent: tuple[int, int], flooded: bool, bank: Bank
) -> None:
    traffic(bank, hours_ago=30, screened=usual[0], held=usual[1])
    traffic(bank, hours_ago=1, screened=recent[0] // 2, held=recent[1] // 2)
    traffic(bank, hours_ago=0, screened=recent[0] - recent[0] // 2, held=recent[1] - recent[1] // 2)
    traffic(bank, hours_ago=24 * 8, screened=1_000_000, held=1_000_000)  # forgotten
    assert bool(flooding.flooded(bank, NOON)) is flooded


def test_the_reason_names_the_numbers(bank: Bank) -> None:
    traffic(bank, hours_ago=30, screened=9_000, held=190)
    traffic(bank, hours_ago=0, screened=1_200, held=600)
    assert flooding.flooded(bank, NOON) == (
        "Held 600 of 1,200 photos (50%) within two hours, far beyond its usual 2.0%. What it "
        "holds now waits in a queue of its own."
    )


def test_the_settings_move_the_limit(bank: Bank, settings: Any) -> None:
    traffic(bank, hours_ago=0, screened=100, held=20)
    assert flooding.flooded(bank, NOON)
    settings.VITRINE_FLOOD_MINIMUM = 21
    assert not flooding.flooded(bank, NOON)
    settings.VITRINE_FLOOD_MINIMUM = 20
    settings.VITRINE_FLOOD_FACTOR = 100.0
    assert not flooding.flooded(bank, NOON)


# --- quarantine, through screening ---


def test_a_flood_is_quarantined_held_and_kept_apart(
    bank: Bank,
    calm: Bank,
    screen: Screen,
    directions: Directions,
    caplog: pytest.LogCaptureFixture,
    settings: Any,
) -> None:
    settings.VITRINE_FLOOD_MINIMUM = 4
    flood, other, harmless = directions
    version = bank.version
    early = screen(flood, flood, flood)
    bank.refresh_from_db()
    assert bank.quarantined_at is None

    with caplog.at_level(logging.WARNING, "moderation.flooding"):
        early += screen(flood)
    bank.refresh_from_db()
    calm.refresh_from_db()
    assert bank.quarantined_at is not None
    assert bank.quarantine_reason.startswith("Held 4 of 4 photos (100%) within two hours")
    assert bank.version == version + 1
    assert calm.quarantined_at is None
    notice = Notice.objects.get()
    assert (notice.bank, notice.settled_at) == (bank, None)
    assert notice.text.startswith("Arms ▸ Flooding is in quarantine. Held 4 of 4 photos")
    assert "is in quarantine" in caplog.text

    late, urgent, fine = screen(flood, other, harmless)
    assert {photo.status for photo in [*early, late, urgent]} == {Status.HELD}
    assert fine.status == Status.LIVE
    queues = dict(Review.objects.values_list("image_id", "queue"))
    assert queues == {
        **{photo.pk: Queue.FIRST for photo in early},  # they stay where they were
        late.pk: Queue.FLOOD,
        urgent.pk: Queue.FIRST,  # another bank's photos are not buried
    }
    flags = dict(Flag.objects.values_list("image_id", "quarantined"))
    assert flags == {**{p.pk: False for p in early}, late.pk: True, urgent.pk: False}
    assert Notice.objects.count() == 1  # said once


def test_a_photo_that_another_bank_holds_too_waits_in_the_first_queue(
    bank: Bank, calm: Bank, screen: Screen, encoder: LoadedEncoder
) -> None:
    flooding.quarantine(bank=bank, reason="Too many.")
    Bank.objects.filter(pk__in=(bank.pk, calm.pk)).update(hold_threshold=0.6)
    (photo,) = screen(unit(0.7, 0.7, dimension=encoder.row.dimension))
    assert Flag.objects.filter(image=photo).count() == 2
    assert Review.objects.get().queue == Queue.FIRST


def test_a_bank_in_quarantine_removes_nothing(
    bank: Bank, screen: Screen, directions: Directions
) -> None:
    Bank.objects.filter(pk=bank.pk).update(remove_threshold=0.95)
    (removed,) = screen(directions[0])
    assert (removed.status, Flag.objects.get().outcome) == (Status.REMOVED, Outcome.REMOVE)
    flooding.quarantine(bank=bank, reason="Too many.")
    (held,) = screen(directions[0])
    flag = Flag.objects.get(image=held)
    assert (held.status, flag.outcome, flag.threshold) == (Status.HELD, Outcome.HOLD, 0.9)
    assert Review.objects.get(image=held).queue == Queue.FLOOD


def test_quarantining_twice_says_it_once(bank: Bank) -> None:
    assert flooding.quarantine(bank=bank, reason="First.") is True
    assert flooding.quarantine(bank=bank, reason="Second.") is False
    bank.refresh_from_db()
    assert (bank.quarantine_reason, Notice.objects.count()) == ("First.", 1)


# --- lifting ---


def test_lifting_brings_its_reviews_to_the_first_queue(
    bank: Bank,
    calm: Bank,
    screen: Screen,
    directions: Directions,
    make_user: Callable[..., User],
) -> None:
    lea, ana = make_user("lea", "lead"), make_user("ana", "moderator")
    for each in (bank, calm):
        flooding.quarantine(bank=each, reason="Too many.")
    flood, other, _ = directions
    waiting, looked_at, kept = screen(flood, flood, other)
    claimed = Review.objects.get(image=looked_at)
    reviewing.claim(review_id=claimed.pk, moderator=ana)
    before = Review.objects.get(image=waiting).version

    assert flooding.lift(bank=bank, actor=lea) == 1
    assert (bank.quarantined_at, bank.quarantine_reason) == (None, "")
    queues = dict(Review.objects.values_list("image_id", "queue"))
    assert queues == {
        waiting.pk: Queue.FIRST,
        looked_at.pk: Queue.FLOOD,
        kept.pk: Queue.FLOOD,
    }
    assert Review.objects.get(image=waiting).version == before + 1  # open screens are stale
    settled = Notice.objects.get(bank=bank)
    assert (settled.settled_by, settled.settled_at is not None) == (lea, True)
    assert Notice.objects.get(bank=calm).settled_at is None
    assert set(Image.objects.values_list("status", flat=True)) == {Status.HELD}  # nothing went live

    (after,) = screen(flood)
    assert Flag.objects.get(image=after).quarantined is False
    assert Review.objects.get(image=after).queue == Queue.FIRST


def test_what_a_lead_has_judged_is_not_held_against_the_bank_again(
    bank: Bank, make_user: Callable[..., User]
) -> None:
    lea = make_user("lea", "lead")
    now = timezone.now()
    traffic(bank, hours_ago=0, screened=100, held=90, at=now)
    assert flooding.flooded(bank, now)
    flooding.quarantine(bank=bank, reason="Too many.")
    flooding.lift(bank=bank, actor=lea)
    assert not flooding.flooded(bank, now)
    later = now + timedelta(hours=1)
    traffic(bank, hours_ago=0, screened=100, held=10, at=later)
    assert not flooding.flooded(bank, later)
    BankTraffic.objects.filter(held=10).update(held=90)
    assert flooding.flooded(bank, later)  # and it floods again


def test_lifting_what_is_not_in_quarantine_changes_no_review(
    bank: Bank, make_user: Callable[..., User]
) -> None:
    assert flooding.lift(bank=bank, actor=make_user("lea", "lead")) == 0
    assert bank.quarantined_at is None
    banks.touch(bank)
