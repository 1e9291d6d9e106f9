"""Matrices as pictures drawn by the server: a cell per label and photo, darker where it is more."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django import template

register = template.Library()

CELL = 52  # units of the drawing; the page shows one as one pixel
ROW = 26
NAMES = 170
LETTERS = 26  # of a label; the whole is in the table beneath
INVERTED = 0.55  # from this strength on, numbers are set in the ground's colour


@dataclass(frozen=True)
class Cell:
    x: int
    y: int
    strength: float
    text: str
    inverted: bool
    best: bool


@register.inclusion_tag("catalog/charts/heat.html")
def heat_map(
    title: str,
    rows: Sequence[str],
    columns: Sequence[object],
    values: np.ndarray,
    low: float,
    high: float,
    best: Sequence[int],
) -> dict[str, object]:
    """`values` is (rows, columns), drawn from `low` (nothing) to `high`; `best` is each column's
    first row. Columns have `title`, `url`, `image` and `veiled`."""
    spread = max(high - low, 1e-9)
    cells = []
    for row, of_row in enumerate(values):
        for column, value in enumerate(of_row):
            strength = round(min(1.0, max(0.0, (float(value) - low) / spread)), 3)
            shown = f"{value:.2f}".replace("-", "−")
            x, y = NAMES + column * CELL, CELL + row * ROW
            first = best[column] == row
            cells.append(Cell(x, y, strength, shown, strength > INVERTED, first))
    return {
        "title": title,
        "rows": [(_short(name), name, CELL + n * ROW) for n, name in enumerate(rows)],
        "columns": [(column, NAMES + n * CELL) for n, column in enumerate(columns)],
        "cells": cells,
        "width": NAMES + len(columns) * CELL,
        "height": CELL + len(rows) * ROW,
    }


def _short(name: str) -> str:
    return name if len(name) <= LETTERS else name[: LETTERS - 1] + "…"
