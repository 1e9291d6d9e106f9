"""Pictures the project draws itself: everyday products, their look-alikes, and restricted goods.

Every kind is a leaf of the starter taxonomy. Needs Pillow and numpy only.
"""

import numpy as np
from PIL import Image

from . import (  # noqa: F401  (importing a module registers what it draws)
    alcohol,
    carried,
    devices,
    drugs,
    furniture,
    guns,
    kitchen,
    leaves,
    play,
    tobacco,
    tools,
    toys,
    vessels,
    weapons,
    worn,
)
from .frame import look, picture
from .pen import Pen
from .registry import REGISTRY

__all__ = ["KINDS", "draw"]

KINDS: tuple[str, ...] = tuple(sorted(REGISTRY))


def draw(
    kind: str, rng: np.random.Generator, *, size: int = 256, calm: bool = False
) -> Image.Image:
    """One RGB picture, size x size, of a freshly designed `kind`; everything random comes from rng.

    `calm` keeps to the poses, backgrounds and sharpness of a catalogue. Raises KeyError for a kind
    that is not in KINDS.
    """
    entry = REGISTRY[kind]
    pen = Pen(rng, shaded=bool(rng.random() < 0.7))
    entry.artist(pen)
    pose = look(rng, spin=entry.spin, tilt=entry.tilt, calm=calm)
    return picture(pen.marks, rng, pose=pose, size=size, calm=calm)
