"""Restricted: tobacco and what replaces it."""

from .palette import BLACK_METAL, GOLD, STEEL, Colour, dark, hsv, light
from .paths import Outline, Points, box, ellipse, move, smooth, turn
from .pen import Pen
from .registry import kind

WHITE: Colour = (246, 246, 244)


def smoke(pen: Pen, x: float, y: float, grey: int = 215) -> None:
    """A thin curl rising from (x, y)."""
    sway = pen.u(0.06, 0.14) * pen.pick([-1, 1])
    curl = [(x, y), (x + sway, y - 0.2), (x - sway, y - 0.4), (x + sway, y - 0.62)]
    pen.stroke(smooth(curl, closed=False), 0.05, (grey, grey, grey + 6), edged=False)


def _stick(pen: Pen, angle: float, dx: float, dy: float, filter_colour: Colour, lit: bool) -> None:
    """One cigarette, its filter to the right."""
    r, reach = 0.095, 0.95

    def place(outline: Outline) -> Points:
        return move(turn(outline, angle), dx, dy)

    pen.fill(place(box(-reach, -r, 0.42, r)), WHITE)
    pen.tint(place(box(-reach, r * 0.3, reach, r)), (150, 150, 155), 110)
    pen.fill(place(box(0.42, -r, reach, r, 0.02)), filter_colour)
    for _ in range(9):
        x, y = pen.u(0.47, 0.9), pen.u(-r * 0.7, r * 0.7)
        pen.tint(place(ellipse(x, y, 0.018, n=8)), light(filter_colour, 0.6), 200)
    pen.fill(
        place(box(0.39, -r, 0.43, r)), pen.pick([GOLD[0], dark(filter_colour, 0.3)]), edged=False
    )
    if lit:
        pen.fill(place(box(-reach - 0.14, -r * 0.95, -reach, r * 0.95, 0.05)), (120, 118, 116))
        pen.fill(place(box(-reach - 0.05, -r, -reach + 0.03, r)), (232, 92, 30), edged=False)


@kind("cigarette", spin=30, tilt=-12)
def cigarette(pen: Pen) -> None:
    cork = pen.of(((206, 140, 70), (220, 160, 96), (190, 120, 60)))
    roll = pen.rng.random()
    if roll < 0.35:
        _cigarette_pack(pen, cork)
        return
    lit = pen.chance(0.55)
    if lit and pen.chance(0.7):
        smoke(pen, -1.0, -0.12)
    if roll < 0.6:
        _stick(pen, pen.u(18, 35), 0.0, 0.0, cork, False)
        _stick(pen, -pen.u(12, 30), 0.0, 0.05, cork, lit)
        return
    _stick(pen, 0, 0, 0, cork, lit)


def _cigarette_pack(pen: Pen, cork: Colour) -> None:
    brand = pen.of(((178, 30, 36), (34, 70, 140), (30, 100, 70), (206, 160, 60), (40, 40, 44)))
    for k in range(pen.count(3, 5)):
        x, top = -0.34 + 0.17 * k, -0.72 - pen.u(0.0, 0.35)
        pen.turned([(0.075, top), (0.075, -0.3)], cork, cx=x)
        if top < -0.9:
            pen.fill(box(x - 0.075, -0.68, x + 0.075, -0.3), WHITE)
    pen.fill(box(-0.5, -0.42, 0.5, -0.2), pen.of(STEEL), edged=False)
    pen.fill(box(-0.5, -0.32, 0.5, 1.0, 0.02), WHITE if pen.chance(0.6) else light(brand, 0.85))
    if pen.chance(0.5):
        pen.fill([(-0.5, -0.32), (0.5, -0.32), (0.5, 0.05), (0, 0.32), (-0.5, 0.05)], brand)
    else:
        pen.fill(box(-0.5, -0.32, 0.5, pen.u(0.1, 0.6)), brand)
    pen.fill(ellipse(0, 0.18, 0.15, 0.11), pen.of(GOLD), edged=False)
    pen.fill(box(-0.34, 0.66, 0.34, 0.74), dark(brand, 0.1), edged=False)


@kind("vape", spin=30, tilt=10)
def vape(pen: Pen) -> None:
    body = pen.of(BLACK_METAL) if pen.chance(0.4) else pen.vivid()
    metal = pen.of(STEEL)
    if pen.chance(0.4):
        for x, y, r in (
            (0.3, -1.15, 0.24),
            (0.55, -1.3, 0.3),
            (0.1, -1.35, 0.22),
            (0.4, -1.5, 0.26),
        ):
            pen.fill(ellipse(x, y, r, r * 0.75, 20), (226, 230, 234), alpha=150, edged=False)
    roll = pen.rng.random()
    if roll < 0.4:
        half = pen.u(0.34, 0.44)
        pen.box(-half, -0.2, half, 0.95, body, pen.u(0.04, 0.12))
        pen.tint(box(-half, -0.18, -half * 0.6, 0.93, 0.05), light(body, 0.5), 90)
        pen.fill(box(-half * 0.6, 0.2, half * 0.6, 0.55, 0.03), (24, 30, 38))
        pen.line([(-half * 0.4, 0.3), (half * 0.3, 0.3)], 0.04, hsv(pen.u(0.3, 0.6), 0.6, 0.95))
        pen.line([(-half * 0.4, 0.43), (half * 0.1, 0.43)], 0.04, (230, 230, 230))
        pen.disc(0, 0.02, 0.1, metal)
        pen.turned([(0.22, -0.62), (0.22, -0.24), (0.18, -0.2)], light(metal, 0.3))
        pen.fill(
            box(-0.18, -0.52, 0.18, -0.32), pen.of(((214, 130, 60), (190, 70, 110))), edged=False
        )
        pen.turned([(0.13, -0.92), (0.1, -0.78), (0.2, -0.64), (0.22, -0.6)], (34, 34, 38))
        return
    half = pen.u(0.15, 0.19) if roll < 0.7 else pen.u(0.22, 0.3)
    pen.turned(
        [(half * 0.35, -1.1), (half * 0.55, -1.02), (half * 0.6, -0.85), (half, -0.68)],
        dark(body, 0.5) if pen.chance(0.6) else metal,
    )
    profile = [(half, -0.7), (half, 0.9), (half * 0.8, 0.98)]
    pen.turned(profile, body)
    if roll < 0.7:
        pen.turned([(half * 1.02, -0.42), (half * 1.02, -0.34)], metal)
        pen.fill(box(-half * 0.55, -0.7, half * 0.55, -0.46, 0.02), light(metal, 0.35), edged=False)
        pen.disc(0, -0.12, half * 0.5, metal)
    else:
        pen.fill(ellipse(0, 0.2, half * 0.6, half * 1.2), light(body, 0.6), edged=False)
    pen.fill(ellipse(0, 0.78, 0.05), hsv(pen.u(0.3, 0.7), 0.8, 1.0), edged=False)
