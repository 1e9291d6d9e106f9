"""What pages of policies and banks need: lengths of time, shares, and the lead's badge."""

from django import template

from catalog.templatetags.console import span
from moderation.models import Notice

register = template.Library()


@register.filter
def minutes(count: int) -> str:
    """Minutes in larger units: 240 → "4 h"."""
    return span(count * 60)


@register.filter
def share(value: float) -> str:
    """A share of photos: 0.0123 → "1.2 %"; what is not nothing never reads as nothing."""
    if 0 < value < 0.001:
        return "< 0.1 %"
    return f"{value * 100:.1f} %"


@register.simple_tag
def open_notices() -> int:
    """How many notices no lead has dealt with."""
    return Notice.objects.filter(settled_at__isnull=True).count()
