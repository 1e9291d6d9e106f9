"""Things turned on a vertical axis: restricted bottles, and the harmless ones they resemble."""

from .palette import BLACK_METAL, GOLD, STEEL, WOOD, Colour, dark, hsv, light
from .paths import Points, arc, box, ellipse, smooth, turn
from .pen import Pen
from .registry import kind

CREAM: Colour = (240, 232, 212)
CLEAR: Colour = (222, 234, 238)


def _gleam(pen: Pen, x: float, top: float, bottom: float, width: float = 0.05) -> None:
    pen.tint(box(x, top, x + width, bottom, width / 2), (255, 255, 255), 130)


def _label(pen: Pen, half: float, top: float, bottom: float, paper: Colour, ink: Colour) -> None:
    """A paper label around a bottle, with a mark and lines of print."""
    pen.fill(box(-half, top, half, bottom), paper, edged=False)
    middle, tall = (top + bottom) / 2, bottom - top
    if pen.chance(0.5):
        pen.fill(ellipse(0, middle - tall * 0.12, half * 0.5, tall * 0.2), ink, edged=False)
    else:
        pen.fill(box(-half * 0.7, top + tall * 0.2, half * 0.7, top + tall * 0.42), ink, edged=False)
    for k in range(2):
        y = middle + tall * (0.2 + 0.15 * k)
        pen.line([(-half * 0.6, y), (half * (0.6 - 0.2 * k), y)], tall * 0.06, dark(ink, 0.2))
    pen.tint(box(half * 0.55, top, half, bottom), (0, 0, 0), 50)


@kind("beer-bottle", spin=12)
def beer_bottle(pen: Pen) -> None:
    glass = pen.of(((120, 66, 26), (96, 52, 24), (38, 92, 50), (54, 112, 60), (206, 170, 70)))
    half, neck = pen.u(0.25, 0.31), pen.u(0.09, 0.115)
    shoulder = pen.u(-0.3, 0.0)
    curve = smooth([(neck, -0.88), (neck, -0.62), (neck * 1.3, shoulder - 0.28), (half, shoulder + 0.06), (half, 0.5), (half, 0.93), (half * 0.9, 1.0)], closed=False)
    pen.turned(curve, glass, alpha=250)
    pen.turned([(neck * 1.2, -0.93), (neck * 1.25, -0.88), (neck * 1.1, -0.84)], glass)
    cap = pen.of(GOLD) if pen.chance(0.5) else pen.vivid()
    pen.fill([(-neck * 1.1, -1.02), (neck * 1.1, -1.02), (neck * 1.5, -0.91), (-neck * 1.5, -0.91)], cap)
    ink, paper = pen.vivid(), CREAM if pen.chance(0.6) else pen.vivid()
    top = shoulder + pen.u(0.15, 0.25)
    if pen.chance(0.35):
        pen.fill(ellipse(0, top + 0.27, half * 0.86, 0.3), paper, edged=False)
        pen.fill(ellipse(0, top + 0.24, half * 0.5, 0.13), ink, edged=False)
    else:
        _label(pen, half, top, top + pen.u(0.4, 0.55), paper, ink)
    if pen.chance(0.5):
        pen.fill(box(-neck * 1.12, -0.66, neck * 1.12, -0.45), paper, edged=False)
    _gleam(pen, -half * 0.75, shoulder + 0.1, 0.9)
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
    glass = pen.of(((30, 44, 30), (36, 30, 28), (28, 56, 36)) if red else ((196, 190, 110), (170, 180, 110), (226, 160, 140)))
    half, neck = pen.u(0.22, 0.27), pen.u(0.07, 0.085)
    if pen.chance(0.55):
        rim = [(neck, -1.0), (neck, -0.5), (neck * 1.2, -0.4), (half * 0.9, -0.24), (half, -0.1), (half, 0.95), (half * 0.9, 1.0)]
    else:
        rim = [(neck, -1.0), (neck * 1.05, -0.55), (half * 0.6, -0.25), (half, 0.1), (half, 0.95), (half * 0.9, 1.0)]
    pen.turned(smooth(rim, closed=False, steps=4), glass)
    foil = pen.of(((120, 24, 36), (30, 30, 34), GOLD[0], (60, 60, 90)))
    pen.turned([(neck * 1.2, -1.08), (neck * 1.2, -1.0), (neck * 1.1, -0.98), (neck * 1.08, -0.62)], foil)
    ink = pen.of(((120, 30, 40), (40, 50, 70), (60, 80, 50), GOLD[1]))
    _label(pen, half, pen.u(0.08, 0.2), pen.u(0.6, 0.75), CREAM if pen.chance(0.8) else (40, 38, 40), ink)
    _gleam(pen, -half * 0.78, 0.0, 0.92, 0.04)
    if pen.chance(0.4):
        _wine_glass(pen, (130, 20, 40) if red else (232, 214, 120))


def _wine_glass(pen: Pen, wine: Colour) -> None:
    x = 0.62
    pen.turned([(0.2, -0.15), (0.26, 0.1), (0.22, 0.34), (0.03, 0.5), (0.02, 0.92)], CLEAR, cx=x, alpha=190)
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
        rim = smooth([(neck, top - 0.08), (half * 0.75, top + 0.1), (half, top + 0.4), (half * 0.95, 0.9), (half * 0.8, 1.0)], closed=False)
        pen.turned(rim, spirit)
    _label(pen, half * 0.78 if square else half * 0.96, top + 0.45, top + pen.u(0.95, 1.1), CREAM if pen.chance(0.65) else ink, ink if pen.chance(0.7) else pen.of(GOLD))
    stopper = pen.of(BLACK_METAL) if pen.chance(0.5) else pen.of(GOLD if pen.chance(0.5) else WOOD)
    pen.turned([(neck * 1.3, -1.02), (neck * 1.35, -0.98), (neck * 1.3, -0.76)], stopper)
    if pen.chance(0.3):
        x = half + 0.42
        pen.turned([(0.27, 0.42), (0.24, 1.0)], CLEAR, cx=x, alpha=215)
        pen.turned([(0.25, 0.68), (0.23, 0.96)], spirit, cx=x)


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
        pen.fill([(-0.34, -0.2), (0.34, -0.2), (0.7, 0.2), (0.42, 0.8), (-0.42, 0.8), (-0.7, 0.2)], scent)
        pen.tint([(-0.34, -0.2), (0, 0.2), (-0.42, 0.8), (-0.7, 0.2)], (255, 255, 255), 110)
        pen.tint([(0.34, -0.2), (0, 0.2), (0.42, 0.8), (0.7, 0.2)], dark(scent, 0.3), 90)
    pen.turned([(0.16, -0.42), (0.18, -0.2)], metal)
    if pen.chance(0.35):
        pen.stroke(smooth([(0.1, -0.36), (0.5, -0.5), (0.78, -0.3)], closed=False), 0.05, dark(scent, 0.4))
        pen.ball(0.9, -0.12, 0.22, dark(scent, 0.35), 0.18)
        pen.turned([(0.1, -0.56), (0.13, -0.4)], metal)
    else:
        half = pen.u(0.22, 0.34)
        pen.turned([(half * 0.95, -0.92), (half, -0.88), (half, -0.4)], metal if pen.chance(0.6) else (34, 32, 36))
    pen.fill(box(-0.24, 0.3, 0.24, 0.48), light(metal, 0.5), edged=False)


@kind("water-bottle", spin=14)
def water_bottle(pen: Pen) -> None:
    if pen.chance(0.5):
        blue = hsv(pen.u(0.5, 0.6), pen.u(0.15, 0.4), 0.95)
        half = pen.u(0.29, 0.35)
        ribs: list[tuple[float, float]] = [(0.13, -0.84), (0.13, -0.74), (half * 0.7, -0.56), (half, -0.34)]
        for k in range(6):
            y = -0.28 + k * 0.2
            ribs += [(half, y), (half * 0.93, y + 0.06), (half, y + 0.12)]
        pen.turned([*ribs, (half, 0.95), (half * 0.85, 1.0)], blue, alpha=235)
        pen.turned([(0.17, -1.0), (0.17, -0.82)], pen.vivid())
        brand = hsv(pen.u(0.45, 0.68), 0.8, 0.8)
        pen.fill(box(-half, -0.06, half, 0.36), brand, edged=False)
        pen.fill(smooth([(-half * 0.8, 0.26), (-half * 0.2, 0.06), (half * 0.1, 0.2), (half * 0.4, 0.08), (half * 0.8, 0.26)]), (245, 250, 255), edged=False)
        _gleam(pen, -half * 0.72, -0.5, 0.9)
        return
    body, cap = pen.vivid(), pen.pick([(40, 42, 46), (236, 236, 236)])
    half = pen.u(0.3, 0.38)
    waist = half * pen.u(0.82, 1.0)
    pen.stroke(arc(0, -0.86, 0.16, 0.2, 180, 360), 0.06, cap)
    pen.turned([(half, -0.46), (half, -0.2), (waist, 0.0), (waist, 0.3), (half, 0.5), (half, 0.95), (half * 0.9, 1.0)], body)
    pen.turned([(half * 0.5, -0.84), (half * 0.6, -0.7), (half * 1.05, -0.64), (half * 1.05, -0.42)], cap)
    drop: Points = smooth([(0, 0.52), (0.1, 0.7), (0, 0.82), (-0.1, 0.7)])
    pen.fill(drop, light(body, 0.75), edged=False)
    _gleam(pen, -half * 0.66, -0.4, 0.9, 0.06)


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
    rim = smooth([(lip, -0.35), (waist, -0.1), (wide, pen.u(0.25, 0.45)), (wide * 0.75, 0.8), (wide * 0.5, 1.0)], closed=False)
    pen.turned(rim, clay)
    pen.fill(ellipse(0, -0.35, lip, 0.06), dark(clay, 0.45))
    if pen.chance(0.5):
        y = pen.u(0.2, 0.5)
        pen.tint(box(-wide * 0.97, y, wide * 0.97, y + 0.1), light(clay, 0.6), 150)
