"""What the desk tells of a case that somebody has decided on before."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Q

from catalog.models import Event
from moderation.choices import ModerationEvent, Queue, Result
from moderation.models import Appeal, Decision, Review


@dataclass(frozen=True)
class Backstory:
    """`blind` hides who decided what, and with it every act of other people."""

    blind: bool
    events: list[Event]
    verdicts: list[Decision]  # that were not undone, the first one first
    appeal: Appeal | None
    asked: str  # the sentence with which the case came to the leads


def backstory_of(review: Review, viewer: User) -> Backstory:
    """In the queue for a second person nobody is told the first verdict before they have given
    their own: two judgements count as two only if neither leans on the other."""
    image = review.image
    verdicts = list(
        Decision.objects.filter(image_id=image.pk)
        .exclude(settlement__result=Result.UNDONE)
        .select_related("decided_by", "policy")
        .order_by("id")
    )
    blind = review.queue == Queue.SECOND and all(
        decision.decided_by_id != viewer.pk for decision in verdicts
    )
    events = Event.objects.filter(image_id=image.pk).select_related("actor")
    if blind:
        events = events.filter(Q(actor__isnull=True) | Q(actor=viewer))
    asked = (ModerationEvent.ESCALATED, ModerationEvent.DISPUTED)
    found = list(events)
    return Backstory(
        blind=blind,
        events=found,
        verdicts=[] if blind else verdicts,
        appeal=Appeal.objects.filter(review=review).select_related("made_by").first(),
        asked=next((event.summary for event in reversed(found) if event.kind in asked), "")
        if review.queue == Queue.ESCALATED
        else "",
    )
