"""Appeals: somebody asks for another look, and somebody else takes it."""

from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from catalog.choices import Status
from catalog.models import Image
from moderation import reviewing
from moderation.choices import (
    Action,
    AppealStatus,
    ModerationEvent,
    Outcome,
    Queue,
    ReviewStatus,
)
from moderation.models import Appeal, Decision, Flag, Policy, Review

TEXT_LIMIT = 2000


class AppealRefused(Exception):
    """`code` is one of empty, too_long, nothing_to_appeal, already_appealed, in_review."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@transaction.atomic
def appeal(
    *, image: Image, text: str, source: str, made_by: AbstractBaseUser | None = None
) -> Appeal:
    """Appeal against the removal of a photo, by a person or by a bank trusted to remove.

    Opens a review, with the history attached, that nobody who decided before may decide. The
    photo stays removed meanwhile. Raises `AppealRefused`.
    """
    text = text.strip()
    if not text:
        raise AppealRefused("empty", "Say why the decision should change.")
    if len(text) > TEXT_LIMIT:
        raise AppealRefused("too_long", f"Keep the appeal within {TEXT_LIMIT} characters.")
    image = (
        Image.objects.select_for_update(of=("self",)).select_related("storefront").get(pk=image.pk)
    )
    if not image.storefront.livemode:
        raise AppealRefused("nothing_to_appeal", "Nobody reviews a sandbox's photos.")
    if Review.objects.active().filter(image=image).exists():
        raise AppealRefused("in_review", "This photo is in review already. Wait for the outcome.")
    if image.status != Status.REMOVED:
        raise AppealRefused("nothing_to_appeal", "This photo is not removed.")
    decision = Decision.objects.effective().filter(image_id=image.pk).order_by("-id").first()
    if decision is not None and decision.action != Action.REMOVE:
        decision = None  # a bank removed it after a person had approved it
    if appealed_before(image, decision):
        raise AppealRefused(
            "already_appealed", "This removal was appealed before, and the outcome is final."
        )
    policy = decision.policy if decision else _removed_under(image)
    now = timezone.now()
    within = timedelta(minutes=policy.review_within_minutes) if policy else reviewing.REVIEW_WITHIN
    review = Review.objects.create(
        image=image,
        policy=policy,
        group_id=policy.group_id if policy else None,
        queue=Queue.APPEALS,
        priority=float(policy.severity) if policy else reviewing.SENT_BY_A_PERSON,
        created_at=now,
        due_at=now + within,
    )
    made = Appeal.objects.create(
        decision=decision,
        image=image,
        review=review,
        text=text,
        source=source,
        made_by_id=made_by.pk if made_by else None,
    )
    who = str(made_by) if made_by else "the storefront"
    reviewing.record(review, ModerationEvent.APPEALED, f"Appealed by {who}: {text}", made_by)
    return made


def appealed_before(image: Image, removal: Decision | None) -> bool:
    """Whether this removal (None: by a bank) was appealed, or upheld an earlier one."""
    same = Q(decision=removal)
    if removal is not None:
        same |= Q(review_id=removal.review_id)
    return Appeal.objects.filter(same, image=image).exists()


def status_of(made: Appeal, decisions: Iterable[Decision]) -> AppealStatus:
    """How an appeal stands, given the photo's effective decisions."""
    outcome = next((each for each in decisions if each.review_id == made.review_id), None)
    if outcome is not None:
        removed = outcome.action == Action.REMOVE
        return AppealStatus.UPHELD if removed else AppealStatus.OVERTURNED
    # Withdrawn: whatever had flagged the photo was taken back, and the photo went live.
    withdrawn = made.review.status == ReviewStatus.WITHDRAWN
    return AppealStatus.OVERTURNED if withdrawn else AppealStatus.OPEN


def _removed_under(image: Image) -> Policy | None:
    flags = Flag.objects.standing().filter(image=image, outcome=Outcome.REMOVE)
    flag = flags.select_related("policy").order_by("-policy__severity").first()
    return flag.policy if flag else None
