"""What telling storefronts costs, and whether a dead shop delays a living one.

python -m benchmarks.webhooks [--events 1000] [--backlog 100000]

Runs in a database of its own, with a real HTTP server beside it. The peer of the second figure is
the same living shop in the same run, before there was a dead one beside it.
"""

from __future__ import annotations

import argparse
import os
import time
import uuid
from collections.abc import Callable
from ipaddress import ip_network

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

from django.db import connection
from django.test.utils import override_settings, setup_databases, teardown_databases
from django.utils import timezone

from benchmarks.photos import copy_images
from catalog import endpoints, outbox, webhooks
from catalog.choices import Occurrence
from catalog.delivering import Deliverer
from catalog.models import Delivery, Image, Storefront, WebhookEndpoint, WebhookEvent
from tests.receiver import Receiver, receiving

BATCH = 32


def seconds(of: Callable[[], object], times: int = 1) -> float:
    started = time.perf_counter()
    for _ in range(times):
        of()
    return (time.perf_counter() - started) / times


def emit(images: list[Image]) -> None:
    for at in range(0, len(images), BATCH):
        batch = images[at : at + BATCH]
        webhooks.emit_all([webhooks.Happening(image, Occurrence.IMAGE_LIVE) for image in batch])


def deliver(shop: Receiver, path: str, count: int) -> float:
    """Deliveries per second until `count` more have arrived at a path."""
    sender, before = Deliverer(), len(shop.at(path))
    started = time.perf_counter()
    while len(shop.at(path)) < before + count:
        sender.run(seconds=0.2)
    pace = count / (time.perf_counter() - started)
    shop.let_go.set()
    sender.finish()
    shop.let_go.clear()
    return pace


def backlog(endpoint: WebhookEndpoint, count: int) -> None:
    """Deliveries that wait for an endpoint nobody asks."""
    now = timezone.now()
    events = [
        WebhookEvent(
            storefront=endpoint.storefront,
            image_id=uuid.uuid4(),
            kind=Occurrence.IMAGE_LIVE,
            sequence=number,
            body="{}",
        )
        for number in range(count)
    ]
    WebhookEvent.objects.bulk_create(events, batch_size=5_000)
    Delivery.objects.bulk_create(
        [
            Delivery(event=event, endpoint=endpoint, image_id=event.image_id, give_up_at=now)
            for event in events
        ],
        batch_size=5_000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_delivery")


def measure(events: int, waiting: int, shop: Receiver) -> None:
    living = Storefront.objects.create(name="Living", slug="living")
    dead = Storefront.objects.create(name="Dead", slug="dead")
    for shop_row in (living, dead):
        copy_images([uuid.uuid4() for _ in range(events)], [shop_row.pk] * events)
    mine, theirs = (list(Image.objects.filter(storefront=each)) for each in (living, dead))
    silent = seconds(lambda: emit(mine))
    endpoints.make(storefront=living, url=shop.url("/living"))
    told = seconds(lambda: emit(mine))
    batches = -(-events // BATCH)
    print(f"A batch of {BATCH}: {1000 * silent / batches:.1f} ms more where nobody listens,")
    print(f"  {1000 * told / batches:.1f} ms more with one endpoint")
    alone = deliver(shop, "/living", events)
    print(f"One endpoint that answers at once: {alone:.0f} deliveries/s")
    gone = endpoints.make(storefront=dead, url=shop.url("/dead"))
    emit(theirs)
    emit(mine)
    beside = deliver(shop, "/living", events)
    print(f"Beside one that hangs, {events:,} waiting: {beside:.0f}/s ({beside / alone:.2f} times)")
    endpoints.pause(endpoint=gone)
    claim = 1000 * seconds(lambda: outbox.claim(limit=64, busy={}), 20)
    backlog(gone, waiting)
    endpoints.resume(endpoint=gone)
    crowded = 1000 * seconds(lambda: outbox.claim(limit=64, busy={}), 20)
    print(
        f"A claim that finds nothing: {claim:.1f} ms; one of {waiting:,} waiting: {crowded:.1f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000)
    parser.add_argument("--backlog", type=int, default=100_000)
    options = parser.parse_args()
    databases = setup_databases(verbosity=0, interactive=False, aliases={"default"})
    try:
        with receiving() as shop:
            shop.answer = lambda received, number: None if received.path == "/dead" else 204
            opened = {
                "VITRINE_WEBHOOK_SCHEMES": ["http"],
                "VITRINE_WEBHOOK_PORTS": [shop.port],
                "VITRINE_WEBHOOK_NETWORKS": [ip_network("127.0.0.0/8")],
            }
            with override_settings(**opened):
                measure(options.events, options.backlog, shop)
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main()
