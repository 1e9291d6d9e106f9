"""How the threshold lab writes its numbers."""

from django import template
from django.urls import reverse

from moderation.curves import Share
from moderation.models import Bank
from moderation.views.lab_reading import Reading, in_words

register = template.Library()
register.filter("in_words", in_words)


@register.filter
def cosine(value: float) -> str:
    """A score, to three decimals."""
    return f"{value:.3f}"


@register.filter
def exact(value: float) -> str:
    """A threshold with all its decimals: three as the sliders step, up to six if it was set so."""
    short = f"{value:.6f}".rstrip("0")
    return short if len(short) > 5 else f"{value:.3f}"


@register.filter
def a_day(value: float) -> str:
    """Photos per day: 0.36, 4.2, 310."""
    if value == 0:
        return "0"
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:.0f}"


@register.filter
def spoken(reading: Reading) -> str:
    """What a screen reader says after the slider moved."""
    return (
        f"Hold from {exact(reading.proposed.hold)}. "
        f"Precision {in_words(reading.then.precision)}. "
        f"Missed {in_words(reading.then.misses)}. "
        f"{a_day(reading.per_day.reviews)} reviews a day, today "
        f"{a_day(reading.per_day_now.reviews)}."
    )


@register.simple_tag
def sweep_address(bank: Bank) -> str:
    """Where a sweep of this bank is started."""
    return f"{reverse('moderation:sweep_new')}?bank={bank.pk}"


@register.inclusion_tag("moderation/_lab_tile.html")
def tile(name: str, explained: str, before: Share, share: Share) -> dict[str, object]:
    """A share with its interval as a bar, beside what it is today."""
    return {
        "name": name,
        "explained": explained,
        "before": before,
        "share": share,
        "same": before == share,
        "x_low": f"{100 * share.low:.2f}",
        "x_range": f"{100 * (share.high - share.low):.2f}",
        "x_value": f"{99 * (share.value or 0.0):.2f}",
    }


@register.inclusion_tag("moderation/_lab_lines.html")
def lines(reading: Reading, height: int) -> dict[str, object]:
    """The thresholds as lines across a plot of that height."""
    axis, proposed = reading.axis, reading.proposed
    return {
        "changes": reading.today.hold != proposed.hold,
        "today": axis.x(reading.today.hold),
        "hold": axis.x(proposed.hold),
        "remove": axis.x(proposed.remove) if proposed.remove else "",
        "height": height,
    }
