"""Tagging photos again from their stored vectors."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from catalog import learning, pipeline, retagging, storefronts, tag_changes, verdicts
from catalog.choices import EventKind, RetagStatus, Status
from catalog.encoders import LoadedEncoder
from catalog.models import (
    Category,
    CategoryHead,
    Event,
    Image,
    LearningSwitch,
    Retagging,
    Storefront,
    Tag,
    Taxonomy,
)
from tests.conftest import Picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def lea(make_user: Callable[..., User]) -> User:
    return make_user("lea", "lead")


@pytest.fixture
def photos(
    starter: Taxonomy,
    upload: Callable[..., Image],
    picture: Picture,
    process: Callable[[], pipeline.Drained],
) -> list[Image]:
    """Two mugs and a key, tagged."""
    made = [
        upload(picture(kind, 11 + n, calm=True)) for n, kind in enumerate(("mug", "mug", "key"))
    ]
    process()
    return [Image.objects.get(pk=image.pk) for image in made]


def category(external_id: str) -> Category:
    return Category.objects.get(taxonomy__slug="starter", external_id=external_id)


def state() -> list[tuple[object, ...]]:
    rows = Tag.objects.order_by("image", "rank")
    return list(
        rows.values_list("pk", "image", "category", "rank", "score", "head", "is_confirmed")
    )


def run() -> Retagging:
    """Every chunk there is, whenever it is due."""
    while Retagging.objects.filter(status=RetagStatus.RUNNING).exists():
        Retagging.objects.filter(status=RetagStatus.RUNNING).update(next_chunk_at=timezone.now())
        assert retagging.run_chunk() is not None or not Retagging.objects.filter(
            status=RetagStatus.RUNNING
        )
    return Retagging.objects.latest("pk")


def test_without_a_reason_nothing_is_written(
    photos: list[Image], starter: Taxonomy, lea: User
) -> None:
    before, events = state(), Event.objects.count()
    retagging.start(taxonomy=starter, started_by=lea)
    job = run()
    assert (job.status, job.total, job.seen, job.changed) == (RetagStatus.DONE, 3, 3, 0)
    assert job.finished_at is not None
    assert state() == before  # the very same rows
    assert Event.objects.count() == events


def test_a_prune_changes_first_tags_and_history_says_so_and_statuses_stay(
    photos: list[Image], starter: Taxonomy, storefront: Storefront, lea: User
) -> None:
    held, _, chair = photos
    Image.objects.filter(pk=held.pk).update(status=Status.HELD)
    standing = dict(Image.objects.values_list("pk", "status"))
    chair_tags = list(chair.tags.values_list("category", "rank"))
    storefronts.prune(storefront=storefront, category=category("mug"), by=lea)
    found = tag_changes.preview(taxonomy=starter, encoder=chair.tags.first().encoder)
    assert (found.photos, found.compared, found.first) == (3, 3, 2)
    assert {each.image.pk for each in found.samples} == {i.pk for i in photos} - {chair.pk}
    assert Tag.objects.filter(category=category("mug")).count() == 2  # a preview changes nothing
    retagging.start(taxonomy=starter, started_by=lea)
    job = run()
    assert (job.seen, job.first_changed) == (3, 2)
    assert not Tag.objects.filter(category=category("mug")).exists()
    assert list(chair.tags.values_list("category", "rank")) == chair_tags
    assert dict(Image.objects.values_list("pk", "status")) == standing
    events = Event.objects.filter(kind=EventKind.TAGGED_AGAIN)
    assert {event.image_id for event in events} == {i.pk for i in photos} - {chair.pk}
    assert all(event.summary.startswith("Tagged again: Mug → ") for event in events)
    assert events[0].data["before"][0] == "mug"


def test_what_people_said_is_heeded_and_what_made_the_tags_is_stored(
    photos: list[Image], starter: Taxonomy, encoder: LoadedEncoder, lea: User
) -> None:
    mug = photos[0]
    verdicts.judge(image_id=mug.pk, category=category("lemon"), accepted=True, by=lea)
    learning.learn_all()
    head = CategoryHead.objects.get()
    retagging.start(taxonomy=starter, started_by=lea)
    job = run()
    assert job.first_changed == 0  # its first tag was the confirmed one at once
    first = mug.tags.get(rank=1)
    assert (first.category, first.is_confirmed, first.head) == (category("lemon"), True, head)
    assert set(Tag.objects.values_list("head", flat=True)) == {head.pk}
    assert not Event.objects.filter(kind=EventKind.TAGGED_AGAIN).exists()


def test_photos_finished_after_it_began_and_of_other_taxonomies_are_left_alone(
    photos: list[Image],
    starter: Taxonomy,
    storefront: Storefront,
    other_storefront: Storefront,
    lea: User,
) -> None:
    newer, theirs, _ = photos
    own_taxonomy = Taxonomy.objects.create(slug="other", name="Other", version="1")
    Storefront.objects.filter(pk=other_storefront.pk).update(taxonomy=own_taxonomy)
    Image.objects.filter(pk=theirs.pk).update(storefront=other_storefront)
    storefronts.prune(storefront=storefront, category=category("mug"), by=lea)
    before = {image.pk: list(image.tags.values_list("pk", flat=True)) for image in (newer, theirs)}
    job = retagging.start(taxonomy=starter, started_by=lea)
    Image.objects.filter(pk=newer.pk).update(processed_at=job.created_at + timedelta(seconds=1))
    job = run()
    assert (job.total, job.seen) == (2, 1)
    assert {
        image.pk: list(image.tags.values_list("pk", flat=True)) for image in (newer, theirs)
    } == before
    Storefront.objects.filter(pk=other_storefront.pk).update(taxonomy=None)
    with pytest.raises(retagging.RetagRefused, match="No photo is tagged with Other"):
        retagging.start(taxonomy=own_taxonomy, started_by=lea)


def test_it_goes_on_from_its_cursor_and_pauses_between_chunks(
    photos: list[Image], starter: Taxonomy, storefront: Storefront, lea: User
) -> None:
    storefronts.prune(storefront=storefront, category=category("mug"), by=lea)
    job = retagging.start(taxonomy=starter, started_by=lea, rate=1)
    assert retagging.run_chunk() == pytest.approx(1, abs=0.9)
    job.refresh_from_db()
    assert (job.seen, job.cursor) == (1, min(image.pk for image in photos))
    assert retagging.run_chunk() is None  # not due yet
    retagging.pause(job_id=job.pk)
    with pytest.raises(retagging.RetagRefused):
        retagging.pause(job_id=job.pk)
    assert retagging.run_chunk() is None
    retagging.resume(job_id=job.pk)
    assert (run().seen, run().first_changed) == (3, 2)
    with pytest.raises(retagging.RetagRefused, match="over already"):
        retagging.cancel(job_id=job.pk)


def test_fresh_uploads_go_first_every_other_turn(
    photos: list[Image],
    starter: Taxonomy,
    lea: User,
    upload: Callable[..., Image],
    picture: Picture,
) -> None:
    upload(picture("mug", 40))
    job = retagging.start(taxonomy=starter, started_by=lea)
    assert retagging.run_chunk() == pytest.approx(retagging.YIELD, abs=0.5)
    job.refresh_from_db()
    assert (job.yielded, job.seen) == (True, 0)
    Retagging.objects.update(next_chunk_at=timezone.now())
    retagging.run_chunk()
    job.refresh_from_db()
    assert (job.yielded, job.seen, job.status) == (False, 3, RetagStatus.DONE)


def test_starting_anew_ends_the_one_under_way(
    photos: list[Image], starter: Taxonomy, lea: User
) -> None:
    first = retagging.start(taxonomy=starter, started_by=lea)
    second = retagging.start(taxonomy=starter, started_by=lea)
    first.refresh_from_db()
    assert (first.status, second.status) == (RetagStatus.CANCELLED, RetagStatus.RUNNING)


def test_a_chunk_that_fails_keeps_nothing_and_says_why(
    photos: list[Image],
    starter: Taxonomy,
    storefront: Storefront,
    lea: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storefronts.prune(storefront=storefront, category=category("mug"), by=lea)
    before = state()
    job = retagging.start(taxonomy=starter, started_by=lea)

    def broken(*_: object) -> None:
        raise ValueError("out of ink")

    with monkeypatch.context() as patch:
        patch.setattr(retagging.history, "record", broken)
        retagging.run_chunk()
    job.refresh_from_db()
    assert (job.status, job.seen) == (RetagStatus.FAILED, 0)
    assert "out of ink" in job.error
    assert state() == before
    retagging.resume(job_id=job.pk)
    assert run().first_changed == 2


def test_it_follows_learning_by_itself_only_where_told_and_once_it_is_quiet(
    photos: list[Image], starter: Taxonomy, lea: User
) -> None:
    verdicts.judge(image_id=photos[0].pk, category=category("lemon"), accepted=True, by=lea)
    learning.learn_all()
    CategoryHead.objects.update(built_at=timezone.now() - retagging.QUIET)
    assert retagging.start_due() == 0  # off unless somebody switched it on
    learning.retag_by_itself(taxonomy=starter, on=True, by=lea)
    assert LearningSwitch.objects.get().follows
    CategoryHead.objects.update(built_at=timezone.now())
    assert retagging.start_due() == 0  # something was learned just now
    CategoryHead.objects.update(built_at=timezone.now() - retagging.QUIET)
    assert retagging.start_due() == 1
    assert retagging.start_due() == 0
    assert Retagging.objects.get().started_by is None
