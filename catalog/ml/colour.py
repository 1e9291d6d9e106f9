"""Any pixel layout a photo may come in, to the 8-bit sRGB that screens and encoders expect."""

from __future__ import annotations

from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image, ImageCms

_SRGB: Final = ImageCms.createProfile("sRGB")
_ICC_SPACES: Final = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}


def is_plain(image: Image.Image) -> bool:
    """Whether resizing first and converting afterwards gives the same picture."""
    return image.mode in ("RGB", "L") and "transparency" not in image.info


def to_srgb(image: Image.Image) -> Image.Image:
    """``image`` in mode RGB: alpha composited on white, ICC profile applied, 16 bits reduced to 8.

    A profile that is damaged, or made for another number of channels, is ignored as browsers do.
    The result carries no ``info``, so neither profile nor comment can travel into a saved file.
    """
    profile = image.info.get("icc_profile")
    image = _eight_bits(image)
    backdrop_alpha: Image.Image | None = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        backdrop_alpha = image.getchannel("A")
        image = image.convert("RGB")
    elif image.mode not in _ICC_SPACES:
        image = image.convert("RGB")
    rgb = _apply_profile(image, profile) if profile else None
    if rgb is None:
        rgb = image.convert("RGB")
    if backdrop_alpha is not None:
        rgb = Image.composite(rgb, Image.new("RGB", rgb.size, "white"), backdrop_alpha)
    elif rgb is image:
        rgb = image.copy()
    rgb.info = {}
    return rgb


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit greyscale scaled to 8 bits; Pillow's own conversion of mode I clips instead."""
    if image.mode != "I" and not image.mode.startswith("I;16"):
        return image
    values = np.asarray(image).astype(np.int64).clip(0, 65535)
    return Image.fromarray((values >> 8).astype(np.uint8))


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """``image`` through its embedded profile, or None where there is nothing to convert."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if source.profile.xcolor_space.strip() != _ICC_SPACES[image.mode]:
            return None
        if ImageCms.getProfileDescription(source).startswith("sRGB"):
            return None  # Already there: a round trip would only cost time and rounding.
        return ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
        return None
