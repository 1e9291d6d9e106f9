"""What becomes of a decision: held for a second person, taking effect, or taken back.

Its one settlement row says so, written in the transaction of the effect itself, so that whatever
dies in between, the effect happens once.
"""

import logging
import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from catalog import webhooks
from catalog.choices import Occurrence
from catalog.models import Image
from moderation import reviewing, teaching
from moderation.actions import ACTIONS
from moderation.choices import (
    Action,
    AppealStatus,
    ModerationEvent,
    Outcome,
    Queue,
    Result,
    ReviewStatus,
)
from moderation.models import Decision, Flag, Review, Settlement

log = logging.getLogger(__name__)


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
    if decision.action == Action.APPROVE and review.flagged_meanwhile:
        reopen([(review, decision)], by=None, note="Flagged again before it took effect")
        return True
    if queue := _waits_for(review, decision):
        _hold(review, decision, queue)
    else:
        _take_effect(review, decision, image)
    return True


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
    _tell(review, decision, image)


def _tell(review: Review, decision: Decision, image: Image) -> None:
    """The storefront learns what was decided and why, not by whom."""
    told: dict[str, Any] = {
        "decision": {
            "action": decision.action,
            "reason": decision.policy.slug if decision.policy else None,
            "decided_at": decision.decided_at.isoformat().replace("+00:00", "Z"),
        }
    }
    happenings = [webhooks.Happening(image, Occurrence.DECISION_EFFECTIVE, told)]
    if hasattr(review, "appeal"):
        removed = decision.action == Action.REMOVE
        status = AppealStatus.UPHELD if removed else AppealStatus.OVERTURNED
        appeal = {"status": status.value}
        happenings.append(webhooks.Happening(image, Occurrence.APPEAL_DECIDED, {"appeal": appeal}))
    webhooks.emit_all(happenings)


def reopen(
    cases: Sequence[tuple[Review, Decision]], *, by: AbstractBaseUser | None, note: str = ""
) -> None:
    """The drafts of these locked reviews are no more, nor what they taught; the reviews are open
    again where they were."""
    Settlement.objects.bulk_create(
        Settlement(decision=decision, result=Result.UNDONE, by_id=by.pk if by else None, note=note)
        for _, decision in cases
    )
    teaching.forget(decisions=[decision for _, decision in cases])
    for review, _ in cases:
        _close_draft(review, status=ReviewStatus.OPEN)
    summary = f"Undone by {by}" if by else f"{note}: back to the queue"
    reviewing.record_all([review for review, _ in cases], ModerationEvent.UNDONE, summary, by)


def _close_draft(review: Review, **changes: object) -> None:
    review.draft = review.takes_effect_at = None
    review.flagged_meanwhile = False
    review.version += 1
    for name, value in changes.items():
        setattr(review, name, value)
    review.save()
