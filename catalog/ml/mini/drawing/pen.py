"""Records what a kind draws, in object space, so that it can be framed once it is complete."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeVar

import numpy as np

from . import palette
from .palette import Colour, dark, light
from .paths import Outline, Points, both_sides, box, ellipse, move

T = TypeVar("T")
Op = Literal["fill", "stroke", "tint", "hole"]

# Where a turned body (bottle, mug, handle) is split into bands of one brightness, centre at 0.
_BANDS = tuple(float(x) for x in np.sin(np.radians(np.linspace(-90, 90, 16))))


@dataclass(frozen=True, slots=True)
class Mark:
    """One drawing operation: `alpha` is coverage for fill and blending strength for tint."""

    op: Op
    points: Points
    colour: Colour
    alpha: int = 255
    width: float = 0.0
    edged: bool = True


class Pen:
    """What a kind's function draws with, together with its own source of chance.

    `shaded` says whether round things show light and dark sides (otherwise flat art).
    """

    def __init__(self, rng: np.random.Generator, *, shaded: bool) -> None:
        self.rng = rng
        self.shaded = shaded
        self.marks: list[Mark] = []

    # --- chance -------------------------------------------------------------------------------
    def u(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def count(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.rng.integers(len(options)))]

    # --- colour -------------------------------------------------------------------------------
    def of(self, family: Sequence[Colour]) -> Colour:
        return palette.jitter(self.rng, self.pick(family))

    def paint(self) -> Colour:
        """Any colour a manufacturer would choose: half vivid, the rest muted, white or black."""
        roll = self.rng.random()
        if roll < 0.5:
            return palette.hsv(self.u(0, 1), self.u(0.55, 0.9), self.u(0.6, 0.95))
        if roll < 0.75:
            return palette.hsv(self.u(0, 1), self.u(0.15, 0.45), self.u(0.5, 0.92))
        grey = self.u(0.85, 0.97) if roll < 0.88 else self.u(0.12, 0.35)
        return palette.hsv(0.6, 0.04, grey)

    def vivid(self) -> Colour:
        return palette.hsv(self.u(0, 1), self.u(0.65, 0.95), self.u(0.75, 1.0))

    # --- marks --------------------------------------------------------------------------------
    def fill(
        self, outline: Outline, colour: Colour, *, alpha: int = 255, edged: bool = True
    ) -> None:
        points = np.asarray(outline, dtype=float)
        self.marks.append(Mark("fill", points, colour, alpha, edged=edged))

    def stroke(self, line: Outline, width: float, colour: Colour, *, edged: bool = True) -> None:
        """A round-ended line `width` object units wide."""
        points = np.asarray(line, dtype=float)
        self.marks.append(Mark("stroke", points, colour, width=width, edged=edged))

    def tint(self, outline: Outline, colour: Colour, alpha: int = 120) -> None:
        """Blend a colour over what is already drawn; adds nothing to the silhouette."""
        points = np.asarray(outline, dtype=float)
        self.marks.append(Mark("tint", points, colour, alpha, edged=False))

    def hole(self, outline: Outline) -> None:
        """Cut through to the background."""
        self.marks.append(Mark("hole", np.asarray(outline, dtype=float), (0, 0, 0)))

    def line(self, line: Outline, width: float, colour: Colour) -> None:
        self.stroke(line, width, colour, edged=False)

    def box(
        self, x0: float, y0: float, x1: float, y1: float, colour: Colour, r: float = 0.0
    ) -> None:
        self.fill(box(x0, y0, x1, y1, r), colour)

    def disc(
        self, cx: float, cy: float, rx: float, colour: Colour, ry: float | None = None
    ) -> None:
        self.fill(ellipse(cx, cy, rx, ry), colour)

    # --- solids -------------------------------------------------------------------------------
    def turned(
        self, profile: Outline, colour: Colour, *, cx: float = 0.0, alpha: int = 255
    ) -> None:
        """A body of revolution about the vertical at `cx`: `profile` lists (radius, y) down."""
        rim = np.asarray(profile, dtype=float)
        self.fill(move(both_sides(rim), cx, 0), colour, alpha=alpha)
        self._bands(rim, colour, axis=0, offset=(cx, 0.0))

    def bar(self, y: float, profile: Outline, colour: Colour, *, alpha: int = 255) -> None:
        """A body of revolution about the horizontal at `y`: `profile` lists (x, radius)."""
        rim = np.asarray(profile, dtype=float)
        self.fill(move(np.concatenate([rim * (1, -1), rim[::-1]]), 0, y), colour, alpha=alpha)
        self._bands(rim, colour, axis=1, offset=(0.0, y))

    def _bands(
        self, rim: Points, colour: Colour, *, axis: int, offset: tuple[float, float]
    ) -> None:
        """Light and dark along a round body, whose radius is column `axis` of `rim`."""
        if not self.shaded:
            return
        for a, b in pairwise(_BANDS):
            middle = (a + b) / 2
            glow = 0.85 * np.sqrt(1 - middle**2) - 0.5 * middle - 0.72
            tone = light(colour, 0.5 * glow) if glow > 0 else dark(colour, -0.6 * glow)
            near, far = ((a, 1), (b, 1)) if axis == 0 else ((1, a), (1, b))
            band = np.concatenate([rim * near, (rim * far)[::-1]])
            self.tint(move(band, *offset), tone, 255)

    def ball(
        self, cx: float, cy: float, rx: float, colour: Colour, ry: float | None = None
    ) -> None:
        """A round body lit from the upper left."""
        ry = rx if ry is None else ry
        self.disc(cx, cy, rx, colour, ry)
        if not self.shaded:
            return
        self.tint(ellipse(cx, cy, rx, ry), dark(colour, 0.35), 255)
        for k in np.linspace(0.96, 0.12, 11):
            shift = (1 - k) * 0.42
            tone = mixed_glow(colour, 1 - k)
            self.tint(ellipse(cx - rx * shift, cy - ry * shift, rx * k, ry * k, 22), tone, 255)


def mixed_glow(colour: Colour, t: float) -> Colour:
    """From the shaded rim (t near 0) of a ball to its lit centre (t near 1)."""
    return dark(colour, 0.3 * (1 - 2 * t)) if t < 0.5 else light(colour, 0.5 * (t - 0.5))
