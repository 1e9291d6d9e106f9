"""Restricted: weapons other than guns."""

import numpy as np

from .palette import BLACK_METAL, GOLD, STEEL, WOOD, dark, light
from .paths import arc, box, ellipse, smooth
from .pen import Pen
from .registry import kind


@kind("combat-knife", spin=40, tilt=-25)
def combat_knife(pen: Pen) -> None:
    steel = pen.of(STEEL) if pen.chance(0.75) else pen.of(BLACK_METAL)
    handle = pen.of(WOOD) if pen.chance(0.35) else pen.of(BLACK_METAL)
    wide, tip = pen.u(0.13, 0.2), -pen.u(0.85, 1.1)
    if pen.chance(0.3):
        blade = [
            (0.2, -wide * 0.8),
            (tip + 0.4, -wide),
            (tip, 0.0),
            (tip + 0.4, wide),
            (0.2, wide * 0.8),
        ]
        pen.fill(blade, steel)
        pen.tint([(0.2, 0), (tip, 0), (tip + 0.4, wide), (0.2, wide * 0.8)], dark(steel, 0.3), 150)
    else:
        clip = pen.u(0.35, 0.6)
        back = [
            (0.2, -wide),
            (tip + clip, -wide),
            (tip + clip * 0.5, -wide * 0.55),
            (tip, -wide * 0.1),
        ]
        belly = smooth(
            [(tip, -wide * 0.1), (tip + 0.2, wide * 0.75), (-0.2, wide), (0.2, wide)], closed=False
        )
        pen.fill(np.concatenate([np.array(back), belly]), steel)
        pen.tint(
            np.concatenate([belly, [(0.2, wide * 0.4), (tip + 0.25, wide * 0.3)]]),
            light(steel, 0.5),
            200,
        )
        if pen.chance(0.5):
            for k in range(pen.count(5, 8)):
                x = 0.12 - k * 0.07
                pen.fill(
                    [(x, -wide - 0.01), (x - 0.05, -wide - 0.01), (x - 0.025, -wide + 0.05)],
                    dark(steel, 0.6),
                )
    pen.line([(0.12, -wide * 0.35), (tip + 0.5, -wide * 0.35)], 0.03, dark(steel, 0.3))
    pen.box(
        0.18,
        -wide - pen.u(0.05, 0.14),
        0.26,
        wide + pen.u(0.05, 0.14),
        pen.of(STEEL if pen.chance(0.5) else GOLD),
        0.03,
    )
    grip = pen.u(0.1, 0.13)
    pen.bar(
        0.0,
        [(0.26, grip), (0.45, grip * 1.15), (0.6, grip * 0.95), (0.85, grip * 1.1), (0.9, grip)],
        handle,
    )
    for k in range(pen.count(3, 6)):
        x = 0.34 + 0.095 * k
        pen.line([(x, -grip * 0.95), (x, grip * 0.95)], 0.022, dark(handle, 0.5))
    pen.box(0.88, -grip * 1.1, 0.97, grip * 1.1, dark(steel, 0.2), 0.03)


@kind("hand-grenade", spin=22)
def hand_grenade(pen: Pen) -> None:
    green = pen.of(((84, 96, 58), (64, 78, 50), (106, 110, 72), (70, 72, 66)))
    metal = pen.of(STEEL)
    rx, ry = pen.u(0.46, 0.56), pen.u(0.54, 0.72)
    pen.ball(0, 0.3, rx, green, ry)
    if pen.chance(0.65):
        rows, columns = pen.count(3, 5), pen.count(3, 4)
        for k in range(1, rows + 1):
            t = -1 + 2 * k / (rows + 1)
            half = rx * np.sqrt(1 - t * t)
            pen.line(arc(0, 0.3 + ry * t - 0.04, half, 0.07, 12, 168, 8), 0.035, dark(green, 0.55))
        for k in range(columns):
            x = -1 + 2 * (k + 0.5) / columns
            pen.line(
                arc(0, 0.3, rx * x, ry, -72, 72, 9) if x else [(0, 0.3 - ry), (0, 0.3 + ry)],
                0.035,
                dark(green, 0.55),
            )
    else:
        pen.tint(
            box(-rx * 0.98, 0.02, rx * 0.98, 0.09), pen.of(((214, 186, 60), (190, 60, 50))), 230
        )
    pen.turned([(0.15, -0.5), (0.15, -0.26), (0.24, -0.22)], metal)
    pen.box(-0.2, -0.68, 0.22, -0.48, dark(metal, 0.15), 0.04)
    lever = smooth([(0.16, -0.7), (0.4, -0.62), (rx + 0.1, -0.1), (rx + 0.12, 0.4)], closed=False)
    pen.stroke(lever, 0.1, light(metal, 0.1))
    ring = ellipse(-0.42, -0.52, pen.u(0.15, 0.2))
    pen.stroke(np.concatenate([ring, ring[:1]]), 0.045, pen.of(GOLD if pen.chance(0.4) else STEEL))
    pen.line([(-0.26, -0.56), (0.1, -0.58)], 0.04, dark(metal, 0.4))
