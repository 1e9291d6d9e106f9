"""Sport and music."""

import numpy as np

from .palette import BLACK_METAL, STEEL, WOOD, Colour, dark, light
from .paths import arc, box, ellipse, smooth, turn
from .pen import Pen
from .registry import kind


@kind("guitar", spin=30, tilt=25)
def guitar(pen: Pen) -> None:
    neck = pen.of(WOOD)
    electric = pen.chance(0.45)
    wood = (
        pen.vivid()
        if electric
        else pen.of(((206, 140, 70), (176, 96, 46), (222, 174, 104), (90, 48, 30)))
    )
    if electric:
        outline = [
            (0.0, -0.02),
            (0.14, 0.1),
            (0.42, -0.12),
            (0.36, 0.3),
            (0.44, 0.75),
            (0.2, 1.02),
            (-0.2, 1.02),
            (-0.46, 0.78),
            (-0.34, 0.35),
            (-0.46, -0.2),
            (-0.14, 0.08),
        ]
    else:
        w = pen.u(0.44, 0.52)
        outline = [
            (0.0, 0.0),
            (0.28, 0.04),
            (0.36, 0.24),
            (0.28, 0.42),
            (w, 0.75),
            (0.25, 1.05),
            (-0.25, 1.05),
            (-w, 0.75),
            (-0.28, 0.42),
            (-0.36, 0.24),
            (-0.28, 0.04),
        ]
    pen.fill(smooth(outline), wood)
    if electric:
        pen.fill(
            smooth([(0.1, 0.15), (0.26, 0.3), (0.22, 0.7), (0.0, 0.62), (-0.08, 0.4)]),
            (244, 240, 230),
            edged=False,
        )
        for y in (0.38, 0.58):
            pen.box(-0.13, y - 0.04, 0.13, y + 0.04, (30, 30, 34), 0.02)
    else:
        pen.tint(
            smooth([(p[0] * 0.88, 0.53 + (p[1] - 0.53) * 0.9) for p in outline]),
            light(wood, 0.35),
            120,
        )
        pen.fill(ellipse(0, 0.36, 0.16), dark(wood, 0.7))
    pen.box(-0.2, 0.76, 0.2, 0.83, dark(wood, 0.55) if not electric else pen.of(STEEL), 0.02)
    pen.fill(box(-0.055, -0.98, 0.055, 0.24), dark(neck, 0.35))
    for k in range(8):
        pen.line([(-0.055, -0.9 + 0.13 * k), (0.055, -0.9 + 0.13 * k)], 0.012, (206, 206, 200))
    head = [
        (-0.06, -0.96),
        (0.06, -0.96),
        (0.1, -1.12),
        (0.08, -1.28),
        (-0.08, -1.28),
        (-0.1, -1.12),
    ]
    pen.fill(head, neck)
    for y in (-1.06, -1.14, -1.22):
        for s in (-1, 1):
            pen.disc(s * 0.13, y, 0.03, pen.of(STEEL))
    for x in (-0.03, 0.0, 0.03):
        pen.line([(x, -0.98), (x, 0.78)], 0.008, (230, 230, 224))


@kind("bicycle", spin=6)
def bicycle(pen: Pen) -> None:
    frame = pen.vivid() if pen.chance(0.7) else pen.of(BLACK_METAL)
    r, gap, tube = pen.u(0.4, 0.46), pen.u(0.62, 0.7), pen.u(0.05, 0.075)
    tyre: Colour = (36, 36, 40)
    for s in (-1, 1):
        wheel = ellipse(s * gap, 0.4, r, n=30)
        for k in range(6):
            a = np.radians(30 * k + 10)
            d = np.array([np.cos(a), np.sin(a)]) * r
            pen.line(
                [(s * gap - d[0], 0.4 - d[1]), (s * gap + d[0], 0.4 + d[1])], 0.012, (170, 172, 178)
            )
        pen.stroke(np.concatenate([wheel, wheel[:1]]), pen.u(0.05, 0.08), tyre)
        pen.disc(s * gap, 0.4, 0.05, (120, 124, 130))
    crank, seat, head = (-0.08, 0.42), (-0.26, -0.22), (0.42, -0.24)
    if pen.chance(0.25):
        pen.stroke([head, (0.1, 0.2), crank], tube, frame)
    else:
        pen.stroke([seat, head], tube, frame)
        pen.stroke([head, crank], tube, frame)
    pen.stroke([(-gap, 0.4), crank, seat, (-gap, 0.4)], tube * 0.85, frame)
    pen.stroke([(0.38, -0.4), (gap, 0.4)], tube, frame)
    pen.stroke([seat, (-0.31, -0.4)], 0.04, (150, 152, 158))
    pen.fill(
        smooth(
            [(-0.5, -0.44), (-0.2, -0.44), (-0.1, -0.4), (-0.3, -0.36), (-0.48, -0.34)], steps=3
        ),
        (44, 40, 40),
    )
    bars = (
        [(0.38, -0.4), (0.34, -0.54), (0.54, -0.56)]
        if pen.chance(0.5)
        else [(0.38, -0.4), (0.36, -0.52), (0.54, -0.5), (0.58, -0.38), (0.48, -0.32)]
    )
    pen.stroke(bars, 0.05, (60, 60, 64))
    pen.disc(*crank, 0.11, (110, 114, 120))
    pen.stroke([(-0.08, 0.42), (0.02, 0.62), (0.1, 0.62)], 0.04, (70, 72, 78))


@kind("football", spin=60)
def football(pen: Pen) -> None:
    white = pen.pick([(246, 246, 244), (246, 246, 244), (250, 240, 200), light(pen.vivid(), 0.5)])
    patch = (30, 30, 34) if pen.chance(0.65) else dark(pen.vivid(), 0.2)
    pen.ball(0, 0, 1.0, white)
    tilt, dx, dy = pen.u(0, 72), pen.u(-0.15, 0.15), pen.u(-0.15, 0.15)
    centre = turn(arc(dx, dy, 0.34, 0.34, 0, 288, 5), tilt, dx, dy)
    pen.fill(centre, patch)
    for k in range(5):
        a = np.radians(tilt + 72 * k)
        d = np.array([np.cos(a), np.sin(a)])
        side = np.array([-d[1], d[0]])
        start, joint = np.array([dx, dy]) + 0.34 * d, np.array([dx, dy]) * 0.5 + 0.66 * d
        pen.line([tuple(start), tuple(joint)], 0.035, dark(patch, 0.1))
        tips = [
            joint + side * 0.04,
            0.86 * d + side * 0.3,
            0.975 * d + side * 0.2,
            0.99 * d,
            0.975 * d - side * 0.2,
            0.86 * d - side * 0.3,
            joint - side * 0.04,
        ]
        pen.fill(np.array(tips), patch)
        b = a + np.radians(36)
        e = np.array([np.cos(b), np.sin(b)])
        left = 0.86 * d + side * 0.3
        pen.line([tuple(left), tuple(e * 0.8), tuple(e * 0.97)], 0.03, dark(white, 0.45))
    pen.tint(ellipse(-0.4, -0.45, 0.2, 0.14), (255, 255, 255), 120)
