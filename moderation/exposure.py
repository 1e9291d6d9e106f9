"""How much somebody has looked at today, and how long without a pause."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import F, Max
from django.db.models.expressions import Window
from django.db.models.functions import Lag
from django.utils import timezone

from catalog.models import Event
from moderation.choices import ModerationEvent
from moderation.models import Decision
from moderation.shortcuts import preferences_of

PAUSE = timedelta(minutes=10)
LOOK_BACK = timedelta(hours=12)  # nobody works longer than that without a pause

WORK = (
    ModerationEvent.CLAIMED,
    ModerationEvent.SKIPPED,
    ModerationEvent.ESCALATED,
    ModerationEvent.DECIDED,
    ModerationEvent.UNDONE,
)


@dataclass(frozen=True)
class Exposure:
    """One person's day so far."""

    seen: int  # photos they claimed
    decided: int
    since: datetime | None  # since when they work without a pause; None: they just began

    def minutes(self, now: datetime) -> int:
        """Minutes since the last pause."""
        return int((now - self.since).total_seconds() // 60) if self.since else 0


def exposure_of(user: AbstractBaseUser, now: datetime) -> Exposure:
    """Count from the history of photos and the decisions; a day begins at local midnight."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    own = Event.objects.filter(actor_id=user.pk)
    seen = own.filter(kind=ModerationEvent.CLAIMED, at__gte=midnight)
    return Exposure(
        seen=seen.values("image_id").distinct().count(),
        decided=Decision.objects.filter(decided_by_id=user.pk, decided_at__gte=midnight).count(),
        since=_working_since(user, now),
    )


def _working_since(user: AbstractBaseUser, now: datetime) -> datetime | None:
    """When the present stretch of work began: the first act after the last long enough gap."""
    acts = Event.objects.filter(
        actor_id=user.pk, kind__in=WORK, at__gte=now - LOOK_BACK, at__lte=now
    )
    last = acts.aggregate(last=Max("at"))["last"]
    if last is None or now - last >= PAUSE:
        return None
    gaps = acts.annotate(before=Window(Lag("at"), order_by=("at", "id")))
    began = gaps.filter(before__lte=F("at") - PAUSE).order_by("-at").values_list("at", flat=True)
    return began.first() or acts.order_by("at").values_list("at", flat=True).first()


def break_is_due(user: AbstractBaseUser, exposure: Exposure, now: datetime) -> bool:
    """Whether they have worked without a pause for longer than they want to."""
    limit = preferences_of(user).break_after_minutes
    return bool(limit) and exposure.minutes(now) >= limit
