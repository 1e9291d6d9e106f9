"""Hand tools and stationery."""

import numpy as np

from .palette import BLACK_METAL, GOLD, STEEL, WOOD, dark, light
from .paths import box, ellipse, move, smooth, turn
from .pen import Pen
from .registry import kind


@kind("scissors", spin=35, tilt=15)
def scissors(pen: Pen) -> None:
    steel = pen.of(STEEL)
    grip = pen.paint() if pen.chance(0.8) else steel
    angle = pen.u(8, 24)
    rx, ry = pen.u(0.2, 0.26), pen.u(0.26, 0.34)
    for s in (-1, 1):
        blade = [
            (s * 0.0, -1.1),
            (s * 0.12, -0.6),
            (s * 0.1, 0.05),
            (s * -0.06, 0.05),
            (s * -0.02, -0.7),
        ]
        pen.fill(turn(blade, s * angle), steel if s < 0 else light(steel, 0.25))
    for s in (-1, 1):
        shank = turn([(s * 0.0, 0.0), (s * -0.14, 0.4)], s * angle * 0.6)
        pen.stroke(shank, 0.1, grip)
        ring = turn(ellipse(-s * 0.26, 0.68, rx, ry), -s * 14 + s * angle * 0.5, -s * 0.2, 0.6)
        pen.stroke(np.concatenate([ring, ring[:1]]), pen.u(0.09, 0.12), grip)
    pen.disc(0, 0, 0.06, dark(steel, 0.35))


@kind("hammer", spin=35, tilt=20)
def hammer(pen: Pen) -> None:
    steel = pen.of(STEEL) if pen.chance(0.5) else pen.of(BLACK_METAL)
    wood = pen.of(WOOD) if pen.chance(0.65) else pen.vivid()
    w = pen.u(0.08, 0.11)
    pen.turned(
        [(w * 0.8, -0.8), (w * 0.85, 0.1), (w * 1.25, 0.45), (w * 1.1, 0.95), (w * 1.25, 1.05)],
        wood,
    )
    if sum(wood) % 3 == 0:
        pen.turned(
            [(w * 1.2, 0.3), (w * 1.3, 0.5), (w * 1.15, 0.95), (w * 1.3, 1.06)], (40, 40, 44)
        )
    if pen.chance(0.7):
        claw = [
            (0.08, -0.98),
            (0.4, -1.0),
            (0.74, -0.68),
            (0.7, -0.62),
            (0.38, -0.8),
            (0.08, -0.68),
        ]
        pen.fill(smooth(claw, steps=4), steel)
        pen.fill(box(-0.34, -0.94, 0.14, -0.7, 0.03), steel)
        pen.fill(box(-0.5, -1.0, -0.32, -0.64, 0.04), light(steel, 0.15))
    else:
        tall = pen.u(0.16, 0.26)
        pen.fill(box(-0.55, -0.82 - tall, 0.55, -0.82 + tall, 0.04), steel)
        for x in (-0.55, 0.4):
            pen.fill(box(x, -0.84 - tall, x + 0.15, -0.8 + tall, 0.03), light(steel, 0.18))
    pen.tint(box(-0.48, -0.96, 0.3, -0.9, 0.02), (255, 255, 255), 100)


@kind("screwdriver", spin=40, tilt=-30)
def screwdriver(pen: Pen) -> None:
    steel, grip = pen.of(STEEL), pen.vivid()
    tip = -pen.u(0.95, 1.15)
    pen.bar(0, [(tip + 0.1, 0.045), (0.2, 0.045)], steel)
    if pen.chance(0.6):
        pen.fill(
            [
                (tip - 0.06, -0.03),
                (tip + 0.02, -0.075),
                (tip + 0.14, -0.05),
                (tip + 0.14, 0.05),
                (tip + 0.02, 0.075),
                (tip - 0.06, 0.03),
            ],
            dark(steel, 0.15),
        )
    else:
        pen.fill([(tip - 0.04, 0.0), (tip + 0.1, -0.05), (tip + 0.1, 0.05)], dark(steel, 0.3))
    r = pen.u(0.16, 0.22)
    pen.bar(
        0,
        [
            (0.12, r * 0.5),
            (0.18, r * 0.75),
            (0.28, r * 0.6),
            (0.36, r),
            (0.9, r),
            (0.98, r * 0.8),
            (1.0, r * 0.4),
        ],
        grip,
    )
    for t in (-0.6, 0.0, 0.6):
        pen.line([(0.4, r * t), (0.88, r * t)], 0.03, dark(grip, 0.45))
    if pen.chance(0.5):
        pen.fill(box(0.8, -r, 0.9, r), (40, 40, 44), edged=False)


@kind("ballpoint-pen", spin=40, tilt=-35)
def ballpoint_pen(pen: Pen) -> None:
    shell = pen.paint()
    metal = pen.of(GOLD if pen.chance(0.3) else STEEL)
    r = pen.u(0.075, 0.105)
    if pen.chance(0.55):
        pen.bar(0, [(0.95, 0.045), (1.12, 0.045)], metal)
        pen.bar(0, [(-0.98, r * 0.25), (-0.66, r * 0.95)], metal)
        pen.fill(
            [(-1.06, -0.008), (-0.97, -r * 0.2), (-0.97, r * 0.2), (-1.06, 0.008)], (60, 60, 66)
        )
        pen.bar(0, [(-0.68, r), (0.96, r)], shell)
        pen.bar(0, [(0.08, r * 1.05), (0.13, r * 1.05)], metal)
        pen.stroke([(0.9, -r * 1.1), (0.35, -r * 1.35)], 0.05, metal)
        if pen.chance(0.5):
            pen.fill(box(-0.66, -r, -0.3, r), dark(shell, 0.5), edged=False)
        return
    pen.bar(0, [(-1.05, 0.02), (-0.82, r * 0.9)], metal)
    pen.bar(0, [(-0.84, r), (0.6, r)], light(shell, 0.75) if pen.chance(0.6) else shell)
    pen.line([(-0.8, 0), (0.3, 0)], 0.03, dark(shell, 0.2))
    pen.bar(0, [(0.2, r * 1.25), (1.0, r * 1.2), (1.06, r * 0.9)], shell)
    pen.stroke([(0.9, -r * 1.5), (0.3, -r * 1.55)], 0.045, shell)


@kind("lipstick", spin=16)
def lipstick(pen: Pen) -> None:
    hue = pen.of(((190, 30, 60), (214, 60, 100), (150, 30, 50), (220, 110, 110), (120, 30, 70)))
    case = pen.pick([(30, 28, 32), pen.of(GOLD), pen.of(STEEL), dark(hue, 0.3)])
    metal = pen.of(GOLD if pen.chance(0.6) else STEEL)
    half = pen.u(0.22, 0.28)
    shift = -0.34 if pen.chance(0.5) else 0.0
    bullet = half * 0.68
    slant = pen.u(0.18, 0.34)
    stick = smooth(
        [(-bullet, -0.9 + slant), (bullet * 0.2, -0.92), (bullet, -0.9), (bullet, -0.4)],
        closed=False,
    )
    pen.fill(
        [*map(tuple, move(stick, shift, 0)), (bullet + shift, -0.2), (-bullet + shift, -0.2)], hue
    )
    pen.tint(
        box(-bullet * 0.8 + shift, -0.9 + slant, -bullet * 0.35 + shift, -0.2), light(hue, 0.5), 150
    )
    pen.turned([(half * 0.82, -0.28), (half * 0.82, 0.2)], metal, cx=shift)
    pen.turned([(half, 0.15), (half, 0.95), (half * 0.95, 1.0)], case, cx=shift)
    pen.turned([(half * 1.02, 0.15), (half * 1.02, 0.22)], metal, cx=shift)
    if shift:
        pen.fill(move(box(-half * 1.05, -0.05, half * 1.05, 1.0, 0.03), 0.4, 0), case)
        pen.turned([(half * 1.05, 0.0), (half * 1.05, 0.98)], case, cx=0.4)
        pen.turned([(half * 1.08, 0.9), (half * 1.08, 1.0)], metal, cx=0.4)
