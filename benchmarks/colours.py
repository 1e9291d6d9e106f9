"""How often a thing's colour is named rightly, by its pixels and by an encoder's words.

`python -m benchmarks.colours [--photos DIR]`: on drawings whose paint is known, in a catalogue's
poses and in wilder ones, and on photos of goods whose name implies a colour.
"""

import argparse
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from catalog.ml.mini.drawing import palette
from catalog.ml.mini.drawing.frame import look, picture
from catalog.ml.mini.drawing.palette import Colour
from catalog.ml.mini.drawing.pen import Pen
from catalog.ml.mini.drawing.registry import REGISTRY

KINDS = ("mug", "teapot", "backpack", "sofa", "book")
# What people call so: hue in degrees, saturation and value, each from and to. Written down apart
# from the swatches, and before they were measured with it.
PAINTS: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "black": ((0, 360), (0, 0.12), (0.03, 0.16)),
    "white": ((0, 360), (0, 0.04), (0.93, 1)),
    "grey": ((0, 360), (0, 0.05), (0.42, 0.66)),
    "red": ((-8, 6), (0.75, 0.95), (0.6, 0.9)),
    "orange": ((20, 32), (0.8, 0.95), (0.88, 1)),
    "yellow": ((47, 58), (0.7, 0.95), (0.88, 1)),
    "green": ((95, 150), (0.5, 0.9), (0.4, 0.8)),
    "blue": ((205, 232), (0.55, 0.9), (0.5, 0.95)),
    "purple": ((268, 290), (0.45, 0.8), (0.45, 0.8)),
    "pink": ((325, 348), (0.25, 0.6), (0.9, 1)),
    "brown": ((18, 30), (0.5, 0.75), (0.3, 0.52)),
    "beige": ((32, 44), (0.14, 0.28), (0.82, 0.93)),
}
IMPLIED = {
    "fruit/apple/red-delicious": "red",
    "fruit/apple/granny-smith": "green",
    "fruit/banana": "yellow",
    "fruit/kiwi": "brown",
    "fruit/lemon": "yellow",
    "fruit/lime": "green",
    "fruit/orange": "orange",
    "fruit/pomegranate": "red",
    "fruit/satsumas": "orange",
    "vegetables/asparagus": "green",
    "vegetables/aubergine": "purple",
    "vegetables/carrots": "orange",
    "vegetables/cucumber": "green",
    "vegetables/garlic": "white",
    "vegetables/leek": "green",
    "vegetables/pepper/green-bell-pepper": "green",
    "vegetables/pepper/orange-bell-pepper": "orange",
    "vegetables/pepper/red-bell-pepper": "red",
    "vegetables/pepper/yellow-bell-pepper": "yellow",
    "vegetables/tomato": "red",
    "vegetables/zucchini": "green",
}
LOOKED_AT = 40  # photos of each folder that the measuring was made with, and is not judged on
PROMPTS = ("a photo of something {}", "a {} product", "a photo of a {} object", "{}")


class OnePaint(Pen):
    """Paints everything that may have any colour with one."""

    def __init__(self, rng: np.random.Generator, colour: Colour) -> None:
        super().__init__(rng, shaded=bool(rng.random() < 0.7))
        self.colour = colour

    def paint(self) -> Colour:
        return self.colour


def painted(
    each: int, *, calm: bool, seed: int, kinds: Sequence[str] = KINDS
) -> Iterator[tuple[str, bytes]]:
    """So many drawings of every kind in every colour: the colour's name and a JPEG."""
    for k, kind in enumerate(kinds):
        for c, (name, ranges) in enumerate(PAINTS.items()):
            for number in range(each):
                rng = np.random.default_rng([seed, k, c, number, int(calm)])
                hue, saturation, value = (rng.uniform(*pair) for pair in ranges)
                entry = REGISTRY[kind]
                pen = OnePaint(rng, palette.hsv(hue / 360, saturation, value))
                entry.artist(pen)
                pose = look(rng, spin=entry.spin, tilt=entry.tilt, calm=calm)
                yield name, _jpeg(picture(pen.marks, rng, pose=pose, size=256, calm=calm))


def implied(photos: Path) -> Iterator[tuple[str, bytes]]:
    """Photos whose folder implies a colour."""
    for folder, name in IMPLIED.items():
        for file in sorted((photos / "groceries" / folder).rglob("*.jpg"))[LOOKED_AT:]:
            yield name, file.read_bytes()


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder with groceries/")
    parser.add_argument("--each", type=int, default=10)
    parser.add_argument("--seed", type=int, default=2)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings

    from catalog.attributes.files import STARTER, read
    from catalog.ml.encoder import load
    from catalog.ml.scoring import ensemble
    from catalog.ml.swatches import Palette

    colour = read(STARTER.read_bytes())[0]
    names = np.array([value.slug for value in colour.values])
    measure = Palette([value.swatches for value in colour.values])
    encoder = load(settings.VITRINE_ENCODER)
    texts = np.stack(
        [ensemble(encoder.encode_texts([p.format(name) for p in PROMPTS])) for name in names]
    )
    sets = {
        "drawings, catalogue": list(painted(options.each, calm=True, seed=options.seed)),
        "drawings, wild": list(painted(options.each, calm=False, seed=options.seed)),
    }
    if options.photos:
        sets["photos, implied"] = list(implied(options.photos))
    print(f"{'':22}{'pictures':>9}{'pixels':>8}{'answered':>10}{'of those':>10}{'words':>8}")
    for called, pictures in sets.items():
        truth = np.array([name for name, _ in pictures])
        pixels = [encoder.decode(data) for _, data in pictures]
        shares = measure.shares(pixels)
        right = names[shares.argmax(axis=1)] == truth
        sure = shares.max(axis=1) >= colour.threshold
        said = names[(encoder.encode_images(pixels) @ texts.T).argmax(axis=1)] == truth
        print(
            f"{called:22}{len(truth):9}{right.mean():8.3f}{sure.mean():10.3f}"
            f"{right[sure].mean():10.3f}{said.mean():8.3f}"
        )


if __name__ == "__main__":
    main()
