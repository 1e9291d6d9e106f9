"""Outlines as (n, 2) float arrays in object space: x to the right, y down, about -1 to 1."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Outline = Points | Sequence[tuple[float, float]]


def arc(
    cx: float, cy: float, rx: float, ry: float, start: float, stop: float, n: int = 16
) -> Points:
    """Part of an ellipse, angles in degrees, clockwise on screen from the right-hand side."""
    t = np.radians(np.linspace(start, stop, n))
    return np.stack([cx + rx * np.cos(t), cy + ry * np.sin(t)], axis=1)


def ellipse(cx: float, cy: float, rx: float, ry: float | None = None, n: int = 28) -> Points:
    return arc(cx, cy, rx, rx if ry is None else ry, 0, 360 * (1 - 1 / n), n)


def box(x0: float, y0: float, x1: float, y1: float, r: float = 0.0) -> Points:
    """An axis-aligned rectangle, its corners rounded by `r` (never more than half a side)."""
    r = min(r, abs(x1 - x0) / 2, abs(y1 - y0) / 2)
    if r <= 0:
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=float)
    corners = [
        arc(x1 - r, y0 + r, r, r, -90, 0, 5),
        arc(x1 - r, y1 - r, r, r, 0, 90, 5),
        arc(x0 + r, y1 - r, r, r, 90, 180, 5),
        arc(x0 + r, y0 + r, r, r, 180, 270, 5),
    ]
    return np.concatenate(corners)


def smooth(outline: Outline, *, closed: bool = True, steps: int = 5) -> Points:
    """A uniform Catmull-Rom curve through the given points, `steps` points a segment."""
    p = np.asarray(outline, dtype=float)
    if closed:
        before, after, far = np.roll(p, 1, 0), np.roll(p, -1, 0), np.roll(p, -2, 0)
        here = p
    else:
        padded = np.concatenate([p[:1], p, p[-1:]])
        before, here, after, far = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    curve = 0.5 * (
        2 * here
        + (after - before) * t
        + (2 * before - 5 * here + 4 * after - far) * t**2
        + (3 * here - before - 3 * after + far) * t**3
    )
    flat = curve.transpose(1, 0, 2).reshape(-1, 2)
    return flat if closed else np.concatenate([flat, p[-1:]])


def turn(outline: Outline, degrees: float, cx: float = 0.0, cy: float = 0.0) -> Points:
    a = np.radians(degrees)
    spin = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    pivot = np.array((cx, cy), dtype=float)
    turned: Points = (np.asarray(outline, dtype=float) - pivot) @ spin + pivot
    return turned


def move(outline: Outline, dx: float, dy: float) -> Points:
    moved: Points = np.asarray(outline, dtype=float) + np.array((dx, dy), dtype=float)
    return moved


def both_sides(right: Outline) -> Points:
    """A shape symmetric about x = 0 from its right-hand edge, listed top to bottom."""
    p = np.asarray(right, dtype=float)
    return np.concatenate([p, (p * (-1, 1))[::-1]])
