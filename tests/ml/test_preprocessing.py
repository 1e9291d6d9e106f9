"""The same pixels transformers' own Pillow processors give, or a refusal that says why not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from catalog.ml import images
from catalog.ml.preprocessing import (
    Preprocessing,
    UnsupportedPreprocessing,
    load_preprocessing,
)

from . import pictures

PROCESSORS = {
    "clip": CLIPImageProcessorPil(),
    "clip, odd crop": CLIPImageProcessorPil(
        size={"shortest_edge": 97}, crop_size={"height": 81, "width": 90}, resample=2
    ),
    "clip, exact size": CLIPImageProcessorPil(
        size={"height": 120, "width": 100}, crop_size={"height": 96, "width": 96}
    ),
    "siglip": SiglipImageProcessorPil(),
    "siglip, Lanczos": SiglipImageProcessorPil(size={"height": 99, "width": 130}, resample=1),
    "vit": ViTImageProcessorPil(size={"height": 80, "width": 80}),
    "vit, raw": ViTImageProcessorPil(do_rescale=False, do_normalize=False),
}
SIZES = [
    (224, 224),
    (300, 224),
    (224, 301),
    (640, 427),
    (427, 640),
    (97, 1000),
    (50, 40),
    (1999, 31),
]


def normalised(data: bytes, prep: Preprocessing) -> NDArray[np.float64]:
    """What the model sees, (3, height, width)."""
    values = images.decode(data, prep) * prep.rescale_factor
    return np.moveaxis((values - np.array(prep.mean)) / np.array(prep.std), -1, 0)


@pytest.mark.parametrize("name", PROCESSORS)
def test_full_decode_is_the_reference(name: str, jpegs: list[bytes]) -> None:
    processor = PROCESSORS[name]
    prep = dataclasses.replace(Preprocessing.from_config(processor.to_dict()), dct_margin=0)
    step = prep.rescale_factor / min(prep.std)
    drawn = [pictures.png(pictures.scene(seed, *size)) for seed, size in enumerate(SIZES)]
    for data in [*jpegs, *drawn]:
        shown = pictures.opened(data).convert("RGB")
        reference = processor(images=shown, return_tensors="np")["pixel_values"][0]
        ours = normalised(data, prep)
        assert ours.shape == reference.shape
        # Steps of 255: rounding between the two passes of a filter costs one, here and there.
        assert np.abs(ours - reference).max() <= 2.01 * step
        assert np.abs(ours - reference).mean() < 0.25 * step


def test_the_comparison_can_fail(jpegs: list[bytes]) -> None:
    """A crop one pixel off, or another filter, is far outside what the test above allows."""
    prep = dataclasses.replace(
        Preprocessing.from_config(PROCESSORS["clip"].to_dict()), dct_margin=0
    )
    right = normalised(jpegs[0], prep)
    assert np.abs(np.roll(right, 1, axis=2) - right).mean() > prep.rescale_factor / min(prep.std)
    bilinear = dataclasses.replace(prep, resample=2)
    large = pictures.jpeg(pictures.enlarged(jpegs[0], 500))
    assert np.abs(normalised(large, bilinear) - normalised(large, prep)).max() > 0.05


@pytest.mark.parametrize("name", ["clip", "siglip"])
def test_reduced_decoding_stays_near_the_reference(name: str, large_jpegs: list[bytes]) -> None:
    prep = Preprocessing.from_config(PROCESSORS[name].to_dict())
    full = dataclasses.replace(prep, dct_margin=0)
    pairs = [(images.decode(d, prep), images.decode(d, full)) for d in large_jpegs]
    differences = [np.abs(a.astype(int) - b.astype(int)).mean() for a, b in pairs]
    assert max(differences) > 0  # it did decode at a reduced size
    assert float(np.median(differences)) < 1.0


@pytest.mark.parametrize(("width", "height"), [(640, 427), (427, 640), (4000, 2999), (225, 224)])
def test_geometry_is_the_one_of_the_reference(width: int, height: int) -> None:
    """The expected long sides are written out: 224 × long / short, truncated."""
    expected = {(640, 427): 335, (427, 640): 335, (4000, 2999): 298, (225, 224): 225}
    plan = Preprocessing.from_config(PROCESSORS["clip"].to_dict()).geometry(width, height)
    long = expected[width, height]
    assert (plan.width, plan.height) == ((long, 224) if width > height else (224, long))
    assert (plan.left, plan.top) == ((plan.width - 224) // 2, (plan.height - 224) // 2)


def test_old_configuration_with_bare_numbers() -> None:
    """As the first CLIP and ViT checkpoints spell it: ``size`` means another thing to each."""
    shared = {"size": 224, "resample": 3, "do_normalize": True}
    clip = Preprocessing.from_config(
        shared | {"feature_extractor_type": "CLIPFeatureExtractor", "crop_size": 224}
    )
    assert (clip.shortest_edge, clip.resize_to, clip.height) == (224, None, 224)
    assert clip.mean[0] == pytest.approx(0.48145466)
    vit = Preprocessing.from_config(shared | {"feature_extractor_type": "ViTFeatureExtractor"})
    assert (vit.shortest_edge, vit.resize_to, vit.mean) == (None, (224, 224), (0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image_processor_type": "ConvNextImageProcessor"}, "ConvNextImageProcessor"),
        ({"image_processor_type": None}, "not named"),
        ({"do_resize": False}, "do_resize"),
        ({"do_pad": True}, "do_pad"),
        ({"do_flip_channel_order": True}, "do_flip_channel_order"),
        ({"size": {"longest_edge": 224}}, "size"),
        ({"size": {"shortest_edge": 224, "longest_edge": 500}}, "size"),
        ({"size": {"shortest_edge": 200}}, "larger than the resized"),
        ({"do_center_crop": False}, "do_center_crop is off"),
        ({"resample": 9}, "resample"),
        ({"image_mean": [0.5, 0.5]}, "image_mean"),
        ({"image_std": [0.5, 0.0, 0.5]}, "image_std"),
        ({"crop_size": {"height": -1, "width": 3}}, "pixels"),
    ],
)
def test_what_is_not_reproduced_is_refused(change: dict[str, Any], words: str) -> None:
    config = PROCESSORS["clip"].to_dict() | change
    with pytest.raises(UnsupportedPreprocessing, match=words):
        Preprocessing.from_config(config)


def test_version_follows_everything_that_decides_pixels() -> None:
    prep = Preprocessing.from_config(PROCESSORS["clip"].to_dict())
    same = Preprocessing.from_config(PROCESSORS["clip"].to_dict() | {"do_convert_rgb": None})
    assert prep.version == same.version
    changes = [{"dct_margin": 0}, {"resample": 2}, {"mean": (0.0, 0.0, 0.0)}, {"width": 223}]
    versions = {dataclasses.replace(prep, **change).version for change in changes}
    assert len(versions | {prep.version}) == len(changes) + 1


def test_both_file_names_are_read_and_the_newer_wins(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedPreprocessing, match=r"neither preprocessor_config\.json"):
        load_preprocessing(tmp_path)
    old = {"image_processor_type": "SiglipImageProcessor", "size": {"height": 64, "width": 64}}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(old))
    assert load_preprocessing(tmp_path).height == 64
    new = {"image_processor": old | {"size": {"height": 96, "width": 96}}}
    (tmp_path / "processor_config.json").write_text(json.dumps(new))
    assert load_preprocessing(tmp_path).height == 96
    (tmp_path / "processor_config.json").write_text("{")
    with pytest.raises(UnsupportedPreprocessing, match="not JSON"):
        load_preprocessing(tmp_path)
