"""Measure the exported model: `python -m catalog.ml.mini.measure --photos FOLDER`.

Through the encoder the product uses: zero-shot accuracy on the kept-out photos and on fresh
drawings, and how far the demo's forbidden pictures lie from its harmless ones.
"""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catalog.ml import encoder, scoring
from catalog.ml.mini import data, labels, split
from catalog.ml.mini.drawing import KINDS, draw

HERE = Path(__file__).resolve().parent
DEMO = HERE.parents[2] / "demo"
# Training draws with small seeds; these never meet them.
FRESH = 987_654


def main() -> None:
    """Print every figure of the model card."""
    parser = argparse.ArgumentParser(description="Measure the exported mini model.")
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=HERE / "model")
    parser.add_argument("--per-kind", type=int, default=10)
    given = parser.parse_args()
    model = encoder.load(str(given.model))
    leaves = [node.id for node in labels.read_nodes() if node.leaf]
    classes = np.stack([class_vector(model, leaf) for leaf in leaves])

    paths = split.held_out(data.list_photos(given.photos))
    known = sorted({path.split("/")[-2] for path in data.list_photos(given.photos)})
    rows = classes[[leaves.index(leaf) for leaf in known]]
    for top in sorted({path.split("/")[0] for path in paths}):
        mine = [path for path in paths if path.split("/")[0] == top]
        vectors = encode(model, [(given.photos / path).read_bytes() for path in mine])
        report(top, vectors @ rows.T, [path.split("/")[-2] for path in mine], known)

    kinds = [kind for kind in KINDS for _ in range(given.per_kind)]
    drawings = encode(model, [drawn(kind, index) for index, kind in enumerate(kinds)])
    report("fresh drawings", drawings @ classes.T, kinds, leaves)
    thresholds(model)


def class_vector(model: encoder.DualEncoder, label: str) -> NDArray[np.float32]:
    """Return the label's vector over all templates, as tagging computes it."""
    name = scoring.readable(label)
    texts = [template.replace("{label}", name) for template in labels.read_templates()]
    return scoring.ensemble(model.encode_texts(texts))


def encode(model: encoder.DualEncoder, files: list[bytes]) -> NDArray[np.float32]:
    """Return (n, D) of encoded pictures."""
    return model.encode_images([model.decode(file) for file in files])


def drawn(kind: str, index: int) -> bytes:
    """Return one fresh drawing as JPEG bytes."""
    file = io.BytesIO()
    draw(kind, np.random.default_rng([FRESH, index]), size=256).save(file, "JPEG", quality=90)
    return file.getvalue()


def report(name: str, cosines: NDArray[np.float32], truth: list[str], leaves: list[str]) -> None:
    """Print top-1 and top-5 of one group."""
    ranked = np.argsort(-cosines, axis=1)[:, :5]
    hits = ranked == np.array([leaves.index(leaf) for leaf in truth])[:, None]
    one, five = hits[:, 0].mean(), hits.any(axis=1).mean()
    print(f"{name}: {len(truth)} pictures against {len(leaves)}, top1 {one:.3f} top5 {five:.3f}")


def thresholds(model: encoder.DualEncoder) -> None:
    """Print each demo policy's cosines: its forbidden samples and the nearest harmless ones."""
    manifest = json.loads((DEMO / "manifest.json").read_text(encoding="utf-8"))
    samples = manifest["samples"]
    vectors = encode(model, [(DEMO / sample["file"]).read_bytes() for sample in samples])
    flags = np.array([sample["flag"] or "" for sample in samples])
    names = np.array([sample["label"] for sample in samples])
    for policy in sorted({e["policy"] for e in manifest["exemplars"]}):
        bank = [
            (DEMO / e["file"]).read_bytes()
            for e in manifest["exemplars"]
            if e["policy"] == policy and e["kind"] == "violating"
        ]
        nearest = (vectors @ encode(model, bank).T).max(axis=1)
        inside, outside = nearest[flags == policy], nearest[flags == ""]
        top = np.argsort(-outside)[:3]
        rivals = ", ".join(f"{names[flags == ''][i]} {outside[i]:.3f}" for i in top)
        print(f"{policy}: forbidden {np.sort(inside).round(3)}; nearest harmless {rivals}")


if __name__ == "__main__":
    main()
