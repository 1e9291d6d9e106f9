"""Which comparison of products ranks better: means of their photos, or best photos.

python -m benchmarks.similar_products [--photos ../shared/photos]

Photos of one label are dealt into products of two, four or eight; the products of the same label
are what should come first. Labelled photos are folders, GROUP/LABEL/photo.jpg, by whatever depth.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from catalog.evaluation import find_photos
from catalog.ml.encoder import load
from catalog.ml.images import ImageRejected

MINI = Path(__file__).parent.parent / "catalog" / "ml" / "mini" / "model"
BATCH = 32


def embed(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (n, dimension) and the label of each photo (n,)."""
    encoder = load(str(MINI))
    vectors, labels = [], []
    photos = find_photos(folder)
    for at in range(0, len(photos), BATCH):
        pixels = []
        for photo in photos[at : at + BATCH]:
            try:
                pixels.append(encoder.decode((folder / photo.path).read_bytes()))
            except ImageRejected:
                continue
            labels.append(f"{photo.group}/{photo.label}")
        vectors.append(encoder.encode_images(pixels))
    return np.concatenate(vectors), np.array(labels)


def deal(labels: np.ndarray, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Photos of each product (products, size), and its label (products,)."""
    products, of = [], []
    for label in np.unique(labels):
        own = rng.permutation(np.flatnonzero(labels == label))
        for at in range(0, len(own) - size + 1, size):
            products.append(own[at : at + size])
            of.append(label)
    return np.array(products), np.array(of)


def precision(scores: np.ndarray, of: np.ndarray) -> tuple[float, float]:
    """Mean average precision, and the share of right ones among the first ten."""
    np.fill_diagonal(scores, -np.inf)
    order = np.argsort(-scores, axis=1)[:, :-1]
    right = of[order] == of[:, None]
    ranks = np.arange(1, right.shape[1] + 1)
    average = (np.cumsum(right, axis=1) / ranks * right).sum(1) / np.maximum(right.sum(1), 1)
    return float(average.mean()), float(right[:, :10].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=Path("../shared/photos"))
    asked = parser.parse_args()
    if not asked.photos.is_dir():
        print(f"There are no labelled photos in {asked.photos}; name a folder with --photos.")
        return
    vectors, labels = embed(asked.photos)
    print(f"{len(labels)} photos, {len(np.unique(labels))} labels: mAP, precision among ten")
    for size in (2, 4, 8):
        products, of = deal(labels, size, np.random.default_rng(0))
        count = len(products)
        own = vectors[products]
        means = own.mean(axis=1)
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        flat = own.reshape(count * size, -1)
        every = (flat @ flat.T).reshape(count, size, count, size)
        ways = {
            "means": means @ means.T,
            "mean with best photo": (means @ flat.T).reshape(count, count, size).max(axis=2),
            "each photo with best": every.max(axis=3).mean(axis=1),
            "best with best": every.max(axis=(1, 3)),
        }
        for name, scores in ways.items():
            average, ten = precision(scores, of)
            print(f"{count:5} products of {size}, {name:22} {average:.3f} {ten:.3f}")


if __name__ == "__main__":
    main()
