"""Large numbers, and what a flag says in a line."""

from django import template

from catalog.choices import Status
from moderation.choices import MatchKind, SweepStatus
from moderation.models import Flag

register = template.Library()

CHIPS = {
    SweepStatus.RUNNING: "running",
    SweepStatus.PAUSED: Status.HELD,
    SweepStatus.DONE: Status.LIVE,
    SweepStatus.REVERTING: "running",
    SweepStatus.REVERTED: Status.FAILED,
    SweepStatus.FAILED: Status.REMOVED,
}


@register.filter
def grouped(number: float) -> str:
    """12345 → "12,345"."""
    return f"{number:,.0f}"


@register.filter
def photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count:,} photos"


@register.filter
def sweep_chip(status: str) -> str:
    """The class that colours the chip of a sweep's status."""
    return str(CHIPS[SweepStatus(status)])


@register.filter
def nearness(flag: Flag) -> str:
    """How near the match was, in its own measure."""
    if flag.kind == MatchKind.HASH:
        return "same picture" if flag.score == 0 else f"{flag.score:.0f} bits differ"
    return f"{flag.score:.2f}"
