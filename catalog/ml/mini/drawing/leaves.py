"""Two leaves that must be told apart by their shape."""

import numpy as np

from .palette import Colour, dark, light
from .paths import Points, both_sides, smooth, turn
from .pen import Pen
from .registry import kind


def _leaflet(length: float, width: float, teeth: int) -> Points:
    """A narrow saw-edged leaflet from the origin upwards."""
    right = [(0.0, 0.0)]
    for k in range(1, teeth + 1):
        t = k / (teeth + 1)
        half = width * np.sin(np.pi * t**0.75) ** 0.9
        right.append((half, -length * t))
        right.append((half * 0.72, -length * (t + 0.25 / (teeth + 1))))
    right.append((0.0, -length))
    return both_sides(right[::-1])


@kind("cannabis-leaf", spin=30)
def cannabis_leaf(pen: Pen) -> None:
    green = pen.of(((62, 128, 52), (84, 150, 62), (46, 104, 50), (120, 160, 70), (40, 84, 48)))
    fingers = pen.pick([5, 7, 7, 9])
    spread, width, teeth = pen.u(110, 140), pen.u(0.1, 0.15), pen.count(6, 9)
    pen.stroke(
        smooth([(0, 0), (pen.u(-0.05, 0.05), 0.3), (pen.u(-0.1, 0.1), 0.55)], closed=False),
        0.045,
        dark(green, 0.2),
    )
    order = sorted(range(fingers), key=lambda k: -abs(k - (fingers - 1) / 2))
    for k in order:
        t = (k - (fingers - 1) / 2) / ((fingers - 1) / 2)
        length = (1.0 - 0.62 * abs(t) ** 1.3) * pen.u(0.94, 1.06)
        angle = t * spread + pen.u(-4, 4)
        blade = _leaflet(length, width * (1.05 - 0.35 * abs(t)), teeth)
        pen.fill(turn(blade, angle), green if k % 2 else light(green, 0.08))
        pen.line(turn([(0, 0), (0, -length * 0.92)], angle), 0.02, light(green, 0.35))


@kind("maple-leaf", spin=35)
def maple_leaf(pen: Pen) -> None:
    colour: Colour = pen.of(
        ((196, 52, 36), (220, 100, 34), (228, 160, 44), (160, 44, 40), (110, 130, 56))
    )
    w = pen.u(0.92, 1.1)
    right = [
        (0.0, -1.0),
        (0.1, -0.72),
        (0.24, -0.78),
        (0.2, -0.36),
        (0.42, -0.55),
        (0.48, -0.44),
        (0.88 * w, -0.5),
        (0.76 * w, -0.28),
        (0.94 * w, -0.1),
        (0.56, 0.14),
        (0.62, 0.3),
        (0.2, 0.3),
        (0.04, 0.42),
    ]
    shape = both_sides([(x * w, y + pen.u(-0.02, 0.02)) for x, y in right])
    pen.stroke([(0, 0.3), (pen.u(-0.1, 0.1), 0.92)], 0.05, dark(colour, 0.25))
    pen.fill(shape, colour)
    if pen.chance(0.6):
        half = np.array([(0.0, -1.0), *[(x * w, y) for x, y in right[1:]], (0.0, 0.4)])
        pen.tint(half, light(colour, 0.35), 80)
    for end in ((0, -0.85), (0.66 * w, -0.36), (-0.66 * w, -0.36), (0.48, 0.2), (-0.48, 0.2)):
        pen.line([(0, 0.34), end], 0.025, dark(colour, 0.35) if pen.shaded else light(colour, 0.4))
