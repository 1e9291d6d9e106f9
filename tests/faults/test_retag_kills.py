"""Tagging again goes on where its worker was killed: nothing is lost and nothing done twice."""

from collections.abc import Callable

import pytest
from pgvector import HalfVector

from catalog import doorbell, retagging, tag_changes, taxonomy_vectors
from catalog.choices import EventKind, RetagStatus
from catalog.models import (
    Category,
    CategoryVector,
    Embedding,
    Encoder,
    Event,
    Image,
    Retagging,
    Storefront,
    Tag,
    Taxonomy,
)
from tests.faults.background import Worker, wait_for
from tests.moderation.swept import make_encoder, make_photos

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

PHOTOS = 1_200
RATE = 200  # photos a second: slow enough to be killed in the middle


def make_taxonomy(encoder: Encoder) -> Taxonomy:
    """An active taxonomy of eight categories that look like eight of the photos."""
    taxonomy = Taxonomy.objects.create(slug="t", name="T", version="1", is_active=True)
    photos = Embedding.objects.order_by("image")[: PHOTOS : PHOTOS // 8]
    for n, photo in enumerate(photos):
        category = Category.objects.create(
            taxonomy=taxonomy,
            external_id=f"c{n}",
            name=f"C{n}",
            path=f"C{n}",
            position=n,
            words_digest=taxonomy_vectors.words_digest(f"C{n}", []),
        )
        CategoryVector.objects.create(
            category=category,
            encoder=encoder,
            words_digest=category.words_digest,
            template_version=taxonomy_vectors.templates().version,
            vector=HalfVector(photo.vector),
        )
    return taxonomy


def test_tagging_again_survives_two_kills(
    storefront: Storefront, background: Callable[[], Worker]
) -> None:
    encoder = make_encoder()
    make_photos(storefront, encoder, PHOTOS)
    taxonomy = make_taxonomy(encoder)
    images = list(Image.objects.select_related("storefront").order_by("pk"))
    expected = {
        change.image.pk: [tag.category_id for tag in change.after]
        for change in tag_changes.changes(images, encoder)
    }
    tagged = sum(bool(tags) for tags in expected.values())
    assert PHOTOS // 2 < tagged <= PHOTOS
    statuses = dict(Image.objects.values_list("pk", "status"))

    job = retagging.start(taxonomy=taxonomy, started_by=None, rate=RATE)

    def at(status: RetagStatus, least: int = 0) -> Callable[[], bool]:
        return Retagging.objects.filter(pk=job.pk, status=status, seen__gte=least).exists

    for least in (RATE, 3 * RATE):
        worker = background()
        doorbell.ring(retagging.RETAG)  # as beat does
        wait_for(at(RetagStatus.RUNNING, least), f"{least} photos", worker)
        worker.kill()
        worker.wait()
        job.refresh_from_db()
        assert job.seen < PHOTOS, "killed too late to prove anything"
        done = Image.objects.filter(pk__lte=job.cursor).count()
        assert job.seen == done  # what is counted is what was committed
        assert not Tag.objects.filter(image__gt=job.cursor).exists()
    worker = background()
    doorbell.ring(retagging.RETAG)
    wait_for(at(RetagStatus.DONE), "the end", worker)

    job.refresh_from_db()
    assert (job.seen, job.changed, job.first_changed) == (PHOTOS, tagged, tagged)
    found: dict[object, list[int]] = {key: [] for key in expected}
    for image, category in Tag.objects.order_by("image", "rank").values_list(
        "image_id", "category_id"
    ):
        found[image].append(category)
    assert found == expected
    assert Event.objects.filter(kind=EventKind.TAGGED_AGAIN).count() == tagged
    assert dict(Image.objects.values_list("pk", "status")) == statuses
