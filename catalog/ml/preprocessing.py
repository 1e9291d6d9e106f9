"""What a checkpoint wants done to a picture, read from its own processor configuration.

The geometry is the one of transformers' Pillow image processors (``PilBackend``), so that an
embedding computed here is the embedding the checkpoint's authors would get.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from .processor_config import (
    UnsupportedPreprocessing,
    read_crop,
    read_numbers,
    read_resample,
    read_size,
    with_defaults,
)

__all__ = ["Geometry", "Preprocessing", "UnsupportedPreprocessing", "load_preprocessing"]

# Raise when this code starts giving other pixels for the same configuration: it is part of every
# encoder's fingerprint, and vectors of different fingerprints are never compared.
CODE_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Geometry:
    """Resize a picture to ``width`` by ``height``, then cut at (``left``, ``top``). Pixels."""

    width: int
    height: int
    left: int
    top: int


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Resize, centre crop, rescale, normalise: in that order.

    Attributes:
        height, width: pixels of the result.
        resize_to: exact (height, width) to resize to, or None when ``shortest_edge`` is used.
        shortest_edge: pixels the short side is resized to, keeping the aspect ratio.
        resample: Pillow's filter id (``PIL.Image.Resampling``).
        rescale_factor: multiplies 0 to 255 values before normalising.
        mean, std: per RGB channel, in rescaled units.
        dct_margin: JPEG is decoded at a reduced size of at least this many times the size resized
            to (libjpeg's DCT scaling); 0 decodes every pixel, as the reference does.
    """

    height: int
    width: int
    resize_to: tuple[int, int] | None
    shortest_edge: int | None
    resample: int
    rescale_factor: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    dct_margin: int = 2

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Preprocessing:
        """Read the mapping kept in ``preprocessor_config.json``.

        Raises:
            UnsupportedPreprocessing: it asks for something that is not reproduced here.
        """
        config = with_defaults(config)
        resize_to, shortest_edge = read_size(config)
        crop = read_crop(config)
        smallest = resize_to or (shortest_edge, shortest_edge)
        if crop is None:
            if resize_to is None:
                raise UnsupportedPreprocessing(
                    "the short side is resized but nothing is cropped (do_center_crop is off), so "
                    "pictures would differ in shape"
                )
            crop = resize_to
        elif crop[0] > (smallest[0] or 0) or crop[1] > (smallest[1] or 0):
            raise UnsupportedPreprocessing(
                f"crop_size {crop} is larger than the resized picture {smallest}, which would pad"
            )
        normalise = config["do_normalize"]
        return cls(
            height=crop[0],
            width=crop[1],
            resize_to=resize_to,
            shortest_edge=shortest_edge,
            resample=read_resample(config),
            rescale_factor=float(config["rescale_factor"]) if config["do_rescale"] else 1.0,
            mean=read_numbers(config, "image_mean") if normalise else (0.0, 0.0, 0.0),
            std=read_numbers(config, "image_std") if normalise else (1.0, 1.0, 1.0),
        )

    @property
    def version(self) -> str:
        """Digest (hex) of everything that decides the pixels, this code's version included."""
        content = json.dumps([CODE_VERSION, asdict(self)], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def geometry(self, width: int, height: int) -> Geometry:
        """Where a picture of ``width`` by ``height`` pixels goes."""
        if self.resize_to is not None:
            new_height, new_width = self.resize_to
        else:
            edge = self.shortest_edge or 0
            # The long side is truncated, not rounded, and from this very expression: another
            # order of operations gives a row more or less for some sizes.
            long = int(edge * max(width, height) / min(width, height))
            new_width, new_height = (edge, long) if width <= height else (long, edge)
        return Geometry(
            width=new_width,
            height=new_height,
            left=(new_width - self.width) // 2,
            top=(new_height - self.height) // 2,
        )


def load_preprocessing(folder: Path) -> Preprocessing:
    """Read the processor configuration of the checkpoint in ``folder``.

    Raises:
        UnsupportedPreprocessing: there is none, or it asks for something not reproduced here.
    """
    # transformers 5 nests it in processor_config.json, and prefers that file when both are there.
    for name in ("processor_config.json", "preprocessor_config.json"):
        path = folder / name
        if not path.is_file():
            continue
        try:
            config = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise UnsupportedPreprocessing(f"{path} is not JSON: {error}") from error
        if name == "processor_config.json":
            config = config.get("image_processor")
        if isinstance(config, dict):
            return Preprocessing.from_config(config)
    raise UnsupportedPreprocessing(
        f"{folder} has neither preprocessor_config.json nor processor_config.json, so how its "
        "pictures must be prepared is not known"
    )
