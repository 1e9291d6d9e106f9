"""What the desk, the cluster and the queue say about flags and times."""

from django import template

from moderation.choices import MatchKind, Outcome, Queue
from moderation.models import Flag

register = template.Library()

# What each queue is for, told where it is empty or entered.
PURPOSE = {
    Queue.FIRST: "Held photos appear here by themselves.",
    Queue.SECOND: "Decisions under severe policies appear here until a second, different person "
    "has decided too. Your own are not among them.",
    Queue.ESCALATED: "What moderators escalate, and what two people disagree about, appears here.",
    Queue.APPEALS: "Appeals against removals appear here, for somebody who has not decided before.",
    Queue.FLOOD: "When a bank suddenly holds far more than usual, its holds wait here, so that "
    "they do not bury everything else.",
}


@register.filter
def clock(seconds: int) -> str:
    """Seconds as minutes and seconds: 58 → "0:58"."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


@register.filter
def purpose(queue: str) -> str:
    return PURPOSE[Queue(queue)]


@register.filter
def says(flag: Flag) -> str:
    """The score in words, with the margin by which it was reached."""
    verb = "removes" if flag.outcome == Outcome.REMOVE else "holds"
    if flag.kind == MatchKind.HASH:
        return f"differs in {flag.score:.0f} of 256 bits, {verb} within {flag.threshold:.0f}"
    margin = flag.score - flag.threshold
    sign = "+" if margin >= 0 else "−"
    return f"{flag.score:.2f}, {verb} from {flag.threshold:.2f}, {sign}{abs(margin):.2f}"


@register.filter
def margin(flag: Flag) -> str:
    """By how much a threshold was reached: "+0.06", or "25 bits to spare" for a hash."""
    if flag.kind == MatchKind.HASH:
        return f"{flag.threshold - flag.score:.0f} bits to spare"
    gap = flag.score - flag.threshold
    return f"{'+' if gap >= 0 else '−'}{abs(gap):.2f}"


@register.filter
def brief(flag: Flag) -> str:
    """The score alone: "0.93", or "6 bits" for a hash."""
    return f"{flag.score:.0f} bits" if flag.kind == MatchKind.HASH else f"{flag.score:.2f}"


@register.filter
def threshold(flag: Flag) -> str:
    """What the score had to reach: "holds from 0.87", or "holds within 31" for a hash."""
    verb = "removes" if flag.outcome == Outcome.REMOVE else "holds"
    if flag.kind == MatchKind.HASH:
        return f"{verb} within {flag.threshold:.0f}"
    return f"{verb} from {flag.threshold:.2f}"
