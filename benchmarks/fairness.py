"""Two hundred shops with ten thousand photos each: what does taking them in turn cost?

python -m benchmarks.fairness [--shops 200] [--photos 10000] [--claims 100]

Runs in a database of its own. The peer, in the same run and on the same rows, is a queue that
knows no shops: lock the oldest rows and pass over those that others hold. Both lease a batch and
give it back. Then one more shop sends a single photo, and the batches until it is in one are
counted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone

from benchmarks.photos import copy_images
from catalog import claiming
from catalog.choices import Status
from catalog.models import Image, Storefront

BATCH = 32
Claim = Callable[[], tuple[uuid.UUID, list[Image]]]


def in_turn() -> tuple[uuid.UUID, list[Image]]:
    return claiming.claim(limit=BATCH)


def oldest_first() -> tuple[uuid.UUID, list[Image]]:
    """The peer: as it was before shops took turns."""
    token, now = uuid.uuid4(), timezone.now()
    with transaction.atomic():
        waiting = Image.objects.awaiting_worker(now).select_for_update(skip_locked=True)
        waiting.first()  # is it a suspect?
        images = list(waiting.filter(attempts__lt=claiming.SUSPECT_AFTER)[:BATCH])
        Image.objects.filter(pk__in=[image.pk for image in images]).update(
            lease_token=token,
            lease_expires_at=now + timedelta(seconds=settings.VITRINE_LEASE_SECONDS),
            attempts=F("attempts") + 1,
        )
    return token, images


def fill(shops: int, photos: int) -> None:
    """Pending photos, one shop's import after the other's."""
    made = Storefront.objects.bulk_create(
        Storefront(name=f"Shop {n}", slug=f"shop-{n}") for n in range(shops)
    )
    for number, shop in enumerate(made):
        copy_images([uuid.uuid4() for _ in range(photos)], [shop.pk] * photos)
        print(f"\r{number + 1} of {shops} shops", end="", flush=True)
    print()
    pending()


def pending() -> None:
    """Make all of them wait for a worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalog_image SET status = %s, screened_at = NULL, processed_at = NULL, "
            "attempts = 0",
            [Status.PENDING.value],
        )
        cursor.execute("VACUUM ANALYZE catalog_image")


def measure(claims: int, ways: dict[str, Claim]) -> dict[str, list[float]]:
    """Seconds of each claim; the ways take turns, so that both meet the same machine."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(claims):
        for name, claim in ways.items():
            begun = time.perf_counter()
            token, images = claim()
            took[name].append(time.perf_counter() - begun)
            assert len(images) == BATCH
            claiming.release(token=token)
    return took


def batches_until_judged(claim: Claim, most: int) -> str:
    """How many batches are taken until a newcomer's one photo is in one."""
    with transaction.atomic():
        newcomer = Storefront.objects.create(name="New", slug=uuid.uuid4().hex)
        photo = uuid.uuid4()
        copy_images([photo], [newcomer.pk])
        Image.objects.filter(pk=photo).update(
            status=Status.PENDING, screened_at=None, processed_at=None, attempts=0
        )
        taken = (claim()[1] for _ in range(most))
        batches = (n for n, images in enumerate(taken, 1) if photo in {i.pk for i in images})
        first = next(batches, None)
        transaction.set_rollback(True)
    return str(first) if first else f"after the first {most}"


def main() -> None:
    """Print both ways side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shops", type=int, default=200)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--claims", type=int, default=100)
    options = parser.parse_args()
    databases = setup_databases(verbosity=0, interactive=False)
    ways: dict[str, Claim] = {"oldest first": oldest_first, "shops in turn": in_turn}
    try:
        fill(options.shops, options.photos)
        took = measure(options.claims, ways)
        for name, seconds in took.items():
            seconds.sort()
            print(
                f"{name}: p50 {statistics.median(seconds) * 1000:.1f} ms, "
                f"p95 {seconds[int(0.95 * (len(seconds) - 1))] * 1000:.1f} ms a claim of {BATCH}"
            )
        plain, fair = (statistics.median(took[name]) for name in ways)
        print(f"taking turns: {fair / plain:.2f} times as long at the median")
        for name, claim in ways.items():
            print(f"a newcomer's photo, {name}: in batch {batches_until_judged(claim, 100)}")
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main()
