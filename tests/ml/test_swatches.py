"""Colours measured from pixels: their names, grounds, and drawings whose colour is known."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from PIL import Image

from benchmarks.colours import painted
from catalog.ml.swatches import Palette, lab, rgb_of

DATA = Path(__file__).resolve().parents[2] / "catalog" / "data"
RED, BLUE, GREY = (200, 30, 36), (31, 79, 191), (150, 150, 152)


@pytest.fixture(scope="module")
def colours() -> dict[str, list[str]]:
    asked = yaml.safe_load((DATA / "starter_attributes.yaml").read_text("utf-8"))["attributes"]
    return {each["id"]: each["swatches"] for each in asked[0]["values"]}


@pytest.fixture(scope="module")
def palette(colours: dict[str, list[str]]) -> Palette:
    return Palette(list(colours.values()))


def picture(
    ground: tuple[int, ...], thing: tuple[int, ...], *, height: int = 128, width: int = 128
) -> NDArray[np.uint8]:
    made = np.empty((height, width, 3), dtype=np.uint8)
    made[:] = ground
    made[height // 4 : -height // 4, width // 4 : -width // 4] = thing
    return made


def test_lab_is_that_of_known_colours() -> None:
    known = np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255]], dtype=np.uint8)
    expected = [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.2], [32.3, 79.19, -107.86]]
    np.testing.assert_allclose(lab(known), expected, atol=0.1)


@pytest.mark.parametrize(("height", "width"), [(128, 128), (16, 16), (20, 300), (224, 224)])
def test_the_thing_counts_and_not_its_ground(
    height: int, width: int, palette: Palette, colours: dict[str, list[str]]
) -> None:
    red, filled = palette.shares(
        [
            picture(GREY, RED, height=height, width=width),
            picture(BLUE, BLUE, height=height, width=width),
        ]
    )
    names = list(colours)
    assert red[names.index("red")] > 0.9
    assert filled[names.index("blue")] == pytest.approx(1)
    assert red.sum() == pytest.approx(1)


def test_every_swatch_goes_by_its_own_name(palette: Palette, colours: dict[str, list[str]]) -> None:
    for number, (name, swatches) in enumerate(colours.items()):
        for swatch in swatches:
            plain = np.full((32, 32, 3), rgb_of(swatch), dtype=np.uint8)
            assert palette.shares([plain])[0].argmax() == number, (name, swatch)


def test_another_palette_is_another_version() -> None:
    first = Palette([["#ff0000"], ["#0000ff"]])
    assert first.version == Palette([["#ff0000"], ["#0000ff"]]).version
    assert first.version != Palette([["#ff0000", "#0000ff"]]).version


@pytest.mark.parametrize("wrong", ["", "red", "#ff00", "#ff00zz", "ff0000", "#ff 000"])
def test_what_is_no_colour_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="is no colour"):
        rgb_of(wrong)


def test_drawings_of_known_colour_are_named_rightly(
    palette: Palette, colours: dict[str, list[str]]
) -> None:
    """Measured with more: docs/tagging.md."""
    drawn = list(painted(2, calm=True, seed=11, kinds=("mug", "sofa")))
    pixels = [np.asarray(Image.open(io.BytesIO(data)).resize((128, 128))) for _, data in drawn]
    names = list(colours)
    named = [names[index] for index in palette.shares(pixels).argmax(axis=1)]
    right = sum(found == name for found, (name, _) in zip(named, drawn, strict=True))
    assert right >= 43  # of 48
