"""The 64 by 64 picture that a perceptual hash is made of. Neither Django nor torch needed here.

PDQ (Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019;
published in ThreatExchange) blurs the luma plane with two box filters, one after the other, in
each direction (Jarosz's approximation of a tent), and then picks 64 by 64 pixels. How wide the
boxes are, and which pixels are picked, is rounded for each picture's own size: with a picture of
200 to 500 pixels the whole grid moves by up to a fifth of a cell. Scaling every picture to one
size first and filtering that one misses this, and differs from published hashes by up to 34 of
256 bits. So the filter and the picking are made for the size of the original, as a matrix, and
applied to the reduced picture that the decoder gives.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE: Final = 64
# Below these many pixels a side nothing is hashed (the reference's limit).
_SMALLEST: Final = 5
# A picture of at least this many pixels a side gives the same hash, within 4 bits, as all of its
# pixels do: a box is then at least one pixel wide.
ENOUGH: Final = 128
# What is kept where that costs nothing.
COMFORTABLE: Final = 256

# Rows multiplied at once. Larger products would wake the threads of the linear algebra library,
# which then get in the way of the decoding threads: twice the time for everything, measured.
_BAND: Final = 4
Weights = tuple[tuple[slice, NDArray[np.float32]], ...]

# EXIF orientations whose upright columns, or rows, run against the stored pixels that give them.
_X_REVERSED: Final = (2, 3, 7, 8)
_Y_REVERSED: Final = (3, 4, 6, 7)


def luma_grid(
    image: Image.Image, *, size: tuple[int, int], block: int, orientation: int
) -> NDArray[np.float32]:
    """The upright picture's luma, blurred and picked as PDQ does: float32, (64, 64), 0 to 255.

    Luma is 0.299 R + 0.587 G + 0.114 B of the values as stored. A colour profile is not applied,
    because no tool that publishes hashes does.

    Args:
        image: decoded, in mode RGB or L, as stored (not turned upright).
        size: (width, height) of the stored picture, pixels.
        block: one pixel of ``image`` is the mean of this many of the stored picture, each way;
            the last column and row may be of fewer.
        orientation: EXIF orientation, 1 to 8.
    """
    if min(size) < _SMALLEST:
        return np.zeros((SIDE, SIDE), dtype=np.float32)
    across, down = (max(1, side // COMFORTABLE) for side in image.size)
    if across > 1 or down > 1:
        # Whole numbers will do: their rounding averages out over the picture's many pixels.
        image = image.convert("L").reduce((across, down))
    gray = image.convert("F")
    columns = _weights(size[0], block * across, orientation in _X_REVERSED)
    rows = _weights(size[1], block * down, orientation in _Y_REVERSED)
    grid = _apply(columns, _apply(rows, np.asarray(gray)).T)
    return np.ascontiguousarray(grid if orientation >= 5 else grid.T)


def _apply(weights: Weights, lines: NDArray[np.float32]) -> NDArray[np.float32]:
    """``weights`` times ``lines`` (blocks, n): (64, n)."""
    out = np.empty((SIDE, lines.shape[1]), dtype=np.float32)
    for band, (source, matrix) in enumerate(weights):
        np.matmul(matrix, lines[source], out=out[band * _BAND : (band + 1) * _BAND])
    return out


@lru_cache(maxsize=128)
def _weights(length: int, block: int, reverse: bool) -> Weights:
    """What each block of a line of pixels adds to each of the 64 picked ones.

    A matrix (64, blocks) whose rows sum to 1, in bands of rows without the zeros left and right.
    ``length`` pixels, in blocks of ``block``, the last one perhaps shorter; ``reverse`` when the
    line is stored back to front.
    """
    window = -(-length // (2 * SIDE))
    # An even window reaches one pixel further forward than back; at the ends it is cut off.
    back, forward = (window - 1) // 2, window // 2
    every = np.arange(length)
    reach = np.minimum(every + forward, length - 1) - np.maximum(every - back, 0) + 1
    # The second box takes the mean over first..last of what the first box left there, and that is
    # itself a mean: so a pixel's weight is a sum of 1/reach, here a difference of running sums.
    running = np.concatenate([[0.0], np.cumsum(1 / reach)])
    centre = ((np.arange(SIDE)[:, None] + 0.5) * length / SIDE).astype(np.int64)
    first, last = np.maximum(centre - back, 0), np.minimum(centre + forward, length - 1)
    pixel = centre + np.arange(-2 * back, 2 * forward + 1)
    start, stop = np.maximum(first, pixel - forward), np.minimum(last, pixel + back) + 1
    inside = (pixel >= 0) & (pixel < length) & (start < stop)
    row, _ = np.nonzero(inside)
    pixel, start, stop = pixel[inside], start[inside], stop[inside]
    weight = (running[stop] - running[start]) / (last - first + 1)[row, 0]
    blocks = -(-length // block)
    place = (length - 1 - pixel if reverse else pixel) // block
    summed = np.bincount(row * blocks + place, weight, minlength=SIDE * blocks)
    matrix = summed.reshape(SIDE, blocks).astype(np.float32)
    bands = []
    for top in range(0, SIDE, _BAND):
        rows = matrix[top : top + _BAND]
        used = np.flatnonzero(rows.any(axis=0))
        source = slice(int(used[0]), int(used[-1]) + 1)
        bands.append((source, np.ascontiguousarray(rows[:, source])))
    return tuple(bands)
