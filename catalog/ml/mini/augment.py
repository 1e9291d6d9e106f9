"""Batched augmentation on tensors: geometry, colour, erasing, mixing. No torchvision needed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Strength:
    """How far each change may go; chances are per picture unless said otherwise."""

    min_area: float = 0.4
    stretch: float = 4 / 3
    degrees: float = 15.0
    light: float = 0.4
    saturation: float = 0.5
    channel: float = 0.12
    grey: float = 0.03
    blur: float = 0.1
    erase: float = 0.15
    mix_batch: float = 0.15


def uniform(n: int, low: float, high: float, gen: torch.Generator) -> Tensor:
    """Return n floats in [low, high)."""
    return torch.rand(n, generator=gen) * (high - low) + low


def crop(pixels: Tensor, px: int, gen: torch.Generator, strength: Strength) -> Tensor:
    """Random resized crop, rotation and flip in one resampling: (B,3,H,W) → (B,3,px,px)."""
    n = len(pixels)
    area = uniform(n, strength.min_area, 1.0, gen)
    ratio = torch.exp(uniform(n, -1.0, 1.0, gen) * math.log(strength.stretch))
    width = (area * ratio).sqrt().clamp(max=1.0)
    height = (area / ratio).sqrt().clamp(max=1.0)
    x = uniform(n, -1.0, 1.0, gen) * (1 - width)
    y = uniform(n, -1.0, 1.0, gen) * (1 - height)
    angle = uniform(n, -1.0, 1.0, gen) * math.radians(strength.degrees)
    # Half of the pictures stay upright: most product photos are.
    angle = angle * (torch.rand(n, generator=gen) < 0.5)
    flip = torch.where(torch.rand(n, generator=gen) < 0.5, -1.0, 1.0)
    cos, sin = angle.cos(), angle.sin()
    theta = torch.stack(
        [
            torch.stack([width * cos * flip, -width * sin, x], 1),
            torch.stack([height * sin * flip, height * cos, y], 1),
        ],
        1,
    )
    grid = F.affine_grid(theta, [n, 3, px, px], align_corners=False)
    return F.grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)


def colour(pixels: Tensor, gen: torch.Generator, strength: Strength) -> Tensor:
    """Change light, contrast, saturation and white balance of (B,3,h,w) in [0,1]: other phones."""
    n = len(pixels)

    def factor(reach: float) -> Tensor:
        return uniform(n, 1 - reach, 1 + reach, gen).view(n, 1, 1, 1)

    grey = pixels.mean(1, keepdim=True)
    saturation = factor(strength.saturation)
    drained = torch.rand(n, generator=gen) < strength.grey
    saturation = torch.where(drained.view(n, 1, 1, 1), torch.zeros_like(saturation), saturation)
    pixels = grey + (pixels - grey) * saturation
    middle = grey.mean((2, 3), keepdim=True)
    pixels = (middle + (pixels - middle) * factor(strength.light)) * factor(strength.light)
    reach = strength.channel
    gain = 1 + (torch.rand(n, 3, generator=gen) * 2 - 1) * reach
    pixels = (pixels * gain.view(n, 3, 1, 1)).clamp(0, 1)
    soft = torch.nonzero(torch.rand(n, generator=gen) < strength.blur).flatten()
    if len(soft):
        pixels[soft] = F.avg_pool2d(
            F.pad(pixels[soft], (1, 1, 1, 1), mode="replicate"), kernel_size=3, stride=1
        )
    return pixels


def erase(pixels: Tensor, gen: torch.Generator, strength: Strength) -> Tensor:
    """Fill one box of 2-20 % with noise in some of the normalised pictures, in place."""
    px = pixels.shape[-1]
    for index in torch.nonzero(torch.rand(len(pixels), generator=gen) < strength.erase).flatten():
        area, ratio = torch.rand(2, generator=gen).tolist()
        side = px * math.sqrt(0.02 + 0.18 * area)
        stretch = math.exp((ratio * 2 - 1) * math.log(2))
        h, w = (max(1, min(px - 1, int(side * s))) for s in (stretch, 1 / stretch))
        top, left = (int(torch.randint(px - s, (1,), generator=gen)) for s in (h, w))
        pixels[index, :, top : top + h, left : left + w] = torch.randn(3, h, w, generator=gen)
    return pixels


def mix(
    pixels: Tensor, targets: Tensor, gen: torch.Generator, strength: Strength
) -> tuple[Tensor, Tensor]:
    """Blend (mixup) or paste (cutmix) each picture with another one, targets in proportion."""
    if torch.rand(1, generator=gen).item() >= strength.mix_batch:
        return pixels, targets
    order = torch.randperm(len(pixels), generator=gen)
    keep = float(torch.rand(1, generator=gen))
    if torch.rand(1, generator=gen).item() < 0.5:
        # The mean of two uniform draws, pushed to one side: most blends keep a clear subject.
        keep = max(keep, 1 - keep)
        keep = 1 - (1 - keep) * float(torch.rand(1, generator=gen)) * 1.2
        pixels = torch.lerp(pixels[order], pixels, keep)
    else:
        px = pixels.shape[-1]
        h = w = max(1, int(px * math.sqrt(1 - max(keep, 1 - keep))))
        top, left = (int(torch.randint(px - s + 1, (1,), generator=gen)) for s in (h, w))
        box = (slice(None), slice(None), slice(top, top + h), slice(left, left + w))
        pixels = pixels.clone()
        pixels[box] = pixels[order][box]
        keep = 1 - h * w / px**2
    return pixels, torch.lerp(targets[order], targets, keep)


def normalise(pixels: Tensor) -> Tensor:
    """Subtract the mean, divide by the deviation; channels last, as the convolutions like it."""
    mean, std = (torch.tensor(v, device=pixels.device).view(1, 3, 1, 1) for v in (MEAN, STD))
    return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)


def batch(
    pictures: Tensor, targets: Tensor, *, px: int, gen: torch.Generator, strength: Strength
) -> tuple[Tensor, Tensor]:
    """Turn uint8 (B,H,W,3) and soft targets (B,C) into one training batch at `px` pixels."""
    pixels = pictures.permute(0, 3, 1, 2).float().div_(255)
    pixels = colour(crop(pixels, px, gen, strength), gen, strength)
    return mix(erase(normalise(pixels), gen, strength), targets, gen, strength)
