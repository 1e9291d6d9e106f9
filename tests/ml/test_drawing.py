"""The drawings: every kind draws, repeatably, differently each time, and visibly."""

import hashlib
import inspect
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from catalog.ml.mini import drawing
from catalog.ml.mini.drawing import KINDS, draw
from catalog.ml.mini.drawing.registry import kind as register


def _pixels(kind: str, seed: int, *, calm: bool = False) -> np.ndarray:
    return np.asarray(draw(kind, np.random.default_rng(seed), size=64, calm=calm))


def test_there_are_enough_kinds_and_each_is_listed_once() -> None:
    assert len(KINDS) == 48
    assert len(set(KINDS)) == 48
    assert tuple(sorted(KINDS)) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_draws_repeatably_and_differs_between_seeds(kind: str) -> None:
    picture = draw(kind, np.random.default_rng(1), size=64)
    assert isinstance(picture, Image.Image)
    assert (picture.mode, picture.size) == ("RGB", (64, 64))
    assert np.array_equal(np.asarray(picture), _pixels(kind, 1))

    others = {hashlib.sha256(_pixels(kind, seed).tobytes()).digest() for seed in range(12)}
    assert len(others) == 12


@pytest.mark.parametrize("kind", KINDS)
def test_every_design_of_a_kind_stands_out_and_stays_in_the_frame(kind: str) -> None:
    """Twenty-five seeds reach the rarer designs; none may fail, vanish or fill the frame."""
    for seed in range(25):
        pixels = _pixels(kind, seed, calm=True).astype(float)
        middle, border = pixels[12:-12, 12:-12], np.concatenate([pixels[:2], pixels[-2:]])
        assert middle.std() > 12, f"seed {seed}: nothing to see"
        # A frame the thing overflowed would have its outline along the border.
        assert border.std() < 75, f"seed {seed}: overflows the frame"


def test_the_same_seed_draws_the_same_in_another_process() -> None:
    code = (
        "import hashlib, numpy as np; from catalog.ml.mini.drawing import draw;"
        "p = draw('teapot', np.random.default_rng(5), size=96);"
        "print(hashlib.sha256(p.tobytes()).hexdigest())"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    here = draw("teapot", np.random.default_rng(5), size=96)
    assert elsewhere == hashlib.sha256(here.tobytes()).hexdigest()


def test_drawing_leaves_numpys_global_generator_alone() -> None:
    np.random.seed(3)
    before = np.random.get_state()[1].copy()  # type: ignore[index]
    draw("guitar", np.random.default_rng(0), size=64)
    after = np.random.get_state()[1]  # type: ignore[index]
    assert np.array_equal(before, after)


@pytest.mark.parametrize("size", [48, 97, 256])
def test_any_size_can_be_asked_for(size: int) -> None:
    assert draw("bicycle", np.random.default_rng(2), size=size).size == (size, size)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(KeyError):
        draw("unicorn", np.random.default_rng(0))


def test_two_functions_cannot_draw_one_kind() -> None:
    with pytest.raises(ValueError, match="'mug'"):
        register("mug")(lambda pen: None)


def test_drawing_needs_neither_torch_nor_django() -> None:
    code = (
        "import sys, catalog.ml.mini.drawing;"
        "print([m for m in ('torch', 'transformers', 'django') if m in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"
    assert "size" in inspect.signature(drawing.draw).parameters
