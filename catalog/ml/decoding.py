"""A file's bytes to what a worker needs of it: the encoder's pixels, and the grid for its hash."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from . import rejection
from .colour import is_plain, to_srgb
from .luma import COMFORTABLE, ENOUGH, luma_grid
from .opening import draft, open_image, orientation_of
from .orientation import METHODS, to_stored
from .preprocessing import Preprocessing
from .sniffing import sniff


def decode(data: bytes, prep: Preprocessing) -> NDArray[np.uint8]:
    """The pixels an encoder wants: uint8, (``prep.height``, ``prep.width``, 3), RGB.

    Only the part the centre crop keeps is computed: the pixels of resizing everything and cutting
    afterwards, but for a rounding step where Pillow runs its two passes in the other order. So a
    16 by 1,000,000 strip costs no more than a square.

    Raises:
        ImageRejected: the bytes are no image, or no whole one.
    """
    opened = _open(data)
    try:
        placed = _place(opened, prep)
        opened.load(at_least=placed.at_least)
        return _pixels(opened, placed, prep)
    except MemoryError:
        raise
    except Exception as error:
        raise rejection.from_decoder(error) from error


def luma(data: bytes) -> NDArray[np.float32]:
    """The 64 by 64 luma grid of the whole picture, upright; see :func:`.luma.luma_grid`.

    Thread-safe, like the other two functions here.

    Raises:
        ImageRejected: the bytes are no image, or no whole one.
    """
    opened = _open(data)
    try:
        opened.load(at_least=(COMFORTABLE, COMFORTABLE))
        return opened.luma()
    except MemoryError:
        raise
    except Exception as error:
        raise rejection.from_decoder(error) from error


def decode_both(data: bytes, prep: Preprocessing) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """What :func:`decode` and :func:`luma` give, decoding the file once.

    The pixels are exactly those of :func:`decode`. The grid may come from a larger picture than
    :func:`luma` takes, which moves a hash by a bit or two. For an encoder so small that its
    picture would be too coarse to hash, the file is decoded twice.

    Raises:
        ImageRejected: the bytes are no image, or no whole one.
    """
    opened = _open(data)
    try:
        placed = _place(opened, prep)
        opened.load(at_least=placed.at_least)
        pixels = _pixels(opened, placed, prep)
        if opened.block == 1 or min(opened.image.size) >= ENOUGH:
            return pixels, opened.luma()
    except MemoryError:
        raise
    except Exception as error:
        raise rejection.from_decoder(error) from error
    return pixels, luma(data)


@dataclass(slots=True)
class _Opened:
    """A picture as stored. ``block``: one pixel of ``image`` stands for so many, each way."""

    image: Image.Image
    size: tuple[int, int]
    orientation: int
    block: int = 1

    def load(self, *, at_least: tuple[int, int]) -> None:
        self.block = draft(self.image, at_least)
        self.image.load()
        if not is_plain(self.image):
            self.image = to_srgb(self.image)

    def luma(self) -> NDArray[np.float32]:
        return luma_grid(self.image, size=self.size, block=self.block, orientation=self.orientation)


@dataclass(frozen=True, slots=True)
class _Placed:
    """Where the encoder's pixels are, in the stored picture: ``box``, resized to ``size``."""

    box: tuple[float, float, float, float]
    size: tuple[int, int]
    at_least: tuple[int, int]


def _open(data: bytes) -> _Opened:
    image = open_image(data, sniff(data))
    return _Opened(image, image.size, orientation_of(image))


def _place(opened: _Opened, prep: Preprocessing) -> _Placed:
    width, height = opened.size
    turned = opened.orientation >= 5
    shown = (height, width) if turned else (width, height)
    plan = prep.geometry(*shown)
    across, down = shown[0] / plan.width, shown[1] / plan.height
    box = to_stored(
        (
            plan.left * across,
            plan.top * down,
            (plan.left + prep.width) * across,
            (plan.top + prep.height) * down,
        ),
        orientation=opened.orientation,
        width=width,
        height=height,
    )
    resized = (plan.height, plan.width) if turned else (plan.width, plan.height)
    return _Placed(
        box=box,
        size=(prep.height, prep.width) if turned else (prep.width, prep.height),
        at_least=(prep.dct_margin * resized[0], prep.dct_margin * resized[1]),
    )


def _pixels(opened: _Opened, placed: _Placed, prep: Preprocessing) -> NDArray[np.uint8]:
    image = opened.image
    low_x, low_y, high_x, high_y = (edge / opened.block for edge in placed.box)
    # Rounding may push an edge past the last column by a part of a millionth.
    within = (low_x, low_y, min(high_x, image.width), min(high_y, image.height))
    small = to_srgb(image.resize(placed.size, Image.Resampling(prep.resample), box=within))
    if opened.orientation in METHODS:
        small = small.transpose(METHODS[opened.orientation])
    return np.array(small, dtype=np.uint8)
