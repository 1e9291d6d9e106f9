"""Taking a sweep back, some photos at a time, as far as no person has judged them since."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from catalog import history, publishing
from catalog.choices import Status
from catalog.models import Image
from moderation import entering, reviewing
from moderation.choices import ModerationEvent, Outcome, Queue, Result
from moderation.models import Decision, Flag, Review, Sweep

PHOTOS_AT_ONCE = 200  # in one transaction


@dataclass(frozen=True)
class Extent:
    """What taking a sweep back would do.

    Attributes:
        photos: it flagged and nobody has judged since: the flags are withdrawn.
        acted: those of them that it held or removed itself.
        kept: photos that stay as they are, because a person has decided since or is about to.
    """

    photos: int
    acted: int
    kept: int


def extent(sweep: Sweep) -> Extent:
    """What taking it back would do now."""
    kept = _judged(sweep) | set(_appealed().filter(image__in=sweep.hits.values("image_id")))
    free = sweep.hits.exclude(image__in=kept)
    return Extent(free.count(), free.filter(acted=True).count(), len(kept))


def take_back_some(sweep: Sweep) -> int:
    """Take back what the sweep did to the next photos after its cursor; returns how many it
    looked at, 0 when it is through.

    Its flags on them are withdrawn and the photos are what they were, unless something else
    stands against them. Where a person has decided since, or somebody appealed, all stays as it
    is: then the flags are evidence. The caller holds the sweep locked, and saves it.
    """
    hits = sweep.hits.order_by("image_id")
    if sweep.cursor:
        hits = hits.filter(image_id__gt=sweep.cursor)
    acted = dict(hits.values_list("image_id", "acted")[:PHOTOS_AT_ONCE])
    if not acted:
        # What it only recorded, vetoed or outside the sample, changed no photo.
        recorded = sweep.flags.exclude(outcome__in=(Outcome.HOLD, Outcome.REMOVE))
        _withdraw(sweep, recorded.values_list("pk", flat=True))
        return 0
    images = Image.objects.select_for_update().filter(pk__in=acted).order_by("pk")
    locked = {image.pk: image for image in images}
    reviews = {
        review.image_id: review
        for review in Review.objects.active()
        .filter(image__in=locked)
        .select_for_update(of=("self",))
        .order_by("pk")
    }
    kept = _judged(sweep, locked) | set(_appealed().filter(image__in=locked))
    free = [key for key in locked if key not in kept]
    _withdraw(sweep, sweep.flags.filter(image__in=free).values_list("pk", flat=True))
    standing: dict[UUID, list[Flag]] = {key: [] for key in free}
    for flag in Flag.objects.standing().filter(image__in=free).select_related("policy"):
        standing[flag.image_id].append(flag)
    for key in free:
        if review := reviews.get(key):
            _close(review, standing[key], sweep)
        elif acted[key]:
            _restore(locked[key], standing[key])
    sweep.hits.filter(image__in=free).update(reverted=True)
    sweep.cursor = max(acted)
    summary = f"A sweep of {sweep.bank.name} was taken back by {sweep.reverted_by}"
    history.record(
        history.event(
            image=locked[key],
            kind=ModerationEvent.WITHDRAWN,
            summary=summary,
            actor=sweep.reverted_by,
            sweep=sweep.pk,
        )
        for key in free
    )
    return len(acted)


def _judged(sweep: Sweep, images: Iterable[UUID] | None = None) -> set[UUID]:
    """Photos (of these) a person has decided on since the sweep flagged them."""
    decided = Decision.objects.filter(
        image_id=OuterRef("image_id"), decided_at__gte=OuterRef("created_at")
    ).exclude(settlement__result=Result.UNDONE)
    flags = sweep.flags.standing().filter(Exists(decided))
    if images is not None:
        flags = flags.filter(image__in=images)
    return set(flags.values_list("image_id", flat=True))


def _appealed() -> "QuerySet[Review, UUID]":
    appeals = Review.objects.active().filter(queue=Queue.APPEALS)
    return appeals.values_list("image_id", flat=True)


def _withdraw(sweep: Sweep, flags: Iterable[int]) -> None:
    Flag.objects.filter(pk__in=list(flags), withdrawn_at__isnull=True).update(
        withdrawn_at=timezone.now(), withdrawn_by=sweep.reverted_by
    )


def _close(review: Review, standing: list[Flag], sweep: Sweep) -> None:
    """Close a review that nothing stands behind any more; let what does say how urgent it is."""
    if not standing:
        reason = f"A sweep of {sweep.bank.name} was taken back"
        reviewing.withdraw(review=review, actor=sweep.reverted_by, reason=reason)
    elif review.policy_id is not None and review.queue in (Queue.FIRST, Queue.FLOOD):
        Review.objects.filter(pk=review.pk).update(priority=0)
        entering.enter(standing)


def _restore(image: Image, standing: list[Flag]) -> None:
    """Bring back a photo the sweep removed, as far as what still stands allows."""
    if image.status != Status.REMOVED:
        return
    if not standing:
        publishing.publish(image=image)
    elif all(flag.outcome != Outcome.REMOVE for flag in standing):
        publishing.hold(image=image)
        entering.enter(standing)
