"""Electronics; the hair dryer and the drill are shaped like a handgun on purpose."""

import numpy as np

from .palette import BLACK_METAL, STEEL, Colour, dark, hsv, light
from .paths import arc, box, ellipse, smooth
from .pen import Pen
from .registry import kind


@kind("laptop", spin=8)
def laptop(pen: Pen) -> None:
    shell = pen.pick([pen.of(STEEL), pen.of(BLACK_METAL), pen.of(STEEL), pen.paint()])
    screen = hsv(pen.u(0.4, 0.95), pen.u(0.3, 0.8), pen.u(0.35, 0.85))
    half, tall, deep = pen.u(0.78, 0.9), pen.u(0.95, 1.15), pen.u(0.3, 0.5)
    pen.box(-half, -tall, half, 0.06, dark(shell, 0.15), 0.06)
    pen.fill(box(-half + 0.07, -tall + 0.07, half - 0.07, -0.04), screen, edged=False)
    if pen.chance(0.6):
        pen.fill(box(-half + 0.16, -tall + 0.18, 0.1, -0.3), light(screen, 0.8), edged=False)
        for k in range(4):
            pen.line(
                [
                    (-half + 0.22, -tall + 0.28 + 0.1 * k),
                    (pen.u(-0.3, 0.0), -tall + 0.28 + 0.1 * k),
                ],
                0.03,
                dark(screen, 0.2),
            )
    pen.tint(
        [(0.1, -tall + 0.07), (half - 0.07, -tall + 0.07), (half - 0.07, -0.3)], (255, 255, 255), 45
    )
    wide = half + pen.u(0.12, 0.25)
    pen.fill([(-half, 0.06), (half, 0.06), (wide, 0.06 + deep), (-wide, 0.06 + deep)], shell)
    pen.fill(
        [
            (-wide, 0.06 + deep),
            (wide, 0.06 + deep),
            (wide - 0.04, 0.14 + deep),
            (-wide + 0.04, 0.14 + deep),
        ],
        dark(shell, 0.3),
    )
    for k in range(4):
        t = (k + 0.6) / 7
        w = (half + (wide - half) * t) * 0.86
        pen.line(
            [(-w, 0.06 + deep * t), (w, 0.06 + deep * t)],
            deep * 0.09,
            dark(shell, 0.6) if sum(shell) > 300 else light(shell, 0.3),
        )
    pen.fill(
        [
            (-0.22, 0.06 + deep * 0.68),
            (0.22, 0.06 + deep * 0.68),
            (0.25, 0.06 + deep * 0.94),
            (-0.25, 0.06 + deep * 0.94),
        ],
        light(shell, 0.2),
    )


@kind("camera", spin=10)
def camera(pen: Pen) -> None:
    body = pen.of(BLACK_METAL) if pen.chance(0.7) else pen.paint()
    top = pen.of(STEEL) if pen.chance(0.4) else dark(body, 0.2)
    half, low = pen.u(0.85, 1.0), pen.u(0.5, 0.62)
    if pen.chance(0.6):
        pen.fill([(-0.3, -0.5), (-0.2, -0.78), (0.24, -0.78), (0.34, -0.5)], top)
    pen.box(half * 0.45, -0.62, half * 0.75, -0.48, pen.of(STEEL), 0.03)
    pen.box(-half * 0.85, -0.6, -half * 0.5, -0.48, dark(top, 0.2), 0.03)
    pen.box(-half, -0.52, half, low, body, 0.12)
    pen.fill(box(-half, -0.5, half, -0.26, 0.1), top, edged=False)
    pen.tint(box(half * 0.62, -0.2, half * 0.96, low - 0.06, 0.06), (0, 0, 0), 90)
    r = pen.u(0.4, 0.48)
    pen.disc(0, 0.06, r, dark(body, 0.5))
    pen.disc(0, 0.06, r * 0.86, pen.of(STEEL) if pen.chance(0.4) else (46, 46, 52))
    pen.disc(0, 0.06, r * 0.66, (22, 24, 32))
    pen.fill(ellipse(0, 0.06, r * 0.46), (44, 52, 92), edged=False)
    pen.fill(ellipse(0.02, 0.08, r * 0.26), (20, 18, 36), edged=False)
    pen.fill(ellipse(-r * 0.24, 0.06 - r * 0.26, r * 0.13), (226, 234, 250), edged=False)
    pen.fill(box(half * 0.5, -0.44, half * 0.84, -0.3, 0.03), (236, 240, 220), edged=False)
    if pen.chance(0.25):
        pen.stroke(
            smooth(
                [
                    (-half, -0.3),
                    (-half - 0.25, 0.3),
                    (-0.4, 0.95),
                    (half, 0.8),
                    (half + 0.15, 0.0),
                    (half, -0.3),
                ],
                closed=False,
            ),
            0.07,
            (60, 48, 40),
        )


@kind("hair-dryer", spin=22)
def hair_dryer(pen: Pen) -> None:
    shell = pen.paint()
    trim: Colour = dark(shell, 0.45) if pen.chance(0.5) else pen.of(STEEL)
    nozzle, r = pen.u(0.14, 0.2), pen.u(0.32, 0.4)
    lean = pen.u(-0.06, 0.2)
    if pen.chance(0.5):
        pen.stroke(
            smooth(
                [(0.42 + lean, 0.95), (0.5 + lean, 1.15), (0.2, 1.2), (0.3, 1.35)], closed=False
            ),
            0.05,
            (40, 40, 44),
        )
    pen.fill(
        smooth(
            [
                (0.18, 0.0),
                (0.56, 0.0),
                (0.52 + lean, 0.6),
                (0.52 + lean, 0.98),
                (0.3 + lean, 0.98),
                (0.28 + lean, 0.55),
            ],
            steps=4,
        ),
        dark(shell, 0.1),
    )
    pen.fill(box(0.33 + lean * 0.6, 0.32, 0.43 + lean * 0.6, 0.52, 0.04), trim)
    pen.bar(-0.25, [(-0.95, nozzle * 1.3), (-0.6, nozzle), (-0.58, nozzle * 1.1)], trim)
    pen.bar(
        -0.25, [(-0.6, nozzle * 1.15), (-0.2, r * 0.8), (0.2, r), (0.55, r), (0.72, r * 0.8)], shell
    )
    back = ellipse(0.7, -0.25, 0.08, r * 0.8)
    pen.fill(back, trim)
    for k in range(4):
        pen.line(arc(0.36, -0.25, 0.3, r * (0.25 + 0.18 * k), -50, 50, 8), 0.02, dark(shell, 0.35))
    pen.tint(ellipse(0.05, -0.25 - r * 0.5, 0.3, 0.06), (255, 255, 255), 120)


@kind("power-drill", spin=20)
def power_drill(pen: Pen) -> None:
    shell = pen.pick(
        [
            (236, 180, 30),
            (30, 120, 130),
            (40, 90, 170),
            (204, 50, 40),
            (90, 170, 60),
            (240, 120, 30),
        ]
    )
    rubber: Colour = (44, 44, 48)
    reach = pen.u(0.95, 1.2)
    pen.bar(-0.36, [(-reach, 0.01), (-reach + 0.06, 0.03), (-0.68, 0.03)], pen.of(STEEL))
    for k in range(4):
        x = -reach + 0.1 + k * 0.07
        pen.line([(x, -0.33), (x + 0.04, -0.39)], 0.014, (90, 94, 100))
    pen.bar(-0.36, [(-0.74, 0.07), (-0.6, 0.14), (-0.4, 0.16), (-0.38, 0.16)], rubber)
    pen.bar(-0.36, [(-0.4, 0.2), (-0.28, 0.22)], light(rubber, 0.25))
    lean = pen.u(0.0, 0.16)
    pen.fill(
        smooth(
            [
                (0.1, -0.15),
                (0.46, -0.2),
                (0.48 + lean, 0.5),
                (0.44 + lean, 0.62),
                (0.16 + lean, 0.62),
            ],
            steps=3,
        ),
        rubber,
    )
    pen.fill(
        [(0.02, -0.14), (0.14, -0.14), (0.16, 0.1), (0.07, 0.02)], pen.pick([(200, 40, 36), rubber])
    )
    pen.fill(
        smooth(
            [(-0.3, -0.58), (0.3, -0.62), (0.62, -0.5), (0.62, -0.2), (0.4, -0.1), (-0.3, -0.14)],
            steps=4,
        ),
        shell,
    )
    for k in range(3):
        pen.line([(0.32 + 0.08 * k, -0.44), (0.32 + 0.08 * k, -0.28)], 0.03, dark(shell, 0.6))
    pen.fill(box(-0.2, -0.44, 0.14, -0.3, 0.03), (240, 240, 240), edged=False)
    pen.fill(box(-0.1 + lean, 0.58, 0.62 + lean, 0.72, 0.04), shell)
    pen.fill(box(-0.1 + lean, 0.7, 0.62 + lean, 0.96, 0.05), rubber)
    pen.tint(np.array(box(-0.24, -0.57, 0.4, -0.5, 0.03)), (255, 255, 255), 90)
