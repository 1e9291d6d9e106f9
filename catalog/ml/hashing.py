"""PDQ, a perceptual hash of 256 bits, for a batch of pictures at once.

Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019, as
published in ThreatExchange. Hashes are compared by Hamming distance: 31 bits or fewer is the same
picture, near-certainly. The blur and the reduction to 64 by 64 depend on each picture's size and
happen where it is decoded, in :mod:`.luma`; what follows is the same for all and happens here.

This module imports torch; only worker processes may import it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from .luma import SIDE

BITS: Final = 256
_FREQUENCIES: Final = 16
# The reference's own constants: a step between neighbours counts in whole hundredths of the range,
# and a sum of 9,000 of these is called quality 100.
_STEP: Final = 100 / 255
_STEPS_PER_QUALITY: Final = 90


@torch.inference_mode()
def pdq(
    planes: Sequence[NDArray[np.float32]], *, device: str = "cpu"
) -> tuple[NDArray[np.bool_], NDArray[np.int_]]:
    """Hashes (n, 256) and their qualities (n,), 0 to 100, of n luma grids.

    Each of ``planes`` is (64, 64) as :func:`.luma.luma_grid` makes it. Bits are in the order in
    which a hash is written, most significant first; see :mod:`.pdq_text`. A picture of quality
    below 50 has too little detail for its hash to tell it from others.
    """
    if not planes:
        return np.empty((0, BITS), dtype=np.bool_), np.empty(0, dtype=np.int_)
    grids = torch.from_numpy(np.stack(planes)).to(device)
    bits = _bits(grids).cpu().numpy()
    return bits, _quality(grids).cpu().numpy().astype(np.int_)


def _bits(grids: torch.Tensor) -> torch.Tensor:
    """Which of the 16 by 16 lowest frequencies are above the median of all: bool, (n, 256)."""
    cosines = _cosines(grids.device)
    # The frequencies leave out the mean, so it may go first: that keeps digits for the rest.
    centred = grids - grids.mean(dim=(1, 2), keepdim=True)
    frequencies = (cosines @ centred @ cosines.T).flatten(1)
    # Of an even number of values torch takes the lower median, as the reference does.
    return (frequencies > frequencies.median(dim=1, keepdim=True).values).flip(1)


def _quality(grids: torch.Tensor) -> torch.Tensor:
    """How much goes on in the grids: sum of the steps between neighbours, int64, (n,)."""
    down = (grids.diff(dim=1) * _STEP).trunc().abs().sum(dim=(1, 2))
    across = (grids.diff(dim=2) * _STEP).trunc().abs().sum(dim=(1, 2))
    return ((down + across) / _STEPS_PER_QUALITY).floor().clamp(max=100).long()


@lru_cache(maxsize=4)
def _cosines(device: torch.device) -> torch.Tensor:
    """Rows 1 to 16 of the 64-point DCT-II, (16, 64); row 0, the mean, tells nothing."""
    row = torch.arange(1, _FREQUENCIES + 1, dtype=torch.float64)[:, None]
    column = 2 * torch.arange(SIDE, dtype=torch.float64) + 1
    cosines = math.sqrt(2 / SIDE) * torch.cos(math.pi / (2 * SIDE) * row * column)
    return cosines.to(device=device, dtype=torch.float32)
