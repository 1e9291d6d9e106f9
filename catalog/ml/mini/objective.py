"""The contrastive objective, with labels that many pictures and captions of a batch share."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

MAX_LOGIT_SCALE = math.log(100.0)


def contrast(vectors: Tensor, others: Tensor, targets: Tensor, scale: Tensor) -> Tensor:
    """Cross-entropy of unit vectors (B,D) over others (C,D) with soft targets (B,C).

    A batch holds many pictures of one label; plain InfoNCE would push a picture away from the
    caption of its twin. One vector per node and soft targets avoid that, as in supervised
    contrastive learning (Khosla et al., 2020).
    """
    return F.cross_entropy(scale * vectors @ others.T, targets)


def contrast_images(images: Tensor, targets: Tensor, *, temperature: float) -> Tensor:
    """Pull pictures of one label together, others apart (matching compares pictures by cosine)."""
    n = len(images)
    itself = torch.eye(n, dtype=torch.bool, device=images.device)
    alike = (targets @ targets.T).masked_fill(itself, 0.0)
    # Below this two mixed pictures share only a sliver of a label (or a distant ancestor).
    alike = torch.where(alike > 0.2, alike, torch.zeros_like(alike))
    mass = alike.sum(1)
    paired = mass > 0
    if not bool(paired.any()):
        return images.sum() * 0.0
    # -1e4 and not -inf: a target of 0 times -inf would be NaN.
    logits = (images @ images.T / temperature).masked_fill(itself, -1e4)
    return F.cross_entropy(logits[paired], alike[paired] / mass[paired, None])
