"""The life of a review: enter · claim · renew · release · skip · decide.

A claim is a lease on a review; every change raises its version. Whoever holds a live claim and
the current version may decide, nobody else: two moderators can never decide the same review.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from catalog import history, publishing
from catalog.models import Image
from moderation.choices import Action, ModerationEvent, ReviewStatus
from moderation.models import Decision, Flag, Policy, Review, Skip

SENT_BY_A_PERSON = 1.0  # priority of a review opened by hand: below any policy's flag over 0.5
REVIEW_WITHIN = timedelta(hours=4)  # for reviews no policy sets a time for


class ReviewConflict(Exception):
    """The review cannot be changed as asked; the message says who has it, or what was decided.

    `code` is one of already_decided, claimed_by_other, stale_version, not_claimed.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def enter(flags: Iterable[Flag]) -> None:
    """Open one review per flagged photo, or raise the priority of the one that is open.

    Takes flags whose photos are locked by the caller's transaction.
    """
    now = timezone.now()
    by_image: dict[object, list[Flag]] = {}
    for flag in flags:
        if not flag.vetoed_by_id:
            by_image.setdefault(flag.image_id, []).append(flag)
    opened = []
    for own in by_image.values():
        worst = max(own, key=lambda flag: flag.policy.severity * flag.score)
        priority = worst.policy.severity * worst.score
        due = min(now + timedelta(minutes=flag.policy.review_within_minutes) for flag in own)
        review, created = Review.objects.get_or_create(
            image=worst.image,
            status=ReviewStatus.OPEN,
            defaults={"policy": worst.policy, "priority": priority, "due_at": due},
        )
        if created:
            opened.append(
                history.event(
                    image=worst.image,
                    kind=ModerationEvent.REVIEW_OPENED,
                    summary=f"Waits for a moderator: {worst.policy}",
                )
            )
        elif priority > review.priority:
            Review.objects.filter(pk=review.pk).update(
                policy=worst.policy, priority=priority, due_at=due, version=F("version") + 1
            )
    history.record(opened)


@transaction.atomic
def open_review(*, image: Image, actor: AbstractBaseUser, note: str = "") -> Review:
    """A person sends a screened photo to review: it is held from now on."""
    image = Image.objects.select_for_update().get(pk=image.pk)
    if image.screened_at is None:
        raise ReviewConflict("not_screened", "This photo has not been screened yet.")
    review, created = Review.objects.get_or_create(
        image=image,
        status=ReviewStatus.OPEN,
        defaults={"priority": SENT_BY_A_PERSON, "due_at": timezone.now() + REVIEW_WITHIN},
    )
    if created:
        publishing.hold(image=image)
        summary = f"Sent to review by {actor}" + (f": {note}" if note else "")
        history.record(
            [
                history.event(
                    image=image,
                    kind=ModerationEvent.REVIEW_OPENED,
                    summary=summary,
                    actor=actor,
                )
            ]
        )
    return review


@transaction.atomic
def claim_next(*, moderator: AbstractBaseUser) -> Review | None:
    """Claim the most urgent review this moderator may take; None when nothing waits."""
    review = (
        Review.objects.queue_for(moderator, timezone.now())
        .select_for_update(skip_locked=True, of=("self",))
        .first()
    )
    return _claim(review, moderator) if review else None


@transaction.atomic
def claim(*, review_id: int, moderator: AbstractBaseUser) -> Review:
    """Claim this review, or renew one's own claim on it. Raises `ReviewConflict`."""
    review = _locked(review_id)
    _refuse_if_taken(review, moderator)
    return _claim(review, moderator)


def renew(*, review_id: int, moderator: AbstractBaseUser) -> Review:
    """Keep one's claim alive while still looking. Raises `ReviewConflict`."""
    return claim(review_id=review_id, moderator=moderator)


@transaction.atomic
def release(*, review_id: int, moderator: AbstractBaseUser) -> None:
    """Give a claimed review back to the queue; a no-op when it is not claimed by them."""
    review = _locked(review_id)
    if review.status == ReviewStatus.OPEN and review.claimed_by_id == moderator.pk:
        _unclaim(review)
        _record(review, ModerationEvent.RELEASED, f"Released by {moderator}", moderator)


@transaction.atomic
def skip(*, review_id: int, moderator: AbstractBaseUser) -> None:
    """Pass on a review: it leaves this moderator's queue and stays in everyone else's."""
    review = _locked(review_id)
    _refuse_if_taken(review, moderator)
    Skip.objects.get_or_create(review=review, moderator_id=moderator.pk)
    if review.claimed_by_id == moderator.pk:
        _unclaim(review)
    _record(review, ModerationEvent.SKIPPED, f"Skipped by {moderator}", moderator)


@transaction.atomic
def decide(
    *,
    review_id: int,
    moderator: AbstractBaseUser,
    version: int,
    action: Action,
    policy: Policy | None = None,
    note: str = "",
) -> Decision:
    """Decide a claimed review: approve publishes the photo, remove hides it for good.

    `version` is the one the moderator's screen showed. Raises `ReviewConflict`, or `ValueError`
    when a removal names no policy.
    """
    if action == Action.REMOVE and policy is None:
        raise ValueError("A removal names the policy it is made under.")
    review = _locked(review_id)
    _refuse_if_taken(review, moderator)
    if review.claimed_by_id != moderator.pk:
        raise ReviewConflict(
            "not_claimed", "Your claim on this review ended. Open it again to claim it."
        )
    if review.version != version:
        raise ReviewConflict(
            "stale_version", "This review changed since your screen loaded. Look at it again."
        )
    image = Image.objects.select_for_update().get(pk=review.image_id)
    before = Decision.objects.filter(image=image).first()
    decision = Decision.objects.create(
        review=review,
        image=image,
        action=action,
        policy=policy if action == Action.REMOVE else None,
        note=note,
        decided_by_id=moderator.pk,
        override_of=before,
    )
    review.status = ReviewStatus.DECIDED
    review.decided_at = decision.decided_at
    review.version += 1
    review.claimed_by = review.claim_expires_at = None
    review.save()
    if action == Action.APPROVE:
        publishing.publish(image=image)
        _record(review, ModerationEvent.APPROVED, f"Approved by {moderator}", moderator)
    else:
        publishing.remove(image=image)
        summary = f"Removed by {moderator}: {policy}"
        _record(review, ModerationEvent.REMOVED, summary, moderator)
    return decision


def _locked(review_id: int) -> Review:
    return Review.objects.select_for_update(of=("self",)).get(pk=review_id)


def _claim(review: Review, moderator: AbstractBaseUser) -> Review:
    """Claim a locked review. A renewed claim keeps the version: the screen did not change."""
    now = timezone.now()
    expires = review.claim_expires_at
    renewed = review.claimed_by_id == moderator.pk and expires is not None and expires > now
    review.claimed_by_id = moderator.pk
    review.claim_expires_at = now + timedelta(seconds=settings.VITRINE_REVIEW_LEASE_SECONDS)
    if not renewed:
        review.version += 1
        _record(review, ModerationEvent.CLAIMED, f"Claimed by {moderator}", moderator)
    review.save(update_fields=["claimed_by", "claim_expires_at", "version"])
    return review


def _unclaim(review: Review) -> None:
    review.claimed_by = review.claim_expires_at = None
    review.version += 1
    review.save(update_fields=["claimed_by", "claim_expires_at", "version"])


def _refuse_if_taken(review: Review, moderator: AbstractBaseUser) -> None:
    now = timezone.now()
    if review.status == ReviewStatus.DECIDED:
        decision = Decision.objects.select_related("decided_by", "policy").get(review=review)
        verb = "approved" if decision.action == Action.APPROVE else f"removed, {decision.policy}"
        seconds = int((now - decision.decided_at).total_seconds())
        raise ReviewConflict(
            "already_decided", f"Decided by {decision.decided_by} ({verb}), {_ago(seconds)}."
        )
    expires = review.claim_expires_at
    if review.claimed_by_id and review.claimed_by_id != moderator.pk and expires and expires > now:
        raise ReviewConflict(
            "claimed_by_other",
            f"{review.claimed_by} is reviewing this until {expires:%H:%M} UTC.",
        )


def _ago(seconds: int) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def _record(review: Review, kind: str, summary: str, actor: AbstractBaseUser) -> None:
    image = Image(pk=review.image_id)
    history.record([history.event(image=image, kind=kind, summary=summary, actor=actor)])
