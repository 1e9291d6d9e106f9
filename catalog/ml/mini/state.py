"""What a training run keeps between epochs: averaged weights, checkpoint, random generators."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn


class Average:
    """Exponential moving average of a model's weights and normalisation statistics."""

    def __init__(self, model: nn.Module, *, decay: float) -> None:
        """Start from a copy of `model`."""
        self.model = copy.deepcopy(model).eval()
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move one step towards `model`; early on the average is short, so it is never stale."""
        self.steps += 1
        weight = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        mine, theirs = self.model.state_dict(), model.state_dict()
        floats = [name for name, tensor in mine.items() if tensor.is_floating_point()]
        torch._foreach_lerp_([mine[n] for n in floats], [theirs[n] for n in floats], weight)


def save(path: Path, **parts: Any) -> None:
    """Write a checkpoint whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(parts, part)
    part.replace(path)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint this script wrote (plain containers and tensors only)."""
    loaded: dict[str, Any] = torch.load(path, weights_only=True)
    return loaded


def generators(seed: int, epoch: int, rank: int) -> tuple[np.random.Generator, torch.Generator]:
    """Return one epoch's generators: numpy's is the team's (order, captions), torch's is one's own.

    Also seeds torch's global generator, which stochastic depth draws from.
    """
    own = int(np.random.SeedSequence([seed, epoch, rank]).generate_state(1)[0])
    torch.manual_seed(own)
    return np.random.default_rng([seed, epoch]), torch.Generator().manual_seed(own)
