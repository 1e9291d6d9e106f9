"""Tables of numbers, defined once: shown under a chart, and exported as CSV."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone

from catalog.templatetags.console import percent, span
from catalog.views.csv_cells import plain

MINUS = "−"


class Unit(StrEnum):
    """What a column holds. In CSV files shares are 0 to 1, and times seconds."""

    TEXT = ""
    COUNT = "count"
    SHARE = "share"
    SECONDS = "s"
    KAPPA = "κ"
    MOMENT = "UTC"


@dataclass(frozen=True)
class Column:
    title: str
    unit: Unit = Unit.TEXT

    @property
    def is_number(self) -> bool:
        return self.unit not in (Unit.TEXT, Unit.MOMENT)

    @property
    def heading(self) -> str:
        """For CSV, where the unit has no other place."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


@dataclass(frozen=True)
class Table:
    """`slug` is its CSV file's name. Cells are raw values; None is a value that does not exist."""

    slug: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]] = field(default_factory=list)

    @property
    def shown(self) -> list[list[tuple[str, bool]]]:
        """Cells as people read them, and whether each is a number."""
        return [
            [
                (shown(value, column.unit), column.is_number)
                for value, column in zip(row, self.columns, strict=True)
            ]
            for row in self.rows
        ]


def duration(seconds: float) -> str:
    """8.46 → "8.5 s", 65 → "1 min 5 s", from ten minutes on in its two largest units."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return span(seconds)


def shown(value: Any, unit: Unit = Unit.TEXT) -> str:
    """One value in words: "93 %", "1 h 40 min", "−0.12"; a dash for none."""
    if value is None:
        return "–"
    match unit:
        case Unit.SHARE:
            return percent(value)
        case Unit.SECONDS:
            return duration(value)
        case Unit.KAPPA:
            return f"{float(value):.2f}".replace("-", MINUS)
        case Unit.COUNT:
            return f"{value:,}".replace(",", " ") if isinstance(value, int) else f"{value:.1f}"
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%d %b %Y, %H:%M}"
    if isinstance(value, date):
        return f"{value:%a %d %b}"
    return str(value)


def raw(value: Any, unit: Unit = Unit.TEXT) -> str:
    """One value for a machine; text that a spreadsheet would run as a formula is quoted."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, date):
        return value.isoformat()
    if unit in (Unit.SHARE, Unit.KAPPA):
        return f"{float(value):.4f}"
    if unit == Unit.SECONDS:
        return f"{float(value):.1f}"
    text = str(value)
    return plain(text) if unit == Unit.TEXT else text


class _Echo:
    """What csv writes to, so that each line can be sent on."""

    def write(self, line: str) -> str:
        return line


def csv_response(table: Table) -> StreamingHttpResponse:
    """The table as a download, sent line by line."""
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield writer.writerow([column.heading for column in table.columns])
        for row in table.rows:
            yield writer.writerow(
                [raw(value, column.unit) for value, column in zip(row, table.columns, strict=True)]
            )

    return StreamingHttpResponse(
        lines(),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="vitrine-{table.slug}.csv"',
            "X-Content-Type-Options": "nosniff",
        },
    )
