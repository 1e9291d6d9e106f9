"""Whoever delivers webhooks is killed, over and over, in the middle of a request, and the receiver
fails now and then: every event arrives, signed, in order per photo, and duplicates are the same.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from catalog import doorbell, endpoints, webhooks
from catalog.choices import DeliveryState, Occurrence
from catalog.models import Delivery, Storefront, WebhookEndpoint, WebhookEvent
from tests.catalog.test_delivering import photo_of
from tests.faults.background import Starter, wait_for, worker_on
from tests.receiver import Received, Receiver, is_signed, receiving

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

PHOTOS = 20
STORY = (Occurrence.IMAGE_HELD, Occurrence.DECISION_EFFECTIVE, Occurrence.IMAGE_LIVE)
KILLED_DURING = (5, 37)  # these requests, counted as they arrive
FAILS_EVERY = 11


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def deliverer(tmp_path: Path, shop: Receiver) -> Iterator[Starter]:
    """Starts a real Celery worker on the webhooks queue, as often as it is called."""
    opened = {
        "VITRINE_WEBHOOK_SCHEMES": "http",
        "VITRINE_WEBHOOK_PORTS": str(shop.port),
        "VITRINE_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }
    yield from worker_on("webhooks", tmp_path, opened)


def test_every_event_arrives_whoever_is_killed(
    storefront: Storefront, shop: Receiver, deliverer: Starter, settings: object
) -> None:
    settings.VITRINE_WEBHOOK_SCHEMES = ["http"]  # type: ignore[attr-defined]
    settings.VITRINE_WEBHOOK_PORTS = [shop.port]  # type: ignore[attr-defined]
    endpoint = endpoints.make(storefront=storefront, url=shop.url())
    for image in [photo_of(storefront) for _ in range(PHOTOS)]:
        for kind in STORY:
            webhooks.emit(image=image, kind=kind)
    under_way = threading.Semaphore(0)
    accepted: list[str] = []

    def answer(received: Received, number: int) -> int | None:
        if number in KILLED_DURING:
            under_way.release()
            return None
        if number % FAILS_EVERY == 0:
            return 500
        accepted.append(received.id)
        return 204

    shop.answer = answer
    for _ in KILLED_DURING:
        worker = deliverer()
        _carry_on()
        wait_for(lambda: under_way.acquire(blocking=False), "a request to be under way", worker)
        worker.kill()
        worker.wait()
        assert len(set(accepted)) < PHOTOS * len(STORY), "killed too late to prove anything"
    worker = deliverer()
    _carry_on()
    waiting = Delivery.objects.filter(state=DeliveryState.WAITING)
    wait_for(lambda: _is_over(waiting.exists()), "the end", worker)

    assert set(accepted) == {str(event.pk) for event in WebhookEvent.objects.all()}
    assert len(set(accepted)) == PHOTOS * len(STORY)
    assert all(is_signed(received, endpoint.secret) for received in shop.got)
    bodies, by_photo = defaultdict(set), defaultdict(list)
    for received in shop.got:
        bodies[received.id].add(received.body)
        by_photo[received.event["data"]["id"]].append(received.event["sequence"])
    assert {len(same) for same in bodies.values()} == {1}
    assert len(by_photo) == PHOTOS
    for sequences in by_photo.values():
        assert sequences == sorted(sequences)
        assert len(set(sequences)) == len(STORY)
    hung = [shop.got[number - 1].id for number in KILLED_DURING]
    assert all([each.id for each in shop.got].count(message) > 1 for message in hung)


def _carry_on() -> None:
    """As if leases and pauses were over, and beat came round."""
    now = timezone.now()
    Delivery.objects.filter(state=DeliveryState.WAITING).update(
        next_attempt_at=now, lease_expires_at=now
    )
    WebhookEndpoint.objects.update(open_until=None)
    doorbell.ring(webhooks.TASK)


def _is_over(waits: bool) -> bool:
    now = timezone.now()
    due = Delivery.objects.filter(state=DeliveryState.WAITING, lease_token=None)
    if due.filter(next_attempt_at__gt=now).update(next_attempt_at=now):
        doorbell.ring(webhooks.TASK)
    return not waits
