"""What the photo page shows of moderation, without the catalog importing it."""

from dataclasses import dataclass

from django import template
from django.utils import timezone

from catalog.choices import Status
from catalog.models import Image
from moderation import appealing
from moderation.choices import Action, AppealStatus, Outcome, Queue
from moderation.models import Appeal, Decision, Flag, Review

register = template.Library()


@dataclass(frozen=True)
class Case:
    """Where a photo stands with moderation: `decision` is the last that took effect, `review` is
    under way, `appeals` come latest first with their status in words."""

    flags: list[Flag]
    decision: Decision | None
    review: Review | None
    appeals: list[tuple[Appeal, AppealStatus]]
    can_appeal: bool

    @property
    def seconds_left(self) -> int:
        """In which the draft can still be undone."""
        until = self.review.takes_effect_at if self.review else None
        return max(0, int((until - timezone.now()).total_seconds())) if until else 0

    @property
    def waits_for_second(self) -> bool:
        return self.review is not None and self.review.queue == Queue.SECOND


@register.simple_tag
def case_of(image: Image) -> Case:
    related = ("policy", "bank", "exemplar", "vetoed_by", "encoder", "withdrawn_by")
    flags = list(Flag.objects.filter(image=image).select_related(*related))
    decisions = list(
        Decision.objects.effective()
        .filter(image_id=image.pk)
        .select_related("decided_by", "policy")
        .order_by("-decided_at", "-id")
    )
    review = (
        Review.objects.active()
        .filter(image=image)
        .select_related("claimed_by", "policy", "draft__decided_by", "draft__policy")
        .first()
    )
    appeals = list(image.appeals.select_related("made_by", "review").order_by("-created_at"))
    decision = decisions[0] if decisions else None
    removal = decision if decision and decision.action == Action.REMOVE else None
    return Case(
        flags=sorted(flags, key=lambda flag: (not flag.is_standing, -flag.closeness)),
        decision=decision,
        review=review,
        appeals=[(each, appealing.status_of(each, decisions)) for each in appeals],
        can_appeal=image.status == Status.REMOVED
        and review is None
        and not appealing.appealed_before(image, removal),
    )


@register.filter
def threshold_name(flag: Flag) -> str:
    """Which of the bank's thresholds the flag reached."""
    return "removes from" if flag.outcome == Outcome.REMOVE else "holds from"
