"""Fifty moderators drain two thousand reviews: how long does the next one take?

python -m benchmarks.claim_next [--moderators 50] [--reviews 2000]

Runs in a database of its own. Claims expire at random while somebody is still looking, which is
what a closed lid or a lost network does. The peer, in the same run and on the same rows, is the
plain way to take from a queue: lock the first row, waiting for whoever holds it.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.test.utils import override_settings, setup_databases, teardown_databases
from django.utils import timezone

from catalog.choices import Source, Status
from catalog.models import Image, Storefront
from moderation import deciding, reviewing, settling
from moderation.choices import Action, ReviewStatus
from moderation.models import Policy, Review
from moderation.reviewing import ReviewConflict

ABANDONED = 0.1  # share of claims whose lease runs out while the moderator still looks


@dataclass
class Day:
    """What fifty moderators did."""

    claims: list[float] = field(default_factory=list)  # seconds each took
    decided: list[int] = field(default_factory=list)  # review ids
    refused: list[str] = field(default_factory=list)  # codes of conflicts
    errors: list[BaseException] = field(default_factory=list)
    seconds: float = 0.0

    def percentile(self, share: float) -> float:
        """Of the claims, in milliseconds."""
        return 1000 * sorted(self.claims)[int(share * (len(self.claims) - 1))]


Claim = Callable[[User], Review | None]


def plain(moderator: User) -> Review | None:
    """The peer: the same question, but waiting for whoever has the first row locked."""
    with transaction.atomic():
        waiting = Review.objects.queue_for(moderator, timezone.now())
        review = waiting.select_for_update(of=("self",)).first()
        return reviewing._claim(review, moderator) if review else None


def skipping(moderator: User) -> Review | None:
    return reviewing.claim_next(moderator=moderator)


def drain(moderators: Sequence[User], *, seed: int = 0, claim: Claim = skipping) -> Day:
    """Every moderator claims and decides until nothing is left; some lose their lease."""
    day = Day()
    start = threading.Barrier(len(moderators))

    def work(moderator: User, dice: random.Random) -> None:
        try:
            start.wait()
            while True:
                begun = time.perf_counter()
                review = claim(moderator)
                day.claims.append(time.perf_counter() - begun)
                if review is None:
                    if not Review.objects.open().exists():
                        return
                    time.sleep(0.01)  # all that is left is claimed by others
                elif dice.random() < ABANDONED:
                    lose(review)
                    if dice.random() < 0.5:
                        decide(review, moderator)  # too late, or just not yet
                else:
                    decide(review, moderator)
        except BaseException as error:
            day.errors.append(error)
        finally:
            connection.close()

    def lose(review: Review) -> None:
        Review.objects.filter(pk=review.pk, claimed_by=review.claimed_by_id).update(
            claim_expires_at=timezone.now() - timedelta(seconds=1)
        )
        time.sleep(0.01)

    def decide(review: Review, moderator: User) -> None:
        try:
            deciding.decide(
                review_id=review.pk,
                moderator=moderator,
                version=review.version,
                action=Action.APPROVE,
            )
            day.decided.append(review.pk)
        except ReviewConflict as conflict:
            day.refused.append(conflict.code)

    threads = [
        threading.Thread(target=work, args=(moderator, random.Random(seed + number)))
        for number, moderator in enumerate(moderators)
    ]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    day.seconds = time.perf_counter() - begun
    return day


def fill(reviews: int) -> None:
    """Held photos with an open review each, of four policies."""
    shop, _ = Storefront.objects.get_or_create(slug="busy", defaults={"name": "Busy shop"})
    policies = [
        Policy.objects.get_or_create(slug=f"p{n}", defaults={"name": f"P{n}", "severity": n})[0]
        for n in range(1, 5)
    ]
    now = timezone.now()
    images = Image.objects.bulk_create(
        Image(
            storefront=shop,
            status=Status.HELD,
            source=Source.COMMAND,
            sha256=f"{random.getrandbits(256):064x}",
            format="JPEG",
            width=1,
            height=1,
            size_bytes=1,
            screened_at=now,
        )
        for _ in range(reviews)
    )
    dice = random.Random(1)
    Review.objects.bulk_create(
        Review(image=image, policy=policy, priority=policy.severity * dice.random(), due_at=now)
        for image in images
        for policy in [dice.choice(policies)]
    )


def people(count: int) -> list[User]:
    group, _ = Group.objects.get_or_create(name="moderator")
    users = [User.objects.get_or_create(username=f"moderator-{n}")[0] for n in range(count)]
    group.user_set.add(*users)
    return users


def main() -> None:
    """Print both ways side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moderators", type=int, default=50)
    parser.add_argument("--reviews", type=int, default=2000)
    options = parser.parse_args()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with override_settings(VITRINE_UNDO_SECONDS=60):
            days: dict[str, Day] = {}
            for name, claim in (("skipping locked rows", skipping), ("waiting for them", plain)):
                fill(options.reviews)
                days[name] = drain(people(options.moderators), claim=claim)
                show(name, days[name])
                Review.objects.filter(status=ReviewStatus.DRAFT).update(
                    takes_effect_at=timezone.now()
                )
                settle_all()
        ours, theirs = days.values()
        print(
            f"claim-next at p95: {theirs.percentile(0.95) / ours.percentile(0.95):.2f} times as "
            f"fast as waiting; database {settings.DATABASES['default']['ENGINE']}"
        )
    finally:
        teardown_databases(databases, verbosity=0)


def settle_all() -> None:
    begun, count = time.perf_counter(), 0
    while settled := settling.settle_due():
        count += settled
    print(f"  {count} decisions took effect in {time.perf_counter() - begun:.1f} s")


def show(name: str, day: Day) -> None:
    print(
        f"{name}: {len(day.decided)} decided in {day.seconds:.1f} s, "
        f"{len(day.refused)} refused after a lost claim; claim-next "
        f"p50 {statistics.median(day.claims) * 1000:.1f} ms, p95 {day.percentile(0.95):.1f} ms, "
        f"max {day.percentile(1):.0f} ms"
    )
    if day.errors:
        raise day.errors[0]


if __name__ == "__main__":
    main()
