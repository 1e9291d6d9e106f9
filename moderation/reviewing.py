"""The life of a review until somebody decides: enter · claim · renew · release · skip · escalate.

A claim is a lease on a review; every change raises its version. Whoever holds a live claim and
the current version may decide, nobody else: two moderators can never decide the same review.

Rows are locked in one order everywhere, the photo before its review.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from catalog import history, publishing
from catalog.choices import Status
from catalog.models import Image
from catalog.roles import is_lead
from moderation.choices import ModerationEvent, Queue, ReviewStatus
from moderation.models import Flag, Review, Skip
from moderation.models.review import ReviewQuerySet

SENT_BY_A_PERSON = 1.0  # priority of a review opened by hand: below any policy's flag over 0.5
REVIEW_WITHIN = timedelta(hours=4)  # for reviews no policy sets a time for


class ReviewConflict(Exception):
    """The review cannot be changed as asked; the message says who has it, or what was decided.

    `code` is one of already_decided, claimed_by_other, stale_version, not_claimed, not_screened,
    in_review, withdrawn, needs_another_person, leads_only, other_group, too_late, not_yours.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Wanted:
    """Which reviews somebody works on: the filters of the queue page, of "next" and of bulk."""

    queue: str = Queue.FIRST
    policy: str = ""  # slug
    storefront: str = ""  # slug
    older_than: int = 0  # minutes in the queue

    def of(self, reviews: ReviewQuerySet) -> ReviewQuerySet:
        reviews = reviews.filter(queue=self.queue)
        if self.policy:
            reviews = reviews.filter(policy__slug=self.policy)
        if self.storefront:
            reviews = reviews.filter(image__storefront__slug=self.storefront)
        if self.older_than:
            since = timezone.now() - timedelta(minutes=self.older_than)
            reviews = reviews.filter(created_at__lte=since)
        return reviews


@transaction.atomic
def open_review(*, image: Image, actor: AbstractBaseUser, note: str = "") -> Review:
    """A person sends a screened photo to review: it is held from now on."""
    image = (
        Image.objects.select_for_update(of=("self",)).select_related("storefront").get(pk=image.pk)
    )
    if not image.storefront.livemode:
        raise ReviewConflict("in_sandbox", "Nobody reviews a sandbox's photos.")
    if image.screened_at is None:
        raise ReviewConflict("not_screened", "This photo has not been screened yet.")
    active = Review.objects.active().filter(image=image).first()
    if active is not None:
        if active.status == ReviewStatus.DRAFT:
            raise ReviewConflict("in_review", "This photo is being decided just now.")
        return active
    review = Review.objects.create(
        image=image, priority=SENT_BY_A_PERSON, due_at=timezone.now() + REVIEW_WITHIN
    )
    publishing.hold(image=image)
    summary = f"Sent to review by {actor}" + (f": {note}" if note else "")
    record(review, ModerationEvent.REVIEW_OPENED, summary, actor)
    return review


@transaction.atomic
def claim_next(*, moderator: AbstractBaseUser, wanted: Wanted | None = None) -> Review | None:
    """Claim the most urgent wanted review this moderator may take; None when nothing waits."""
    wanted = wanted or Wanted()
    review = (
        wanted.of(Review.objects.queue_for(moderator, timezone.now(), wanted.queue))
        .select_for_update(skip_locked=True, of=("self",))
        .first()
    )
    return _claim(review, moderator) if review else None


@transaction.atomic
def claim(*, review_id: int, moderator: AbstractBaseUser) -> Review:
    """Claim this review, or renew one's own claim on it. Raises `ReviewConflict`."""
    review = locked(review_id)
    refuse_if_taken(review, moderator)
    return _claim(review, moderator)


def renew(*, review_id: int, moderator: AbstractBaseUser) -> Review:
    """Keep one's claim alive while still looking. Raises `ReviewConflict`."""
    return claim(review_id=review_id, moderator=moderator)


@transaction.atomic
def release(*, review_id: int, moderator: AbstractBaseUser) -> None:
    """Give a claimed review back to the queue; a no-op when it is not claimed by them."""
    review = locked(review_id)
    if review.status == ReviewStatus.OPEN and review.claimed_by_id == moderator.pk:
        _unclaim(review)
        record(review, ModerationEvent.RELEASED, f"Released by {moderator}", moderator)


@transaction.atomic
def skip(*, review_id: int, moderator: AbstractBaseUser) -> None:
    """Pass on a review: it leaves this moderator's queue and stays in everyone else's."""
    review = locked(review_id)
    refuse_if_taken(review, moderator)
    Skip.objects.get_or_create(review=review, moderator_id=moderator.pk)
    if review.claimed_by_id == moderator.pk:
        _unclaim(review)
    record(review, ModerationEvent.SKIPPED, f"Skipped by {moderator}", moderator)


@transaction.atomic
def escalate(
    *, review_id: int, moderator: AbstractBaseUser, version: int, note: str = ""
) -> Review:
    """Hand a claimed review to the leads. Raises `ReviewConflict`."""
    review = locked(review_id)
    refuse_unless_claimed(review, moderator, version)
    if review.queue == Queue.ESCALATED:
        raise ReviewConflict("stale_version", "This review is with the leads already.")
    review.queue = Queue.ESCALATED
    _unclaim(review)
    review.save(update_fields=["queue"])
    summary = f"Escalated by {moderator}" + (f": {note}" if note else "")
    record(review, ModerationEvent.ESCALATED, summary, moderator)
    return review


def expire_claims() -> int:
    """Give back claims whose lease ran out, so that history says when; returns how many."""
    overdue = Review.objects.open().filter(claim_expires_at__lte=timezone.now())
    count = 0
    for key in overdue.order_by("claim_expires_at").values_list("pk", flat=True)[:1000]:
        with transaction.atomic():
            review = (
                overdue.select_for_update(skip_locked=True, of=("self",)).filter(pk=key).first()
            )
            if review:
                _record_expiry(review)
                _unclaim(review)
                count += 1
    return count


@transaction.atomic
def withdraw(
    *, review: Review, actor: AbstractBaseUser | None, reason: str, restore: str = Status.LIVE
) -> bool:
    """Close a review that nothing stands behind any more, and give the photo `restore` back.

    Only undecided reviews that no person asked for and whose flags are all withdrawn; False, and
    nothing changed, for others.
    """
    image = Image.objects.select_for_update().get(pk=review.image_id)
    review = locked(review.pk)
    asked_for = review.policy_id is None or review.queue not in (Queue.FIRST, Queue.FLOOD)
    if review.status != ReviewStatus.OPEN or asked_for:
        return False
    if Flag.objects.standing().filter(image=image).exists():
        return False
    review.status = ReviewStatus.WITHDRAWN
    review.decided_at = timezone.now()
    _unclaim(review)
    review.save(update_fields=["status", "decided_at"])
    if image.status == Status.HELD and restore == Status.LIVE:
        publishing.publish(image=image)
    record(review, ModerationEvent.WITHDRAWN, reason, actor)
    return True


def locked(review_id: int) -> Review:
    """The review, locked until the transaction ends."""
    return Review.objects.select_for_update(of=("self",)).get(pk=review_id)


def refuse_if_taken(
    review: Review, moderator: AbstractBaseUser, *, allowed: bool | None = None
) -> None:
    """Raise `ReviewConflict` unless this moderator may work on the review now.

    `allowed` is whether it is routed to them, for callers who asked about many at once.
    """
    now = timezone.now()
    if review.status == ReviewStatus.WITHDRAWN:
        raise ReviewConflict("withdrawn", "What this photo was flagged for has been withdrawn.")
    if review.status != ReviewStatus.OPEN:
        raise ReviewConflict("already_decided", _decided_by(review, now))
    expires = review.claim_expires_at
    if review.claimed_by_id and review.claimed_by_id != moderator.pk and expires and expires > now:
        raise ReviewConflict(
            "claimed_by_other",
            f"{review.claimed_by} is reviewing this until {expires:%H:%M} UTC.",
        )
    if allowed is None:
        allowed = Review.objects.filter(pk=review.pk).allowed_to(moderator).exists()
    if not allowed:
        raise _not_allowed(review, moderator)


def refuse_unless_claimed(review: Review, moderator: AbstractBaseUser, version: int) -> None:
    """Raise `ReviewConflict` unless they hold a claim and saw the current version."""
    refuse_if_taken(review, moderator)
    if review.claimed_by_id != moderator.pk:
        raise ReviewConflict(
            "not_claimed", "Your claim on this review ended. Open it again to claim it."
        )
    refuse_if_stale(review, version)


def refuse_if_stale(review: Review, version: int) -> None:
    if review.version != version:
        raise ReviewConflict(
            "stale_version", "This review changed since your screen loaded. Look at it again."
        )


def record(review: Review, kind: str, summary: str, actor: AbstractBaseUser | None) -> None:
    """Append to the photo's history."""
    record_all([review], kind, summary, actor)


def record_all(
    reviews: Iterable[Review], kind: str, summary: str, actor: AbstractBaseUser | None
) -> None:
    """Append the same to the history of each review's photo."""
    history.record(
        history.event(
            image=Image(pk=review.image_id),
            kind=kind,
            summary=summary,
            actor=actor,
            review=review.pk,
            queue=review.queue,
        )
        for review in reviews
    )


def _claim(review: Review, moderator: AbstractBaseUser) -> Review:
    """Claim a locked review. A renewed claim keeps the version: the screen did not change."""
    now = timezone.now()
    expires = review.claim_expires_at
    renewed = review.claimed_by_id == moderator.pk and expires is not None and expires > now
    if not renewed:
        if review.claimed_by_id:
            _record_expiry(review)
        review.claimed_at = now
        review.version += 1
        record(review, ModerationEvent.CLAIMED, f"Claimed by {moderator}", moderator)
    review.claimed_by_id = moderator.pk
    review.claim_expires_at = now + timedelta(seconds=settings.VITRINE_REVIEW_LEASE_SECONDS)
    review.save(update_fields=["claimed_by", "claimed_at", "claim_expires_at", "version"])
    return review


def _unclaim(review: Review) -> None:
    review.claimed_by = review.claimed_at = review.claim_expires_at = None
    review.version += 1
    review.save(update_fields=["claimed_by", "claimed_at", "claim_expires_at", "version"])


def _record_expiry(review: Review) -> None:
    record(
        review,
        ModerationEvent.CLAIM_EXPIRED,
        f"The claim of {review.claimed_by} expired",
        review.claimed_by,
    )


def _decided_by(review: Review, now: datetime) -> str:
    decision = review.decisions.select_related("decided_by", "policy").latest("id")
    seconds = int((now - decision.decided_at).total_seconds())
    text = f"Decided by {decision.decided_by} ({decision.verdict}), {_ago(seconds)}."
    if review.takes_effect_at and review.takes_effect_at > now:
        left = int((review.takes_effect_at - now).total_seconds())
        text += f" They can still undo it for {left // 60}:{left % 60:02}."
    return text


def _not_allowed(review: Review, moderator: AbstractBaseUser) -> ReviewConflict:
    if review.queue == Queue.ESCALATED and not is_lead(moderator):
        return ReviewConflict("leads_only", "This review is with the leads.")
    if review.group_id and not is_lead(moderator) and not _in_group(review, moderator):
        return ReviewConflict("other_group", f"This review is for {review.group}.")
    return ReviewConflict(
        "needs_another_person",
        "You have decided on this photo before. Somebody else has to look at it now.",
    )


def _in_group(review: Review, moderator: AbstractBaseUser) -> bool:
    return review.group is not None and review.group.user_set.filter(pk=moderator.pk).exists()


def _ago(seconds: int) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
