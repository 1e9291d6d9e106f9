"""Toys and sweets; the water pistol is what a handgun must not be confused with."""

import numpy as np

from .palette import dark, hsv, light
from .paths import Outline, Points, arc, ellipse, smooth, turn
from .pen import Pen
from .registry import kind


@kind("teddy-bear", spin=8)
def teddy_bear(pen: Pen) -> None:
    fur = pen.pick(
        [pen.of(((168, 116, 68), (196, 150, 96), (120, 80, 50), (222, 196, 158))), pen.paint()]
    )
    pale = light(fur, 0.45)
    wide = pen.u(0.5, 0.6)
    for s in (-1, 1):
        pen.ball(s * 0.42, -0.95, 0.2, fur)
        pen.fill(ellipse(s * 0.42, -0.94, 0.11), pale, edged=False)
        pen.ball(s * (wide + 0.06), 0.12, 0.19, fur, 0.36)
    for s in (-1, 1):
        pen.ball(s * 0.42, 0.86, 0.28, dark(fur, 0.05), 0.3)
        pen.fill(ellipse(s * 0.44, 0.9, 0.16, 0.18), pale, edged=False)
    pen.ball(0, 0.36, wide, fur, 0.6)
    pen.fill(ellipse(0, 0.42, wide * 0.6, 0.4), pale, edged=False)
    pen.ball(0, -0.56, 0.54, fur, 0.48)
    pen.fill(ellipse(0, -0.42, 0.24, 0.19), pale)
    for s in (-1, 1):
        pen.fill(ellipse(s * 0.2, -0.66, 0.06), (26, 22, 20), edged=False)
        pen.fill(ellipse(s * 0.2 - 0.02, -0.68, 0.02, n=8), (255, 255, 255), edged=False)
    pen.fill(ellipse(0, -0.5, 0.09, 0.065), (40, 28, 24), edged=False)
    pen.line(arc(0, -0.42, 0.09, 0.08, 20, 160, 7), 0.025, (60, 40, 34))
    if pen.chance(0.5):
        bow = pen.vivid()
        for s in (-1, 1):
            pen.fill([(0, -0.1), (s * 0.28, -0.24), (s * 0.28, 0.04)], bow)
        pen.disc(0, -0.1, 0.07, dark(bow, 0.15))


@kind("water-pistol", spin=22)
def water_pistol(pen: Pen) -> None:
    body = pen.vivid()
    second = hsv(pen.u(0, 1), 0.9, 1.0)
    tank = hsv(pen.u(0.45, 0.62), pen.u(0.25, 0.6), 0.98)
    lean = pen.u(0.05, 0.22)
    pen.stroke(arc(0.06, 0.08, 0.2, 0.18, 0, 180), 0.07, body)
    pen.stroke([(0.1, -0.04), (0.04, 0.12)], 0.08, second)
    pen.fill(
        smooth(
            [
                (0.2, -0.1),
                (0.56, -0.12),
                (0.6 + lean, 0.55),
                (0.52 + lean, 0.7),
                (0.26 + lean, 0.66),
            ],
            steps=4,
        ),
        body,
    )
    pen.bar(-0.24, [(-0.95, 0.1), (-0.9, 0.14), (-0.78, 0.08), (-0.6, 0.12)], second)
    pen.fill(
        smooth(
            [
                (-0.66, -0.36),
                (-0.2, -0.42),
                (0.5, -0.42),
                (0.68, -0.3),
                (0.6, -0.06),
                (0.1, 0.02),
                (-0.5, -0.08),
            ],
            steps=4,
        ),
        body,
    )
    where = pen.rng.random()
    if where < 0.6:
        x = pen.u(0.05, 0.3)
        pen.box(x - 0.08, -0.56, x + 0.08, -0.38, second, 0.02)
        pen.ball(x, -0.72, pen.u(0.3, 0.42), tank, pen.u(0.2, 0.28))
        pen.tint(ellipse(x - 0.1, -0.8, 0.08, 0.05), (255, 255, 255), 170)
    else:
        pen.bar(-0.58, [(-0.4, 0.1), (-0.32, 0.17), (0.4, 0.17), (0.48, 0.1)], tank)
    for k in range(3):
        pen.fill(ellipse(-0.3 + 0.16 * k, -0.22, 0.055), second, edged=False)
    pen.fill(ellipse(0.36, -0.22, 0.11), light(body, 0.5), edged=False)
    if pen.chance(0.4):
        for k in range(3):
            x = -1.1 - 0.17 * k
            pen.fill(
                smooth(
                    [
                        (x - 0.09, -0.24 + 0.02 * k),
                        (x, -0.29 + 0.02 * k),
                        (x + 0.05, -0.24),
                        (x, -0.19 + 0.02 * k),
                    ]
                ),
                (110, 190, 240),
                edged=False,
            )


@kind("candy", spin=40)
def candy(pen: Pen) -> None:
    roll = pen.rng.random()
    if roll < 0.3:
        _lollipop(pen)
        return
    if roll < 0.65:
        _wrapped(pen, 0, 0, 1.0, pen.u(-15, 15))
        return
    for x, y in ((-0.75, -0.5), (0.7, -0.2), (-0.2, 0.65)):
        _wrapped(pen, x, y, 0.62, pen.u(-60, 60))


def _wrapped(pen: Pen, x: float, y: float, scale: float, angle: float) -> None:
    first, second = pen.vivid(), pen.pick([(250, 250, 250), pen.vivid()])

    def place(outline: Outline) -> Points:
        return turn(np.asarray(outline, dtype=float) * scale + (x, y), angle, x, y)

    for s in (-1, 1):
        fan = [
            (s * 0.45, 0.0),
            (s * 0.95, -0.36),
            (s * 0.88, -0.12),
            (s * 1.0, 0.0),
            (s * 0.88, 0.14),
            (s * 0.95, 0.36),
        ]
        pen.fill(place(fan), first)
        pen.line(place([(s * 0.5, 0), (s * 0.88, -0.18)]), 0.03 * scale, dark(first, 0.3))
        pen.line(place([(s * 0.5, 0), (s * 0.88, 0.18)]), 0.03 * scale, dark(first, 0.3))
    pen.fill(place(ellipse(0, 0, 0.54, 0.4)), first)
    for k in (-1, 0, 1):
        pen.tint(
            place(
                [
                    (k * 0.28 - 0.02, -0.33),
                    (k * 0.28 + 0.12, -0.33),
                    (k * 0.28 + 0.02, 0.33),
                    (k * 0.28 - 0.12, 0.33),
                ]
            ),
            second,
            235,
        )
    pen.tint(place(ellipse(-0.18, -0.18, 0.18, 0.08)), (255, 255, 255), 170)


def _lollipop(pen: Pen) -> None:
    first, second = pen.vivid(), pen.pick([(252, 252, 252), pen.vivid()])
    pen.stroke([(0, 0.1), (0, 1.2)], 0.07, (246, 244, 236))
    pen.disc(0, -0.35, 0.58, first)
    t = np.linspace(0, 5.5 * np.pi, 60)
    r = 0.5 * t / t[-1]
    pen.line(np.stack([r * np.cos(t), -0.35 + r * np.sin(t)], axis=1), 0.09, second)
    pen.tint(ellipse(-0.22, -0.6, 0.14, 0.08), (255, 255, 255), 150)
