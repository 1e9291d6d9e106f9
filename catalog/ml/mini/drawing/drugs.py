"""Restricted: drugs, apart from the leaf."""

import numpy as np

from .palette import STEEL, Colour, dark, light
from .paths import arc, box, ellipse, turn
from .pen import Pen
from .registry import kind

WHITE: Colour = (246, 246, 244)


@kind("syringe", spin=45, tilt=-35)
def syringe(pen: Pen) -> None:
    wide, tail = pen.u(0.13, 0.2), pen.u(0.75, 1.05)
    clear: Colour = (224, 234, 240)
    liquid = pen.of(
        ((236, 214, 120), (210, 80, 80), (150, 205, 235), (235, 235, 225), (150, 210, 150))
    )
    plunger = pen.of(STEEL) if pen.chance(0.4) else pen.paint()
    level = pen.u(-0.2, 0.3)
    pen.line([(-1.25, 0), (-0.7, 0)], 0.028, pen.of(STEEL))
    pen.fill([(-1.25, -0.014), (-1.3, 0.014), (-1.2, 0.014)], (150, 155, 162), edged=False)
    pen.bar(
        0,
        [(-0.86, 0.05), (-0.66, 0.07), (-0.62, 0.07)],
        pen.pick([clear, plunger, light(plunger, 0.4)]),
    )
    pen.bar(0, [(level + 0.1, 0.045), (tail, 0.045)], plunger)
    pen.fill(box(tail, -wide * 1.2, tail + 0.08, wide * 1.2, 0.03), plunger)
    pen.bar(0, [(-0.64, 0.06), (-0.56, wide), (0.46, wide)], clear, alpha=225)
    pen.bar(0, [(-0.56, wide * 0.84), (level, wide * 0.84)], liquid)
    pen.box(level, -wide * 0.86, level + 0.1, wide * 0.86, (52, 54, 58), 0.02)
    pen.line([(level + 0.1, 0), (0.5, 0)], 0.07, dark(plunger, 0.15))
    for k in range(pen.count(6, 10)):
        x = -0.5 + 0.1 * k
        pen.line([(x, -wide), (x, -wide * (0.35 if k % 2 else 0.6))], 0.018, (40, 44, 52))
    pen.tint(box(-0.56, wide * 0.35, 0.44, wide * 0.6), (255, 255, 255), 150)
    pen.fill(box(0.44, -wide * 1.75, 0.52, wide * 1.75, 0.03), light(clear, 0.2))


@kind("pills", spin=40)
def pills(pen: Pen) -> None:
    first, second = pen.vivid(), WHITE if pen.chance(0.5) else pen.vivid()
    roll = pen.rng.random()
    if roll < 0.35:
        _blister(pen, first, second)
    elif roll < 0.6:
        _pill_bottle(pen, first, second)
    else:
        _scatter(pen, first, second)


def _capsule(pen: Pen, x: float, y: float, angle: float, long: float, a: Colour, b: Colour) -> None:
    r = long * 0.42
    left = np.concatenate([arc(x - long + r, y, r, r, 90, 270, 9), [(x, y - r), (x, y + r)]])
    right = np.concatenate([arc(x + long - r, y, r, r, -90, 90, 9), [(x, y + r), (x, y - r)]])
    pen.fill(turn(left, angle, x, y), a)
    pen.fill(turn(right, angle, x, y), b)
    pen.tint(
        turn(box(x - long * 0.7, y - r * 0.65, x + long * 0.7, y - r * 0.3, 0.05), angle, x, y),
        (255, 255, 255),
        130,
    )


def _tablet(pen: Pen, x: float, y: float, r: float, colour: Colour) -> None:
    pen.disc(x, y + r * 0.22, r, dark(colour, 0.25))
    pen.disc(x, y, r, colour)
    angle = pen.u(0, 180)
    pen.line(turn([(x - r * 0.7, y), (x + r * 0.7, y)], angle, x, y), r * 0.14, dark(colour, 0.3))


def _scatter(pen: Pen, first: Colour, second: Colour) -> None:
    capsules, size = pen.u(0, 1), pen.u(0.26, 0.36)
    places = [
        (-0.55, -0.5),
        (0.1, -0.62),
        (0.66, -0.3),
        (-0.62, 0.2),
        (0.02, 0.02),
        (0.6, 0.35),
        (-0.2, 0.62),
        (0.3, 0.75),
    ]
    keep = pen.count(4, len(places))
    for x, y in pen.rng.permutation(places)[:keep]:
        x, y = x + pen.u(-0.08, 0.08), y + pen.u(-0.08, 0.08)
        if pen.chance(capsules):
            _capsule(pen, x, y, pen.u(0, 180), size, first, second)
        else:
            _tablet(pen, x, y, size * 0.72, pen.pick([WHITE, WHITE, light(first, 0.4)]))


def _blister(pen: Pen, first: Colour, second: Colour) -> None:
    columns, rows = pen.count(4, 5), 2
    foil = pen.of(STEEL)
    pen.fill(box(-columns * 0.25, -0.5, columns * 0.25, 0.5, 0.08), foil)
    long = pen.chance(0.5)
    for i in range(columns):
        for j in range(rows):
            x, y = (i - (columns - 1) / 2) * 0.46, (j - 0.5) * 0.5
            pen.fill(ellipse(x, y, 0.19, 0.22), light(foil, 0.5))
            if pen.chance(0.12):
                pen.fill(ellipse(x, y, 0.14, 0.16), dark(foil, 0.4), edged=False)
            elif long:
                _capsule(pen, x, y, 90, 0.19, first, second)
            else:
                _tablet(pen, x, y, 0.14, light(first, 0.5))
            pen.tint(arc(x, y, 0.17, 0.2, 190, 260, 6), (255, 255, 255), 150)


def _pill_bottle(pen: Pen, first: Colour, second: Colour) -> None:
    body = pen.of(((226, 122, 36), (222, 140, 60), (236, 236, 232), (70, 120, 180)))
    pen.turned([(0.34, -0.4), (0.42, -0.3), (0.42, 0.6), (0.38, 0.66)], body, cx=-0.3)
    pen.turned([(0.38, -0.72), (0.4, -0.7), (0.4, -0.38)], WHITE, cx=-0.3)
    for k in range(7):
        x = -0.62 + 0.106 * k
        pen.line([(x, -0.66), (x, -0.44)], 0.02, (200, 200, 200))
    pen.fill(box(-0.71, -0.12, 0.11, 0.4), WHITE)
    pen.fill(box(-0.66, -0.06, 0.02, 0.02), dark(first, 0.1), edged=False)
    for k in range(3):
        pen.line(
            [(-0.64, 0.12 + 0.08 * k), (0.0 - 0.1 * k, 0.12 + 0.08 * k)], 0.025, (120, 120, 126)
        )
    for x, y in ((0.35, 0.5), (0.62, 0.28), (0.78, 0.6))[: pen.count(2, 3)]:
        if pen.chance(0.6):
            _capsule(pen, x, y, pen.u(0, 180), 0.22, first, second)
        else:
            _tablet(pen, x, y, 0.15, light(first, 0.5))
