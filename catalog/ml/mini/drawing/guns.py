"""Restricted: guns. They point left; the frame mirrors half of them."""

from .palette import BLACK_METAL, STEEL, WOOD, Colour, dark, light
from .paths import arc, box, ellipse, smooth
from .pen import Pen
from .registry import kind


@kind("handgun", spin=28)
def handgun(pen: Pen) -> None:
    metal = pen.of(STEEL if pen.chance(0.25) else BLACK_METAL)
    grip = pen.of(WOOD) if pen.chance(0.4) else dark(metal, 0.25)
    (_revolver if pen.chance(0.4) else _pistol)(pen, metal, grip)


def _pistol(pen: Pen, metal: Colour, grip: Colour) -> None:
    tall, reach = pen.u(0.22, 0.32), pen.u(0.75, 1.0)
    lean, low = pen.u(0.08, 0.26), pen.u(0.6, 0.85)
    pen.stroke(arc(0.02, 0.02, 0.2, pen.u(0.16, 0.2), 0, 180), 0.05, metal)
    pen.stroke(arc(0.1, -0.02, 0.12, 0.12, 100, 190, 6), 0.05, dark(metal, 0.2))
    pen.fill([(0.2, -0.1), (0.58, -0.16), (0.58 + lean, low), (0.2 + lean, low + 0.05)], grip)
    pen.fill([(-reach + 0.12, -0.2), (0.6, -0.2), (0.6, -0.04), (0.22, 0.04), (-0.22, 0.02)], metal)
    pen.fill(box(-reach, -0.2 - tall, 0.62, -0.16, pen.u(0, 0.06)), light(metal, 0.08))
    pen.tint(box(-reach, -0.19 - tall, 0.62, -0.13 - tall), light(metal, 0.45), 130)
    for k in range(pen.count(4, 6)):
        x = 0.54 - k * 0.05
        pen.line([(x, -0.2 - tall * 0.85), (x, -0.22)], 0.018, dark(metal, 0.45))
    pen.fill(box(-0.2, -0.17 - tall, 0.08, -0.08 - tall), dark(metal, 0.4), edged=False)
    pen.box(-reach + 0.04, -0.26 - tall, -reach + 0.12, -0.19 - tall, metal)
    pen.box(0.5, -0.27 - tall, 0.6, -0.19 - tall, metal)
    pen.tint(ellipse(0.4 + lean / 2, 0.3, 0.1, 0.22), light(grip, 0.3), 90)
    for k in range(3):
        y = 0.12 + 0.16 * k
        pen.line([(0.32 + lean * y, y), (0.54 + lean * y, y - 0.03)], 0.016, dark(grip, 0.4))


def _revolver(pen: Pen, metal: Colour, grip: Colour) -> None:
    reach, bore = pen.u(0.6, 1.05), pen.u(0.07, 0.1)
    pen.stroke(arc(0.12, 0.06, 0.2, 0.18, 0, 180), 0.045, metal)
    pen.stroke(arc(0.2, 0.02, 0.1, 0.14, 110, 190, 6), 0.045, dark(metal, 0.25))
    pen.fill(
        smooth([(0.32, -0.1), (0.58, -0.22), (0.72, 0.1), (0.95, 0.62), (0.72, 0.78), (0.5, 0.45)]),
        grip,
    )
    pen.bar(-0.34, [(-reach, bore), (0.0, bore)], metal)
    pen.box(-reach + 0.1, -0.27, 0.0, -0.2, dark(metal, 0.12))
    pen.fill([(-0.1, -0.46), (0.5, -0.46), (0.62, -0.24), (0.5, 0.02), (-0.1, 0.02)], metal)
    pen.bar(-0.22, [(-0.02, 0.2), (0.04, 0.24), (0.34, 0.24), (0.38, 0.2)], light(metal, 0.12))
    for y in (-0.32, -0.2, -0.1):
        pen.fill(box(0.02, y, 0.26, y + 0.05, 0.02), dark(metal, 0.5), edged=False)
    pen.stroke([(0.52, -0.42), (0.62, -0.6), (0.72, -0.6)], 0.06, metal)
    pen.fill([(-reach + 0.02, -0.42), (-reach + 0.14, -0.42), (-reach + 0.1, -0.5)], metal)


@kind("rifle", spin=30, tilt=-8)
def rifle(pen: Pen) -> None:
    metal = pen.of(BLACK_METAL)
    if pen.chance(0.4):
        _hunting_rifle(pen, metal)
        return
    stock = pen.of(WOOD) if pen.chance(0.45) else dark(metal, 0.2)
    reach = pen.u(0.95, 1.3)
    pen.bar(-0.04, [(-reach, 0.03), (-0.3, 0.035)], metal)
    pen.fill([(-reach + 0.08, -0.06), (-reach + 0.14, -0.06), (-reach + 0.12, -0.18)], metal)
    pen.fill(box(-0.72, -0.1, -0.2, 0.06, 0.03), stock)
    drop = pen.u(0.06, 0.18)
    pen.fill([(0.5, -0.1), (0.62, -0.06), (1.12, -0.04), (1.12, 0.18 + drop), (0.6, 0.08)], stock)
    if pen.chance(0.6):
        bend = pen.u(-0.3, -0.12)
        magazine = [
            (-0.12, 0.02),
            (0.1, 0.02),
            (0.06, 0.25),
            (bend + 0.16, 0.5),
            (bend - 0.04, 0.42),
        ]
        pen.fill(smooth(magazine, steps=3), dark(metal, 0.15))
    else:
        pen.fill([(-0.08, 0.02), (0.12, 0.02), (0.1, 0.42), (-0.12, 0.4)], dark(metal, 0.15))
    pen.stroke(arc(0.24, 0.09, 0.09, 0.09, 0, 180, 8), 0.03, metal)
    pen.fill([(0.3, 0.05), (0.44, 0.04), (0.56, 0.38), (0.42, 0.42)], stock)
    pen.fill([(-0.26, -0.14), (0.52, -0.14), (0.54, 0.08), (-0.26, 0.08)], light(metal, 0.08))
    pen.tint(box(-0.24, -0.13, 0.5, -0.08), light(metal, 0.5), 110)
    if pen.chance(0.5):
        pen.fill([(-0.1, -0.14), (-0.02, -0.26), (0.34, -0.26), (0.42, -0.14)], metal)
        pen.hole([(0.0, -0.16), (0.03, -0.22), (0.3, -0.22), (0.34, -0.16)])
    else:
        pen.box(-0.2, -0.2, -0.12, -0.13, metal)


def _hunting_rifle(pen: Pen, metal: Colour) -> None:
    wood = pen.of(WOOD)
    reach = pen.u(1.1, 1.5)
    pen.bar(-0.05, [(-reach, 0.026), (-0.2, 0.04), (0.3, 0.05)], metal)
    drop = pen.u(0.1, 0.2)
    stock = [(-0.75, -0.03), (0.3, -0.02), (0.46, 0.0), (1.15, 0.02 + drop / 2), (1.17, 0.2 + drop)]
    pen.fill([*stock, (0.62, 0.14 + drop / 3), (0.44, 0.18), (0.34, 0.09), (-0.72, 0.05)], wood)
    pen.tint([(0.5, 0.03), (1.12, 0.06 + drop / 2), (1.12, 0.1 + drop / 2)], light(wood, 0.5), 100)
    pen.stroke(arc(0.24, 0.1, 0.1, 0.08, 0, 180, 8), 0.025, metal)
    pen.box(0.0, -0.1, 0.34, 0.0, metal, 0.02)
    pen.stroke([(0.3, -0.04), (0.38, 0.05)], 0.03, metal)
    if pen.chance(0.75):
        pen.bar(
            -0.2, [(-0.3, 0.07), (-0.14, 0.07), (-0.06, 0.045), (0.26, 0.045), (0.42, 0.065)], metal
        )
        for x in (-0.02, 0.22):
            pen.box(x - 0.03, -0.17, x + 0.03, -0.08, metal)
