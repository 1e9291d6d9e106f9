"""Colours as RGB integers, and the families a thing's colour is drawn from."""

import colorsys
from collections.abc import Sequence

import numpy as np

Colour = tuple[int, int, int]

BLACK_METAL: Sequence[Colour] = ((38, 40, 44), (56, 58, 62), (74, 78, 84), (30, 30, 34))
STEEL: Sequence[Colour] = ((172, 178, 186), (196, 200, 206), (142, 150, 160), (212, 212, 208))
WOOD: Sequence[Colour] = ((139, 90, 50), (168, 116, 68), (110, 66, 38), (196, 150, 96))
GOLD: Sequence[Colour] = ((206, 164, 72), (222, 184, 92), (184, 140, 60))
LEATHER: Sequence[Colour] = ((120, 72, 44), (58, 44, 38), (156, 100, 60), (34, 32, 34))


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """From `a` (t = 0) to `b` (t = 1)."""
    red, green, blue = (round(x + (y - x) * t) for x, y in zip(a, b, strict=True))
    return red, green, blue


def dark(colour: Colour, t: float = 0.3) -> Colour:
    return mix(colour, (0, 0, 0), t)


def light(colour: Colour, t: float = 0.3) -> Colour:
    return mix(colour, (255, 255, 255), t)


def luminance(colour: Colour) -> float:
    """Perceived lightness, 0 to 1 (Rec. 601 weights)."""
    return (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255


def hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def jitter(rng: np.random.Generator, colour: Colour, amount: float = 12) -> Colour:
    """The same colour under slightly different light and dye."""
    shade = rng.normal(0, amount)
    red, green, blue = (int(np.clip(x + shade + rng.normal(0, amount / 2), 0, 255)) for x in colour)
    return red, green, blue
