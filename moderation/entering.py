"""How flagged photos enter the queue: one open review each, the most urgent first."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from catalog import history
from catalog.models import Image
from moderation.choices import ModerationEvent, Outcome, Queue, ReviewStatus
from moderation.models import Flag, Review


def enter(flags: Iterable[Flag]) -> None:
    """Open one review per flagged photo, or tell the one that is active.

    Takes flags whose photos are locked by the caller's transaction. A review that waits for a
    second person, a lead or an appeal stays where it is, and one that is being decided stays
    decided: nothing that happens to a photo puts it back into the first queue.
    """
    by_image: dict[UUID, list[Flag]] = {}
    for flag in flags:
        if flag.outcome in (Outcome.HOLD, Outcome.REMOVE):
            by_image.setdefault(flag.image_id, []).append(flag)
    if not by_image:
        return
    exposures = _exposures(by_image)
    active = {
        review.image_id: review
        for review in Review.objects.active()
        .filter(image__in=by_image)
        .select_for_update(of=("self",))
        .order_by("pk")
    }
    opened = []
    for image_id, own in by_image.items():
        worst = max(own, key=lambda flag: flag.policy.severity * flag.closeness)
        priority = worst.policy.severity * worst.closeness * exposures[image_id]
        if review := active.get(image_id):
            _tell(review, own, worst, priority)
        else:
            opened.append(_new(image_id, own, worst, priority))
    Review.objects.bulk_create(opened)
    history.record(
        history.event(
            image=Image(pk=review.image_id),
            kind=ModerationEvent.REVIEW_OPENED,
            summary=f"Waits for a moderator: {review.policy}",
            queue=review.queue,
        )
        for review in opened
    )


def _exposures(image_ids: Iterable[UUID]) -> dict[UUID, float]:
    rows = Image.objects.filter(pk__in=image_ids).values_list(
        "pk", "storefront__exposure", "product__exposure"
    )
    return {key: shop * (product or 1.0) for key, shop, product in rows}


def _new(image_id: UUID, flags: Sequence[Flag], worst: Flag, priority: float) -> Review:
    now = timezone.now()
    flooded = all(flag.quarantined for flag in flags)
    return Review(
        image_id=image_id,
        policy=worst.policy,
        group_id=worst.policy.group_id,
        queue=Queue.FLOOD if flooded else Queue.FIRST,
        priority=priority,
        created_at=now,
        due_at=min(now + timedelta(minutes=flag.policy.review_within_minutes) for flag in flags),
    )


def _tell(review: Review, flags: Sequence[Flag], worst: Flag, priority: float) -> None:
    """Let an active review know of new flags. Its version grows: screens that show it are stale."""
    if review.status == ReviewStatus.DRAFT:
        review.flagged_meanwhile = True  # an approval will not settle, see settling.settle
        review.save(update_fields=["flagged_meanwhile"])
        return
    review.version += 1
    if priority > review.priority:
        review.priority = priority
        asked_for = review.policy_id is None  # by a person, and stays so
        if review.queue in (Queue.FIRST, Queue.FLOOD) and not asked_for:
            review.policy = worst.policy
            review.group_id = worst.policy.group_id
        minutes = timedelta(minutes=worst.policy.review_within_minutes)
        review.due_at = min(review.due_at, timezone.now() + minutes)
    if review.queue == Queue.FLOOD and not all(flag.quarantined for flag in flags):
        review.queue = Queue.FIRST
    review.save(update_fields=["version", "priority", "policy", "group", "due_at", "queue"])
