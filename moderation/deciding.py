"""Decisions as people make them: drafted, one or many together, and undone.

A decision is a draft until the undo window has passed; the photo stays as it was. What becomes of
it then is in `settling`.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from moderation import reviewing, settling
from moderation.actions import ACTIONS
from moderation.choices import ModerationEvent, ReviewStatus
from moderation.models import Decision, Policy, Review
from moderation.reviewing import ReviewConflict

TOO_LATE = "This can no longer be undone. Send the photo to review again, or let it be appealed."

DRAFTED = (
    *("status", "draft", "takes_effect_at", "version"),
    *("claimed_by", "claimed_at", "claim_expires_at"),
)


@dataclass
class Together:
    """What became of a decision on several reviews."""

    batch: uuid.UUID
    decisions: list[Decision] = field(default_factory=list)
    conflicts: list[tuple[int, ReviewConflict]] = field(default_factory=list)


@transaction.atomic
def decide(
    *,
    review_id: int,
    moderator: AbstractBaseUser,
    version: int,
    action: str,
    policy: Policy | None = None,
    note: str = "",
) -> Decision:
    """Decide a claimed review. It takes effect once it can no longer be undone.

    `version` is the one the moderator's screen showed. Raises `ReviewConflict`, or `ValueError`
    when a removal names no policy.
    """
    _refuse_without_policy(action, policy)
    review = reviewing.locked(review_id)
    reviewing.refuse_unless_claimed(review, moderator, version)
    (decision,) = _draft([review], moderator, action, policy, note, batch=None)
    return decision


@transaction.atomic
def decide_together(
    *,
    moderator: AbstractBaseUser,
    cases: Sequence[tuple[int, int]],
    action: str,
    policy: Policy | None = None,
    note: str = "",
) -> Together:
    """Decide several reviews (id, version shown) alike, claimed or free; each can be undone alone.

    Those that cannot be decided are left as they are, and come back as conflicts.
    """
    _refuse_without_policy(action, policy)
    together = Together(batch=uuid.uuid4())
    wanted = Review.objects.filter(pk__in=[review_id for review_id, _ in cases])
    reviews = {
        review.pk: review for review in wanted.select_for_update(of=("self",)).order_by("pk")
    }
    allowed = set(wanted.allowed_to(moderator).values_list("pk", flat=True))
    free = []
    for review_id, version in sorted(set(cases)):
        review = reviews.get(review_id)
        try:
            if review is None:
                raise ReviewConflict("withdrawn", "This review is no longer there.")
            reviewing.refuse_if_taken(review, moderator, allowed=review_id in allowed)
            reviewing.refuse_if_stale(review, version)
        except ReviewConflict as conflict:
            together.conflicts.append((review_id, conflict))
        else:
            free.append(review)
    together.decisions = _draft(free, moderator, action, policy, note, batch=together.batch)
    return together


@transaction.atomic
def undo(*, decision_id: int, moderator: AbstractBaseUser) -> Review:
    """Take back one's own decision while it is a draft; the review is claimed by them again.

    Raises `ReviewConflict` (not_yours, too_late).
    """
    decision = Decision.objects.select_related("decided_by").get(pk=decision_id)
    if decision.decided_by_id != moderator.pk:
        raise ReviewConflict("not_yours", f"This is {decision.decided_by}’s decision.")
    review = Review.objects.select_for_update(of=("self",)).filter(pk=decision.review_id).first()
    now = timezone.now()
    if review is None or not _can_undo(review, decision, now):
        raise ReviewConflict("too_late", TOO_LATE)
    settling.reopen([(review, decision)], by=moderator)
    review.claimed_by_id = moderator.pk
    review.claimed_at = now
    review.claim_expires_at = now + timedelta(seconds=settings.VITRINE_REVIEW_LEASE_SECONDS)
    review.save(update_fields=["claimed_by", "claimed_at", "claim_expires_at"])
    return review


@transaction.atomic
def undo_together(*, batch: uuid.UUID, moderator: AbstractBaseUser) -> int:
    """Take back one's own decisions of a batch that still can be; returns how many.

    Their reviews return to the queue they came from.
    """
    mine = Decision.objects.filter(batch=batch, decided_by_id=moderator.pk).in_bulk()
    now = timezone.now()
    drafts = Review.objects.filter(draft__in=mine).select_for_update(of=("self",)).order_by("pk")
    cases = [(review, mine[review.draft_id]) for review in drafts if review.draft_id]
    cases = [(review, decision) for review, decision in cases if _can_undo(review, decision, now)]
    settling.reopen(cases, by=moderator)
    return len(cases)


def _can_undo(review: Review, decision: Decision, now: datetime) -> bool:
    ends = review.takes_effect_at
    return review.draft_id == decision.pk and ends is not None and now < ends


def _refuse_without_policy(action: str, policy: Policy | None) -> None:
    if ACTIONS[action].needs_policy and policy is None:
        raise ValueError("A removal names the policy it is made under.")


def _draft(
    reviews: Sequence[Review],
    moderator: AbstractBaseUser,
    action: str,
    policy: Policy | None,
    note: str,
    batch: uuid.UUID | None,
) -> list[Decision]:
    """A draft on each of these locked reviews, in a fixed number of statements."""
    if not reviews:
        return []
    now = timezone.now()
    photos = [review.image_id for review in reviews]
    before = {
        decision.image_id: decision
        for decision in Decision.objects.filter(image_id__in=photos)
        .order_by("image_id", "-id")
        .distinct("image_id")
    }
    decisions = Decision.objects.bulk_create(
        Decision(
            review=review,
            image_id=review.image_id,
            queue=review.queue,
            action=action,
            policy=policy if ACTIONS[action].needs_policy else None,
            about_id=review.policy_id,
            note=note,
            decided_by_id=moderator.pk,
            opened_at=review.created_at,
            claimed_at=(review.claimed_by_id == moderator.pk and review.claimed_at) or now,
            decided_at=now,
            batch=batch,
            override_of=before.get(review.image_id),
        )
        for review in reviews
    )
    window = settings.VITRINE_UNDO_SECONDS
    for review, decision in zip(reviews, decisions, strict=True):
        review.status = ReviewStatus.DRAFT
        review.draft = decision
        review.takes_effect_at = now + timedelta(seconds=window)
        review.claimed_by = review.claimed_at = review.claim_expires_at = None
        review.version += 1
    Review.objects.bulk_update(reviews, DRAFTED)
    if window:
        reason = f": {policy}" if ACTIONS[action].needs_policy else ""
        summary = f"{ACTIONS[action].past} by {moderator}{reason}, can be undone"
        reviewing.record_all(reviews, ModerationEvent.DECIDED, summary, moderator)
    else:
        for review in reviews:
            settling.settle(review_id=review.pk, image_id=review.image_id)
    return decisions
