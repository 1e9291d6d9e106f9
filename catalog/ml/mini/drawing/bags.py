"""Things worn or carried."""

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
        strap = [(side * half * 0.7, top + 0.3), (side * (half + 0.2), 0.0), (side * half * 0.95, 0.75)]
        pen.stroke(smooth(strap, closed=False), 0.12, trim)
        pen.box(min(side * half, side * (half + 0.12)), 0.2, max(side * half, side * (half + 0.12)), 0.75, dark(cloth, 0.15), 0.06)
    body = [(-half, 0.7), (-half, -0.1), (-half * 0.8, top + 0.15), (0, top), (half * 0.8, top + 0.15), (half, -0.1), (half, 0.7), (half * 0.85, 0.95), (-half * 0.85, 0.95)]
    pen.fill(smooth(body, steps=4), cloth)
    pen.tint(smooth([(-half * 0.85, 0.6), (-half * 0.85, -0.2), (-half * 0.5, top + 0.2), (-half * 0.5, 0.8)]), light(cloth, 0.5), 70)
    pen.stroke(arc(0, -0.12, half * 0.86, abs(top) * 0.72, 190, 350), 0.035, dark(cloth, 0.5), edged=False)
    pocket = light(cloth, 0.1) if pen.chance(0.6) else pen.paint()
    pen.box(-half * 0.72, 0.2, half * 0.72, 0.85, pocket, 0.1)
    pen.line([(-half * 0.62, 0.34), (half * 0.62, 0.34)], 0.035, dark(pocket, 0.5))
    pen.fill(box(half * 0.3, 0.34, half * 0.38, 0.48, 0.02), pen.of(STEEL), edged=False)
    if pen.chance(0.4):
        for x in (-half * 0.4, half * 0.4):
            pen.fill(box(x - 0.06, -0.2, x + 0.06, 0.5), trim)
            pen.fill(box(x - 0.07, 0.1, x + 0.07, 0.2), pen.of(GOLD), edged=False)


@kind("wristwatch", spin=18)
def wristwatch(pen: Pen) -> None:
    strap = pen.of(LEATHER) if pen.chance(0.6) else pen.pick([pen.of(STEEL), pen.paint()])
    case = pen.of(GOLD if pen.chance(0.35) else STEEL)
    face = pen.pick([(246, 246, 242), (28, 30, 36), (36, 60, 110), (240, 230, 206)])
    ink = (30, 30, 34) if sum(face) > 380 else (240, 240, 240)
    w = pen.u(0.2, 0.27)
    for s in (-1, 1):
        pen.fill([(-w, s * 0.35), (w, s * 0.35), (w * 0.78, s * 1.08), (-w * 0.78, s * 1.08)], strap)
        for k in range(4):
            y = s * (0.58 + 0.12 * k)
            pen.line([(-0.05, y), (0.05, y)] if sum(strap) < 330 else [(-w * 0.85, y), (w * 0.85, y)], 0.03, dark(strap, 0.5))
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
        pen.line([(inner * np.cos(a), inner * np.sin(a)), (0.33 * np.cos(a), 0.33 * np.sin(a))], 0.03, ink)
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
        arm = [(s * (2 * rx + gap - 0.02), -ry * 0.5), (s * (2 * rx + gap + 0.1), -ry * 0.6), (s * (2 * rx + gap + 0.06), -ry - pen.u(0.1, 0.3))]
        pen.stroke(arm, 0.06, dark(rim, 0.15))
        if roll < 0.4:
            shape = smooth([(cx - s * rx, -ry * 0.8), (cx, -ry * 0.95), (cx + s * rx, -ry * 0.85), (cx + s * rx * 0.9, ry * 0.3), (cx + s * rx * 0.1, ry), (cx - s * rx * 0.75, ry * 0.3)])
        elif roll < 0.7:
            shape = ellipse(cx, 0, rx * 0.95, rx * 0.92)
        else:
            shape = box(cx - rx, -ry * 0.85, cx + rx, ry * 0.8, 0.16)
        pen.fill(shape, lens, alpha=245, edged=False)
        pen.stroke(np.concatenate([shape, shape[:1]]), edge, rim)
        pen.tint([(cx - rx * 0.55, -ry * 0.5), (cx - rx * 0.2, -ry * 0.6), (cx - rx * 0.4, ry * 0.3), (cx - rx * 0.6, ry * 0.2)], (255, 255, 255), 90)
    pen.stroke(arc(0, -ry * 0.2, gap * 1.1, 0.12, 180, 360, 8), edge, rim)


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
    head = ellipse(-0.5, 0, bow, bow * 1.1) if pen.chance(0.5) else box(-0.5 - bow, -bow, -0.5 + bow, bow, 0.14)
    pen.fill(head, pen.vivid() if pen.chance(0.25) else metal)
    pen.tint(ellipse(-0.5, 0, bow * 0.75), light(metal, 0.4), 90)
    pen.hole(ellipse(-0.5 - bow * 0.4, 0, bow * 0.27))


@kind("walking-stick", spin=25, tilt=12)
def walking_stick(pen: Pen) -> None:
    wood = pen.of(WOOD) if pen.chance(0.75) else pen.of(BLACK_METAL)
    w, r = pen.u(0.06, 0.09), pen.u(0.16, 0.24)
    if pen.chance(0.65):
        crook = np.concatenate([[(0.0, 1.1), (0.0, -0.8)], arc(-r, -0.8, r, r, 0, -pen.u(160, 200), 12)])
        pen.stroke(crook, w, wood)
        pen.line(crook[1:] - (w * 0.15, 0), w * 0.25, light(wood, 0.35))
    else:
        pen.turned([(w * 0.55, -0.9), (w * 0.4, 1.1)], wood)
        pen.fill(smooth([(-0.34, -1.0), (0.0, -1.04), (0.16, -0.98), (0.12, -0.88), (-0.1, -0.9), (-0.34, -0.9)], steps=3), dark(wood, 0.3) if pen.chance(0.5) else pen.of(STEEL))
    pen.box(-w * 0.55, -0.66, w * 0.55, -0.58, pen.of(GOLD))
    pen.box(-w * 0.6, 1.02, w * 0.6, 1.16, (44, 44, 48), 0.02)
    if pen.chance(0.4):
        for y in (-0.3, 0.1, 0.5):
            pen.fill(ellipse(0, y, w * 0.62, 0.03), dark(wood, 0.25), edged=False)
