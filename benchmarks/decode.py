"""JPEG to pixels: reduced decoding against full, and against transformers' own processor.

python -m benchmarks.decode [PHOTO ...]     without photos, drawn ones of three sizes

Every line is measured turn by turn with the full decode beside it, so that the ratio holds on a
busy machine too.
"""

from __future__ import annotations

import dataclasses
import io
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from catalog.ml import images
from catalog.ml.preprocessing import Preprocessing

ROUNDS = 7


def main(paths: list[str]) -> None:
    """Print one table row per picture and way."""
    table = Table("picture", "way", "ms", "times as fast", "mean step off", title="one core")
    files = [(Path(path).name, Path(path).read_bytes()) for path in paths] or drawn()
    processor = CLIPImageProcessorPil()
    prep = Preprocessing.from_config(processor.to_dict())
    full = dataclasses.replace(prep, dct_margin=0)
    for name, data in files:
        exact = images.decode(data, full).astype(int)
        ways: dict[str, Callable[[], object]] = {
            "full decode": lambda data=data: images.decode(data, full),
            "transformers' processor": lambda data=data: processor(
                images=Image.open(io.BytesIO(data)), return_tensors="np"
            ),
        }
        for margin in (1, 2, 3):
            reduced = dataclasses.replace(prep, dct_margin=margin)
            ways[f"DCT, at least {margin}x"] = lambda data=data, reduced=reduced: images.decode(
                data, reduced
            )
        ways["check()"] = lambda data=data: images.check(data)
        ways["1280 and 320 px JPEG"] = lambda data=data: images.renditions(data, [1280, 320])
        for way, milliseconds in side_by_side(ways).items():
            off = ""
            if way.startswith("DCT"):
                found = ways[way]()
                off = f"{np.abs(np.asarray(found).astype(int) - exact).mean():.2f}"
            ratio = side_by_side_ratio(milliseconds)
            table.add_row(name, way, f"{statistics.median(milliseconds[1]):.1f}", ratio, off)
    Console().print(table)


def side_by_side(
    ways: dict[str, Callable[[], object]],
) -> dict[str, tuple[list[float], list[float]]]:
    """Per way, milliseconds of (the first way, this way) in the same rounds."""
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, work in ways.items():
            began = time.perf_counter()
            work()
            taken[way].append(1000 * (time.perf_counter() - began))
    first = next(iter(taken.values()))
    return {way: (first, times) for way, times in taken.items()}


def side_by_side_ratio(pair: tuple[list[float], list[float]]) -> str:
    """Median over the rounds of (first way / this way)."""
    return f"{statistics.median(a / b for a, b in zip(*pair, strict=True)):.2f}"


def drawn() -> list[tuple[str, bytes]]:
    """Noise blurred to the smoothness of photos, at three usual sizes."""
    rng = np.random.default_rng(3)
    found = []
    for size in ((800, 800), (1600, 1200), (4000, 3000)):
        coarse = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
        grain = rng.normal(0, 5, (size[1], size[0], 1))
        image = Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=90)
        found.append((f"{size[0]} x {size[1]}", buffer.getvalue()))
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
