"""Saying something of many photos at once, and taking it back as one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from catalog import doorbell, verdicts
from catalog.choices import TagStep
from catalog.models import Category, Image, TagVerdict
from catalog.verdicts import VerdictRefused

UNDO_WITHIN = timedelta(hours=12)


@dataclass(frozen=True)
class Shown:
    """A photo as somebody saw it: its first tag then, and the category they chose for it instead,
    or besides, out of its own taxonomy."""

    tag: Category | None = None
    chosen: Category | None = None


@dataclass
class Corrected:
    """What became of a correction. `together` names it, to take it back by."""

    together: UUID
    photos: list[UUID] = field(default_factory=list)  # something was said of them anew
    unchanged: int = 0  # that was said already
    refused: list[str] = field(default_factory=list)  # one sentence each


def correct(*, shown: Mapping[UUID, Shown], step: TagStep, by: AbstractBaseUser) -> Corrected:
    """Do one step for many photos, each in a transaction of its own; no photo takes the others
    along. A verdict is on what somebody saw, whatever the tags have become meanwhile."""
    result = Corrected(together=uuid4())
    # In one order, so that two people at the same photos wait for each other, never in a circle.
    for image_id in sorted(shown):
        try:
            said = _one(image_id, shown[image_id], step, by, result.together)
        except VerdictRefused as refusal:
            result.refused.append(str(refusal))
        except Image.DoesNotExist:
            result.refused.append("This photo is no longer here.")
        else:
            if said:
                result.photos.append(image_id)
            else:
                result.unchanged += 1
    _ring(result)
    return result


def _ring(result: Corrected) -> None:
    if result.photos:
        transaction.on_commit(lambda: doorbell.ring(verdicts.LEARN))


@transaction.atomic
def _one(image_id: UUID, seen: Shown, step: TagStep, by: AbstractBaseUser, together: UUID) -> bool:
    said = False
    if step in (TagStep.CONFIRM, TagStep.REJECT) and seen.tag is None:
        raise VerdictRefused("This photo has no tag. Choose a category for it.")
    if step in (TagStep.ADD, TagStep.REPLACE) and seen.chosen is None:
        raise VerdictRefused("This photo's storefront does not use that category.")
    if step == TagStep.REPLACE and seen.chosen == seen.tag:
        step = TagStep.CONFIRM
    if seen.tag and step in (TagStep.CONFIRM, TagStep.REJECT, TagStep.REPLACE):
        said |= verdicts.say(
            image_id=image_id,
            category=seen.tag,
            accepted=step == TagStep.CONFIRM,
            by=by,
            together=together,
        )
    if seen.chosen and step in (TagStep.ADD, TagStep.REPLACE):
        said |= verdicts.say(
            image_id=image_id, category=seen.chosen, accepted=True, by=by, together=together
        )
    return said


def undo(*, together: UUID, by: AbstractBaseUser) -> Corrected:
    """Take back what this person said in one go. Photos of which more was said since keep it.

    It is a correction of its own, so undoing it says everything again.
    """
    result = Corrected(together=uuid4())
    kept = set()
    rows = TagVerdict.objects.filter(together=together, by_id=by.pk).select_related("category")
    for verdict in rows.order_by("image_id", "-pk"):
        if not verdicts.take_back(verdict=verdict, by=by, together=result.together):
            kept.add(verdict.image_id)
        elif verdict.image_id not in result.photos:
            result.photos.append(verdict.image_id)
    result.unchanged = len(kept.difference(result.photos))
    _ring(result)
    return result


@dataclass(frozen=True)
class Latest:
    """What somebody said last in one go, and of how many photos."""

    together: UUID
    photos: int


def latest(by: AbstractBaseUser) -> Latest | None:
    """What this person can undo; None when they said nothing together lately."""
    rows = TagVerdict.objects.filter(by_id=by.pk, together__isnull=False)
    last = rows.filter(at__gte=timezone.now() - UNDO_WITHIN).last()
    if last is None or last.together is None:
        return None
    photos = rows.filter(together=last.together).values("image").distinct().count()
    return Latest(last.together, photos)


def confirmed_today(by: AbstractBaseUser) -> int:
    """Tags this person confirmed or added today and did not take back."""
    today: datetime = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    own = TagVerdict.objects.filter(by_id=by.pk, at__gte=today)
    return own.standing().filter(accepted=True).count()
