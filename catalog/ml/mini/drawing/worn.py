"""Things worn."""

import numpy as np

from .palette import BLACK_METAL, GOLD, LEATHER, STEEL, dark, light
from .paths import arc, box, ellipse, smooth
from .pen import Pen
from .registry import kind


@kind("wristwatch", spin=18)
def wristwatch(pen: Pen) -> None:
    strap = pen.of(LEATHER) if pen.chance(0.6) else pen.pick([pen.of(STEEL), pen.paint()])
    case = pen.of(GOLD if pen.chance(0.35) else STEEL)
    face = pen.pick([(246, 246, 242), (28, 30, 36), (36, 60, 110), (240, 230, 206)])
    ink = (30, 30, 34) if sum(face) > 380 else (240, 240, 240)
    w = pen.u(0.2, 0.27)
    for s in (-1, 1):
        pen.fill(
            [(-w, s * 0.35), (w, s * 0.35), (w * 0.78, s * 1.08), (-w * 0.78, s * 1.08)], strap
        )
        for k in range(4):
            y = s * (0.58 + 0.12 * k)
            pen.line(
                [(-0.05, y), (0.05, y)] if sum(strap) < 330 else [(-w * 0.85, y), (w * 0.85, y)],
                0.03,
                dark(strap, 0.5),
            )
    pen.box(0.42, -0.07, 0.54, 0.07, case, 0.02)
    if pen.chance(0.3):
        pen.box(-0.42, -0.46, 0.42, 0.46, case, 0.14)
        pen.fill(box(-0.34, -0.38, 0.34, 0.38, 0.09), face, edged=False)
    else:
        pen.disc(0, 0, 0.48, case)
        pen.fill(ellipse(0, 0, 0.39), face, edged=False)
    for k in range(12):
        a = np.radians(30 * k)
        inner = 0.26 if k % 3 == 0 else 0.29
        pen.line(
            [(inner * np.cos(a), inner * np.sin(a)), (0.33 * np.cos(a), 0.33 * np.sin(a))],
            0.03,
            ink,
        )
    for length, width in ((0.2, 0.045), (0.29, 0.03)):
        a = pen.u(0, 2 * np.pi)
        pen.line([(0, 0), (length * np.cos(a), length * np.sin(a))], width, ink)
    pen.fill(ellipse(0, 0, 0.035), pen.vivid(), edged=False)
    pen.tint(arc(0, 0, 0.38, 0.38, 200, 290), (255, 255, 255), 60)


@kind("sunglasses", spin=12)
def sunglasses(pen: Pen) -> None:
    rim = pen.pick([pen.of(BLACK_METAL), pen.of(GOLD), pen.of(LEATHER), pen.vivid()])
    lens = pen.pick([(40, 42, 48), (70, 50, 40), (40, 60, 90), (50, 70, 56), (90, 50, 90)])
    rx, ry, gap = pen.u(0.4, 0.47), pen.u(0.3, 0.42), pen.u(0.08, 0.12)
    edge = pen.u(0.05, 0.09)
    roll = pen.rng.random()
    for s in (-1, 1):
        cx = s * (rx + gap)
        arm = [
            (s * (2 * rx + gap - 0.02), -ry * 0.5),
            (s * (2 * rx + gap + 0.1), -ry * 0.6),
            (s * (2 * rx + gap + 0.06), -ry - pen.u(0.1, 0.3)),
        ]
        pen.stroke(arm, 0.06, dark(rim, 0.15))
        if roll < 0.4:
            shape = smooth(
                [
                    (cx - s * rx, -ry * 0.8),
                    (cx, -ry * 0.95),
                    (cx + s * rx, -ry * 0.85),
                    (cx + s * rx * 0.9, ry * 0.3),
                    (cx + s * rx * 0.1, ry),
                    (cx - s * rx * 0.75, ry * 0.3),
                ]
            )
        elif roll < 0.7:
            shape = ellipse(cx, 0, rx * 0.95, rx * 0.92)
        else:
            shape = box(cx - rx, -ry * 0.85, cx + rx, ry * 0.8, 0.16)
        pen.fill(shape, lens, alpha=245, edged=False)
        pen.stroke(np.concatenate([shape, shape[:1]]), edge, rim)
        pen.tint(
            [
                (cx - rx * 0.55, -ry * 0.5),
                (cx - rx * 0.2, -ry * 0.6),
                (cx - rx * 0.4, ry * 0.3),
                (cx - rx * 0.6, ry * 0.2),
            ],
            (255, 255, 255),
            90,
        )
    pen.stroke(arc(0, -ry * 0.2, gap * 1.1, 0.12, 180, 360, 8), edge, rim)


@kind("headphones", spin=12)
def headphones(pen: Pen) -> None:
    shell = pen.of(BLACK_METAL) if pen.chance(0.45) else pen.paint()
    pad = dark(shell, 0.4) if pen.chance(0.6) else (60, 52, 50)
    rx, ry, thick = pen.u(0.62, 0.76), pen.u(0.75, 0.95), pen.u(0.1, 0.18)
    pen.stroke(arc(0, 0.05, rx, ry, 180, 360, 22), thick, shell)
    pen.line(arc(0, 0.05, rx, ry, 200, 300, 14), thick * 0.25, light(shell, 0.5))
    cup, tall = pen.u(0.2, 0.28), pen.u(0.32, 0.44)
    for s in (-1, 1):
        pen.fill(ellipse(s * (rx - 0.1), 0.3, cup * 0.75, tall), pad)
        pen.fill(ellipse(s * (rx + 0.06), 0.3, cup, tall * 0.98), shell)
        pen.fill(
            ellipse(s * (rx + 0.1), 0.3, cup * 0.55, tall * 0.55), light(shell, 0.25), edged=False
        )
    if pen.chance(0.3):
        pen.stroke(
            smooth([(-rx, 0.7), (-rx + 0.1, 0.95), (0.1, 0.95), (0.3, 1.15)], closed=False),
            0.04,
            (40, 40, 44),
        )
