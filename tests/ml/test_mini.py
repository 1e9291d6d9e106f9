"""The bundled model, as shipped: what it recognises, how far apart its vectors lie, its size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.ml import encoder, scoring
from catalog.ml.mini.drawing import KINDS, draw
from catalog.ml.mini.labels import read_nodes, read_templates

from . import pictures

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "catalog" / "ml" / "mini" / "model"
DEMO = ROOT / "demo"
PER_KIND = 4
# Far from every seed training draws with.
FRESH = 987_654


@pytest.fixture(scope="module")
def mini() -> encoder.DualEncoder:
    return encoder.load(str(MODEL), device="cpu")


@pytest.fixture(scope="module")
def classes(mini: encoder.DualEncoder) -> tuple[list[str], NDArray[np.float32]]:
    """Every leaf of the starter taxonomy and its vector."""
    leaves = [node.id for node in read_nodes() if node.leaf]
    return leaves, np.stack([vector(mini, leaf) for leaf in leaves])


def vector(mini: encoder.DualEncoder, label: str) -> NDArray[np.float32]:
    name = scoring.readable(label)
    return scoring.ensemble(
        mini.encode_texts([t.replace("{label}", name) for t in read_templates()])
    )


@pytest.fixture(scope="module")
def drawn(mini: encoder.DualEncoder) -> tuple[list[str], NDArray[np.float32]]:
    """Fresh drawings of every kind and their vectors."""
    kinds = [kind for kind in KINDS for _ in range(PER_KIND)]
    data = [
        pictures.jpeg(draw(kind, np.random.default_rng([FRESH, index]), size=256))
        for index, kind in enumerate(kinds)
    ]
    return kinds, mini.encode_images([mini.decode(item) for item in data])


def test_says_what_it_is(mini: encoder.DualEncoder) -> None:
    assert (mini.is_mini, mini.name, mini.scoring) == (True, "vitrine-mini", "softmax")
    assert 1.0 < mini.logit_scale <= 100.5


def test_is_small_and_has_a_card() -> None:
    files = [path for path in MODEL.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 25_000_000
    assert not [path for path in files if path.suffix in {".bin", ".pt", ".pkl"}]
    card = (MODEL / "README.md").read_text(encoding="utf-8")
    for source in ("CC0 1.0", "Grocery Store Dataset", "Marcus Klasson", "Apache-2.0"):
        assert source in card


def test_names_fresh_drawings(
    drawn: tuple[list[str], NDArray[np.float32]], classes: tuple[list[str], NDArray[np.float32]]
) -> None:
    kinds, vectors = drawn
    leaves, texts = classes
    named = [leaves[best] for best in (vectors @ texts.T).argmax(axis=1)]
    wrong = [pair for pair in zip(kinds, named, strict=True) if pair[0] != pair[1]]
    # 0.85 on 480 drawings (model card); four standard errors of this smaller sample below that.
    assert len(wrong) <= 0.25 * len(kinds), wrong


def test_a_branch_lies_nearer_to_its_own_leaves(
    mini: encoder.DualEncoder, classes: tuple[list[str], NDArray[np.float32]]
) -> None:
    leaves, texts = classes
    cosines = dict(zip(leaves, texts @ vector(mini, "weapons"), strict=True))
    inside = min(cosines[leaf] for leaf in ("handgun", "rifle", "combat-knife", "hand-grenade"))
    assert inside > max(cosines[leaf] for leaf in ("dress", "banana", "teapot", "water-pistol"))


def test_unknown_words_are_spelled_not_dropped(mini: encoder.DualEncoder) -> None:
    one, other = mini.encode_texts(["zyxwvut", "qwertz 42"])
    assert float(one @ other) < 0.999
    tokens = json.loads((MODEL / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    assert all(f"##{letter}" in tokens for letter in "abcdefghijklmnopqrstuvwxyz0123456789")


def test_forbidden_drawings_lie_nearer_to_the_exemplars_than_harmless_ones(
    mini: encoder.DualEncoder, drawn: tuple[list[str], NDArray[np.float32]]
) -> None:
    """Matching's own measure: the cosine to the nearest violating exemplar of the demo."""
    manifest = json.loads((DEMO / "manifest.json").read_text(encoding="utf-8"))
    files = [e["file"] for e in manifest["exemplars"] if e["kind"] == "violating"]
    banned = mini.encode_images([mini.decode((DEMO / file).read_bytes()) for file in files])
    kinds, vectors = drawn
    nearest = (vectors @ banned.T).max(axis=1)
    restricted = {n.id for n in read_nodes() if n.leaf and "restricted-goods" in n.ancestors}
    forbidden = np.array([kind in restricted for kind in kinds])
    assert forbidden.sum() == len(restricted) * PER_KIND
    pairs = nearest[forbidden][:, None] > nearest[~forbidden][None, :]
    assert pairs.mean() >= 0.9
    assert np.median(nearest[forbidden]) > np.quantile(nearest[~forbidden], 0.95)
