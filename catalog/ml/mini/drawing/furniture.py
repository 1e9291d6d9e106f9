"""Furniture and decoration."""

from .palette import BLACK_METAL, GOLD, WOOD, dark, hsv, light
from .paths import arc, both_sides, box, ellipse, smooth
from .pen import Pen
from .registry import kind


@kind("chair", spin=6)
def chair(pen: Pen) -> None:
    wood = pen.of(WOOD) if pen.chance(0.6) else pen.paint()
    seat = pen.paint() if pen.chance(0.5) else light(wood, 0.1)
    leg, half = pen.u(0.07, 0.11), pen.u(0.42, 0.52)
    lean = pen.u(0.0, 0.1)
    back = -pen.u(0.8, 1.05)
    pen.stroke([(-half + 0.16, 0.1), (-half + 0.16, 0.78)], leg * 0.9, dark(wood, 0.3))
    pen.stroke([(half + 0.02, 0.1), (half + 0.06, 0.78)], leg * 0.9, dark(wood, 0.3))
    for x in (-half + 0.12, half):
        pen.stroke([(x, 0.1), (x + lean, back)], leg, wood)
    left, right = -half + 0.12 + lean, half + lean
    if pen.chance(0.5):
        for k in range(pen.count(2, 4)):
            y = back + 0.06 + k * 0.24
            pen.stroke([(left, y), (right, y)], pen.u(0.07, 0.12), wood)
    elif pen.chance(0.5):
        pen.fill(box(left, back, right, -0.15, 0.08), seat)
    else:
        pen.stroke([(left, back), (right, back)], 0.12, wood)
        for k in range(1, 4):
            x = left + (right - left) * k / 4
            pen.stroke([(x, back), (x - lean, 0.1)], 0.05, wood)
    pen.fill(
        [(-half + 0.1, 0.02), (half + 0.04, 0.02), (half - 0.08, 0.26), (-half - 0.08, 0.26)], seat
    )
    pen.fill(
        [(-half - 0.08, 0.26), (half - 0.08, 0.26), (half - 0.08, 0.36), (-half - 0.08, 0.36)],
        dark(wood, 0.15),
    )
    for x, splay in ((-half - 0.02, -0.04), (half - 0.14, 0.04)):
        pen.stroke([(x, 0.36), (x + splay, 1.05)], leg, wood)
    if pen.chance(0.4):
        pen.stroke([(-half, 0.72), (half - 0.14, 0.72)], 0.05, dark(wood, 0.15))


@kind("sofa", spin=5)
def sofa(pen: Pen) -> None:
    cloth = pen.paint()
    half, seats = pen.u(1.0, 1.2), pen.pick([2, 2, 3])
    r = pen.u(0.08, 0.2)
    for x in (-half + 0.12, half - 0.12):
        pen.fill(
            [(x - 0.05, 0.4), (x + 0.05, 0.4), (x + 0.03, 0.68), (x - 0.03, 0.68)], pen.of(WOOD)
        )
    pen.box(-half + 0.1, -0.55, half - 0.1, 0.3, dark(cloth, 0.12), r)
    width = (2 * half - 0.5) / seats
    for k in range(seats):
        x = -half + 0.25 + k * width
        pen.box(x, -0.46, x + width, 0.02, light(cloth, 0.06), r * 0.7)
    pen.box(-half + 0.1, 0.2, half - 0.1, 0.5, dark(cloth, 0.2), 0.05)
    for k in range(seats):
        x = -half + 0.25 + k * width
        pen.box(x, 0.0, x + width, 0.26, light(cloth, 0.14), 0.08)
    for side in (-1, 1):
        a, b = sorted((side * half, side * (half - 0.28)))
        pen.box(a, -0.16, b, 0.52, cloth, pen.u(0.06, 0.13))
        pen.tint(box(a + 0.03, -0.14, b - 0.03, -0.05, 0.05), light(cloth, 0.5), 110)
    if pen.chance(0.5):
        x = pen.u(-0.5, 0.5)
        pen.fill(
            smooth([(x - 0.2, -0.28), (x + 0.2, -0.24), (x + 0.18, 0.1), (x - 0.2, 0.08)], steps=3),
            pen.vivid(),
        )


@kind("table-lamp", spin=6)
def table_lamp(pen: Pen) -> None:
    metal = pen.pick([pen.of(BLACK_METAL), pen.of(GOLD), pen.paint()])
    shade = pen.pick([(246, 232, 196), (240, 214, 160), pen.paint()])
    if pen.chance(0.35):
        pen.box(-0.42, 0.88, 0.42, 1.0, metal, 0.06)
        elbow = (pen.u(-0.55, -0.35), pen.u(0.0, 0.15))
        pen.stroke([(0.0, 0.88), elbow], 0.07, metal)
        pen.stroke([elbow, (0.2, -0.6)], 0.07, metal)
        pen.disc(*elbow, 0.08, light(metal, 0.3))
        pen.fill(smooth([(0.42, -0.1), (0.95, -0.4), (0.8, -0.1)], steps=4), (255, 244, 190))
        pen.fill(
            [(0.05, -0.72), (0.26, -0.88), (0.95, -0.45), (0.4, -0.08)],
            shade if pen.chance(0.4) else metal,
        )
        return
    top, low = pen.u(0.22, 0.42), pen.u(0.55, 0.72)
    if pen.chance(0.5):
        pen.turned(
            smooth(
                [(0.06, -0.1), (pen.u(0.2, 0.34), 0.35), (0.14, 0.7), (0.3, 0.95), (0.32, 1.0)],
                closed=False,
            ),
            metal,
        )
    else:
        pen.turned([(0.05, -0.15), (0.05, 0.85)], metal)
        pen.turned([(0.1, 0.84), (0.36, 0.92), (0.4, 1.0)], metal)
    pen.fill(both_sides([(top, -1.0), (low, -0.12)]), shade)
    pen.tint(both_sides([(top * 0.5, -1.0), (low * 0.5, -0.12)]), (255, 250, 226), 130)
    pen.tint(
        [(top, -1.0), (low, -0.12), (low * 0.6, -0.12), (top * 0.6, -1.0)], dark(shade, 0.4), 60
    )
    pen.line([(-low, -0.14), (low, -0.14)], 0.04, dark(shade, 0.3))


@kind("umbrella", spin=18)
def umbrella(pen: Pen) -> None:
    cloth, other = pen.vivid(), pen.pick([pen.vivid(), (245, 245, 245)])
    panels, tall = pen.pick([4, 5, 6]), pen.u(0.75, 1.0)
    striped = pen.chance(0.45)
    stick = pen.of(WOOD) if pen.chance(0.6) else pen.of(BLACK_METAL)
    hook = arc(0.14, 0.95, 0.14, 0.14, 180, 0 if pen.chance(0.5) else 20, 9)
    pen.stroke([(0, -0.2), (0, 0.95)], 0.06, stick)
    pen.stroke(hook, 0.085, pen.of(WOOD))
    pen.stroke([(0, -tall - 0.14), (0, -tall + 0.1)], 0.05, stick)
    xs = [-1 + 2 * k / panels for k in range(panels + 1)]
    for k in range(panels):
        a, b = xs[k], xs[k + 1]
        left = arc(0, 0, a, tall, -90, 0, 8) if a > 0 else arc(0, 0, -a, tall, 270, 180, 8)
        right = arc(0, 0, b, tall, 0, -90, 8) if b > 0 else arc(0, 0, -b, tall, 180, 270, 8)
        scallop = [
            (a, 0.0),
            (a * 0.7 + b * 0.3, -0.08),
            ((a + b) / 2, -0.1),
            (a * 0.3 + b * 0.7, -0.08),
            (b, 0.0),
        ]
        colour = other if striped and k % 2 else cloth
        if pen.shaded:
            colour = (
                light(colour, 0.12) if k < panels / 2 else dark(colour, 0.05 + 0.06 * k / panels)
            )
        pen.fill([*map(tuple, left), *scallop, *map(tuple, right)], colour)


@kind("book", spin=18)
def book(pen: Pen) -> None:
    cover = pen.paint()
    page, print_colour = (248, 244, 232), (110, 110, 112)
    if pen.chance(0.35):
        for side in (-1, 1):
            pen.fill([(0, -0.55), (side * 1.06, -0.62), (side * 1.06, 0.68), (0, 0.72)], cover)
            leaf = smooth([(0, -0.6), (side * 0.4, -0.72), (side * 1.0, -0.62)], closed=False)
            foot = smooth([(side * 1.0, 0.6), (side * 0.4, 0.52), (0, 0.64)], closed=False)
            pen.fill([*map(tuple, leaf), *map(tuple, foot)], page)
            for k in range(pen.count(6, 8)):
                y = -0.45 + k * 0.13
                pen.line(
                    [(side * 0.14, y), (side * pen.u(0.7, 0.88), y + 0.01)], 0.025, print_colour
                )
        pen.line([(0, -0.6), (0, 0.66)], 0.03, dark(page, 0.4))
        return
    half, tall, thick = pen.u(0.55, 0.72), pen.u(0.8, 0.95), pen.u(0.1, 0.24)
    pen.fill(
        [
            (half, -tall),
            (half + thick, -tall + thick * 0.6),
            (half + thick, tall + thick * 0.5),
            (half, tall),
        ],
        page,
    )
    pen.fill(
        [
            (-half, tall),
            (half, tall),
            (half + thick, tall + thick * 0.5),
            (-half + thick, tall + thick * 0.5),
        ],
        dark(page, 0.15),
    )
    for k in range(1, 4):
        x = half + thick * k / 4
        pen.line(
            [(x, -tall + thick * 0.15 * k), (x, tall + thick * 0.12 * k)], 0.012, (196, 190, 176)
        )
    pen.fill(box(-half, -tall, half, tall, 0.02), cover)
    pen.tint(box(-half, -tall, -half + 0.13, tall), dark(cover, 0.4), 140)
    ink = light(cover, 0.75) if pen.chance(0.6) else pen.of(GOLD)
    pen.fill(box(-half + 0.3, -tall + 0.25, half - 0.16, -tall + 0.4), ink, edged=False)
    pen.fill(box(-half + 0.4, -tall + 0.5, half - 0.26, -tall + 0.57), ink, edged=False)
    if pen.chance(0.6):
        pen.fill(ellipse(0.06, 0.2, pen.u(0.2, 0.3)), hsv(pen.u(0, 1), 0.6, 0.9), edged=False)
