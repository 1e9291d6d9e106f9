"""An evaluation as one HTML file that needs nothing else: charts, tables and thumbnails inside."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from catalog.evaluation import Mistake, Report
from catalog.intervals import wilson
from catalog.labelled_photos import Photo
from catalog.ml.calibration import Bin
from catalog.ml.images import ImageRejected, render

SHOWN = 24  # mistakes with a picture
PAIRS = 30
_SIDE = 160  # longest side of a thumbnail, twice the pixels it is shown at on a phone

# The reliability plot: a square of so many units, y from the top.
_PLOT = 400


@dataclass(frozen=True, slots=True)
class _Column:
    """One stretch of confidence in the plot."""

    x: float
    width: float
    y: float
    height: float
    dot_x: float
    ideal_y: float
    count_y: float
    count_height: float
    title: str


@dataclass(frozen=True, slots=True)
class _Row:
    """A label or group, as people read it; ``top1`` in percent is also the length of its bar."""

    name: str
    images: int
    top1: str
    top5: str
    precision: str = ""
    taken_for: str = ""


@dataclass(frozen=True, slots=True)
class _Figure:
    """A headline number, what it is called and what it means."""

    value: str
    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class _Picture:
    source: str
    mistake: Mistake
    sure: str


def as_html(report: Report, folder: Path) -> SafeString:
    """The report on photos in ``folder``, from which the worst mistakes are read again."""
    wrong = len(report.mistakes)
    pictures = _pictures(report.mistakes, folder)
    return render_to_string(
        "catalog/evaluation_report.html",
        {
            "report": report,
            "figures": _figures(report),
            "groups": [
                _Row(name, tally.images, _percent(tally.top1), _percent(tally.top5))
                for name, tally in report.groups.items()
            ],
            "labels": _labels(report),
            "columns": _columns(report.reliability),
            "bins": [
                (
                    f"{100 * each.low:.0f} – {100 * each.high:.0f}",
                    each.count,
                    _percent(each.confidence),
                    _percent(each.accuracy),
                )
                for each in report.reliability
            ],
            "ticks": [(_PLOT * n // 5, _PLOT - _PLOT * n // 5, f"{20 * n}") for n in range(6)],
            "error": _percent(report.calibration_error),
            "pairs": report.confusions[:PAIRS],
            "more_pairs": max(0, len(report.confusions) - PAIRS),
            "pictures": pictures,
            "more_mistakes": wrong - len(pictures),
        },
    )


def _figures(report: Report) -> list[_Figure]:
    whole, tree = report.overall, report.hierarchical
    low, high = wilson(round(whole.top1 * whole.images), whole.images)
    return [
        _Figure(
            _percent(whole.top1),
            "top-1",
            f"The first answer is right (95 %: {_percent(low)} to {_percent(high)}).",
        ),
        _Figure(_percent(whole.top5), "top-5", "The right one is among the first five."),
        _Figure(
            _percent(report.mean_precision),
            "mAP",
            "Average precision of a label, all photos ranked by its probability, over labels.",
        ),
        _Figure(
            _percent(tree.f1),
            "hierarchical F",
            f"With the folders above an answer counted too: precision {_percent(tree.precision)}, "
            f"recall {_percent(tree.recall)}.",
        ),
        _Figure(
            _percent(report.calibration_error),
            "calibration error",
            "Gap between how sure answers are and how often they are right. 0 is honest.",
        ),
        _Figure(
            _percent(report.confidence), "right class", "Mean probability given to the right one."
        ),
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _columns(found: Sequence[Bin]) -> list[_Column]:
    most = max((each.count for each in found), default=1)
    return [
        _Column(
            x=round(each.low * _PLOT + 1, 2),
            width=round((each.high - each.low) * _PLOT - 2, 2),
            y=round((1 - each.accuracy) * _PLOT, 2),
            height=round(each.accuracy * _PLOT, 2),
            dot_x=round(each.confidence * _PLOT, 2),
            ideal_y=round((1 - each.confidence) * _PLOT, 2),
            count_y=round(60 - 56 * each.count / most, 2),
            count_height=round(56 * each.count / most, 2),
            title=(
                f"{each.count} photos, {100 * each.confidence:.0f} % sure on average, "
                f"{100 * each.accuracy:.0f} % right"
            ),
        )
        for each in found
    ]


def _labels(report: Report) -> list[_Row]:
    """The least accurate first: that is what somebody opens the report for."""
    wrong: dict[str, str] = {}
    for right, taken_for, count in report.confusions:
        wrong.setdefault(right, f"{taken_for} ({count})")
    rows = []
    for (group, label), tally in sorted(report.labels.items(), key=lambda row: row[1].top1):
        name = Photo("", group, label).class_name
        rows.append(
            _Row(
                name="/".join(filter(None, (group, label))),
                images=tally.images,
                top1=_percent(tally.top1),
                top5=_percent(tally.top5),
                precision=_percent(report.precisions[name]),
                taken_for=wrong.get(name, ""),
            )
        )
    return rows


def _pictures(mistakes: Sequence[Mistake], folder: Path) -> list[_Picture]:
    """The surest mistakes; a photo that is gone meanwhile is passed over."""
    shown: list[_Picture] = []
    for mistake in mistakes:
        if len(shown) == SHOWN:
            break
        try:
            data = render((folder / mistake.path).read_bytes(), max_side=_SIDE, quality=70)
        except (ImageRejected, OSError):
            continue
        encoded = base64.b64encode(data).decode("ascii")
        source = f"data:image/jpeg;base64,{encoded}"
        shown.append(_Picture(source, mistake, _percent(mistake.confidence)))
    return shown
