"""The training script on a handful of pictures: it runs, resumes, exports; and its parts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from catalog.ml import encoder
from catalog.ml.mini import augment, data, labels, objective
from catalog.ml.mini.drawing import draw
from catalog.ml.mini.model import build_tokenizer
from catalog.ml.mini.recipe import Options
from catalog.ml.mini.split import held_out, is_held_out
from catalog.ml.mini.train import train

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty pictures in labelled folders; what is on them does not matter here."""
    root = tmp_path_factory.mktemp("photos")
    for folder in (
        "clothing/hat",
        "clothing/dress",
        "groceries/fruit/lemon",
        "groceries/fruit/lime",
    ):
        (root / folder).mkdir(parents=True)
        for index in range(10):
            picture = draw("mug", np.random.default_rng(index), size=64)
            picture.save(root / folder / f"{index}.jpg")
    return root


def test_trains_in_processes_then_resumes_and_exports(photos: Path, tmp_path: Path) -> None:
    cache, out = tmp_path / "cache", tmp_path / "model"
    command = [sys.executable, "-m", "catalog.ml.mini.train", "--photos", str(photos)]
    command += ["--out", str(out), "--cache", str(cache), "--epochs", "1", "--tiny"]
    command += ["--epoch-size", "32", "--per-kind", "1", "--processes", "2"]
    command += ["--caption-steps", "2"]
    printed = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=300
    ).stdout
    assert "epoch 1 1.000" in printed
    first = load_file(out / "model.safetensors")

    # One epoch is done, so asking for two runs exactly one more, from those weights.
    options = Options(
        photos=photos, cache=cache, epochs=2, tiny=True, epoch_size=32, per_kind=1, caption_steps=2
    )
    run = train(options, out=out, every=5)
    assert run.epoch == 2
    second = load_file(out / "model.safetensors")
    assert first.keys() == second.keys()
    name = "vision_model.embedder.embedder.convolution.weight"
    assert not torch.equal(first[name], second[name])

    loaded = encoder.load(str(out), device="cpu")
    assert loaded.is_mini
    assert loaded.encode_texts(["a photo of lemon"]).shape == (1, loaded.dimension)


def test_training_never_sees_the_kept_out_share(photos: Path, tmp_path: Path) -> None:
    paths = data.list_photos(photos)
    kept = held_out(paths, 7)
    seen = data.photos(photos, tmp_path, seed=7)
    assert 0 < len(kept) < len(paths)
    assert len(seen.leaves) + len(kept) == len(paths)


def test_the_split_is_a_seeded_tenth_that_ignores_the_other_photos() -> None:
    paths = [f"clothing/hat/{index}.jpg" for index in range(5000)]
    kept = held_out(paths, 7)
    assert 400 < len(kept) < 600
    assert kept == held_out(list(reversed(paths)), 7)[::-1]
    assert kept != held_out(paths, 8)
    assert all(is_held_out(path, seed=7) for path in kept)


def test_every_process_builds_the_same_tokenizer() -> None:
    """Compared with another process: the order of a set of strings differs between processes."""
    text = "god morgon apple juice, zyx"
    program = (
        "from catalog.ml.mini import labels, model\n"
        "captions = labels.all_captions(labels.read_nodes(), labels.read_templates())\n"
        f"print(model.build_tokenizer(captions)({text!r}).input_ids)"
    )
    other = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    captions = labels.all_captions(labels.read_nodes(), labels.read_templates())
    tokenizer = build_tokenizer(captions)
    assert other.strip() == str(tokenizer(text).input_ids)
    assert tokenizer.unk_token_id not in tokenizer(text).input_ids


def test_an_epoch_keeps_the_groups_in_their_shares() -> None:
    leaves = ["a"] * 900 + ["b"] * 100 + ["c"] * 50
    groups = ["clothing"] * 1000 + ["groceries"] * 50
    sampler = data.Sampler(leaves, groups, {"clothing": 0.5, "groceries": 0.5})
    drawn = np.asarray(groups)[sampler.epoch(2000, np.random.default_rng(1))]
    assert abs((drawn == "groceries").mean() - 0.5) < 0.03


def test_targets_give_ancestors_a_share() -> None:
    nodes = labels.read_nodes()
    table = labels.relatives(nodes, share=0.2)
    column = {node.id: index for index, node in enumerate(nodes)}
    row = table[column["pink-lady"]]
    assert np.allclose(table.sum(axis=1), 1.0)
    assert row[column["pink-lady"]] == pytest.approx(0.8)
    assert row[column["apple"]] == row[column["fruit"]] == row[column["groceries"]] > 0
    assert row[column["banana"]] == 0


def test_augmented_batches_keep_their_shape_and_their_targets_sum_to_one() -> None:
    gen = torch.Generator().manual_seed(3)
    pictures = torch.randint(0, 256, (8, 40, 40, 3), dtype=torch.uint8, generator=gen)
    targets = torch.eye(8)
    strength = augment.Strength(mix_batch=1.0, erase=1.0)
    for _ in range(8):
        pixels, mixed = augment.batch(pictures, targets, px=24, gen=gen, strength=strength)
        assert pixels.shape == (8, 3, 24, 24)
        assert torch.isfinite(pixels).all()
        assert torch.allclose(mixed.sum(1), torch.ones(8))


def test_twins_are_pulled_together_and_never_pushed_apart() -> None:
    targets = torch.eye(2)[torch.tensor([0, 0, 1, 1])]
    apart = torch.eye(4)
    together = torch.eye(2)[torch.tensor([0, 0, 1, 1])]
    loss = objective.contrast_images
    assert loss(together, targets, temperature=0.1) < loss(apart, targets, temperature=0.1)
    scale = torch.tensor(20.0)
    anchors = torch.eye(2)
    assert objective.contrast(together, anchors, targets, scale) < 1e-3
