"""Restricted: alcohol, in bottles turned on a vertical axis."""

from .palette import BLACK_METAL, GOLD, WOOD, Colour, dark, light
from .paths import box, ellipse, smooth
from .pen import Pen
from .registry import kind

CREAM: Colour = (240, 232, 212)


CLEAR: Colour = (222, 234, 238)


def gleam(pen: Pen, x: float, top: float, bottom: float, width: float = 0.05) -> None:
    pen.tint(box(x, top, x + width, bottom, width / 2), (255, 255, 255), 130)


def _label(pen: Pen, half: float, top: float, bottom: float, paper: Colour, ink: Colour) -> None:
    """A paper label around a bottle, with a mark and lines of print."""
    pen.fill(box(-half, top, half, bottom), paper, edged=False)
    middle, tall = (top + bottom) / 2, bottom - top
    if pen.chance(0.5):
        pen.fill(ellipse(0, middle - tall * 0.12, half * 0.5, tall * 0.2), ink, edged=False)
    else:
        pen.fill(
            box(-half * 0.7, top + tall * 0.2, half * 0.7, top + tall * 0.42), ink, edged=False
        )
    for k in range(2):
        y = middle + tall * (0.2 + 0.15 * k)
        pen.line([(-half * 0.6, y), (half * (0.6 - 0.2 * k), y)], tall * 0.06, dark(ink, 0.2))
    pen.tint(box(half * 0.55, top, half, bottom), (0, 0, 0), 50)


@kind("beer-bottle", spin=12)
def beer_bottle(pen: Pen) -> None:
    glass = pen.of(((120, 66, 26), (96, 52, 24), (38, 92, 50), (54, 112, 60), (206, 170, 70)))
    half, neck = pen.u(0.25, 0.31), pen.u(0.09, 0.115)
    shoulder = pen.u(-0.3, 0.0)
    curve = smooth(
        [
            (neck, -0.88),
            (neck, -0.62),
            (neck * 1.3, shoulder - 0.28),
            (half, shoulder + 0.06),
            (half, 0.5),
            (half, 0.93),
            (half * 0.9, 1.0),
        ],
        closed=False,
    )
    pen.turned(curve, glass, alpha=250)
    pen.turned([(neck * 1.2, -0.93), (neck * 1.25, -0.88), (neck * 1.1, -0.84)], glass)
    cap = pen.of(GOLD) if pen.chance(0.5) else pen.vivid()
    pen.fill(
        [(-neck * 1.1, -1.02), (neck * 1.1, -1.02), (neck * 1.5, -0.91), (-neck * 1.5, -0.91)], cap
    )
    ink, paper = pen.vivid(), CREAM if pen.chance(0.6) else pen.vivid()
    top = shoulder + pen.u(0.15, 0.25)
    if pen.chance(0.35):
        pen.fill(ellipse(0, top + 0.27, half * 0.86, 0.3), paper, edged=False)
        pen.fill(ellipse(0, top + 0.24, half * 0.5, 0.13), ink, edged=False)
    else:
        _label(pen, half, top, top + pen.u(0.4, 0.55), paper, ink)
    if pen.chance(0.5):
        pen.fill(box(-neck * 1.12, -0.66, neck * 1.12, -0.45), paper, edged=False)
    gleam(pen, -half * 0.75, shoulder + 0.1, 0.9)
    if pen.chance(0.3):
        _beer_glass(pen)


def _beer_glass(pen: Pen) -> None:
    pen.turned([(0.26, 0.0), (0.2, 1.0)], (232, 170, 50), cx=0.62)
    pen.turned([(0.28, -0.14), (0.27, 0.06)], (250, 246, 232), cx=0.62)
    for x in (0.46, 0.6, 0.76):
        pen.disc(x, -0.14, 0.1, (250, 246, 232), 0.08)


@kind("wine-bottle", spin=12)
def wine_bottle(pen: Pen) -> None:
    red = pen.chance(0.6)
    glass = pen.of(
        ((30, 44, 30), (36, 30, 28), (28, 56, 36))
        if red
        else ((196, 190, 110), (170, 180, 110), (226, 160, 140))
    )
    half, neck = pen.u(0.22, 0.27), pen.u(0.07, 0.085)
    if pen.chance(0.55):
        rim = [
            (neck, -1.0),
            (neck, -0.5),
            (neck * 1.2, -0.4),
            (half * 0.9, -0.24),
            (half, -0.1),
            (half, 0.95),
            (half * 0.9, 1.0),
        ]
    else:
        rim = [
            (neck, -1.0),
            (neck * 1.05, -0.55),
            (half * 0.6, -0.25),
            (half, 0.1),
            (half, 0.95),
            (half * 0.9, 1.0),
        ]
    pen.turned(smooth(rim, closed=False, steps=4), glass)
    foil = pen.of(((120, 24, 36), (30, 30, 34), GOLD[0], (60, 60, 90)))
    pen.turned(
        [(neck * 1.2, -1.08), (neck * 1.2, -1.0), (neck * 1.1, -0.98), (neck * 1.08, -0.62)], foil
    )
    ink = pen.of(((120, 30, 40), (40, 50, 70), (60, 80, 50), GOLD[1]))
    _label(
        pen,
        half,
        pen.u(0.08, 0.2),
        pen.u(0.6, 0.75),
        CREAM if pen.chance(0.8) else (40, 38, 40),
        ink,
    )
    gleam(pen, -half * 0.78, 0.0, 0.92, 0.04)
    if pen.chance(0.4):
        _wine_glass(pen, (130, 20, 40) if red else (232, 214, 120))


def _wine_glass(pen: Pen, wine: Colour) -> None:
    x = 0.62
    pen.turned(
        [(0.2, -0.15), (0.26, 0.1), (0.22, 0.34), (0.03, 0.5), (0.02, 0.92)], CLEAR, cx=x, alpha=190
    )
    pen.turned([(0.255, 0.12), (0.21, 0.34), (0.03, 0.48)], wine, cx=x)
    pen.fill(ellipse(x, 0.95, 0.2, 0.05), CLEAR, alpha=210)


@kind("liquor-bottle", spin=10)
def liquor_bottle(pen: Pen) -> None:
    spirit = pen.of(((190, 110, 30), (214, 140, 50), (150, 76, 28), CLEAR, (226, 234, 240)))
    half, neck = pen.u(0.38, 0.52), pen.u(0.12, 0.15)
    top = pen.u(-0.42, -0.25)
    ink = pen.of(((30, 30, 34), (140, 30, 36), (40, 60, 110), GOLD[2]))
    square = pen.chance(0.6)
    level = pen.u(top - 0.05, top + 0.3)
    pen.fill(box(-neck, -0.82, neck, top + 0.05), light(spirit, 0.35), alpha=240)
    if square:
        body = box(-half, top, half, 1.0, pen.u(0.06, 0.16))
        pen.fill(body, light(spirit, 0.35), alpha=245)
        pen.fill(box(-half * 0.9, level, half * 0.9, 0.9, 0.08), spirit, edged=False)
        pen.tint(box(-half * 0.86, level, -half * 0.6, 0.86, 0.04), light(spirit, 0.6), 140)
        pen.tint(box(half * 0.7, level, half * 0.9, 0.88, 0.04), dark(spirit, 0.4), 110)
    else:
        rim = smooth(
            [
                (neck, top - 0.08),
                (half * 0.75, top + 0.1),
                (half, top + 0.4),
                (half * 0.95, 0.9),
                (half * 0.8, 1.0),
            ],
            closed=False,
        )
        pen.turned(rim, spirit)
    _label(
        pen,
        half * 0.78 if square else half * 0.96,
        top + 0.45,
        top + pen.u(0.95, 1.1),
        CREAM if pen.chance(0.65) else ink,
        ink if pen.chance(0.7) else pen.of(GOLD),
    )
    stopper = pen.of(BLACK_METAL) if pen.chance(0.5) else pen.of(GOLD if pen.chance(0.5) else WOOD)
    pen.turned([(neck * 1.3, -1.02), (neck * 1.35, -0.98), (neck * 1.3, -0.76)], stopper)
    if pen.chance(0.3):
        x = half + 0.42
        pen.turned([(0.27, 0.42), (0.24, 1.0)], CLEAR, cx=x, alpha=215)
        pen.turned([(0.25, 0.68), (0.23, 0.96)], spirit, cx=x)
