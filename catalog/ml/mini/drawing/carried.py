"""Things carried."""

import numpy as np

from .palette import BLACK_METAL, GOLD, LEATHER, STEEL, WOOD, dark, light
from .paths import arc, box, ellipse, smooth
from .pen import Pen
from .registry import kind


@kind("backpack", spin=10)
def backpack(pen: Pen) -> None:
    cloth = pen.paint()
    trim = pen.of(LEATHER) if pen.chance(0.5) else dark(cloth, 0.4)
    half, top = pen.u(0.55, 0.68), -pen.u(0.75, 0.9)
    pen.stroke(arc(0, top + 0.02, 0.2, 0.2, 180, 360), 0.08, trim)
    for side in (-1, 1):
        strap = [
            (side * half * 0.7, top + 0.3),
            (side * (half + 0.2), 0.0),
            (side * half * 0.95, 0.75),
        ]
        pen.stroke(smooth(strap, closed=False), 0.12, trim)
        pen.box(
            min(side * half, side * (half + 0.12)),
            0.2,
            max(side * half, side * (half + 0.12)),
            0.75,
            dark(cloth, 0.15),
            0.06,
        )
    body = [
        (-half, 0.7),
        (-half, -0.1),
        (-half * 0.8, top + 0.15),
        (0, top),
        (half * 0.8, top + 0.15),
        (half, -0.1),
        (half, 0.7),
        (half * 0.85, 0.95),
        (-half * 0.85, 0.95),
    ]
    pen.fill(smooth(body, steps=4), cloth)
    pen.tint(
        smooth(
            [
                (-half * 0.85, 0.6),
                (-half * 0.85, -0.2),
                (-half * 0.5, top + 0.2),
                (-half * 0.5, 0.8),
            ]
        ),
        light(cloth, 0.5),
        70,
    )
    pen.stroke(
        arc(0, -0.12, half * 0.86, abs(top) * 0.72, 190, 350), 0.035, dark(cloth, 0.5), edged=False
    )
    pocket = light(cloth, 0.1) if pen.chance(0.6) else pen.paint()
    pen.box(-half * 0.72, 0.2, half * 0.72, 0.85, pocket, 0.1)
    pen.line([(-half * 0.62, 0.34), (half * 0.62, 0.34)], 0.035, dark(pocket, 0.5))
    pen.fill(box(half * 0.3, 0.34, half * 0.38, 0.48, 0.02), pen.of(STEEL), edged=False)
    if pen.chance(0.4):
        for x in (-half * 0.4, half * 0.4):
            pen.fill(box(x - 0.06, -0.2, x + 0.06, 0.5), trim)
            pen.fill(box(x - 0.07, 0.1, x + 0.07, 0.2), pen.of(GOLD), edged=False)


@kind("key", spin=40, tilt=20)
def key(pen: Pen) -> None:
    metal = pen.of(GOLD if pen.chance(0.5) else STEEL)
    bow = pen.u(0.3, 0.38)
    reach = pen.u(0.95, 1.15)
    if pen.chance(0.5):
        pen.bar(0, [(-0.2, 0.06), (reach, 0.06)], metal)
        ring = ellipse(-0.5, 0, bow, bow * pen.u(0.8, 1.0))
        pen.stroke(np.concatenate([ring, ring[:1]]), 0.12, metal)
        pen.box(-0.2, -0.12, -0.1, 0.12, metal, 0.02)
        for k in range(pen.count(2, 3)):
            x = reach - 0.1 - 0.17 * k
            pen.box(x - 0.05, 0.02, x + 0.05, pen.u(0.2, 0.34), metal)
        return
    teeth = [(reach, 0.0), (reach - 0.12, 0.12)]
    for k in range(pen.count(4, 6)):
        x = reach - 0.16 - k * 0.16
        teeth += [(x, pen.u(0.02, 0.06)), (x - 0.05, pen.u(0.02, 0.06)), (x - 0.09, 0.14)]
    pen.fill([(-0.3, -0.13), (reach - 0.1, -0.13), *teeth, (-0.3, 0.15)], metal)
    pen.line([(-0.2, -0.04), (reach - 0.25, -0.04)], 0.04, dark(metal, 0.35))
    head = (
        ellipse(-0.5, 0, bow, bow * 1.1)
        if pen.chance(0.5)
        else box(-0.5 - bow, -bow, -0.5 + bow, bow, 0.14)
    )
    pen.fill(head, pen.vivid() if pen.chance(0.25) else metal)
    pen.tint(ellipse(-0.5, 0, bow * 0.75), light(metal, 0.4), 90)
    pen.hole(ellipse(-0.5 - bow * 0.4, 0, bow * 0.27))


@kind("walking-stick", spin=25, tilt=12)
def walking_stick(pen: Pen) -> None:
    wood = pen.of(WOOD) if pen.chance(0.75) else pen.of(BLACK_METAL)
    w, r = pen.u(0.06, 0.09), pen.u(0.16, 0.24)
    if pen.chance(0.65):
        crook = np.concatenate(
            [[(0.0, 1.1), (0.0, -0.8)], arc(-r, -0.8, r, r, 0, -pen.u(160, 200), 12)]
        )
        pen.stroke(crook, w, wood)
        pen.line(crook[1:] - (w * 0.15, 0), w * 0.25, light(wood, 0.35))
    else:
        pen.turned([(w * 0.55, -0.9), (w * 0.4, 1.1)], wood)
        pen.fill(
            smooth(
                [
                    (-0.34, -1.0),
                    (0.0, -1.04),
                    (0.16, -0.98),
                    (0.12, -0.88),
                    (-0.1, -0.9),
                    (-0.34, -0.9),
                ],
                steps=3,
            ),
            dark(wood, 0.3) if pen.chance(0.5) else pen.of(STEEL),
        )
    pen.box(-w * 0.55, -0.66, w * 0.55, -0.58, pen.of(GOLD))
    pen.box(-w * 0.6, 1.02, w * 0.6, 1.16, (44, 44, 48), 0.02)
    if pen.chance(0.4):
        for y in (-0.3, 0.1, 0.5):
            pen.fill(ellipse(0, y, w * 0.62, 0.03), dark(wood, 0.25), edged=False)
