"""Harmless vessels; the first two are what a bottle of spirits must not be confused with."""

from .alcohol import gleam
from .palette import GOLD, STEEL, dark, hsv, light
from .paths import Points, arc, box, ellipse, smooth, turn
from .pen import Pen
from .registry import kind


@kind("perfume-bottle", spin=10)
def perfume_bottle(pen: Pen) -> None:
    scent = hsv(pen.u(0, 1), pen.u(0.18, 0.5), pen.u(0.85, 0.98))
    metal = pen.of(GOLD if pen.chance(0.6) else STEEL)
    roll = pen.rng.random()
    if roll < 0.4:
        pen.fill(box(-0.62, -0.2, 0.62, 0.8, 0.12), light(scent, 0.5), alpha=240)
        pen.fill(box(-0.5, 0.0, 0.5, 0.68, 0.08), scent, edged=False)
        pen.tint([(-0.62, -0.1), (-0.2, -0.2), (-0.5, 0.8), (-0.62, 0.7)], (255, 255, 255), 120)
    elif roll < 0.75:
        pen.ball(0, 0.3, 0.64, scent, 0.56)
        pen.tint(ellipse(-0.26, 0.08, 0.12, 0.18), (255, 255, 255), 170)
    else:
        pen.fill(
            [(-0.34, -0.2), (0.34, -0.2), (0.7, 0.2), (0.42, 0.8), (-0.42, 0.8), (-0.7, 0.2)], scent
        )
        pen.tint([(-0.34, -0.2), (0, 0.2), (-0.42, 0.8), (-0.7, 0.2)], (255, 255, 255), 110)
        pen.tint([(0.34, -0.2), (0, 0.2), (0.42, 0.8), (0.7, 0.2)], dark(scent, 0.3), 90)
    pen.turned([(0.16, -0.42), (0.18, -0.2)], metal)
    if pen.chance(0.35):
        pen.stroke(
            smooth([(0.1, -0.36), (0.5, -0.5), (0.78, -0.3)], closed=False), 0.05, dark(scent, 0.4)
        )
        pen.ball(0.9, -0.12, 0.22, dark(scent, 0.35), 0.18)
        pen.turned([(0.1, -0.56), (0.13, -0.4)], metal)
    else:
        half = pen.u(0.22, 0.34)
        pen.turned(
            [(half * 0.95, -0.92), (half, -0.88), (half, -0.4)],
            metal if pen.chance(0.6) else (34, 32, 36),
        )
    pen.fill(box(-0.24, 0.3, 0.24, 0.48), light(metal, 0.5), edged=False)


@kind("water-bottle", spin=14)
def water_bottle(pen: Pen) -> None:
    if pen.chance(0.5):
        blue = hsv(pen.u(0.5, 0.6), pen.u(0.15, 0.4), 0.95)
        half = pen.u(0.29, 0.35)
        ribs: list[tuple[float, float]] = [
            (0.13, -0.84),
            (0.13, -0.74),
            (half * 0.7, -0.56),
            (half, -0.34),
        ]
        for k in range(6):
            y = -0.28 + k * 0.2
            ribs += [(half, y), (half * 0.93, y + 0.06), (half, y + 0.12)]
        pen.turned([*ribs, (half, 0.95), (half * 0.85, 1.0)], blue, alpha=235)
        pen.turned([(0.17, -1.0), (0.17, -0.82)], pen.vivid())
        brand = hsv(pen.u(0.45, 0.68), 0.8, 0.8)
        pen.fill(box(-half, -0.06, half, 0.36), brand, edged=False)
        pen.fill(
            smooth(
                [
                    (-half * 0.8, 0.26),
                    (-half * 0.2, 0.06),
                    (half * 0.1, 0.2),
                    (half * 0.4, 0.08),
                    (half * 0.8, 0.26),
                ]
            ),
            (245, 250, 255),
            edged=False,
        )
        gleam(pen, -half * 0.72, -0.5, 0.9)
        return
    body, cap = pen.vivid(), pen.pick([(40, 42, 46), (236, 236, 236)])
    half = pen.u(0.3, 0.38)
    waist = half * pen.u(0.82, 1.0)
    pen.stroke(arc(0, -0.86, 0.16, 0.2, 180, 360), 0.06, cap)
    pen.turned(
        [
            (half, -0.46),
            (half, -0.2),
            (waist, 0.0),
            (waist, 0.3),
            (half, 0.5),
            (half, 0.95),
            (half * 0.9, 1.0),
        ],
        body,
    )
    pen.turned(
        [(half * 0.5, -0.84), (half * 0.6, -0.7), (half * 1.05, -0.64), (half * 1.05, -0.42)], cap
    )
    drop: Points = smooth([(0, 0.52), (0.1, 0.7), (0, 0.82), (-0.1, 0.7)])
    pen.fill(drop, light(body, 0.75), edged=False)
    gleam(pen, -half * 0.66, -0.4, 0.9, 0.06)


@kind("vase", spin=8)
def vase(pen: Pen) -> None:
    clay = pen.paint()
    wide, waist, lip = pen.u(0.4, 0.6), pen.u(0.14, 0.26), pen.u(0.22, 0.36)
    for k in range(pen.count(3, 6) if pen.chance(0.75) else 0):
        x = pen.u(-0.6, 0.6)
        y = pen.u(-1.1, -0.6)
        pen.line([(x * 0.12, 0.0), (x, y)], 0.04, hsv(0.3, 0.6, 0.5))
        petal, tilt = hsv(pen.u(0, 1) if k == 0 else pen.u(0.85, 1.15), 0.6, 0.95), pen.u(0, 60)
        for a in range(6):
            pen.fill(turn(ellipse(x + 0.12, y, 0.11, 0.07, 12), a * 60 + tilt, x, y), petal)
        pen.disc(x, y, 0.07, (236, 190, 60))
    rim = smooth(
        [
            (lip, -0.35),
            (waist, -0.1),
            (wide, pen.u(0.25, 0.45)),
            (wide * 0.75, 0.8),
            (wide * 0.5, 1.0),
        ],
        closed=False,
    )
    pen.turned(rim, clay)
    pen.fill(ellipse(0, -0.35, lip, 0.06), dark(clay, 0.45))
    if pen.chance(0.5):
        y = pen.u(0.2, 0.5)
        pen.tint(box(-wide * 0.97, y, wide * 0.97, y + 0.1), light(clay, 0.6), 150)
