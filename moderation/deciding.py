"""Decisions: drafted, undone, held for a second person, and taking effect.

A decision is a draft until the undo window has passed; the photo stays as it was. Then its one
settlement row says what became of it, in the same transaction as the effect, so that whatever
dies in between, the effect happens once.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from catalog.models import Image
from moderation import reviewing, teaching
from moderation.actions import ACTIONS
from moderation.choices import Action, ModerationEvent, Outcome, Queue, Result, ReviewStatus
from moderation.models import Decision, Flag, Policy, Review, Settlement
from moderation.reviewing import ReviewConflict

log = logging.getLogger(__name__)


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
    return _draft(review, moderator, action, policy, note, batch=None)


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
    for review_id, version in sorted(set(cases)):
        try:
            review = reviewing.locked(review_id)
            reviewing.refuse_if_taken(review, moderator)
            reviewing.refuse_if_stale(review, version)
        except Review.DoesNotExist:
            gone = ReviewConflict("withdrawn", "This review is no longer there.")
            together.conflicts.append((review_id, gone))
        except ReviewConflict as conflict:
            together.conflicts.append((review_id, conflict))
        else:
            decision = _draft(review, moderator, action, policy, note, batch=together.batch)
            together.decisions.append(decision)
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
    if (
        review is None
        or review.draft_id != decision.pk
        or review.takes_effect_at is None
        or review.takes_effect_at <= now
    ):
        raise ReviewConflict(
            "too_late",
            "This can no longer be undone. Send the photo to review again, or let it be appealed.",
        )
    _reopen(review, decision, by=moderator, note="")
    review.claimed_by_id = moderator.pk
    review.claimed_at = now
    review.claim_expires_at = now + timedelta(seconds=settings.VITRINE_REVIEW_LEASE_SECONDS)
    review.save(update_fields=["claimed_by", "claimed_at", "claim_expires_at"])
    return review


def settle_due(*, limit: int = 500) -> int:
    """Settle the decisions whose undo window has passed; returns how many.

    Each in a transaction of its own: one that fails is logged, stays due and stops no other.
    """
    due = Review.objects.filter(
        status=ReviewStatus.DRAFT, takes_effect_at__lte=timezone.now()
    ).order_by("takes_effect_at")
    settled = 0
    for review_id, image_id in list(due.values_list("pk", "image_id")[:limit]):
        try:
            settled += settle(review_id=review_id, image_id=image_id)
        except Exception:
            log.exception(
                "The decision on review %s could not take effect; it stays due.", review_id
            )
    return settled


@transaction.atomic
def settle(*, review_id: int, image_id: uuid.UUID) -> bool:
    """Settle a draft whose time has come; False when there is nothing to settle (any more)."""
    image = Image.objects.select_for_update().filter(pk=image_id).first()
    review = (
        Review.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=review_id, status=ReviewStatus.DRAFT, takes_effect_at__lte=timezone.now())
        .select_related("draft__policy", "draft__decided_by", "held_decision__decided_by", "policy")
        .first()
    )
    if image is None or review is None or review.draft is None:
        return False
    decision = review.draft
    if decision.action == Action.APPROVE and _flagged_since(decision):
        _reopen(review, decision, by=None, note="Flagged again before it took effect")
        return True
    if queue := _waits_for(review, decision):
        _hold(review, decision, queue)
    else:
        _take_effect(review, decision, image)
    return True


def _refuse_without_policy(action: str, policy: Policy | None) -> None:
    if ACTIONS[action].needs_policy and policy is None:
        raise ValueError("A removal names the policy it is made under.")


def _draft(
    review: Review,
    moderator: AbstractBaseUser,
    action: str,
    policy: Policy | None,
    note: str,
    batch: uuid.UUID | None,
) -> Decision:
    now = timezone.now()
    decision = Decision.objects.create(
        review=review,
        image_id=review.image_id,
        queue=review.queue,
        action=action,
        policy=policy if ACTIONS[action].needs_policy else None,
        about=review.policy,
        note=note,
        decided_by_id=moderator.pk,
        opened_at=review.created_at,
        claimed_at=(review.claimed_by_id == moderator.pk and review.claimed_at) or now,
        decided_at=now,
        batch=batch,
        override_of=Decision.objects.filter(image_id=review.image_id).order_by("-id").first(),
    )
    window = settings.VITRINE_UNDO_SECONDS
    review.status = ReviewStatus.DRAFT
    review.draft = decision
    review.takes_effect_at = now + timedelta(seconds=window)
    review.claimed_by = review.claimed_at = review.claim_expires_at = None
    review.version += 1
    review.save()
    summary = f"{ACTIONS[action].past} by {moderator}" + (f": {policy}" if policy else "")
    if window:
        reviewing.record(review, ModerationEvent.DECIDED, f"{summary}, can be undone", moderator)
    else:
        settle(review_id=review.pk, image_id=review.image_id)
    return decision


def _flagged_since(decision: Decision) -> bool:
    """Whether the photo was flagged after the moderator had looked."""
    flags = Flag.objects.standing().filter(image_id=decision.image_id)
    return flags.filter(created_at__gt=decision.decided_at).exists()


def _waits_for(review: Review, decision: Decision) -> Queue | None:
    """The queue in which somebody else has to decide too; None when the decision stands."""
    first = review.held_decision
    if first is not None:
        disagree = first.action != decision.action and review.queue == Queue.SECOND
        return Queue.ESCALATED if disagree else None
    appeal = getattr(review, "appeal", None)
    if appeal is not None and decision.action == Action.REMOVE:
        return None  # upheld: two people have decided the same
    return Queue.SECOND if _needs_two(review, decision) else None


def _needs_two(review: Review, decision: Decision) -> bool:
    """Severe policies, and photos that a bank trusted to remove has judged already."""
    policies = [policy for policy in (review.policy, decision.policy) if policy]
    flags = Flag.objects.standing().filter(image_id=review.image_id)
    return (
        any(policy.needs_second_person for policy in policies)
        or flags.filter(outcome=Outcome.REMOVE).exists()
        or flags.filter(policy__needs_second_person=True).exists()
    )


def _hold(review: Review, decision: Decision, queue: Queue) -> None:
    """The decision waits for another person, in a queue it never leaves for the first one."""
    disputed = queue == Queue.ESCALATED
    Settlement.objects.create(decision=decision, result=Result.HELD)
    _close_draft(review, status=ReviewStatus.OPEN, queue=queue, held_decision=decision)
    if disputed:
        kind, summary = ModerationEvent.DISPUTED, "Two people disagree: a lead decides"
    else:
        kind, summary = ModerationEvent.HELD_FOR_SECOND, "Waits for a second person"
    reviewing.record(review, kind, summary, None)


def _take_effect(review: Review, decision: Decision, image: Image) -> None:
    enforcement = ACTIONS[decision.action]
    Settlement.objects.create(decision=decision, result=Result.EFFECTIVE)
    enforcement.apply(image)
    _close_draft(review, status=ReviewStatus.DECIDED, decided_at=timezone.now())
    people = str(decision.decided_by)
    first = review.held_decision
    if first is not None and first.action == decision.action:
        people = f"{first.decided_by} and {people}"
    reason = f": {decision.policy}" if decision.policy else ""
    summary = f"{enforcement.past} by {people}{reason}"
    reviewing.record(review, enforcement.event, summary, decision.decided_by)


def _reopen(review: Review, decision: Decision, *, by: AbstractBaseUser | None, note: str) -> None:
    """The draft is no more, nor what it taught; the review is open again where it was."""
    Settlement.objects.create(
        decision=decision, result=Result.UNDONE, by_id=by.pk if by else None, note=note
    )
    teaching.forget(decision=decision)
    _close_draft(review, status=ReviewStatus.OPEN)
    summary = f"Undone by {by}" if by else f"{note}: back to the queue"
    reviewing.record(review, ModerationEvent.UNDONE, summary, by)


def _close_draft(review: Review, **changes: object) -> None:
    review.draft = review.takes_effect_at = None
    review.version += 1
    for name, value in changes.items():
        setattr(review, name, value)
    review.save()
