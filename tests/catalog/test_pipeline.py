"""The conveyor: leases, fencing, quarantine, and nothing half-done."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from catalog import claiming, pipeline, publishing
from catalog.batch import Batch
from catalog.choices import Status
from catalog.encoders import LoadedEncoder
from catalog.models import Embedding, Event, Image, Tag
from tests.conftest import Picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def photos(upload: Callable[..., Image], picture: Picture) -> list[Image]:
    return [upload(picture("mug", seed)) for seed in range(6)]


class Poison:
    """A stage that cannot stand certain photos."""

    def __init__(self, *poisonous: Image) -> None:
        self.poisonous = {image.pk for image in poisonous}

    def prepare(self, encoder: LoadedEncoder) -> None:
        pass

    def process(self, batch: Batch) -> None:
        if any(item.image.pk in self.poisonous for item in batch.items):
            raise ValueError("cannot stand this one")


def test_every_photo_gets_one_embedding_of_its_own_and_goes_live(
    photos: list[Image], process: Callable[[], pipeline.Drained], encoder: LoadedEncoder
) -> None:
    result = process()

    assert (result.done, result.failed, result.lost) == (6, 0, 0)
    for image in photos:
        image.refresh_from_db()
        assert image.status == Status.LIVE
        assert image.screened_at is not None
        assert (image.lease_token, image.lease_expires_at) == (None, None)
        with image.original.open() as file:
            expected = encoder.runtime.encode_images([encoder.runtime.decode(file.read())])[0]
        stored = np.asarray(Embedding.objects.get(image=image).vector, dtype=np.float32)
        assert float(stored @ expected) > 0.995  # half precision, another batch size
    kinds = list(Event.objects.filter(image=photos[0]).values_list("kind", flat=True))
    assert kinds == ["uploaded", "published"]


def test_a_claimed_photo_is_not_claimed_again_until_its_lease_expires(photos: list[Image]) -> None:
    token, mine = pipeline.claim(limit=4)
    _, theirs = pipeline.claim(limit=4)
    assert len(mine) == 4
    assert len(theirs) == 2
    assert not {image.pk for image in mine} & {image.pk for image in theirs}
    assert pipeline.claim(limit=4)[1] == []

    Image.objects.filter(lease_token=token).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )
    assert {image.pk for image in pipeline.claim(limit=9)[1]} == {image.pk for image in mine}


def test_oldest_photos_come_first(photos: list[Image]) -> None:
    _, claimed = pipeline.claim(limit=3)
    assert [image.pk for image in claimed] == [image.pk for image in photos[:3]]


def test_a_worker_that_outlived_its_lease_writes_nothing(
    photos: list[Image], encoder: LoadedEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = pipeline.load_stages()
    encode = encoder.runtime.encode_images

    def taken_over_meanwhile(pixels: object) -> np.ndarray:
        Image.objects.filter(pk=photos[0].pk).update(lease_token=uuid.uuid4())
        return encode(pixels)

    monkeypatch.setattr(encoder.runtime, "encode_images", taken_over_meanwhile)
    result = pipeline.drain(encoder=encoder, stages=stages, seconds=60)

    assert (result.done, result.lost) == (5, 1)
    photos[0].refresh_from_db()
    assert photos[0].status == Status.PENDING
    assert not Embedding.objects.filter(image=photos[0]).exists()


def test_a_poison_photo_is_found_by_bisection_and_its_neighbours_go_live(
    photos: list[Image], encoder: LoadedEncoder
) -> None:
    stages = [*pipeline.load_stages()[:-1], Poison(photos[2]), pipeline.load_stages()[-1]]
    result = pipeline.drain(encoder=encoder, stages=stages, seconds=60)

    assert (result.done, result.failed) == (5, 1)
    photos[2].refresh_from_db()
    assert photos[2].status == Status.FAILED
    assert photos[2].failure_code == "processing_failed"
    assert "Retry" in photos[2].failure_reason
    assert not Embedding.objects.filter(image=photos[2]).exists()  # nothing half-done
    assert not Tag.objects.filter(image=photos[2]).exists()
    assert Image.objects.filter(status=Status.LIVE).count() == 5


def test_when_nothing_gets_through_the_photos_are_not_blamed(
    photos: list[Image], encoder: LoadedEncoder
) -> None:
    with pytest.raises(pipeline.PipelineFault, match="None of 6 photos"):
        pipeline.drain(encoder=encoder, stages=[Poison(*photos)], seconds=60)
    assert Image.objects.filter(status=Status.PENDING, attempts=0, lease_token=None).count() == 6


def test_a_lone_photo_that_fails_is_tried_again_and_quarantined_in_the_end(
    upload: Callable[..., Image], picture: Picture, encoder: LoadedEncoder
) -> None:
    image = upload(picture("mug"))
    for attempt in range(1, claiming.QUARANTINE_AFTER + 1):
        pipeline.drain(encoder=encoder, stages=[Poison(image)], seconds=60)
        image.refresh_from_db()
        assert image.attempts == attempt
        if attempt < claiming.QUARANTINE_AFTER:
            assert image.status == Status.PENDING
            assert image.lease_expires_at > timezone.now()  # the pause before the next attempt
            Image.objects.update(lease_expires_at=timezone.now())
    assert image.status == Status.FAILED


def test_a_photo_that_kills_workers_travels_alone_and_is_quarantined(photos: list[Image]) -> None:
    killer = photos[0]
    Image.objects.filter(pk=killer.pk).update(attempts=claiming.SUSPECT_AFTER)
    _, claimed = pipeline.claim(limit=6)
    assert [image.pk for image in claimed] == [killer.pk]

    Image.objects.filter(pk=killer.pk).update(
        attempts=claiming.QUARANTINE_AFTER, lease_expires_at=timezone.now()
    )
    _, claimed = pipeline.claim(limit=6)
    assert [image.pk for image in claimed] == [image.pk for image in photos[1:]]
    killer.refresh_from_db()
    assert (killer.status, killer.failure_code) == (Status.FAILED, "worker_stopped")


def test_a_missing_original_is_explained(
    photos: list[Image], process: Callable[[], pipeline.Drained]
) -> None:
    photos[0].original.storage.delete(photos[0].original.name)
    assert process().failed == 1
    photos[0].refresh_from_db()
    assert photos[0].failure_code == "original_missing"


def test_when_the_database_is_away_nothing_is_blamed_and_the_lease_is_given_back(
    photos: list[Image], encoder: LoadedEncoder
) -> None:
    class Away(Poison):
        def process(self, batch: Batch) -> None:
            raise OperationalError("server closed the connection")

    with pytest.raises(OperationalError):
        pipeline.drain(encoder=encoder, stages=[Away()], seconds=60)
    assert Image.objects.filter(status=Status.PENDING, attempts=0, lease_token=None).count() == 6


def test_nothing_is_published_that_no_stage_screened(
    photos: list[Image], encoder: LoadedEncoder
) -> None:
    with pytest.raises(pipeline.PipelineFault, match="was not screened"):
        pipeline.drain(encoder=encoder, stages=[publishing.PublishImages()], seconds=60)
    assert not Image.objects.filter(status=Status.LIVE).exists()


def test_the_database_itself_refuses_a_live_photo_that_was_not_screened(
    photos: list[Image],
) -> None:
    with pytest.raises(IntegrityError, match="image_live_only_if_screened"), transaction.atomic():
        Image.objects.filter(pk=photos[0].pk).update(status=Status.LIVE)


def test_a_failed_photo_can_be_sent_round_again(
    photos: list[Image], process: Callable[[], pipeline.Drained]
) -> None:
    publishing.fail(image=photos[0], code="processing_failed", reason="It broke.")
    assert publishing.retry(image=photos[0])
    assert not publishing.retry(image=photos[0])  # it is no longer failed
    process()
    photos[0].refresh_from_db()
    assert (photos[0].status, photos[0].failure_reason) == (Status.LIVE, "")


def test_a_drain_stops_claiming_when_its_time_is_up(
    photos: list[Image], encoder: LoadedEncoder, settings: object
) -> None:
    settings.VITRINE_BATCH_SIZE = 2  # type: ignore[attr-defined]
    result = pipeline.drain(encoder=encoder, stages=pipeline.load_stages(), seconds=0)
    assert result.more
    assert result.done == 2
    assert Image.objects.filter(status=Status.PENDING, lease_token=None).count() == 4
