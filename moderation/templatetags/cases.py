"""What the photo page shows of moderation, without the catalog importing it."""

from django import template

from catalog.models import Image
from moderation.choices import Outcome, ReviewStatus
from moderation.models import Decision, Flag, Review

register = template.Library()


@register.simple_tag
def flags_of(image: Image) -> list[Flag]:
    return list(
        Flag.objects.filter(image=image).select_related(
            "policy", "bank", "exemplar", "vetoed_by", "encoder"
        )
    )


@register.simple_tag
def open_review_of(image: Image) -> Review | None:
    return (
        Review.objects.filter(image=image, status=ReviewStatus.OPEN)
        .select_related("claimed_by", "policy")
        .first()
    )


@register.simple_tag
def last_decision_on(image: Image) -> Decision | None:
    return Decision.objects.filter(image=image).select_related("decided_by", "policy").first()


@register.filter
def threshold_name(flag: Flag) -> str:
    """Which of the bank's thresholds the flag reached."""
    return "removes from" if flag.outcome == Outcome.REMOVE else "holds from"
