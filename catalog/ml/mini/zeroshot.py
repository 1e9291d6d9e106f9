"""Zero-shot scoring of pictures during training: the same names and templates as the shop's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from catalog.ml.mini.augment import MEAN, STD
from catalog.ml.mini.model import ImageTower, embed_texts


@dataclass(frozen=True)
class Group:
    """Pictures of one top folder, decoded at the size they are judged at."""

    name: str
    pixels: np.ndarray
    leaves: tuple[str, ...]


def open_groups(root: Path, paths: Sequence[str], px: int) -> list[Group]:
    """Decode photos from their original files, squeezed to `px` squares; one group per folder."""
    groups = []
    for name in sorted({path.split("/")[0] for path in paths}):
        mine = [path for path in paths if path.split("/")[0] == name]
        groups.append(
            Group(
                name,
                np.stack([squeeze(Image.open(root / path), px) for path in mine]),
                tuple(path.split("/")[-2] for path in mine),
            )
        )
    return groups


def squeeze(picture: Image.Image, px: int) -> np.ndarray:
    """Return uint8 (px, px, 3), the whole picture squeezed to a square."""
    small = picture.convert("RGB").resize((px, px), Image.Resampling.BICUBIC)
    return np.asarray(small)


@torch.no_grad()
def encode(
    tower: ImageTower, pixels: np.ndarray, *, px: int | None = None, batch: int = 128
) -> torch.Tensor:
    """Return normalised vectors (n, D) of uint8 (n, h, w, 3), resized to `px` squares if asked."""
    device = tower.visual_projection.weight.device
    tower.eval()
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
    vectors = []
    for start in range(0, len(pixels), batch):
        chunk = torch.from_numpy(np.ascontiguousarray(pixels[start : start + batch]))
        chunk = (chunk.permute(0, 3, 1, 2).float() / 255 - mean) / std
        if px:
            chunk = F.interpolate(chunk, (px, px), mode="bicubic", antialias=True)
        chunk = chunk.to(device, memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            vectors.append(tower(chunk).cpu())
    return torch.cat(vectors)


@torch.no_grad()
def class_vectors(
    model: Any, tokenizer: Any, names: Sequence[str], templates: Sequence[str]
) -> torch.Tensor:
    """Return (len(names), D): per name the renormalised mean over all templates."""
    rows = []
    for name in names:
        texts = [template.replace("{label}", name) for template in templates]
        rows.append(F.normalize(embed_texts(model, tokenizer, texts).mean(0), dim=-1).cpu())
    return torch.stack(rows)


def accuracy(
    tower: ImageTower, group: Group, classes: torch.Tensor, leaves: Sequence[str]
) -> tuple[float, float]:
    """Return top-1 and top-5 of one group, each picture against all of `leaves`."""
    truth = torch.tensor([leaves.index(leaf) for leaf in group.leaves])
    cosines = encode(tower, group.pixels) @ classes.T
    ranked = cosines.topk(min(5, len(leaves)), dim=1).indices
    hits = ranked == truth[:, None]
    return hits[:, 0].float().mean().item(), hits.any(1).float().mean().item()
