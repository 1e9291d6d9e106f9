"""Whose turn it is: shops share the worker, whatever each of them sent."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from catalog import claiming, pipeline
from catalog.batch import Batch
from catalog.choices import Source, Status
from catalog.encoders import LoadedEncoder
from catalog.models import Image, Storefront
from tests.conftest import Picture

Upload = Callable[..., Image]


def enqueue(shop: Storefront, count: int, **fields: object) -> list[Image]:
    """Pending rows; those that are to be processed bring an `original`."""
    before = timezone.now() - timedelta(hours=1)
    rows = [
        Image(
            storefront=shop,
            source=Source.API,
            sha256=uuid.uuid4().hex,
            format="JPEG",
            width=64,
            height=64,
            size_bytes=1,
            **fields,
        )
        for _ in range(count)
    ]
    made = Image.objects.bulk_create(rows, batch_size=500)
    for number, image in enumerate(made):  # bulk_create gives all of them the same moment
        image.created_at = before + timedelta(milliseconds=number)
    Image.objects.bulk_update(made, ["created_at"], batch_size=500)
    return made


def shops_of(images: list[Image]) -> Counter[int]:
    return Counter(image.storefront_id for image in images)


class Done(Exception):
    """Enough was seen."""


class Watch:
    """A stage that sees whose photos each batch holds, and has another shop send one photo while
    the first batch is at work."""

    def __init__(self, send: Callable[[], Image]) -> None:
        self.send = send
        self.sent: Image | None = None
        self.batches: list[set[int]] = []

    def prepare(self, encoder: LoadedEncoder) -> None:
        if self.sent is None:
            self.sent = self.send()
        elif self.sent.storefront_id in self.batches[-1]:
            raise Done

    def process(self, batch: Batch) -> None:
        self.batches.append({item.image.storefront_id for item in batch.items})


@pytest.mark.django_db(transaction=True)
def test_one_photo_is_judged_within_five_batches_of_another_shops_two_thousand(
    storefront: Storefront,
    other_storefront: Storefront,
    upload: Upload,
    picture: Picture,
    encoder: LoadedEncoder,
) -> None:
    first = upload(picture("mug"))
    enqueue(storefront, 1_999, original=first.original.name)
    watch = Watch(lambda: upload(picture("vase"), to=other_storefront))
    pipeline.load_stages.cache_clear()

    with pytest.raises(Done):
        pipeline.drain(encoder=encoder, stages=[*pipeline.load_stages(), watch], seconds=300)

    assert watch.sent is not None
    watch.sent.refresh_from_db()
    assert watch.sent.status == Status.LIVE
    # The batch at work when it arrived, the one decoded ahead, and its own.
    assert len(watch.batches) == 3 <= 5
    assert all(storefront.pk in batch for batch in watch.batches)
    waiting = Image.objects.filter(storefront=storefront, status=Status.PENDING).count()
    assert waiting == 2_000 - (32 * len(watch.batches) - 1)  # not one place of a batch was wasted


@pytest.mark.django_db
def test_a_batch_is_shared_and_then_filled_up(
    storefront: Storefront, other_storefront: Storefront
) -> None:
    many = enqueue(storefront, 40)
    few = enqueue(other_storefront, 3)

    _, claimed = claiming.claim(limit=10)

    assert shops_of(claimed) == {storefront.pk: 7, other_storefront.pk: 3}
    mine = [image.pk for image in claimed if image.storefront_id == storefront.pk]
    assert mine == [image.pk for image in many[:7]]
    assert {image.pk for image in few} <= {image.pk for image in claimed}


@pytest.mark.django_db
def test_of_more_shops_than_places_those_served_longest_ago_come_next() -> None:
    shops = [Storefront.objects.create(name=f"{n}", slug=f"shop-{n}") for n in range(10)]
    for shop in shops:
        enqueue(shop, 5)

    rounds = [shops_of(claiming.claim(limit=4)[1]) for _ in range(5)]

    assert [set(round.values()) for round in rounds] == [{1}] * 5
    assert sum(rounds, Counter()) == {shop.pk: 2 for shop in shops}


@pytest.mark.django_db
def test_a_shop_that_just_began_is_next(storefront: Storefront) -> None:
    shops = [Storefront.objects.create(name=f"{n}", slug=f"shop-{n}") for n in range(8)]
    for shop in shops:
        enqueue(shop, 20)
    claiming.claim(limit=4)
    (newcomer,) = enqueue(storefront, 1)

    _, claimed = claiming.claim(limit=4)
    assert newcomer.pk in {image.pk for image in claimed}


@pytest.mark.django_db
def test_a_suspect_waits_for_its_shops_turn_and_travels_alone(
    storefront: Storefront, other_storefront: Storefront
) -> None:
    enqueue(storefront, 20)
    suspect, *behind = enqueue(other_storefront, 20)
    Image.objects.filter(pk=suspect.pk).update(attempts=claiming.SUSPECT_AFTER)

    batches = [[image.pk for image in claiming.claim(limit=6)[1]] for _ in range(3)]

    assert [suspect.pk] in batches[:2]
    assert sum(suspect.pk in batch for batch in batches) == 1
    others = [batch for batch in batches if batch != [suspect.pk]]
    assert all(len(batch) == 6 for batch in others)
    assert behind[0].pk in others[0]


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_moment_take_different_photos(
    storefront: Storefront, other_storefront: Storefront
) -> None:
    enqueue(storefront, 60)
    enqueue(other_storefront, 4)
    start = threading.Barrier(4)
    taken: list[list[Image]] = []

    def work() -> None:
        try:
            start.wait()
            taken.append(claiming.claim(limit=16)[1])
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    keys = [image.pk for images in taken for image in images]
    assert len(keys) == len(set(keys)) == 64
    assert Image.objects.filter(status=Status.PENDING, lease_token=None).count() == 0


@pytest.mark.django_db(transaction=True)
def test_what_another_worker_is_just_taking_is_passed_over(storefront: Storefront) -> None:
    enqueue(storefront, 12)
    held: list[Image] = []
    taken, release = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                held.extend(claiming.claim(limit=8)[1])
                taken.set()
                release.wait(30)
        finally:
            connection.close()

    other = threading.Thread(target=hold)
    other.start()
    taken.wait(30)
    _, mine = claiming.claim(limit=8)
    release.set()
    other.join()

    assert (len(held), len(mine)) == (8, 4)
    assert not {image.pk for image in held} & {image.pk for image in mine}
