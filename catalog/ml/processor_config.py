"""Reading transformers' image processor configurations, old spellings and new."""

from __future__ import annotations

import re
from typing import Any, Final

_CLIP_MEAN: Final = [0.48145466, 0.4578275, 0.40821073]
_CLIP_STD: Final = [0.26862954, 0.26130258, 0.27577711]
_HALF: Final = [0.5, 0.5, 0.5]
_BILINEAR, _BICUBIC = 2, 3

# What each class does where its configuration is silent. ``square`` tells what a bare number means
# as ``size``: both sides, or the short one.
_COMMON: Final[dict[str, Any]] = {
    "do_resize": True,
    "do_rescale": True,
    "do_normalize": True,
    "rescale_factor": 1 / 255,
}
_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "CLIP": {
        "square": False,
        "size": {"shortest_edge": 224},
        "do_center_crop": True,
        "crop_size": {"height": 224, "width": 224},
        "resample": _BICUBIC,
        "image_mean": _CLIP_MEAN,
        "image_std": _CLIP_STD,
    },
    "Siglip": {
        "square": True,
        "size": {"height": 224, "width": 224},
        "do_center_crop": False,
        "resample": _BICUBIC,
        "image_mean": _HALF,
        "image_std": _HALF,
    },
    "ViT": {
        "square": True,
        "size": {"height": 224, "width": 224},
        "do_center_crop": False,
        "resample": _BILINEAR,
        "image_mean": _HALF,
        "image_std": _HALF,
    },
}
# Switches of other processors whose effect on the pixels is reproduced nowhere in here. Converting
# to RGB always happens; the two about batching and tensors do not touch the pixels.
_HARMLESS_SWITCHES: Final = {"do_convert_rgb"}


class UnsupportedPreprocessing(Exception):
    """The checkpoint prepares its pictures in a way this product does not reproduce."""


def with_defaults(config: dict[str, Any]) -> dict[str, Any]:
    """``config`` completed with its class's defaults.

    Raises:
        UnsupportedPreprocessing: unknown class, or a switch that is on and not reproduced.
    """
    declared = config.get("image_processor_type") or config.get("feature_extractor_type") or ""
    family = re.sub(r"(ImageProcessor(Fast|Pil)?|FeatureExtractor)$", "", str(declared))
    if family not in _DEFAULTS:
        known = ", ".join(f"{name}ImageProcessor" for name in _DEFAULTS)
        raise UnsupportedPreprocessing(
            f"its image processor is {declared or 'not named'}; {known} are supported"
        )
    given = {key: value for key, value in config.items() if value is not None}
    merged = _COMMON | _DEFAULTS[family] | given
    reproduced = {"do_resize", "do_center_crop", "do_rescale", "do_normalize"} | _HARMLESS_SWITCHES
    for key, value in merged.items():
        if key.startswith("do_") and value and key not in reproduced:
            raise UnsupportedPreprocessing(f"{key} is on")
    if not merged["do_resize"]:
        raise UnsupportedPreprocessing("do_resize is off, so pictures would differ in shape")
    return merged


def read_size(config: dict[str, Any]) -> tuple[tuple[int, int] | None, int | None]:
    """(exact (height, width), None) or (None, shortest edge), in pixels."""
    size = config["size"]
    if isinstance(size, int):
        size = {"height": size, "width": size} if config["square"] else {"shortest_edge": size}
    if isinstance(size, dict):
        given = {key: value for key, value in size.items() if value is not None}
        if set(given) == {"height", "width"}:
            return (_pixels(given["height"]), _pixels(given["width"])), None
        if set(given) == {"shortest_edge"}:
            return None, _pixels(given["shortest_edge"])
    raise UnsupportedPreprocessing(f"size is {config['size']!r}")


def read_crop(config: dict[str, Any]) -> tuple[int, int] | None:
    """(height, width) of the centre crop in pixels, or None where there is none."""
    if not config["do_center_crop"]:
        return None
    crop = config.get("crop_size")
    if isinstance(crop, int):
        return _pixels(crop), _pixels(crop)
    if isinstance(crop, dict) and crop.get("height") and crop.get("width"):
        return _pixels(crop["height"]), _pixels(crop["width"])
    raise UnsupportedPreprocessing(f"crop_size is {crop!r}")


def read_resample(config: dict[str, Any]) -> int:
    """Pillow's filter id: 0 nearest, 1 Lanczos, 2 bilinear, 3 bicubic, 4 box, 5 Hamming."""
    resample = config["resample"]
    if isinstance(resample, int) and not isinstance(resample, bool) and 0 <= resample <= 5:
        return resample
    raise UnsupportedPreprocessing(f"resample is {resample!r}")


def read_numbers(config: dict[str, Any], key: str) -> tuple[float, float, float]:
    """One number per RGB channel; a single number stands for all three."""
    value = config[key]
    values = [value] * 3 if isinstance(value, (int, float)) else value
    if isinstance(values, (list, tuple)) and len(values) == 3:
        red, green, blue = (float(number) for number in values)
        if key != "image_std" or min(red, green, blue) > 0:
            return red, green, blue
    raise UnsupportedPreprocessing(f"{key} is {value!r}")


def _pixels(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise UnsupportedPreprocessing(f"a side of {value!r} pixels")
