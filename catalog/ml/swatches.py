"""Which named colours the thing in a picture has, measured from its pixels. numpy only.

Every pixel goes by the name of the nearest swatch in CIELAB. What is at the picture's edge counts
as background, as far as the middle does not have more of it: a picture that is one thing from edge
to edge keeps its colour.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

VERSION = 1  # raise when the same picture gives other shares
SIDE = 32  # pixels a side that are looked at; 64 give the same names
# Measured on drawings and photos of known colour, see docs/adr/0009-colour-by-pixels.md.
_MIDDLE = 0.28  # spread of the weight about the centre, in picture sides
_EDGE = 0.06  # how much of each side counts as the edge
_CONTRAST = 3  # how sharply what is at the edge is discounted
_ALIKE = 4.0  # how far apart, in CIELAB, colours are that count as the edge's own
_SHADE = 0.4  # of a step in lightness there: grounds are lit unevenly
_CHROMA = 0.5  # how much more a colour counts than a grey, at a chroma of 50
_LIGHTNESS = 0.7  # of a step in lightness beside one in hue: things have light and dark sides

_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.9505, 1.0, 1.089])  # D65


def lab(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """CIELAB (…, 3) of sRGB (…, 3): L 0 to 100, a and b about ±100."""
    return np.asarray(_linear_to_lab(_LINEAR[rgb]), dtype=np.float32)


def _linear(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(
        np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    )


_LINEAR = _linear(np.arange(256) / 255).astype(np.float32)


def _linear_to_lab(linear: NDArray[np.float32]) -> NDArray[np.floating]:
    xyz = linear @ (_TO_XYZ.T / _WHITE).astype(np.float32)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


class Palette:
    """Named colours, each by one or more swatches such as ``#d01c24``."""

    def __init__(self, swatches: Sequence[Sequence[str]]) -> None:
        """``swatches`` of each name, in order. Raises ValueError for one that is no colour."""
        self.names = len(swatches)
        listed = [(name, each) for name, own in enumerate(swatches) for each in own]
        self._of = np.array([name for name, _ in listed], dtype=np.intp)
        rgb = np.array([rgb_of(each) for _, each in listed], dtype=np.uint8).reshape(-1, 3)
        known = lab(rgb)
        self._bonus = 1 + _CHROMA * np.hypot(known[:, 1], known[:, 2]) / 50
        self._points = known * _SCALE
        shades = known * np.array([_SHADE, 1, 1], dtype=np.float32)
        apart = ((shades[:, None] - shades[None]) ** 2).sum(axis=-1)
        self._alike = np.exp(-apart / (2 * _ALIKE**2))
        text = repr([list(own) for own in swatches])
        digest = hashlib.sha256(text.encode()).hexdigest()
        self.version = f"pixels-{VERSION}-{digest[:16]}"

    @cached_property
    def _lengths(self) -> NDArray[np.float32]:
        return np.asarray((self._points**2).sum(axis=-1))

    def shares(self, pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """What share of the thing in each picture (height, width, 3) goes by each name: (n, names),
        rows summing to 1."""
        found = np.empty((len(pixels), self.names))
        for row, picture in enumerate(pixels):
            found[row] = self._shares(picture)
        return found

    def _shares(self, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        small = _thinned(picture)
        points = lab(small) * _SCALE
        nearest = (self._lengths - 2 * points @ self._points.T).argmin(axis=-1).ravel()
        middle, edge = _weights(small.shape[0], small.shape[1])
        count = len(self._points)
        inside = np.bincount(nearest, middle, count)
        outside = self._alike @ np.bincount(nearest, edge, count)
        own = inside / np.maximum(inside + outside, 1e-12)
        weights = inside * own**_CONTRAST * self._bonus
        named = np.bincount(self._of, weights, self.names)
        return np.asarray(named / named.sum())


_SCALE = np.array([_LIGHTNESS, 1, 1], dtype=np.float32)


def rgb_of(swatch: str) -> tuple[int, int, int]:
    """``#d01c24`` as (208, 28, 36). Raises ValueError."""
    digits = swatch.removeprefix("#")
    if len(digits) != 6 or len(swatch) != 7 or not digits.isascii():
        raise ValueError(f"“{swatch}” is no colour. Write it as #d01c24.")
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError as error:
        raise ValueError(f"“{swatch}” is no colour. Write it as #d01c24.") from error
    return red, green, blue


def _thinned(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """About `SIDE` pixels a side, evenly spread."""
    rows, columns = (
        (np.arange(min(SIDE, side)) * side + side // 2) // min(SIDE, side)
        for side in picture.shape[:2]
    )
    return picture[rows][:, columns]


def _weights(height: int, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How much each pixel counts as the middle, and as the edge; both flat and summing to 1."""
    y = ((np.arange(height) + 0.5) / height - 0.5)[:, None]
    x = ((np.arange(width) + 0.5) / width - 0.5)[None, :]
    middle = np.exp(-(y**2 + x**2) / (2 * _MIDDLE**2))
    edge = (np.maximum(abs(y), abs(x)) > 0.5 - _EDGE).astype(np.float64)
    return (middle / middle.sum()).ravel(), (edge / edge.sum()).ravel()
