"""Hostile bytes in, checked pictures and pixels out. Neither Django nor torch is needed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image

from . import rejection
from .colour import is_plain, to_srgb
from .decoding import decode, decode_both, luma
from .opening import draft, open_image, orientation_of, oriented_size
from .orientation import METHODS
from .rejection import ImageRejected
from .sniffing import sniff

__all__ = [
    "Checked",
    "ImageRejected",
    "Limits",
    "check",
    "decode",
    "decode_both",
    "luma",
    "render",
    "renditions",
]

MEGAPIXEL: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused before any pixel is decoded.

    Attributes:
        max_bytes: of the file.
        max_pixels: width times height by the header; decoding takes up to 4 bytes for each.
        min_side: pixels of the shorter side, below which there is nothing to recognise.
        max_scans: passes a progressive JPEG may make over its pixels; encoders write about ten.
    """

    max_bytes: int = 25 * 1024 * 1024
    max_pixels: int = 50 * MEGAPIXEL
    min_side: int = 16
    max_scans: int = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """An image proven whole. ``width`` and ``height`` are as displayed, EXIF orientation applied.

    ``animated`` images count as their first frame everywhere in this module.
    """

    format: str
    mime: str
    extension: str
    width: int
    height: int
    animated: bool


def check(data: bytes, limits: Limits | None = None) -> Checked:
    """Prove that ``data`` is an image within ``limits``, whole to its last row.

    JPEG is proven at an eighth of its size: the decoder still has to read the stream to its end,
    and skips only most of the arithmetic.

    Raises:
        ImageRejected: with a stable code and a message for the sender.
    """
    limits = limits or Limits()
    if len(data) > limits.max_bytes:
        raise ImageRejected(
            rejection.FILE_TOO_LARGE,
            f"The file has {_mebibytes(len(data))} MB and at most {_mebibytes(limits.max_bytes)} "
            "MB are accepted. Save the photo smaller or with stronger compression.",
        )
    kind = sniff(data)
    image = open_image(data, kind, max_pixels=limits.max_pixels, max_scans=limits.max_scans)
    width, height = oriented_size(image)
    if min(width, height) < limits.min_side:
        raise ImageRejected(
            rejection.IMAGE_TOO_SMALL,
            f"The image is {width} by {height} pixels; each side needs at least "
            f"{limits.min_side}. Send the original photo rather than a thumbnail.",
        )
    try:
        animated = kind.name != "JPEG" and bool(getattr(image, "is_animated", False))
        image.draft(None, (max(1, image.width // 8), max(1, image.height // 8)))
        image.load()
    except MemoryError:
        raise
    except Exception as error:
        raise rejection.from_decoder(error) from error
    return Checked(
        format=kind.name,
        mime=kind.mime,
        extension=kind.extension,
        width=width,
        height=height,
        animated=animated,
    )


def renditions(data: bytes, sizes: Sequence[int], *, quality: int = 85) -> list[bytes]:
    """For each of ``sizes``, in their order, a progressive JPEG of at most that many pixels a side.

    Decoded once. Upright, sRGB, on white where it was transparent, without any metadata; never
    enlarged.

    Raises:
        ImageRejected: the bytes are no image, or no whole one.
    """
    wanted = sorted(set(sizes), reverse=True)
    image = open_image(data, sniff(data))
    try:
        orientation = orientation_of(image)
        draft(image, _fit(image.size, wanted[0]))
        image.load()
        if not is_plain(image):
            image = to_srgb(image)
        made: dict[int, bytes] = {}
        for side in wanted:
            size = _fit(image.size, side)
            if size != image.size:
                image = image.resize(size, Image.Resampling.LANCZOS)
            if side == wanted[0]:
                image = to_srgb(image)
                if orientation in METHODS:
                    image = image.transpose(METHODS[orientation])
            buffer = BytesIO()
            image.save(buffer, "JPEG", quality=quality, progressive=True, optimize=True)
            made[side] = buffer.getvalue()
        return [made[side] for side in sizes]
    except MemoryError:
        raise
    except Exception as error:
        raise rejection.from_decoder(error) from error


def render(data: bytes, *, max_side: int, quality: int = 85) -> bytes:
    """One of :func:`renditions`."""
    return renditions(data, [max_side], quality=quality)[0]


def _fit(size: tuple[int, int], side: int) -> tuple[int, int]:
    """``size`` shrunk so that its longer side is at most ``side`` pixels, never below 1."""
    factor = min(1.0, side / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _mebibytes(count: int) -> str:
    return f"{count / 1024**2:,.1f}".removesuffix(".0")
