"""EXIF orientation (tag 0x0112, CIPA DC-008): what turns stored pixels upright."""

from __future__ import annotations

from typing import Final

from PIL import Image

Box = tuple[float, float, float, float]

METHODS: Final[dict[int, Image.Transpose]] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def to_stored(box: Box, *, orientation: int, width: int, height: int) -> Box:
    """A box (left, top, right, bottom) of the upright picture, in the stored one's coordinates.

    ``width`` and ``height`` are those of the stored picture, pixels.
    """
    left, top, right, bottom = box
    if orientation >= 5:
        left, top, right, bottom = top, left, bottom, right
    if orientation in (2, 3, 7, 8):
        left, right = width - right, width - left
    if orientation in (3, 4, 6, 7):
        top, bottom = height - bottom, height - top
    return left, top, right, bottom
