"""Near-duplicate pairs of a whole storefront: ours against comparing everything with everything.

python -m benchmarks.duplicates [--photos 100000] [--dimension 256]

Both find the same pairs in one process, on the same made-up vectors and hashes. Multiplying out is
measured on a part of the rows and scaled up: all of it takes minutes. Seconds are of processor
time, so that other work on the machine counts for neither.
"""

from __future__ import annotations

import argparse
import os
import time

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

import numpy as np

from benchmarks.photos import COPIES, draw
from catalog.ml.pairs import Near, components, is_near

CHUNK = 2_000
PART = 2_000  # rows that are multiplied out


def hashes_of(count: int, rng: np.random.Generator) -> np.ndarray:
    """Bool (count, 256): a third copies of others, at up to 60 bits."""
    bits = rng.random((count, 256)) < 0.5
    copies = np.flatnonzero(rng.random(count) < COPIES)
    originals = rng.integers(0, count, len(copies))
    bits[copies] = bits[originals] ^ (
        rng.random((len(copies), 256)) < rng.uniform(0, 0.23, (len(copies), 1))
    )
    return bits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=256)
    asked = parser.parse_args()
    count, dimension = asked.photos, asked.dimension
    rng = np.random.default_rng(1)
    vectors, _ = draw(count, dimension, clusters=500, seed=0)
    bits = hashes_of(count, rng)
    packed, hashed = np.packbits(bits, axis=1), np.ones(count, np.bool_)

    began = time.process_time()
    near = Near(vectors[: 2 * CHUNK])
    found: list[tuple[int, int]] = []
    for at in range(0, count, CHUNK):
        part = slice(at, at + CHUNK)
        pairs = near.add(vectors[part], packed[part], hashed[part])
        found += zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)
    ours = time.process_time() - began
    began = time.process_time()
    groups = components(found)
    grouping = time.process_time() - began

    signs = bits.astype(np.float32) * 2 - 1
    rows = np.sort(rng.choice(count, min(PART, count), replace=False))
    began = time.process_time()
    wanted: set[tuple[int, int]] = set()
    for at in range(0, len(rows), 250):
        own = rows[at : at + 250]
        cosine = vectors[own] @ vectors.T
        differ = ((256 - signs[own] @ signs.T) / 2).astype(np.int16)
        one, other = np.nonzero(is_near(cosine, differ))
        wanted |= {
            (max(pair), min(pair))
            for pair in zip(own[one].tolist(), other.tolist(), strict=True)
            if pair[0] != pair[1]
        }
    part_seconds = time.process_time() - began
    # Each pair twice, as a plain product has it; half of it is what had to be done.
    brute = part_seconds * count / len(rows) / 2
    chosen = set(rows.tolist())
    of_part = {pair for pair in found if chosen.intersection(pair)}
    print(f"{count:,} photos of {dimension} dimensions, {near.basis.shape[1]} of them multiplied")
    print(f"ours: {ours:.1f} s of processor time, {len(found):,} pairs")
    print(f"{len(groups):,} groups of them: {grouping:.1f} s")
    print(
        f"everything with everything: {brute:.1f} s (scaled up), {brute / ours:.1f} times as long"
    )
    same = of_part == wanted
    print(
        f"pairs of {len(rows):,} photos: {len(wanted):,}, {'the same' if same else 'NOT THE SAME'}"
    )


if __name__ == "__main__":
    main()
