"""What a perceptual hash costs beside the decoding that a photo needs anyway.

python -m benchmarks.hash [PHOTO ...]     without photos, drawn ones of three sizes

Every line is measured turn by turn with the decoding for the encoder alone beside it, so that the
ratio holds on a busy machine too.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.decode import drawn, side_by_side
from catalog.ml import hashing, images
from catalog.ml.preprocessing import Preprocessing

BATCH = 32


def main(paths: list[str]) -> None:
    """Print one table row per picture and way."""
    table = Table("picture", "way", "ms a photo", "of decoding alone", title="one core")
    files = [(Path(path).name, Path(path).read_bytes()) for path in paths] or drawn()
    prep = Preprocessing.from_config(
        {"image_processor_type": "CLIPImageProcessor", "size": 224, "crop_size": 224}
    )
    for name, data in files:
        grids = [images.luma(data)] * BATCH
        ways: dict[str, tuple[int, Callable[[], object]]] = {
            "decode for the encoder": (1, lambda data=data: images.decode(data, prep)),
            "decode for both at once": (1, lambda data=data: images.decode_both(data, prep)),
            "decode for the hash alone": (1, lambda data=data: images.luma(data)),
            f"hash, {BATCH} at once": (BATCH, lambda grids=grids: hashing.pdq(grids)),
        }
        taken = side_by_side({way: work for way, (_, work) in ways.items()})
        for way, (first, times) in taken.items():
            photos = ways[way][0]
            share = statistics.median(b / photos / a for a, b in zip(first, times, strict=True))
            table.add_row(name, way, f"{statistics.median(times) / photos:.2f}", f"{share:.3f}")
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
