"""What a thing is photographed on. Each returns float32 (size, size, 3), values about 0 to 1.

`tone` is the lightness to keep to, `chroma` how colourful it may be (0 grey, 1 gaudy).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.float32]
Background = Callable[[np.random.Generator, int, float, float], Pixels]


def _colour(rng: np.random.Generator, tone: float, strength: float) -> Pixels:
    """A colour of about the given lightness, `strength` being how far from grey it may be."""
    hue = rng.normal(0, 1, 3)
    hue -= hue.mean()
    hue *= strength / max(float(np.abs(hue).max()), 1e-6)
    colour: Pixels = np.clip(tone + hue, 0.02, 1.0).astype(np.float32)
    return colour


def _ramp(size: int, degrees: float) -> Pixels:
    axis = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    a = np.radians(degrees)
    ramp: Pixels = axis[None, :] * np.cos(a) + axis[:, None] * np.sin(a) + 0.5
    return ramp.astype(np.float32)


def _cloud(rng: np.random.Generator, size: int, cells: int, channels: int) -> Pixels:
    """Smooth noise, 0 to 1: a coarse grid of random values enlarged."""
    grid = rng.integers(0, 256, (cells, cells, channels), dtype=np.uint8)
    picture = Image.fromarray(grid if channels == 3 else grid[..., 0])
    large = np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC), dtype=np.float32)
    return large.reshape(size, size, channels) / np.float32(255)


def plain(rng: np.random.Generator, size: int, tone: float, chroma: float) -> Pixels:
    base = np.empty((size, size, 3), dtype=np.float32)
    base[:] = _colour(rng, tone, rng.uniform(0, 0.25) * chroma)
    return base


def gradient(rng: np.random.Generator, size: int, tone: float, chroma: float) -> Pixels:
    ramp = _ramp(size, rng.uniform(0, 360))[..., None]
    first = _colour(rng, tone + 0.1, 0.18 * chroma)
    second = _colour(rng, tone - 0.1, 0.18 * chroma)
    return first * (1 - ramp) + second * ramp


def spotlight(rng: np.random.Generator, size: int, tone: float, chroma: float) -> Pixels:
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    x, y = axis[None, :] - rng.uniform(-0.3, 0.3), axis[:, None] - rng.uniform(-0.4, 0.2)
    fall = (np.exp(-(x**2 + y**2) * rng.uniform(0.5, 1.2)) * 0.3 + 0.75)[..., None]
    return plain(rng, size, tone, chroma) * fall.astype(np.float32)


def studio(rng: np.random.Generator, size: int, tone: float, chroma: float) -> Pixels:
    """A wall and a floor that meet in a soft or a hard line."""
    y = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    edge = 1 / (1 + np.exp(-(y.astype(np.float64) - rng.uniform(0.55, 0.8)) * rng.uniform(15, 80)))
    wall = _colour(rng, tone, 0.15 * chroma)
    floor = _colour(rng, tone * rng.uniform(0.75, 1.05), 0.12 * chroma)
    column = (wall * (1 - edge) + floor * edge * (0.9 + 0.15 * y)).astype(np.float32)
    return np.repeat(column, size, axis=1)


def planks(rng: np.random.Generator, size: int, tone: float, chroma: float) -> Pixels:
    """A wooden table from above: boards, grain along them, dark joints between them."""
    boards = int(rng.integers(3, 7))
    across = np.linspace(0, boards, size, endpoint=False)
    board = across.astype(int)
    shade = rng.normal(0, 0.04, boards)[board]
    joint = np.where(across - board < 0.04, -0.16, 0.0)
    grain = np.asarray(
        Image.fromarray(rng.integers(0, 256, (max(size // 2, 8), 5), dtype=np.uint8)).resize(
            (size, size), Image.Resampling.BICUBIC
        ),
        dtype=np.float32,
    )
    texture = shade[:, None] + joint[:, None] + (grain / 255 - 0.5) * rng.uniform(0.06, 0.16)
    warm = np.array([0.10, 0.0, -0.11], dtype=np.float32) * rng.uniform(0.2, 1.4)
    picture: Pixels = (tone + warm + texture[..., None]).astype(np.float32)
    return np.swapaxes(picture, 0, 1) if rng.random() < 0.5 else picture


def tiles(rng: np.random.Generator, size: int, tone: float, chroma: float) -> Pixels:
    cells = int(rng.integers(3, 9))
    index = (np.arange(size) * cells) // size
    checker = ((index[:, None] + index[None, :]) % 2)[..., None]
    contrast = rng.uniform(0.03, 0.1)
    first, second = (
        _colour(rng, tone + contrast, 0.1 * chroma),
        _colour(rng, tone - contrast, 0.1 * chroma),
    )
    return (first * (1 - checker) + second * checker).astype(np.float32)


def stripes(rng: np.random.Generator, size: int, tone: float, chroma: float) -> Pixels:
    ramp = _ramp(size, rng.uniform(0, 180))
    band = ((ramp * rng.integers(4, 12)) % 1.0 < rng.uniform(0.3, 0.7))[..., None]
    contrast = rng.uniform(0.03, 0.09)
    first, second = (
        _colour(rng, tone + contrast, 0.14 * chroma),
        _colour(rng, tone - contrast, 0.14 * chroma),
    )
    return np.where(band, first, second).astype(np.float32)


def blurred_room(rng: np.random.Generator, size: int, tone: float, chroma: float) -> Pixels:
    """Soft coloured clutter, as behind a thing held up to a phone."""
    cloud = _cloud(rng, size, int(rng.integers(3, 8)), 3)
    return (
        _colour(rng, tone, 0.12 * chroma) + (cloud - 0.5) * rng.uniform(0.2, 0.55) * chroma
    ).astype(np.float32)


def cloth(rng: np.random.Generator, size: int, tone: float, chroma: float) -> Pixels:
    folds = _cloud(rng, size, int(rng.integers(3, 6)), 1)
    weave = rng.normal(0, 0.025, (size, size, 1)).astype(np.float32)
    return _colour(rng, tone, 0.2 * chroma) * (0.8 + 0.4 * folds) + weave


CALM: tuple[Background, ...] = (plain, gradient, spotlight, studio, planks)
ALL: tuple[Background, ...] = (*CALM, plain, tiles, stripes, blurred_room, blurred_room, cloth)
