"""Sport, music and toys; the water pistol is what a handgun must not be confused with."""

import numpy as np

from .palette import BLACK_METAL, STEEL, WOOD, Colour, dark, hsv, light
from .paths import arc, box, ellipse, smooth, turn
from .pen import Pen
from .registry import kind


@kind("guitar", spin=30, tilt=25)
def guitar(pen: Pen) -> None:
    neck = pen.of(WOOD)
    electric = pen.chance(0.45)
    wood = pen.vivid() if electric else pen.of(((206, 140, 70), (176, 96, 46), (222, 174, 104), (90, 48, 30)))
    if electric:
        outline = [(0.0, -0.02), (0.14, 0.1), (0.42, -0.12), (0.36, 0.3), (0.44, 0.75), (0.2, 1.02), (-0.2, 1.02), (-0.46, 0.78), (-0.34, 0.35), (-0.46, -0.2), (-0.14, 0.08)]
    else:
        w = pen.u(0.44, 0.52)
        outline = [(0.0, 0.0), (0.28, 0.04), (0.36, 0.24), (0.28, 0.42), (w, 0.75), (0.25, 1.05), (-0.25, 1.05), (-w, 0.75), (-0.28, 0.42), (-0.36, 0.24), (-0.28, 0.04)]
    pen.fill(smooth(outline), wood)
    if electric:
        pen.fill(smooth([(0.1, 0.15), (0.26, 0.3), (0.22, 0.7), (0.0, 0.62), (-0.08, 0.4)]), (244, 240, 230), edged=False)
        for y in (0.38, 0.58):
            pen.box(-0.13, y - 0.04, 0.13, y + 0.04, (30, 30, 34), 0.02)
    else:
        pen.tint(smooth([(p[0] * 0.88, 0.53 + (p[1] - 0.53) * 0.9) for p in outline]), light(wood, 0.35), 120)
        pen.fill(ellipse(0, 0.36, 0.16), dark(wood, 0.7))
    pen.box(-0.2, 0.76, 0.2, 0.83, dark(wood, 0.55) if not electric else pen.of(STEEL), 0.02)
    pen.fill(box(-0.055, -0.98, 0.055, 0.24), dark(neck, 0.35))
    for k in range(8):
        pen.line([(-0.055, -0.9 + 0.13 * k), (0.055, -0.9 + 0.13 * k)], 0.012, (206, 206, 200))
    head = [(-0.06, -0.96), (0.06, -0.96), (0.1, -1.12), (0.08, -1.28), (-0.08, -1.28), (-0.1, -1.12)]
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
            pen.line([(s * gap - d[0], 0.4 - d[1]), (s * gap + d[0], 0.4 + d[1])], 0.012, (170, 172, 178))
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
    pen.fill(smooth([(-0.5, -0.44), (-0.2, -0.44), (-0.1, -0.4), (-0.3, -0.36), (-0.48, -0.34)], steps=3), (44, 40, 40))
    bars = [(0.38, -0.4), (0.34, -0.54), (0.54, -0.56)] if pen.chance(0.5) else [(0.38, -0.4), (0.36, -0.52), (0.54, -0.5), (0.58, -0.38), (0.48, -0.32)]
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
        tips = [joint + side * 0.04, 0.86 * d + side * 0.3, 0.975 * d + side * 0.2, 0.99 * d, 0.975 * d - side * 0.2, 0.86 * d - side * 0.3, joint - side * 0.04]
        pen.fill(np.array(tips), patch)
        b = a + np.radians(36)
        e = np.array([np.cos(b), np.sin(b)])
        left = 0.86 * d + side * 0.3
        pen.line([tuple(left), tuple(e * 0.8), tuple(e * 0.97)], 0.03, dark(white, 0.45))
    pen.tint(ellipse(-0.4, -0.45, 0.2, 0.14), (255, 255, 255), 120)


@kind("teddy-bear", spin=8)
def teddy_bear(pen: Pen) -> None:
    fur = pen.pick([pen.of(((168, 116, 68), (196, 150, 96), (120, 80, 50), (222, 196, 158))), pen.paint()])
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
    pen.fill(smooth([(0.2, -0.1), (0.56, -0.12), (0.6 + lean, 0.55), (0.52 + lean, 0.7), (0.26 + lean, 0.66)], steps=4), body)
    pen.bar(-0.24, [(-0.95, 0.1), (-0.9, 0.14), (-0.78, 0.08), (-0.6, 0.12)], second)
    pen.fill(smooth([(-0.66, -0.36), (-0.2, -0.42), (0.5, -0.42), (0.68, -0.3), (0.6, -0.06), (0.1, 0.02), (-0.5, -0.08)], steps=4), body)
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
            pen.fill(smooth([(x - 0.09, -0.24 + 0.02 * k), (x, -0.29 + 0.02 * k), (x + 0.05, -0.24), (x, -0.19 + 0.02 * k)]), (110, 190, 240), edged=False)


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
    place = lambda outline: turn(np.asarray(outline, dtype=float) * scale + (x, y), angle, x, y)  # noqa: E731
    for s in (-1, 1):
        fan = [(s * 0.45, 0.0), (s * 0.95, -0.36), (s * 0.88, -0.12), (s * 1.0, 0.0), (s * 0.88, 0.14), (s * 0.95, 0.36)]
        pen.fill(place(fan), first)
        pen.line(place([(s * 0.5, 0), (s * 0.88, -0.18)]), 0.03 * scale, dark(first, 0.3))
        pen.line(place([(s * 0.5, 0), (s * 0.88, 0.18)]), 0.03 * scale, dark(first, 0.3))
    pen.fill(place(ellipse(0, 0, 0.54, 0.4)), first)
    for k in (-1, 0, 1):
        pen.tint(place([(k * 0.28 - 0.02, -0.33), (k * 0.28 + 0.12, -0.33), (k * 0.28 + 0.02, 0.33), (k * 0.28 - 0.12, 0.33)]), second, 235)
    pen.tint(place(ellipse(-0.18, -0.18, 0.18, 0.08)), (255, 255, 255), 170)


def _lollipop(pen: Pen) -> None:
    first, second = pen.vivid(), pen.pick([(252, 252, 252), pen.vivid()])
    pen.stroke([(0, 0.1), (0, 1.2)], 0.07, (246, 244, 236))
    pen.disc(0, -0.35, 0.58, first)
    t = np.linspace(0, 5.5 * np.pi, 60)
    r = 0.5 * t / t[-1]
    pen.line(np.stack([r * np.cos(t), -0.35 + r * np.sin(t)], axis=1), 0.09, second)
    pen.tint(ellipse(-0.22, -0.6, 0.14, 0.08), (255, 255, 255), 150)
