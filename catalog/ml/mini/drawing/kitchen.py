"""Kitchen and table; cutlery and the spatula are what a knife must not be confused with."""

import numpy as np

from .palette import STEEL, WOOD, dark, hsv, light
from .paths import arc, both_sides, box, ellipse, smooth
from .pen import Pen
from .registry import kind


@kind("mug", spin=10)
def mug(pen: Pen) -> None:
    clay = pen.paint()
    top, low, tall = pen.u(0.5, 0.62), pen.u(0.42, 0.6), pen.u(0.55, 0.75)
    handle = arc(top * 0.92, 0.02, pen.u(0.28, 0.4), tall * 0.55, -80, 80)
    pen.stroke(handle, pen.u(0.1, 0.15), dark(clay, 0.08))
    pen.turned([(top, -tall), (low, tall * 0.9), (low * 0.86, tall)], clay)
    pen.fill(ellipse(0, -tall, top, 0.13), light(clay, 0.25))
    pen.fill(
        ellipse(0, -tall + 0.02, top * 0.88, 0.1),
        pen.pick([(84, 52, 32), (60, 36, 24), dark(clay, 0.4)]),
        edged=False,
    )
    roll = pen.rng.random()
    if roll < 0.3:
        pen.tint(box(-top * 0.97, -0.1, top * 0.97, 0.12), pen.vivid(), 200)
    elif roll < 0.55:
        heart = both_sides([(0.0, -0.06), (0.1, -0.16), (0.2, -0.08), (0.16, 0.06), (0.0, 0.22)])
        pen.fill(heart, pen.vivid(), edged=False)
    if pen.chance(0.35):
        for x in (-0.15, 0.15):
            curl = [
                (x, -tall - 0.12),
                (x + 0.08, -tall - 0.28),
                (x - 0.06, -tall - 0.42),
                (x + 0.05, -tall - 0.58),
            ]
            pen.stroke(smooth(curl, closed=False), 0.045, (222, 222, 226), edged=False)


@kind("teapot", spin=8)
def teapot(pen: Pen) -> None:
    clay = pen.paint()
    rx, ry = pen.u(0.58, 0.68), pen.u(0.44, 0.56)
    pen.stroke(arc(rx * 0.8, 0.05, pen.u(0.38, 0.46), ry * 0.7, -95, 95), 0.1, dark(clay, 0.1))
    spout = [
        (-rx * 0.7, 0.25),
        (-rx * 0.8, -0.1),
        (-rx - 0.36, -0.42),
        (-rx - 0.22, -0.46),
        (-rx * 0.62, -0.28),
        (-rx * 0.3, 0.0),
    ]
    pen.fill(smooth(spout, steps=3), dark(clay, 0.06))
    pen.box(-0.3, ry - 0.05, 0.3, ry + 0.1, dark(clay, 0.2), 0.04)
    pen.ball(0, 0.05, rx, clay, ry)
    lid = arc(0, -ry * 0.72, rx * 0.55, 0.2, 180, 360)
    pen.fill(lid, light(clay, 0.12))
    pen.ball(0, -ry * 0.72 - 0.26, 0.09, light(clay, 0.2))
    if pen.chance(0.5):
        trim = pen.vivid()
        for k in range(5):
            pen.fill(ellipse(-0.36 + 0.18 * k, 0.1, 0.06), trim, edged=False)


@kind("spatula", spin=35, tilt=30)
def spatula(pen: Pen) -> None:
    head = pen.of(STEEL) if pen.chance(0.4) else pen.paint()
    grip = pen.of(WOOD) if pen.chance(0.5) else dark(head, 0.3)
    half, top = pen.u(0.22, 0.34), -1.05
    flare = pen.u(0.75, 1.1)
    pen.turned([(0.035, -0.5), (0.035, 0.3)], pen.of(STEEL) if pen.chance(0.5) else grip)
    pen.fill(
        smooth(
            [
                (-half, top),
                (half, top),
                (half * flare, -0.55),
                (0.08, -0.4),
                (-0.08, -0.4),
                (-half * flare, -0.55),
            ],
            steps=3,
        ),
        head,
    )
    if pen.chance(0.75):
        slots = pen.pick([3, 4])
        for k in range(slots):
            x = (k - (slots - 1) / 2) * half * 1.5 / slots
            pen.hole(box(x - 0.028, top + 0.1, x + 0.028, -0.62, 0.025))
    pen.turned([(0.05, 0.2), (0.09, 0.4), (0.075, 0.9), (0.09, 1.05), (0.05, 1.1)], grip)
    pen.fill(ellipse(0, 1.0, 0.03), dark(grip, 0.6), edged=False)


@kind("spoon", spin=35, tilt=35)
def spoon(pen: Pen) -> None:
    metal = pen.of(WOOD) if pen.chance(0.2) else pen.of(STEEL)
    rx, ry = pen.u(0.22, 0.3), pen.u(0.34, 0.42)
    end = pen.u(0.07, 0.11)
    pen.fill(
        both_sides([(0.05, -0.5), (0.035, 0.0), (end * 0.7, 0.7), (end, 0.98), (0.0, 1.05)]), metal
    )
    pen.line([(-0.01, -0.2), (-0.01, 0.85)], 0.02, light(metal, 0.6))
    pen.fill(ellipse(0, -0.72, rx, ry), metal)
    pen.fill(
        both_sides([(rx * 0.8, -0.72 + ry * 0.55), (0.06, -0.7 + ry * 1.15)]), metal, edged=False
    )
    pen.fill(ellipse(0, -0.74, rx * 0.78, ry * 0.76), dark(metal, 0.22), edged=False)
    pen.tint(ellipse(rx * 0.15, -0.66, rx * 0.5, ry * 0.5), light(metal, 0.4), 150)


@kind("fork", spin=35, tilt=35)
def fork(pen: Pen) -> None:
    metal = pen.of(STEEL)
    half, tines = pen.u(0.2, 0.26), pen.pick([3, 4, 4])
    end, root = pen.u(0.07, 0.12), -0.62
    grip = pen.of(WOOD) if pen.chance(0.25) else metal
    pen.fill(
        both_sides([(0.05, -0.3), (0.04, 0.0), (end * 0.8, 0.7), (end, 1.0), (0.0, 1.06)]), grip
    )
    pen.fill(
        smooth(
            [
                (-half, root - 0.1),
                (half, root - 0.1),
                (half * 0.9, -0.46),
                (0.05, -0.24),
                (-0.05, -0.24),
                (-half * 0.9, -0.46),
            ],
            steps=3,
        ),
        metal,
    )
    step = 2 * half / tines
    for k in range(tines):
        x = -half + step * (k + 0.5)
        w = step * 0.27
        pen.fill([(x - w, root), (x - w, -1.05), (x, -1.15), (x + w, -1.05), (x + w, root)], metal)
    pen.fill(box(-half * 0.9, root - 0.1, half * 0.9, root + 0.04), metal, edged=False)
    pen.line([(-0.012, -0.2), (-0.012, 0.9)], 0.02, light(grip, 0.5))


@kind("candle", spin=6)
def candle(pen: Pen) -> None:
    wax = pen.pick([(244, 236, 214), (250, 248, 240), pen.vivid(), pen.paint()])
    lit = pen.chance(0.85)
    roll = pen.rng.random()
    half, top = (pen.u(0.26, 0.4), -0.25) if roll < 0.7 else (pen.u(0.1, 0.14), -0.45)
    if roll >= 0.7:
        brass = hsv(0.12, 0.55, 0.8)
        pen.turned([(0.2, 0.45), (0.12, 0.55), (0.06, 0.7), (0.3, 0.92), (0.4, 1.0)], brass)
        pen.turned([(half, top), (half, 0.48)], wax)
    elif roll >= 0.4:
        pen.turned(
            [(half * 1.25, -0.3), (half * 1.25, 0.95), (half * 1.15, 1.0)],
            (216, 228, 232),
            alpha=210,
        )
        pen.turned([(half * 1.12, 0.0), (half * 1.12, 0.9)], wax)
        pen.fill(box(-half * 0.8, 0.25, half * 0.8, 0.65), (246, 240, 226), edged=False)
        pen.line([(-half * 0.5, 0.42), (half * 0.5, 0.42)], 0.05, (90, 84, 80))
        top = 0.0
    else:
        pen.turned([(half, top), (half, 1.0)], wax)
    pen.fill(ellipse(0, top, half, 0.07), light(wax, 0.4))
    if roll < 0.4 or roll >= 0.7:
        for x in (-half * 0.7, half * 0.45):
            drip = pen.u(0.12, 0.4)
            pen.fill(box(x - 0.05, top, x + 0.05, top + drip, 0.05), light(wax, 0.3), edged=False)
    pen.line([(0, top), (0.01, top - 0.16)], 0.03, (50, 40, 34))
    if lit:
        for scale, flame in (
            (1.0, (250, 150, 40)),
            (0.62, (255, 222, 110)),
            (0.3, (255, 250, 224)),
        ):
            tip = smooth([(0, -0.52), (0.13, -0.18), (0.0, 0.0), (-0.13, -0.18)])
            pen.fill(np.asarray(tip) * scale + (0, top - 0.06), flame, edged=False)
