"""Pixels and prompts to vectors: number formats and batch sizes, side by side.

python -m benchmarks.encode [ENCODER]       without one, CLIP ViT-B/32 with random weights

Speed does not depend on the weights, so nothing needs to be downloaded.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from catalog.ml.encoder import DualEncoder, load

ROUNDS = 2
BATCHES = (1, 8, 32)


def main(source: str | None) -> None:
    """Print images and prompts per second for each number format."""
    with tempfile.TemporaryDirectory() as folder:
        source = source or random_clip(Path(folder))
        encoders = {dtype: load(source, dtype=dtype) for dtype in ("float32", "bfloat16")}
    default = encoders["float32"]
    rng = np.random.default_rng(0)
    prep = default.preprocessing
    shape = (max(BATCHES), prep.height, prep.width, 3)
    pixels = list(rng.integers(0, 256, shape, dtype=np.uint8))
    table = Table(
        "input",
        "float32 /s",
        "bfloat16 /s",
        "times as fast",
        title=f"{default.name} on {default.device}",
    )
    for batch in BATCHES:
        rates = measure(encoders, pixels[:batch], [])
        table.add_row(f"{batch} pictures at once", *rates)
    table.add_row("64 prompts", *measure(encoders, [], ["a photo of a red dress"] * 64))
    vectors = [encoder.encode_images(pixels) for encoder in encoders.values()]
    agreement = (vectors[0] * vectors[1]).sum(1)
    Console().print(table)
    Console().print(f"cosine of float32 and bfloat16: median {np.median(agreement):.5f}")


def measure(
    encoders: dict[str, DualEncoder], pixels: list[np.ndarray], texts: list[str]
) -> tuple[str, str, str]:
    """(float32 per second, bfloat16 per second, ratio), the formats taking turns."""
    taken: dict[str, list[float]] = {dtype: [] for dtype in encoders}
    for turn in range(ROUNDS + 1):
        for dtype, encoder in encoders.items():
            began = time.perf_counter()
            encoder.encode_images(pixels)
            encoder.encode_texts(texts)
            if turn:  # the first warms up
                taken[dtype].append(time.perf_counter() - began)
    count = len(pixels) + len(texts)
    slow, fast = taken.values()
    ratio = statistics.median(a / b for a, b in zip(slow, fast, strict=True))
    rates = [f"{count / statistics.median(times):.1f}" for times in (slow, fast)]
    return rates[0], rates[1], f"{ratio:.2f}"


def random_clip(folder: Path) -> str:
    """CLIP ViT-B/32 with fresh weights and a tokenizer that knows bytes only."""
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizer
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    symbols = [chr(code) for code in range(33, 127)]
    tokens = [*symbols, *(f"{symbol}</w>" for symbol in symbols), "<|startoftext|>"]
    vocabulary = {token: index for index, token in enumerate([*tokens, "<|endoftext|>"])}
    CLIPModel(CLIPConfig()).save_pretrained(folder)
    CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77).save_pretrained(folder)
    CLIPImageProcessorPil().save_pretrained(folder)
    return str(folder)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
