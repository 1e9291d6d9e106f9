"""From cosines to probabilities, and from labels to prompts. numpy only."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import ArrayLike, NDArray

SOFTMAX = "softmax"
SIGMOID = "sigmoid"


def probabilities(
    cosines: ArrayLike, *, scoring: str, logit_scale: float, logit_bias: float = 0.0
) -> NDArray[np.float64]:
    """What the checkpoint was trained to say about ``cosines`` (n, c), images by captions.

    ``softmax`` (CLIP): captions compete, each row sums to 1. ``sigmoid`` (SigLIP): each caption
    answers for itself. ``logit_scale`` is the exponentiated one. Computed in float64: logits reach
    ±120, where float32 would round small probabilities away.

    Raises:
        ValueError: unknown ``scoring``.
    """
    logits = logit_scale * np.asarray(cosines, dtype=np.float64) + logit_bias
    if scoring == SOFTMAX:
        if logits.shape[-1] == 0:
            return logits
        exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))
    if scoring == SIGMOID:
        # exp() of a non-positive number never overflows, on either side of zero.
        small = np.exp(-np.abs(logits))
        return np.asarray(np.where(logits >= 0, 1.0, small) / (1.0 + small))
    raise ValueError(f"scoring is {scoring!r}, neither {SOFTMAX!r} nor {SIGMOID!r}")


def ensemble(vectors: ArrayLike) -> NDArray[np.float32]:
    """One unit vector (d,) for many prompts (t, d): the mean of the normalised, renormalised.

    Source: prompt ensembling in Radford et al. 2021 (CLIP), section 3.1.4.

    Raises:
        ValueError: no vectors, a zero one, or ones that cancel out: they have no direction.
    """
    stacked = np.asarray(vectors, dtype=np.float64)
    if stacked.ndim != 2 or len(stacked) == 0:
        raise ValueError(f"expected vectors of shape (t, d) with t ≥ 1, got {stacked.shape}")
    return _unit(_unit(stacked).mean(axis=0)).astype(np.float32)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if not np.all(norms > 1e-12):
        raise ValueError("a vector of length zero has no direction")
    return np.asarray(vectors / norms)


def readable(label: str) -> str:
    """A folder name or slug as words: ``red_delicious-apple`` is ``red delicious apple``.

    Every ``-`` and ``_`` becomes a space, so ``t-shirt`` is prompted as ``t shirt`` everywhere:
    in training, in evaluation and in the taxonomy.
    """
    return re.sub(r"[-_\s]+", " ", label).strip().lower()


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """Prompt templates, each with one ``{label}``. ``version`` is a digest of the templates."""

    version: str
    templates: tuple[str, ...]

    def fill(self, label: str) -> list[str]:
        """One prompt per template, (t,)."""
        return [template.replace("{label}", label) for template in self.templates]


def load_templates(path: Path) -> TemplateSet:
    """Read ``{version: 1, templates: [...]}`` from a YAML file.

    Raises:
        ValueError: the file has another shape, no templates, or one without ``{label}``.
    """
    content = yaml.safe_load(path.read_text("utf-8"))
    if not isinstance(content, dict) or content.get("version") != 1:
        raise ValueError(f"{path}: expected a mapping with 'version: 1' and 'templates'")
    templates = content.get("templates")
    if not isinstance(templates, list) or not templates:
        raise ValueError(f"{path}: 'templates' is not a list with at least one entry")
    for template in templates:
        if not isinstance(template, str) or template.count("{label}") != 1:
            raise ValueError(f"{path}: {template!r} does not contain {{label}} exactly once")
    digest = hashlib.sha256(json.dumps(templates).encode()).hexdigest()
    return TemplateSet(version=digest[:16], templates=tuple(templates))
