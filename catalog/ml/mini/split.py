"""Which photos training never sees, decided by each photo's own path and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

DEFAULT_SEED = 7
DEFAULT_SHARE = 10


def is_held_out(path: str, *, seed: int = DEFAULT_SEED, share: int = DEFAULT_SHARE) -> bool:
    """Tell whether one photo (relative, `/`-separated path) belongs to the kept-out share.

    A hash of the path, not a shuffle: adding or removing other photos moves nobody across.
    """
    digest = hashlib.sha256(f"{seed}:{path}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % share == 0


def held_out(
    paths: Iterable[str], seed: int = DEFAULT_SEED, *, share: int = DEFAULT_SHARE
) -> list[str]:
    """Return the kept-out paths, one in `share`, in the order given.

    Paths are relative to the photo folder (`clothing/hat/x.jpg`).
    """
    return [path for path in paths if is_held_out(path, seed=seed, share=share)]
