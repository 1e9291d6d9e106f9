"""Pictures for training: decoded once into a memory-mapped cache, then drawn in balance."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from catalog.ml.mini.split import is_held_out

CACHE_PX = 144

# Weight of a label = its size to this power: 0.5 is between natural frequency (1) and equality (0).
# Clothing stays near its natural frequencies: they are those of the photos it is asked about.
BALANCE = {"clothing": 0.85, "groceries": 0.5, "drawn": 0.5}


@dataclass(frozen=True)
class Pictures:
    """One source of pictures: uint8 (n, CACHE_PX, CACHE_PX, 3) and each one's leaf id and group."""

    pixels: np.ndarray
    leaves: tuple[str, ...]
    groups: tuple[str, ...]


def list_photos(root: Path) -> list[str]:
    """Return every photo under `root` as a sorted relative path; its folder is its label."""
    kinds = {".jpg", ".jpeg", ".png", ".webp"}
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.suffix.lower() in kinds
    )


def photos(root: Path, cache: Path, *, seed: int, limit: int | None = None) -> Pictures:
    """Return the photos training may see (the kept-out share is left out before decoding)."""
    paths = [path for path in list_photos(root) if not is_held_out(path, seed=seed)]
    if limit:
        paths = paths[:: max(1, len(paths) // limit)][:limit]

    def opened() -> Iterable[Image.Image]:
        return (Image.open(root / path) for path in paths)

    pixels = _cached(cache, "photos", paths, opened)
    leaves = tuple(path.split("/")[-2] for path in paths)
    return Pictures(pixels, leaves, tuple(path.split("/")[0] for path in paths))


def drawings(cache: Path, *, seed: int, per_kind: int) -> Pictures:
    """Return `per_kind` drawings of every kind the project draws, each from its own generator."""
    from catalog.ml.mini import drawing
    from catalog.ml.mini.drawing import KINDS, draw

    # The drawing code's digest is part of the cache's key: a change there draws anew.
    code = sorted(Path(drawing.__path__[0]).glob("*.py"))
    version = hashlib.sha256(b"".join(path.read_bytes() for path in code)).hexdigest()

    kinds = [str(kind) for kind in KINDS for _ in range(per_kind)]

    def drawn() -> Iterable[Image.Image]:
        for index, kind in enumerate(kinds):
            # crc32, not hash(): the same drawing on every run and every Python.
            rng = np.random.default_rng([seed, zlib.crc32(kind.encode()), index % per_kind])
            yield draw(kind, rng, size=CACHE_PX + 32)

    key = [version, str(seed), str(per_kind), *KINDS]
    pixels = _cached(cache, "drawings", key, drawn, len(kinds))
    return Pictures(pixels, tuple(kinds), ("drawn",) * len(kinds))


def _cached(
    cache: Path,
    name: str,
    key: Sequence[str],
    source: Callable[[], Iterable[Image.Image]],
    count: int | None = None,
) -> np.ndarray:
    """Return the decoded pictures, from the cache when it holds exactly these."""
    cache.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(json.dumps([CACHE_PX, *key]).encode()).hexdigest()[:16]
    final = cache / f"{name}-{digest}.npy"
    if not final.exists():
        part = final.with_suffix(".part")
        shape = (count or len(key), CACHE_PX, CACHE_PX, 3)
        store = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
        for index, picture in enumerate(source()):
            # Squeezed to a square, as the exported preprocessing does: nothing is cut off.
            small = picture.convert("RGB").resize((CACHE_PX, CACHE_PX), Image.Resampling.BICUBIC)
            store[index] = np.asarray(small)
        store.flush()
        part.rename(final)
    return np.load(final, mmap_mode="r")


class Sampler:
    """Draws an epoch: groups by their share, labels by a power of their size."""

    def __init__(
        self, leaves: Sequence[str], groups: Sequence[str], shares: dict[str, float]
    ) -> None:
        """Give each picture the expected number of times per unit of epoch it should be seen."""
        names, sizes = np.unique(np.asarray(leaves), return_counts=True)
        size = dict(zip(names.tolist(), sizes.tolist(), strict=True))
        pairs = zip(leaves, groups, strict=True)
        weight = np.array([size[leaf] ** (BALANCE.get(group, 0.5) - 1) for leaf, group in pairs])
        which = np.asarray(groups)
        for group in np.unique(which):
            mine = which == group
            weight[mine] *= shares[str(group)] / weight[mine].sum()
        self.weight = weight / weight.sum()

    def epoch(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """Return about `size` shuffled indices; a picture due 1.3 times comes once or twice."""
        due = self.weight * size
        times = np.floor(due).astype(int) + (rng.random(len(due)) < due % 1)
        return rng.permutation(np.repeat(np.arange(len(due)), times))
