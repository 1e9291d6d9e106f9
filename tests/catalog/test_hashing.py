"""Perceptual hashes: stored with everything else or not at all, and filled in where missing."""

import io
from collections.abc import Callable

import numpy as np
import pdqhash
import pytest
from django.conf import settings
from django.core.management import call_command
from PIL import Image as Picture_
from PIL import ImageOps

from catalog import hashing, pipeline
from catalog.batch import Batch, Item
from catalog.choices import Status
from catalog.encoders import LoadedEncoder
from catalog.ml.pdq_text import bits, from_bits
from catalog.models import Image, PerceptualHash
from tests.conftest import Picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def photos(upload: Callable[..., Image], picture: Picture) -> list[Image]:
    return [upload(picture("mug", seed)) for seed in range(5)]


def reference(image: Image) -> np.ndarray:
    with image.original.open() as file:
        upright = ImageOps.exif_transpose(Picture_.open(io.BytesIO(file.read())))
    return np.asarray(pdqhash.compute(np.asarray(upright.convert("RGB")))[0], dtype=bool)


def hash_photos() -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("hash_photos", stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_every_photo_that_goes_live_has_its_own_hash(
    photos: list[Image], process: Callable[[], pipeline.Drained]
) -> None:
    assert process().done == 5
    assert PerceptualHash.objects.count() == 5
    for image in photos:
        row = PerceptualHash.objects.get(image=image)
        expected = reference(image)
        assert int((from_bits(row.pdq) != expected).sum()) <= 10
        assert 0 <= row.quality <= 100
    assert len(set(PerceptualHash.objects.values_list("pdq", flat=True))) == 5


def test_hashes_come_before_whoever_matches_them() -> None:
    order = settings.VITRINE_STAGES
    assert order.index("catalog.embedding.StoreEmbeddings") + 1 == order.index(
        "catalog.hashing.StoreHashes"
    )


def test_stages_are_handed_the_hash(photos: list[Image], encoder: LoadedEncoder) -> None:
    seen: list[Item] = []

    class Look:
        def prepare(self, encoder: LoadedEncoder) -> None:
            pass

        def process(self, batch: Batch) -> None:
            seen.extend(batch.items)

    stages = [*pipeline.load_stages()[:2], Look(), *pipeline.load_stages()[2:]]
    pipeline.drain(encoder=encoder, stages=stages, seconds=60)

    assert len(seen) == 5
    for item in seen:
        assert (item.pdq.shape, item.pdq.dtype) == ((256,), np.bool_)
        assert type(item.pdq_quality) is int
        row = PerceptualHash.objects.get(image=item.image)
        assert (row.pdq, row.quality) == (bits(item.pdq), item.pdq_quality)


def test_a_photo_processed_again_has_one_hash_the_newer(
    photos: list[Image], encoder: LoadedEncoder
) -> None:
    stage = hashing.StoreHashes()
    vector = np.zeros(encoder.row.dimension, dtype=np.float32)
    older = Item(photos[0], vector, pdq=np.ones(256, dtype=bool), pdq_quality=70)
    stage.process(Batch([older, Item(photos[1], vector)], encoder))
    newer = Item(photos[0], vector, pdq=np.arange(256) % 2 == 0, pdq_quality=80)
    stage.process(Batch([newer], encoder))

    row = PerceptualHash.objects.get(image=photos[0])
    assert (row.pdq, row.quality) == ("10" * 128, 80)
    untold = PerceptualHash.objects.get(image=photos[1])
    assert (untold.pdq, untold.quality) == ("0" * 256, 0)


def test_a_photo_that_fails_in_a_later_stage_has_no_hash(
    photos: list[Image], encoder: LoadedEncoder
) -> None:
    class Poison:
        def prepare(self, encoder: LoadedEncoder) -> None:
            pass

        def process(self, batch: Batch) -> None:
            if any(item.image.pk == photos[2].pk for item in batch.items):
                raise ValueError("cannot stand this one")

    result = pipeline.drain(encoder=encoder, stages=[*pipeline.load_stages(), Poison()], seconds=60)

    assert (result.done, result.failed) == (4, 1)
    assert not PerceptualHash.objects.filter(image=photos[2]).exists()
    assert PerceptualHash.objects.count() == 4


def test_missing_hashes_are_filled_in_with_what_the_pipeline_would_store(
    photos: list[Image], process: Callable[[], pipeline.Drained], settings: object
) -> None:
    process()
    before = dict(PerceptualHash.objects.values_list("image_id", "pdq"))
    kept = PerceptualHash.objects.get(image=photos[4])
    PerceptualHash.objects.exclude(pk=kept.pk).delete()
    settings.VITRINE_BATCH_SIZE = 3  # type: ignore[attr-defined]

    out, err = hash_photos()

    assert out == "3 of 4 hashed\n4 of 4 hashed\n"
    assert err == ""
    after = dict(PerceptualHash.objects.values_list("image_id", "pdq"))
    assert after.keys() == before.keys()
    for image_id, pdq in after.items():
        assert int((from_bits(pdq) != from_bits(before[image_id])).sum()) <= 2
    assert PerceptualHash.objects.get(image=photos[4]).pk == kept.pk

    assert hash_photos()[0] == "Every processed photo has its hash.\n"


def test_stopped_halfway_it_goes_on_where_it_was(
    photos: list[Image], process: Callable[[], pipeline.Drained], settings: object
) -> None:
    process()
    PerceptualHash.objects.all().delete()
    settings.VITRINE_BATCH_SIZE = 2  # type: ignore[attr-defined]

    def stop(so_far: hashing.Hashed) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hashing.hash_missing(progress=stop)
    assert PerceptualHash.objects.count() == 2
    first = set(PerceptualHash.objects.values_list("pk", flat=True))

    result = hashing.hash_missing()
    assert (result.total, result.done, result.unreadable) == (3, 3, 0)
    assert first < set(PerceptualHash.objects.values_list("pk", flat=True))


def test_what_waits_for_a_worker_is_left_to_it(
    photos: list[Image], process: Callable[[], pipeline.Drained]
) -> None:
    Image.objects.filter(pk=photos[0].pk).update(
        status=Status.FAILED, failure_code="x", failure_reason="Damaged."
    )
    assert hash_photos()[0] == "Every processed photo has its hash.\n"
    assert not PerceptualHash.objects.exists()


def test_one_unreadable_photo_stops_nobody(
    photos: list[Image], process: Callable[[], pipeline.Drained]
) -> None:
    process()
    PerceptualHash.objects.all().delete()
    photos[1].original.storage.delete(photos[1].original.name)
    with photos[3].original.storage.open(photos[3].original.name, "wb") as file:
        file.write(b"not a picture at all")

    out, err = hash_photos()

    assert out == "3 of 5 hashed, 2 unreadable\n"
    assert f"Left out {photos[1].pk}: The original file is no longer in storage." in err
    assert f"Left out {photos[3].pk}: The file" in err
    assert set(PerceptualHash.objects.values_list("image_id", flat=True)) == {
        photos[at].pk for at in (0, 2, 4)
    }


def test_a_photo_erased_meanwhile_is_not_hashed(
    photos: list[Image], process: Callable[[], pipeline.Drained], monkeypatch: pytest.MonkeyPatch
) -> None:
    process()
    PerceptualHash.objects.all().delete()
    hashed = hashing.pdq

    def erased_meanwhile(grids: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        Image.objects.filter(pk=photos[0].pk).delete()
        return hashed(grids)

    monkeypatch.setattr(hashing, "pdq", erased_meanwhile)
    result = hashing.hash_missing()

    assert (result.total, result.done) == (5, 4)
    assert PerceptualHash.objects.count() == 4
