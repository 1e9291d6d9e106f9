"""A sweep whose worker is killed goes on where it was: nothing is lost and nothing done twice."""

import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from catalog import doorbell
from catalog.choices import Status
from catalog.models import Event, Image, Storefront
from moderation import sweeping
from moderation.choices import SweepStatus
from moderation.models import Bank, Flag, Policy, Review, Sweep
from tests.faults.background import Worker, wait_for
from tests.moderation.swept import Everything, add_vector, gap, make_encoder, make_photos

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

PHOTOS = 4_000
RATE = 300  # photos a second: slow enough to be killed in the middle


def test_a_sweep_survives_two_kills_and_a_pause(
    storefront: Storefront, background: Callable[[], Worker]
) -> None:
    encoder = make_encoder()
    make_photos(storefront, encoder, PHOTOS)
    everything = Everything.read()
    vectors = [everything.vectors[1], everything.vectors[2000]]
    scores = everything.best(vectors)
    policy = Policy.objects.create(slug="arms", name="Arms")
    threshold = gap(scores, 400)
    bank = Bank.objects.create(
        policy=policy, name="Arms", hold_threshold=threshold, hash_distance=None
    )
    for vector in vectors:
        add_vector(bank, encoder, vector)
    expected = everything.at(scores >= threshold)
    lea = User.objects.create(username="lea")

    worker = background()
    sweep = sweeping.start(bank=bank, started_by=lea, rate=RATE)

    def at(status: SweepStatus, least: int = 0) -> Callable[[], bool]:
        found = Sweep.objects.filter(pk=sweep.pk, status=status)
        return found.filter(scanned__gte=least).exists

    for least in (500, 1_500):
        wait_for(at(SweepStatus.RUNNING, least), f"{least} photos", worker)
        worker.kill()
        worker.wait()
        sweep.refresh_from_db()
        assert sweep.scanned < PHOTOS, "killed too late to prove anything"
        worker = background()
        doorbell.ring(sweeping.SWEEP)  # as beat does
    sweeping.pause(sweep_id=sweep.pk)
    sweep.refresh_from_db()
    paused_at = sweep.scanned
    time.sleep(1.5)  # a chunk is due every second
    sweep.refresh_from_db()
    assert (sweep.status, sweep.scanned) == (SweepStatus.PAUSED, paused_at)
    sweeping.resume(sweep_id=sweep.pk)
    wait_for(at(SweepStatus.DONE), "the end", worker)

    sweep.refresh_from_db()
    assert set(sweep.flags.values_list("image_id", flat=True)) == expected
    assert Flag.objects.count() == sweep.hits.count() == Review.objects.count() == len(expected)
    assert (sweep.scanned, sweep.matched, sweep.held) == (PHOTOS, len(expected), len(expected))
    held = Image.objects.filter(status=Status.HELD)
    assert set(held.values_list("pk", flat=True)) == expected
    assert Event.objects.filter(kind="held").count() == len(expected)

    sweeping.revert(sweep_id=sweep.pk, actor=lea)
    wait_for(at(SweepStatus.REVERTING), "the sweep to be taken back", worker)
    worker.kill()
    worker.wait()
    worker = background()
    doorbell.ring(sweeping.SWEEP)
    wait_for(at(SweepStatus.REVERTED), "the sweep to be taken back", worker)
    assert not Image.objects.exclude(status=Status.LIVE).exists()
    assert Event.objects.filter(kind="withdrawn").count() == 2 * len(expected)
