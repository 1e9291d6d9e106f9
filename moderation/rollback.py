"""Taking back what one exemplar caused, as far as no person has judged it yet.

Screening keeps only the nearest exemplar of each bank, so a photo this one flagged may well match
the next one too. Nothing is published before the rest of the bank was asked again.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from catalog import history, publishing
from catalog.choices import Status
from catalog.models import Image
from moderation import banks, entering, reviewing
from moderation.choices import BankKind, ModerationEvent, Outcome, Queue, ReviewStatus
from moderation.models import Decision, Exemplar, Flag, Review
from moderation.rematching import remaining

PHOTOS_AT_ONCE = 100  # in one transaction

NOTHING_LEFT = "Live again: nothing stands against it"

UNDECIDED = (Queue.FIRST, Queue.FLOOD, Queue.ESCALATED)


@dataclass(frozen=True)
class Extent:
    """What rolling an exemplar back would undo.

    Attributes:
        flags: it caused that still stand and that nobody has judged.
        reviews: open cases among those photos.
        removed: photos its bank removed by itself.
        kept: photos another exemplar of the bank matches too, or that stand for another reason.
    """

    flags: int = 0
    reviews: int = 0
    removed: int = 0
    kept: int = 0

    @property
    def photos(self) -> int:
        return self.reviews + self.removed

    @property
    def published(self) -> int:
        return self.photos - self.kept


@dataclass(frozen=True)
class RolledBack:
    """What rolling back did: flags withdrawn, reviews closed, photos that are live again; and
    how many photos were left when its time was up."""

    flags: int = 0
    reviews_closed: int = 0
    photos_published: int = 0
    photos_left: int = 0

    def __add__(self, other: "RolledBack") -> "RolledBack":
        return RolledBack(
            self.flags + other.flags,
            self.reviews_closed + other.reviews_closed,
            self.photos_published + other.photos_published,
            other.photos_left,
        )


def preview(exemplar: Exemplar) -> Extent:
    """What `roll_back` would do now."""
    flags = _open(exemplar)
    reviewed = set(_reviews().values_list("image_id", flat=True).filter(image__flags__in=flags))
    photos = set(flags.values_list("image_id", flat=True))
    others = Flag.objects.standing().filter(image__in=photos).exclude(exemplar=exemplar)
    kept = set(others.values_list("image_id", flat=True))
    kept |= {flag.image_id for flag in remaining(exemplar=exemplar, flags=list(flags))}
    kept |= set(
        _reviews().filter(image__in=photos).filter(ASKED_FOR).values_list("image_id", flat=True)
    )
    return Extent(
        flags=flags.count(),
        reviews=len(reviewed),
        removed=len(photos - reviewed),
        kept=len(kept & photos),
    )


def roll_back(
    *,
    exemplar: Exemplar,
    actor: AbstractBaseUser,
    reason: str = "",
    seconds: float = math.inf,
) -> RolledBack:
    """Disable an exemplar and withdraw every flag it caused that nobody has judged.

    A photo with nothing left against it goes live; one that another exemplar of the bank matches
    is flagged by that one instead. What waits for a second person, for an appeal, or is being
    decided keeps its flags: they are evidence. Photos go in transactions of `PHOTOS_AT_ONCE`, so
    calling it again after an interruption, or when its `seconds` were up, finishes the job.
    """
    until = time.monotonic() + seconds
    if exemplar.is_enabled:
        banks.disable_exemplar(exemplar=exemplar)
    done = RolledBack()
    if exemplar.bank.kind == BankKind.SAFE:
        return done  # what it let through is for a sweep to find
    photos = sorted(set(_open(exemplar).values_list("image_id", flat=True)))
    for start in range(0, len(photos), PHOTOS_AT_ONCE):
        if start and time.monotonic() > until:
            return done + RolledBack(photos_left=len(photos) - start)
        done += _roll_back(exemplar, photos[start : start + PHOTOS_AT_ONCE], actor, reason)
    return done


ASKED_FOR = Q(policy__isnull=True) | Q(queue=Queue.ESCALATED)  # by a person: stays open


def _reviews() -> QuerySet[Review]:
    return Review.objects.filter(
        status=ReviewStatus.OPEN,
        queue__in=UNDECIDED,
        held_decision__isnull=True,
        appeal__isnull=True,
    )


def _open(exemplar: Exemplar) -> QuerySet[Flag]:
    """Its standing flags on photos nobody has judged: in an undecided review, or removed by the
    bank alone."""
    flags = Flag.objects.standing().filter(exemplar=exemplar)
    undecided = Q(image__in=_reviews().values("image_id"))
    judged = Decision.objects.values("image_id")
    active = Review.objects.active().values("image_id")
    alone = Q(outcome=Outcome.REMOVE, image__status=Status.REMOVED) & ~Q(image__in=judged)
    return flags.filter(undecided | (alone & ~Q(image__in=active)))


@transaction.atomic
def _roll_back(
    exemplar: Exemplar, photos: Sequence[UUID], actor: AbstractBaseUser, reason: str
) -> RolledBack:
    images = Image.objects.select_for_update().filter(pk__in=photos).order_by("pk")
    locked = {image.pk: image for image in images}
    reviews = {
        review.image_id: review
        for review in _reviews()
        .filter(image__in=locked)
        .select_for_update(of=("self",))
        .order_by("pk")
    }
    # Asked again under the lock: somebody may have decided meanwhile.
    flags = list(_open(exemplar).filter(image__in=locked).select_related("encoder", "policy"))
    touched = sorted({flag.image_id for flag in flags})
    instead = remaining(exemplar=exemplar, flags=flags)
    Flag.objects.filter(pk__in=[flag.pk for flag in flags]).update(
        withdrawn_at=timezone.now(), withdrawn_by_id=actor.pk
    )
    Flag.objects.bulk_create(instead, ignore_conflicts=True)
    why = f": {reason}" if reason else ""
    summary = f"Flag withdrawn by {actor}, exemplar rolled back{why}"
    history.record(
        history.event(
            image=locked[key],
            kind=ModerationEvent.WITHDRAWN,
            summary=summary,
            actor=actor,
            exemplar=str(exemplar.pk),
        )
        for key in touched
    )
    others: dict[UUID, list[Flag]] = {}
    for flag in Flag.objects.standing().filter(image__in=touched).select_related("policy"):
        others.setdefault(flag.image_id, []).append(flag)
    closed = published = 0
    for key in touched:
        image, review, standing = locked[key], reviews.get(key), others.get(key, [])
        if review is None:
            published += _restore(image, standing)
        elif standing:
            _aim(review, standing)
        elif reviewing.withdraw(review=review, actor=actor, reason=NOTHING_LEFT):
            closed += 1
            published += image.status == Status.HELD
    return RolledBack(len(flags), closed, published)


def _restore(image: Image, standing: list[Flag]) -> bool:
    """Bring back a photo the bank had removed by itself, as far as what still stands allows."""
    if not standing:
        publishing.publish(image=image)
        return True
    if all(flag.outcome != Outcome.REMOVE for flag in standing):
        publishing.hold(image=image)
        entering.enter(standing)
    return False


def _aim(review: Review, standing: list[Flag]) -> None:
    """Let what still stands say what the review is about, how urgent it is, and its queue."""
    if review.policy_id is not None and review.queue in (Queue.FIRST, Queue.FLOOD):
        Review.objects.filter(pk=review.pk).update(priority=0)
    entering.enter(standing)
