"""Charts drawn by the server: SVG that stretches with the page, with labels in its own type size.

All geometry is in percent of the plot, x from the left and y from the top.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, log10
from typing import Any

from django import template

register = template.Library()

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Point:
    """One value of a line, or one bar. `low` and `high` are the ends of an interval, if any."""

    label: str
    value: float | None
    text: str = ""  # the value as people read it
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Dot:
    x: float
    y: float | None
    label: str
    text: str


@dataclass(frozen=True)
class Bar:
    label: str
    text: str
    width: float
    low: float | None
    high: float | None


def ticks(largest: float, wanted: int = 4, *, whole: bool = False) -> list[float]:
    """Round numbers from 0 up to at least `largest`, about as many as wanted.

    Steps are 1, 2, 2.5 or 5 times a power of ten; `whole` ones are at least 1 and not 2.5.
    """
    if largest <= 0:
        return [0.0, 1.0]
    size = 10 ** floor(log10(largest / wanted))
    steps = [each * size for each in STEPS]
    if whole:
        steps = [each for each in steps if each.is_integer()] or [1.0]
    step = next(each for each in steps if each >= largest / wanted * 0.999)
    return [n * step for n in range(ceil(largest / step - 1e-9) + 1)]


def number(value: float) -> str:
    """A tick's label: as few decimals as it needs."""
    return f"{value:,.6f}".rstrip("0").rstrip(".").replace(",", " ")


@register.filter
def kappa(value: Fraction) -> str:
    """−0.12, with a real minus sign."""
    return f"{float(value):.2f}".replace("-", "−")


@register.inclusion_tag("moderation/charts/line.html")
def line_chart(title: str, points: Sequence[Point], unit: str = "") -> dict[str, Any]:
    """One line over evenly spaced labels; a missing value is a gap."""
    values = [point.value for point in points if point.value is not None]
    counted = all(isinstance(value, int) for value in values)
    scale = ticks(max(values, default=0), whole=counted)
    top = scale[-1]
    across = max(len(points) - 1, 1)
    dots = [
        Dot(
            x=round(100 * n / across, 3),
            y=None if point.value is None else round(100 - 100 * point.value / top, 3),
            label=point.label,
            text=point.text or (number(point.value) if point.value is not None else "none"),
        )
        for n, point in enumerate(points)
    ]
    known = [dot for dot in dots if dot.y is not None]
    shown = sorted({0, len(dots) // 2, len(dots) - 1}) if dots else []
    return {
        "title": title,
        "unit": unit,
        "ticks": [(number(tick), round(100 - 100 * tick / top, 3)) for tick in scale],
        "labels": [dots[n].label for n in shown],
        "dots": known,
        "hits": [(dot, max(dot.x - 50 / across, 0), 100 / across) for dot in dots],
        "path": _path(dots),
        "summary": _summary(title, unit, known, points),
    }


def _path(dots: Sequence[Dot]) -> str:
    """The line as SVG path data, begun anew after each gap."""
    parts, pen = [], "M"
    for dot in dots:
        if dot.y is None:
            pen = "M"
        else:
            parts.append(f"{pen}{dot.x:g} {dot.y:g}")
            pen = "L"
    return "".join(parts)


def _summary(title: str, unit: str, known: Sequence[Dot], points: Sequence[Point]) -> str:
    if not known:
        return f"{title}: no values."
    values = [point.value for point in points if point.value is not None]
    most = points[[point.value for point in points].index(max(values))]
    of = f" {unit}" if unit else ""
    return (
        f"{title}, {known[0].label} to {known[-1].label}. Highest {number(max(values))}{of} "
        f"({most.label}), last {known[-1].text}."
    )


@register.inclusion_tag("moderation/charts/bars.html")
def bar_chart(
    title: str, bars: Sequence[Point], unit: str = "", largest: float | None = None
) -> dict[str, Any]:
    """One horizontal bar per point, with its interval as a line across its end.

    `largest` is the scale's end, 1 for shares; without it the longest bar decides.
    """
    scale = ticks(largest or max((bar.high or bar.value or 0 for bar in bars), default=0))
    top = largest or scale[-1]

    def across(value: float | None) -> float | None:
        return None if value is None else round(100 * value / top, 3)

    return {
        "title": title,
        "unit": unit,
        "ends": ("0", "100 %" if largest == 1 else number(top)),
        "bars": [
            Bar(bar.label, bar.text, across(bar.value) or 0, across(bar.low), across(bar.high))
            for bar in bars
        ],
    }
