"""Probabilities against transformers' own outputs and worked numbers; prompts and labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from catalog.ml import scoring


def test_softmax_rows_compete() -> None:
    found = scoring.probabilities([[0.3, 0.2, 0.1]], scoring="softmax", logit_scale=10.0)
    assert found[0] == pytest.approx([0.66524096, 0.24472847, 0.09003057], abs=1e-8)


def test_sigmoid_answers_each_for_itself() -> None:
    found = scoring.probabilities(
        [[0.1, 0.1]], scoring="sigmoid", logit_scale=110.0, logit_bias=-12.0
    )
    assert found[0] == pytest.approx([1 / (1 + np.exp(1.0))] * 2)


def test_extreme_logits_stay_finite_and_ordered() -> None:
    cosines = np.array([[1.0, -1.0, 0.999]])
    with np.errstate(all="raise", under="ignore"):
        soft = scoring.probabilities(cosines, scoring="softmax", logit_scale=1000.0)
        sigmoid = scoring.probabilities(
            cosines, scoring="sigmoid", logit_scale=700.0, logit_bias=-9.0
        )
    assert np.isfinite(soft).all()
    assert soft.sum() == pytest.approx(1)
    assert np.isfinite(sigmoid).all()
    assert 0 < sigmoid[0, 1] < 1e-300


@pytest.mark.parametrize("bias", [0.0, -12.9])
def test_agrees_with_torch(bias: float) -> None:
    cosines = np.random.default_rng(1).uniform(-1, 1, (5, 9)).astype(np.float32)
    logits = torch.from_numpy(cosines).double() * 100.0 + bias
    for name, reference in (("softmax", logits.softmax(-1)), ("sigmoid", logits.sigmoid())):
        ours = scoring.probabilities(cosines, scoring=name, logit_scale=100.0, logit_bias=bias)
        assert ours == pytest.approx(reference.numpy(), rel=1e-9)


def test_unknown_scoring_is_refused() -> None:
    with pytest.raises(ValueError, match="neither 'softmax' nor 'sigmoid'"):
        scoring.probabilities([[0.0]], scoring="cosine", logit_scale=1.0)


def test_no_candidates_and_no_images() -> None:
    for shape in ((3, 0), (0, 4)):
        for name in ("softmax", "sigmoid"):
            found = scoring.probabilities(np.empty(shape), scoring=name, logit_scale=1.0)
            assert found.shape == shape


def test_ensemble_is_the_mean_direction_not_the_mean() -> None:
    """A long vector counts as much as a short one: (3, 0) and (0, 1) give 45 degrees."""
    found = scoring.ensemble([[3.0, 0.0], [0.0, 1.0]])
    assert found == pytest.approx([0.5**0.5, 0.5**0.5])
    assert found.dtype == np.float32


@pytest.mark.parametrize("vectors", [[], [[0.0, 0.0]], [[1.0, 0.0], [-1.0, 0.0]], [1.0, 2.0]])
def test_ensemble_without_a_direction_is_refused(vectors: list[object]) -> None:
    with pytest.raises(ValueError, match=r"direction|shape"):
        scoring.ensemble(np.array(vectors, dtype=float))


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("t-shirt", "t shirt"),
        ("red_delicious-apple", "red delicious apple"),
        ("  Hat ", "hat"),
        ("oat--milk", "oat milk"),
        ("Crème-fraîche", "crème fraîche"),
    ],
)
def test_readable(label: str, words: str) -> None:
    assert scoring.readable(label) == words


def test_templates(tmp_path: Path) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text('version: 1\ntemplates: ["a photo of {label}", "{label}!"]\n')
    first = scoring.load_templates(path)
    assert first.fill("red {x} hat") == ["a photo of red {x} hat", "red {x} hat!"]
    path.write_text('# comment\nversion: 1\ntemplates:\n- a photo of {label}\n- "{label}!"\n')
    assert scoring.load_templates(path) == first
    path.write_text('version: 1\ntemplates: ["{label}!", "a photo of {label}"]\n')
    assert scoring.load_templates(path).version != first.version


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a",
        "version: 2\ntemplates: ['{label}']",
        "version: 1\ntemplates: []",
        "version: 1\ntemplates: ['a photo']",
        "version: 1\ntemplates: ['{label} and {label}']",
        "version: 1\ntemplates: [3]",
    ],
)
def test_malformed_templates_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"templates\.yaml"):
        scoring.load_templates(path)
