"""The lab's charts as geometry: x in percent of the width, y in units of the height.

Positions go into SVG attributes, so they are strings here; no style is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

import numpy as np

from moderation.curves import Labels, Scores, Share, tally

BINS = 40
HALF = 90  # height of either half of the distribution
FINE = 160  # points of the curve


@dataclass(frozen=True)
class Axis:
    """Cosines from `low` to 1, shared by slider and charts."""

    low: float

    def x(self, value: float) -> str:
        share = (value - self.low) / (1 - self.low)
        return f"{100 * min(max(share, 0.0), 1.0):.2f}"

    @property
    def ticks(self) -> list[tuple[str, str, str]]:
        """(x, label, anchor) of each tenth; on a long axis every second one."""
        tenths = range(round(self.low * 10), 11)
        shown = [t for t in tenths if len(tenths) <= 6 or (10 - t) % 2 == 0]
        return [
            (
                self.x(t / 10),
                f"{t / 10:.1f}",
                "end" if t == 10 else "start" if t / 10 == self.low else "middle",
            )
            for t in shown
        ]


def axis_for(scores: Scores, holds: Sequence[float], given: float | None = None) -> Axis:
    """From a tenth below what matters, so that neither photos nor thresholds fall off.

    `given` is where the page's slider begins, should it show one already.
    """
    if given is not None and 0 <= given <= min([*holds, 0.8]):
        return Axis(given)
    lowest = [0.85, *holds]
    if len(scores):
        lowest.append(float(np.quantile(scores, 0.01)))
    low = floor((min(lowest) - 0.01) * 10) / 10
    return Axis(min(max(low, 0.0), 0.8))


@dataclass(frozen=True)
class Bar:
    """One bar of one half; `held` says on which side of the threshold it lies."""

    x: str
    width: str
    y: str
    height: str
    held: bool


@dataclass(frozen=True)
class Row:
    """One line of the tables beneath: a stretch of scores, and holding from its lower end."""

    low: float
    high: float
    confirmed: int
    refuted: int
    precision: Share
    misses: Share


@dataclass(frozen=True)
class Distribution:
    confirmed: list[Bar]
    refuted: list[Bar]
    tallest_confirmed: int
    tallest_refuted: int
    rows: list[Row]


def distribution(scores: Scores, labels: Labels, axis: Axis, hold: float) -> Distribution:
    """Confirmed photos upwards, refuted ones downwards, each half in its own scale."""
    edges = np.linspace(axis.low, 1.0, BINS + 1)
    finite = np.isfinite(scores)
    shown, right = np.clip(scores[finite], axis.low, 1.0), labels[finite]
    up, _ = np.histogram(shown[right], edges)
    down, _ = np.histogram(shown[~right], edges)
    rows = []
    for at in reversed(range(BINS)):
        if up[at] or down[at]:
            # The first stretch takes in what scores below the axis.
            lower = float(edges[at]) if at else -1.0
            found = tally(scores, labels, lower)
            rows.append(
                Row(
                    float(edges[at]),
                    float(edges[at + 1]),
                    int(up[at]),
                    int(down[at]),
                    found.precision,
                    found.misses,
                )
            )
    return Distribution(
        _bars(up, edges, axis, hold, upwards=True),
        _bars(down, edges, axis, hold, upwards=False),
        int(up.max(initial=0)),
        int(down.max(initial=0)),
        rows,
    )


def _bars(
    counts: np.ndarray, edges: np.ndarray, axis: Axis, hold: float, *, upwards: bool
) -> list[Bar]:
    tallest = max(1, int(counts.max(initial=0)))
    bars = []
    for at, count in enumerate(counts):
        if count:
            height = max(3.0, HALF * float(count) / tallest)
            bars.append(
                Bar(
                    axis.x(float(edges[at])),
                    f"{100 / BINS:.2f}",
                    f"{HALF - height:.1f}" if upwards else f"{HALF + 2}",
                    f"{height:.1f}",
                    bool(edges[at + 1] > hold),
                )
            )
    return bars


@dataclass(frozen=True)
class Curves:
    """Paths in a box of 100 × 100: precision with its interval, and violations caught."""

    precision: str
    interval: str
    recall: str


def curves(scores: Scores, labels: Labels, axis: Axis) -> Curves:
    """Precision and recall of holding from each point of the axis."""
    precision, low, high, recall = [], [], [], []
    for point in np.linspace(axis.low, 1.0, FINE):
        x = axis.x(float(point))
        found = tally(scores, labels, float(point))
        if (value := found.precision.value) is not None:
            precision.append((x, value))
            low.append((x, found.precision.low))
            high.append((x, found.precision.high))
        if (value := found.recall.value) is not None:
            recall.append((x, value))
    return Curves(_path(precision), _path([*high, *reversed(low)], closed=True), _path(recall))


def _path(points: list[tuple[str, float]], *, closed: bool = False) -> str:
    if not points:
        return ""
    steps = " L".join(f"{x} {100 - 100 * y:.2f}" for x, y in points)
    return f"M{steps}{'Z' if closed else ''}"
