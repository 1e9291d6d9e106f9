"""What the pages need that Django's own tags do not have."""

from datetime import datetime

from django import template
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.choices import Status
from catalog.roles import roles_of

register = template.Library()

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


@register.filter
def has_role(user: User | AnonymousUser, role: str) -> bool:
    return role in roles_of(user)


def span(seconds: float) -> str:
    """A length of time in its two largest units: 6000 → "1 h 40 min"."""
    left = int(abs(seconds))
    parts: list[str] = []
    for name, size in UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count} {name}" if count else "")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if part) or "less than a minute"


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """A time relative to now, with the exact one on hover."""
    if moment is None:
        return "never"
    seconds = (moment - timezone.now()).total_seconds()
    if abs(seconds) < 60:
        words = "just now" if seconds <= 0 else "within a minute"
    else:
        words = f"in {span(seconds)}" if seconds > 0 else f"{span(seconds)} ago"
    return _time(moment, words)


@register.filter
def due(moment: datetime) -> SafeString:
    """How long a review may still wait, or by how much it is late."""
    seconds = (moment - timezone.now()).total_seconds()
    words = f"due in {span(seconds)}" if seconds > 0 else f"overdue by {span(seconds)}"
    return _time(moment, words)


def _time(moment: datetime, words: str) -> SafeString:
    exact = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        exact.isoformat(),
        exact.strftime("%a %d %b %Y, %H:%M:%S %Z"),
        words,
    )


@register.filter
def percent(value: float) -> str:
    """A probability for people: 0.932 → "93 %"; never rounded up to certainty."""
    return f"{min(int(value * 100 + 0.5), 99) if value < 1 else 100} %"


@register.filter
def parents(path: str) -> str:
    """A category's path without the category itself."""
    return path.rpartition(" ▸ ")[0]


@register.inclusion_tag("parts/status.html")
def status_chip(status: str) -> dict[str, str]:
    return {"status": status, "label": Status(status).label}


@register.inclusion_tag("parts/meter.html")
def meter(score: float, threshold: float, label: str) -> dict[str, object]:
    """A score from 0 to 1 as a bar with its threshold as a tick, drawn as SVG (units: percent)."""
    return {
        "score": score,
        "threshold": threshold,
        "label": label,
        "width": f"{max(0.0, min(score, 1.0)) * 100:.2f}",
        "tick": f"{max(0.0, min(threshold, 1.0)) * 100:.2f}",
        "reached": score >= threshold,
    }
