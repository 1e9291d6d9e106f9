"""Tell what bytes are by looking at them; names and declared types are never believed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from PIL import features

from .rejection import EMPTY_FILE, UNSUPPORTED_FORMAT, ImageRejected


@dataclass(frozen=True, slots=True)
class Format:
    """An accepted format: Pillow's name for it, its MIME type and its file extension."""

    name: str
    mime: str
    extension: str


JPEG: Final = Format("JPEG", "image/jpeg", ".jpg")
PNG: Final = Format("PNG", "image/png", ".png")
WEBP: Final = Format("WEBP", "image/webp", ".webp")
GIF: Final = Format("GIF", "image/gif", ".gif")
AVIF: Final = Format("AVIF", "image/avif", ".avif")

SUPPORTED: Final[tuple[Format, ...]] = (
    JPEG,
    PNG,
    WEBP,
    GIF,
    *((AVIF,) if features.check("avif") else ()),
)

_HEIF_BRANDS: Final = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}

# Formats people do send, so that the answer can name them. First match wins.
_REFUSED: Final[tuple[tuple[bytes, str], ...]] = (
    (b"II*\x00", "a TIFF file"),
    (b"MM\x00*", "a TIFF file"),
    (b"BM", "a BMP file"),
    (b"%PDF", "a PDF document"),
    (b"8BPS", "a Photoshop file"),
    (b"\xff\x0a", "a JPEG XL file"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL file"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
)


def sniff(data: bytes) -> Format:
    """The format of ``data``.

    Raises:
        ImageRejected: ``empty_file``, or ``unsupported_format``, naming what the file is where
            that can be told.
    """
    if not data:
        raise ImageRejected(EMPTY_FILE, "The file is empty. Choose the photo again.")
    head = data[:4096]
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    brands = _brands(head)
    if brands & {b"avif", b"avis"} and AVIF in SUPPORTED:
        return AVIF
    raise ImageRejected(UNSUPPORTED_FORMAT, _refusal(head, brands))


def _brands(head: bytes) -> set[bytes]:
    """Brands of an ISO base media file (ISO/IEC 14496-12, 4.3), empty for anything else."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12]} | {head[at : at + 4] for at in range(16, end - 3, 4)}


def _refusal(head: bytes, brands: set[bytes]) -> str:
    names = [supported.name.replace("WEBP", "WebP") for supported in SUPPORTED]
    remedy = f"Send the photo as {', '.join(names[:-1])} or {names[-1]}."
    text = head.decode("utf-8", "ignore").lstrip("\ufeff \t\r\n").lower()
    if re.match(r"<svg[\s>]", text) or (text.startswith(("<?xml", "<!")) and "<svg" in text):
        return f"The file is an SVG drawing, which is a document and not a photo. {remedy}"
    if text.startswith(("<!doctype html", "<html")):
        return f"The file is a web page, not a photo. {remedy}"
    if brands & _HEIF_BRANDS:
        return f"The file is a HEIC photo, as iPhones keep them, which cannot be read. {remedy}"
    if brands:
        return f"The file is a video or another media container, not a photo. {remedy}"
    for magic, name in _REFUSED:
        if head.startswith(magic):
            return f"The file is {name}, which is not accepted. {remedy}"
    if b"\x00" not in head and _is_text(head):
        return f"The file holds text, whatever its name says, and not a photo. {remedy}"
    return f"The file is not in an image format that can be read. {remedy}"


def _is_text(head: bytes) -> bool:
    try:
        head[:4000].decode("utf-8")
    except UnicodeDecodeError as error:
        # The cut at 4,000 bytes may fall inside a character.
        return error.start > 3990
    return True
