"""Tagging photos again, from their stored vectors: no model, so the background process does it.

After an import of a taxonomy, a new build of learned vectors, a calibration or a prune, photos
that are here keep the tags of before. A `Retagging` is the job that goes through them. A chunk's
tags, its history and the new cursor are written in one transaction, so that whatever is killed,
nothing is lost and nothing done twice. Statuses and reviews are none of its business.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from catalog import doorbell, history
from catalog.choices import EventKind, RetagStatus, Status
from catalog.models import CategoryHead, Encoder, Image, Retagging, Tag, Taxonomy
from catalog.tag_changes import Change, changes, photos_of

log = logging.getLogger(__name__)

RETAG = "catalog.tasks.retag"  # by name: whoever rings needs none of the worker's code
CHUNK = 256  # photos in one transaction: what a decision on one of them may have to wait for
YIELD = 3.0  # seconds a turn is that is left to photos waiting for a worker
QUIET = timedelta(minutes=10)  # nothing new learned for so long, before it starts by itself


class RetagRefused(Exception):
    """It cannot be started or changed as asked; the message says why, and what to do."""


@transaction.atomic
def start(
    *, taxonomy: Taxonomy, started_by: AbstractBaseUser | None, rate: int | None = None
) -> Retagging:
    """Tag every photo of a taxonomy again, in the background; one that is under way ends.

    `rate` is in photos per second, by default `VITRINE_RETAG_RATE`. Raises `RetagRefused`.
    """
    taxonomy = Taxonomy.objects.select_for_update(no_key=True).get(pk=taxonomy.pk)
    encoder = Encoder.objects.filter(is_active=True).first()
    total = photos_of(taxonomy, encoder).count() if encoder else 0
    if encoder is None or not total:
        raise RetagRefused(
            f"No photo is tagged with {taxonomy} yet, so there is nothing to tag again."
        )
    taxonomy.retaggings.filter(status__in=RetagStatus.open()).update(
        status=RetagStatus.CANCELLED,
        error="Another one began.",
        next_chunk_at=None,
        finished_at=timezone.now(),
    )
    job = Retagging.objects.create(
        taxonomy=taxonomy,
        encoder=encoder,
        rate=rate or settings.VITRINE_RETAG_RATE,
        total=total,
        next_chunk_at=timezone.now(),
        started_by_id=started_by.pk if started_by else None,
    )
    transaction.on_commit(_ring)
    return job


def start_due() -> int:
    """Start what is to follow learning by itself: taxonomies whose switch says so, whose learned
    vectors have stayed the same for a while and are newer than the last pass; how many."""
    learned = CategoryHead.objects.filter(
        is_active=True,
        encoder__is_active=True,
        taxonomy__learning__retags=True,
        built_at__lte=timezone.now() - QUIET,
    )
    later = Retagging.objects.filter(
        taxonomy=OuterRef("taxonomy"),
        encoder=OuterRef("encoder"),
        created_at__gte=OuterRef("built_at"),
    )
    started = 0
    for head in learned.exclude(Exists(later)).select_related("taxonomy"):
        try:
            start(taxonomy=head.taxonomy, started_by=None)
        except RetagRefused:
            continue
        started += 1
    return started


@transaction.atomic
def pause(*, job_id: int) -> Retagging:
    """Stop after the chunk that is being done. Raises `RetagRefused`."""
    return _change(job_id, RetagStatus.PAUSED, (RetagStatus.RUNNING,), "It is not running.")


@transaction.atomic
def resume(*, job_id: int) -> Retagging:
    """Go on where it stopped or failed. Raises `RetagRefused`."""
    stopped = (RetagStatus.PAUSED, RetagStatus.FAILED)
    return _change(job_id, RetagStatus.RUNNING, stopped, "It is not paused.")


@transaction.atomic
def cancel(*, job_id: int) -> Retagging:
    """End it where it is; what was tagged again stays so. Raises `RetagRefused`."""
    return _change(job_id, RetagStatus.CANCELLED, RetagStatus.open(), "It is over already.")


def _change(
    job_id: int, status: RetagStatus, among: Sequence[RetagStatus], problem: str
) -> Retagging:
    job = Retagging.objects.select_for_update(of=("self",)).get(pk=job_id)
    if job.status not in among:
        raise RetagRefused(problem)
    running = status == RetagStatus.RUNNING
    job.status, job.error = status, ""
    job.next_chunk_at = timezone.now() if running else None
    job.finished_at = timezone.now() if status == RetagStatus.CANCELLED else None
    job.save()
    if running:
        transaction.on_commit(_ring)
    return job


def _ring() -> None:
    doorbell.ring(RETAG)


def run_chunk() -> float | None:
    """Do the next chunk that is due; the seconds until another is, None when this did nothing.

    A chunk that fails changes nothing but its job, which says why; one that could not reach the
    database is tried again at the next ring.
    """
    job = None
    try:
        with transaction.atomic():
            job = _due()
            if job is None:
                return None
            _advance(job)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if job is None:
            raise
        log.exception("A chunk of retagging %s failed", job.pk)
        Retagging.objects.filter(pk=job.pk, status=RetagStatus.RUNNING).update(
            status=RetagStatus.FAILED,
            next_chunk_at=None,
            error=f"A chunk failed ({type(error).__name__}: {error})"[:220]
            + ". Nothing of it was kept. Resume to try it again.",
        )
    running = Retagging.objects.filter(status=RetagStatus.RUNNING).order_by("next_chunk_at")
    soonest = running.values_list("next_chunk_at", flat=True).first()
    return max(0.0, (soonest - timezone.now()).total_seconds()) if soonest else None


def _due() -> Retagging | None:
    due = Retagging.objects.filter(status=RetagStatus.RUNNING, next_chunk_at__lte=timezone.now())
    return (
        due.select_for_update(of=("self",), skip_locked=True)
        .select_related("taxonomy", "encoder")
        .order_by("next_chunk_at", "pk")
        .first()
    )


def _advance(job: Retagging) -> None:
    now = timezone.now()
    if not job.encoder.is_active:
        job.status, job.next_chunk_at = RetagStatus.FAILED, None
        job.error = "Another encoder became active meanwhile. Start anew: tags of that one count."
    elif Image.objects.filter(status=Status.PENDING).exists() and not job.yielded:
        # Every other turn is left to fresh uploads: they meet one chunk at most, and a worker
        # that is away slows this down but does not stop it.
        job.yielded = True
        job.next_chunk_at = now + timedelta(seconds=YIELD)
    else:
        _tag_some(job)
        job.yielded = False
    job.save()


def _tag_some(job: Retagging) -> None:
    size = min(CHUNK, job.rate)
    # Whoever says something of a tag, or erases the photo, holds its row as well.
    photos = (
        photos_of(job.taxonomy, job.encoder)
        .filter(Q(processed_at__isnull=True) | Q(processed_at__lt=job.created_at))
        .select_for_update(of=("self",), no_key=True)
        .select_related("storefront")
        .order_by("pk")
    )
    if job.cursor:
        photos = photos.filter(pk__gt=job.cursor)
    images = list(photos[:size])
    found = [each for each in changes(images, job.encoder) if not each.is_none]
    _write(found, job)
    job.seen += len(images)
    job.changed += sum(each.changes_tags for each in found)
    job.first_changed += sum(each.changes_first for each in found)
    if images:
        job.cursor = images[-1].pk
        job.next_chunk_at = timezone.now() + timedelta(seconds=len(images) / job.rate)
    if len(images) < size:
        job.status, job.next_chunk_at = RetagStatus.DONE, None
        job.finished_at = timezone.now()


def _write(found: Sequence[Change], job: Retagging) -> None:
    """New tags in the place of the old ones; history says so where the first one is another."""
    Tag.objects.filter(image__in=[each.image for each in found], encoder=job.encoder).delete()
    Tag.objects.bulk_create(tag for each in found for tag in each.after)
    history.record(
        history.event(
            image=each.image,
            kind=EventKind.TAGGED_AGAIN,
            summary=f"Tagged again: {_named(each.before)} → {_named(each.after)}",
            job=job.pk,
            before=[tag.category.external_id for tag in each.before],
            after=[tag.category.external_id for tag in each.after],
        )
        for each in found
        if each.changes_first
    )


def _named(tags: Sequence[Tag]) -> str:
    return tags[0].category.name if tags else "no tag"
