"""What somebody decided last: it can be undone for a while, and a bank can learn from it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.urls import reverse

from moderation.choices import Result
from moderation.models import Decision, Review

REMEMBERED = timedelta(minutes=10)


@dataclass(frozen=True)
class Recent:
    """A person's last decision, or the last ones they made together."""

    decision: Decision
    count: int  # decisions that undo takes back
    seconds: int  # left to undo; 0: too late
    undo_url: str
    teach_url: str


def recent_of(user: User, now: datetime, review: Review | None = None) -> Recent | None:
    """Their last decision that stands, or their draft of `review` where it has one."""
    own = Decision.objects.filter(decided_by=user).select_related("policy")
    if review and review.draft_id:
        decision = own.filter(pk=review.draft_id).first()
    else:
        standing = own.filter(decided_at__gte=now - REMEMBERED)
        decision = standing.exclude(settlement__result=Result.UNDONE).first()
    if decision is None:
        return None
    mates = Decision.objects.filter(batch=decision.batch) if decision.batch else own.none()
    drafts = Review.objects.filter(draft__in=mates or [decision], takes_effect_at__gt=now)
    ends = list(drafts.values_list("takes_effect_at", flat=True))
    together = len(ends) > 1
    return Recent(
        decision=decision,
        count=len(ends),
        seconds=int((min(end for end in ends if end) - now).total_seconds()) if ends else 0,
        undo_url=reverse("moderation:undo_batch", args=[decision.batch])
        if together
        else reverse("moderation:undo", args=[decision.pk]),
        teach_url=""
        if together
        else reverse("moderation:teach", args=[decision.image_id]) + f"?decision={decision.pk}",
    )
