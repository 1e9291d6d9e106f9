"""Blind second reviews: a sample of decisions is judged again by somebody who is not told the
first verdict. Nothing about the photo changes; it measures how well moderators agree."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, Group
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from catalog.models import Image
from catalog.roles import is_lead
from moderation.actions import ACTIONS
from moderation.models import BlindReview, Decision, Policy

FIRST_LOOK_BACK = timedelta(days=1)  # of decisions that were there before any was sampled
SETTLING = timedelta(minutes=15)  # beyond the undo window, for decisions that settled late


class BlindConflict(Exception):
    """The answer cannot be taken; the message says why.

    `code` is one of already_answered, not_yours, not_for_you.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Progress:
    """How far one person is: answered since midnight, and what still waits for them."""

    answered_today: int
    waiting: int


def chosen(decision_id: int) -> bool:
    """Whether the sample takes this decision: always the same answer for one seed and share."""
    drawn = hashlib.sha256(f"{settings.VITRINE_BLIND_SEED}:{decision_id}".encode()).digest()
    return int.from_bytes(drawn[:8], "big") < settings.VITRINE_BLIND_SAMPLE * 2**64


def sample(*, limit: int = 200) -> int:
    """Queue the chosen ones among recent effective decisions; returns how many are new.

    Safe to run at any time, also twice at once. A decision whose photo was erased is left out.
    """
    if settings.VITRINE_BLIND_SAMPLE <= 0:
        return 0
    recent = (
        Decision.objects.effective()
        .filter(
            Exists(Image.objects.filter(pk=OuterRef("image_id"))),
            decided_at__gte=_sampled_until(),
            blind_review__isnull=True,
        )
        .order_by("decided_at", "id")
    )
    found = [pk for pk in recent.values_list("pk", flat=True) if chosen(pk)][:limit]
    BlindReview.objects.bulk_create(
        [BlindReview(decision_id=pk) for pk in found], ignore_conflicts=True
    )
    return len(found)


def _sampled_until() -> datetime:
    """Decisions made before this moment have had their chance."""
    last = (
        BlindReview.objects.order_by("-decision_id")
        .values_list("decision__decided_at", flat=True)
        .first()
    )
    if last is None:
        return timezone.now() - FIRST_LOOK_BACK
    return last - SETTLING - timedelta(seconds=settings.VITRINE_UNDO_SECONDS)


def waiting_for(moderator: AbstractBaseUser) -> QuerySet[BlindReview]:
    """What this person may judge: nothing they decided on before, nobody else's, oldest first."""
    abandoned = timezone.now() - timedelta(seconds=settings.VITRINE_REVIEW_LEASE_SECONDS)
    own = Decision.objects.filter(
        image_id=OuterRef("decision__image_id"), decided_by_id=moderator.pk
    )
    found = BlindReview.objects.filter(
        Q(reviewer__isnull=True) | Q(reviewer_id=moderator.pk) | Q(started_at__lte=abandoned),
        ~Exists(own),
        Exists(Image.objects.filter(pk=OuterRef("decision__image_id"))),
        answered_at__isnull=True,
    ).order_by("sampled_at", "id")
    if is_lead(moderator):
        return found
    groups = Group.objects.filter(user=moderator.pk)
    return found.filter(
        Q(decision__about__isnull=True)
        | Q(decision__about__group__isnull=True)
        | Q(decision__about__group__in=groups)
    )


@transaction.atomic
def next_for(moderator: AbstractBaseUser, *, passing: Collection[int] = ()) -> BlindReview | None:
    """Take the next blind review: the one this person has begun, else the oldest free one.

    `passing` are ids they would rather leave to somebody else. It is theirs for as long as a
    claim lasts, so that two people do not look at the same one.
    """
    found = waiting_for(moderator).exclude(pk__in=passing)
    taken = (
        found.filter(reviewer_id=moderator.pk).select_for_update(of=("self",)).first()
        or found.select_for_update(of=("self",), skip_locked=True).first()
    )
    if taken is not None:
        taken.reviewer_id = moderator.pk
        taken.started_at = timezone.now()
        taken.save(update_fields=["reviewer", "started_at"])
    return taken


@transaction.atomic
def leave(*, blind_review_id: int, reviewer: AbstractBaseUser) -> None:
    """Give back one that was begun; a no-op when it is not theirs."""
    BlindReview.objects.filter(
        pk=blind_review_id, reviewer_id=reviewer.pk, answered_at__isnull=True
    ).update(reviewer=None, started_at=None)


@transaction.atomic
def answer(
    *,
    blind_review_id: int,
    reviewer: AbstractBaseUser,
    action: str,
    policy: Policy | None = None,
) -> BlindReview:
    """Record what this person would have decided. The photo stays as it is.

    Raises `BlindConflict`, or `ValueError` when a removal names no policy.
    """
    needs_policy = ACTIONS[action].needs_policy
    if needs_policy and policy is None:
        raise ValueError("A removal names the policy it is made under.")
    blind = (
        BlindReview.objects.select_for_update(of=("self",))
        .select_related("decision", "reviewer")
        .get(pk=blind_review_id)
    )
    if blind.answered_at is not None:
        raise BlindConflict("already_answered", "This one has its second look already.")
    if blind.reviewer_id != reviewer.pk:
        raise BlindConflict("not_yours", "Somebody else is looking at this one. Take the next.")
    if Decision.objects.filter(
        image_id=blind.decision.image_id, decided_by_id=reviewer.pk
    ).exists():
        raise BlindConflict("not_for_you", "You decided on this photo meanwhile. Take the next.")
    blind.action = action
    blind.policy = policy if needs_policy else None
    blind.answered_at = timezone.now()
    blind.save(update_fields=["action", "policy", "answered_at"])
    return blind


def agrees(blind: BlindReview) -> bool:
    """Whether the second look came to the first verdict, its policy included."""
    first = blind.decision
    return (blind.action, blind.policy_id) == (first.action, first.policy_id)


def progress_of(moderator: AbstractBaseUser, *, passing: Collection[int] = ()) -> Progress:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return Progress(
        answered_today=BlindReview.objects.filter(
            reviewer_id=moderator.pk, answered_at__gte=midnight
        ).count(),
        waiting=waiting_for(moderator).exclude(pk__in=passing).count(),
    )
