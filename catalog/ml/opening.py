"""Open an image lazily: header only, one plugin only, every limit before any pixel."""

from __future__ import annotations

import contextlib
import re
from io import BytesIO
from typing import Final

# Each plugin by name: Pillow would otherwise import all of its forty at the first WebP.
from PIL import (  # noqa: F401
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from . import rejection
from .rejection import ImageRejected
from .sniffing import JPEG, PNG, WEBP, Format

_ORIENTATION: Final = 0x0112
# In entropy-coded data 0xFF is followed by 0x00 or a restart marker; anything else is a segment.
_MARKER: Final = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)


def open_image(
    data: bytes, kind: Format, *, max_pixels: int | None = None, max_scans: int | None = None
) -> Image.Image:
    """``data`` opened as ``kind``, its pixels not decoded yet.

    Raises:
        ImageRejected: too many pixels or scans, or a header that cannot be read.
    """
    if max_pixels is not None:
        # Pillow's WebP plugin allocates two canvases while opening, so ask the header first.
        _refuse_pixels(*_declared_size(data, kind), max_pixels=max_pixels)
    try:
        image = Image.open(BytesIO(data), formats=(kind.name,))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(None, max_pixels) from error
    except MemoryError:
        raise
    except Exception as error:
        raise rejection.from_decoder(error) from error
    if max_pixels is not None:
        _refuse_pixels(*image.size, max_pixels=max_pixels)
    if kind is JPEG and max_scans is not None and count_scans(data) > max_scans:
        raise ImageRejected(
            rejection.TOO_MANY_SCANS,
            f"The JPEG makes more than {max_scans} passes over its pixels, which would take far "
            "too long to decode. Open it in an image editor and save it again.",
        )
    return image


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 where there is none or the metadata is damaged."""
    orientation = 1
    with contextlib.suppress(Exception):
        orientation = int(image.getexif().get(_ORIENTATION, 1))
    return orientation if 1 <= orientation <= 8 else 1


def oriented_size(image: Image.Image) -> tuple[int, int]:
    """(width, height) in pixels as displayed."""
    width, height = image.size
    return (height, width) if orientation_of(image) >= 5 else (width, height)


def draft(image: Image.Image, at_least: tuple[int, int]) -> int:
    """Let the JPEG decoder halve the picture up to three times: 1, 2, 4 or 8, the factor taken.

    The picture keeps at least the (width, height) ``at_least``, pixels as stored. Other formats,
    and ``at_least`` of 0, stay as they are, which is a factor of 1.
    """
    width, height = at_least
    if width < 1 or height < 1:
        return 1
    stored = image.width
    drafted = image.draft(None, (width, height))
    return 1 if drafted is None else round(stored / drafted[1][2])


def count_scans(data: bytes) -> int:
    """Scans of the first picture in a JPEG stream.

    Segments are walked, not searched for: a phone's motion photo carries megabytes of video after
    the picture, in which the bytes of a scan marker occur by chance.
    """
    position, scans = 2, 0
    while (found := _MARKER.search(data, position)) is not None:
        marker = found.group(1)[0]
        position = found.end()
        if marker == 0xD9:  # end of image
            break
        if marker in (0x01, 0xD8):  # these two have no length
            continue
        scans += marker == 0xDA
        position += max(2, int.from_bytes(data[position : position + 2], "big"))
    return scans


def _declared_size(data: bytes, kind: Format) -> tuple[int, int]:
    """(width, height) by the PNG and WebP specifications; (0, 0) where that cannot be told."""
    if kind is PNG:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    chunk, body = data[12:16], data[20:30]
    if kind is not WEBP or len(body) < 10:
        return 0, 0
    if chunk == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        width, height = int.from_bytes(body[6:8], "little"), int.from_bytes(body[8:10], "little")
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0


def _refuse_pixels(width: int, height: int, *, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise _too_many_pixels((width, height), max_pixels)


def _too_many_pixels(size: tuple[int, int] | None, max_pixels: int | None) -> ImageRejected:
    limit = min(max_pixels or 2 * (Image.MAX_IMAGE_PIXELS or 0), 2 * (Image.MAX_IMAGE_PIXELS or 0))
    declared = f"{size[0]:,} by {size[1]:,} pixels" if size else "more pixels than can be decoded"
    return ImageRejected(
        rejection.TOO_MANY_PIXELS,
        f"The image declares {declared}; at most {limit // 1_000_000} megapixels are accepted. "
        "Scale the photo down and send it again.",
    )
