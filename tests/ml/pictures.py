"""Pictures and files to test with, good and hostile, all made here."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


def scene(seed: int, width: int, height: int) -> Image.Image:
    """Coloured shapes on a gradient, with some grain: smooth and sharp parts, as photos have."""
    rng = np.random.default_rng(seed)
    low, high = rng.integers(0, 256, (2, 3))
    ramp = np.linspace(0, 1, width)[None, :, None] * np.linspace(0.3, 1, height)[:, None, None]
    image = Image.fromarray((low + (high - low) * ramp).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(8):
        x, y = rng.integers(0, width), rng.integers(0, height)
        w, h = rng.integers(width // 10, width // 2), rng.integers(height // 10, height // 2)
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape(
            (int(x), int(y), int(x + w), int(y + h)), fill=tuple(rng.integers(0, 256, 3).tolist())
        )
    grain = rng.normal(0, 6, (height, width, 3))
    smooth = np.asarray(image.filter(ImageFilter.GaussianBlur(1)))
    return Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8))


def enlarged(data: bytes, longest: int) -> Image.Image:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    factor = longest / max(image.size)
    size = (round(image.width * factor), round(image.height * factor))
    return image.resize(size, Image.Resampling.BICUBIC)


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def jpeg(image: Image.Image, **options: Any) -> bytes:
    return saved(image, "JPEG", **({"quality": 92} | options))


def png(image: Image.Image, **options: Any) -> bytes:
    return saved(image, "PNG", **options)


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def png_chunk(name: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def png_bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of a few kilobytes that declares, and begins to hold, a gigantic white picture."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\x00" * 4_000_000, 9)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", rows)
        + png_chunk(b"IEND", b"")
    )


def with_png_chunk(data: bytes, name: bytes, body: bytes) -> bytes:
    """``data`` with a chunk put right after IHDR."""
    return data[:33] + png_chunk(name, body) + data[33:]


def zlib_bomb(size: int = 60_000_000) -> bytes:
    return zlib.compress(b"a" * size, 9)


def webp_declaring(width: int, height: int) -> bytes:
    """A WebP container whose header declares a size and whose body is a small picture's."""
    body = saved(scene(1, 64, 64), "WEBP", lossless=True)[12:]
    fields = b"\x10\x00\x00\x00" + (width - 1).to_bytes(3, "little")
    extended = b"VP8X" + struct.pack("<I", 10) + fields + (height - 1).to_bytes(3, "little")
    content = b"WEBP" + extended + body
    return b"RIFF" + struct.pack("<I", len(content)) + content


def jpeg_of_many_scans(scans: int, side: int = 64) -> bytes:
    """A progressive JPEG whose last scan is repeated: each repetition costs a full pass."""
    data = jpeg(scene(2, side, side), progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + data[-2:]
