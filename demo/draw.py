"""Draws the demo's pictures and writes their manifest: `python -m demo.draw`.

Every picture is one seed of `catalog.ml.mini.drawing`; the seeds were chosen so that samples are
typical of their kind and every restricted one resembles an exemplar, without repeating it, also in
the bundled model's eyes. The demo therefore shows the road, not how good that model is: fresh
drawings and photos kept out of training tell that, in its model card.
"""

import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catalog.ml.mini.drawing import draw

HERE = Path(__file__).parent
SIZE = 512
QUALITY = 85
# Keeps these pictures' generators apart from those the mini model is trained on.
_STREAM = 640

POLICY_OF = {
    **dict.fromkeys(("handgun", "rifle", "combat-knife", "hand-grenade"), "weapons"),
    **dict.fromkeys(("syringe", "pills", "cannabis-leaf"), "drugs"),
    **dict.fromkeys(("cigarette", "vape"), "tobacco"),
    **dict.fromkeys(("beer-bottle", "wine-bottle", "liquor-bottle"), "alcohol"),
}

# kind: (seed, what a seller calls it), …
SAMPLES: dict[str, tuple[tuple[int, str], ...]] = {
    "mug": ((4, "Stoneware mug with heart"), (7, "Camp mug, 30 cl")),
    "teapot": ((4, "Porcelain teapot with dots"),),
    "chair": ((1, "Spindle-back dining chair"), (2, "Painted kitchen chair")),
    "sofa": ((3, "Two-seat sofa"),),
    "table-lamp": ((4, "Desk lamp with joint"), (5, "Bedside lamp, fabric shade")),
    "vase": ((5, "Vase with spring bouquet"),),
    "candle": ((3, "Pillar candle"),),
    "backpack": ((3, "Day pack, 18 litres"),),
    "wristwatch": ((1, "Classic wristwatch, leather strap"), (4, "Steel bracelet watch")),
    "umbrella": ((6, "Striped umbrella"),),
    "sunglasses": ((4, "Round sunglasses"),),
    "key": ((3, "Key blank for door locks"),),
    "headphones": ((2, "Over-ear headphones"),),
    "laptop": ((3, "Laptop, 14 inch"),),
    "camera": ((3, "Compact system camera"),),
    "scissors": ((3, "All-purpose scissors"),),
    "hammer": ((5, "Claw hammer, wooden handle"),),
    "book": ((2, "Travel journal, open"), (5, "Hardcover novel")),
    "guitar": ((5, "Acoustic guitar"),),
    "bicycle": ((6, "City bicycle"),),
    "football": ((6, "Football, size 5"),),
    "teddy-bear": ((3, "Teddy bear with bow tie"),),
    # Look-alikes: none of these may be held.
    "water-pistol": ((3, "Water pistol with tank"), (8, "Pool party squirt gun")),
    "hair-dryer": ((4, "Travel hair dryer"),),
    "power-drill": ((7, "Cordless drill, 18 V"),),
    "spatula": ((6, "Slotted kitchen turner"),),
    "spoon": ((3, "Table spoon"),),
    "fork": ((6, "Dinner fork, wooden handle"),),
    "screwdriver": ((5, "Flat-head screwdriver"),),
    "walking-stick": ((6, "Wooden walking stick"),),
    "ballpoint-pen": ((4, "Retractable ballpoint pen"),),
    "lipstick": ((6, "Matte lipstick"),),
    "maple-leaf": ((3, "Felt leaf ornament, green"), (8, "Felt leaf ornament, amber")),
    "candy": ((4, "Fruit sweets, wrapped"),),
    "water-bottle": ((6, "Spring water, 50 cl"),),
    "perfume-bottle": ((4, "Eau de toilette, 50 ml"),),
    # Restricted: every one of these must be held.
    "handgun": ((9, "Sidearm, like new"), (12, "Old revolver from estate")),
    "rifle": ((6, "Range rifle with magazine"), (4, "Scoped hunting rifle")),
    "combat-knife": ((8, "Field knife, fixed blade"),),
    "hand-grenade": ((7, "Collector's grenade"),),
    "syringe": ((5, "Syringes, sealed"),),
    "pills": ((6, "Capsules, one strip"), (11, "Capsules, loose")),
    "cannabis-leaf": ((8, "Fresh leaf, home grown"),),
    "cigarette": ((12, "Single cigarettes"), (11, "Pack of twenty")),
    "vape": ((14, "Box mod kit"), (12, "Slim vape pen")),
    "beer-bottle": ((7, "Craft ale, 33 cl"),),
    "wine-bottle": ((11, "Red wine, 75 cl"),),
    "liquor-bottle": ((10, "Blended spirit, 70 cl"),),
}

VIOLATING: dict[str, tuple[tuple[int, str], ...]] = {
    "handgun": ((1, "semi-automatic pistol"), (5, "revolver")),
    "rifle": ((5, "assault rifle"), (7, "hunting rifle with scope")),
    "combat-knife": ((7, "clip-point knife with saw teeth"),),
    "hand-grenade": ((8, "segmented grenade"),),
    "syringe": ((4, "syringe with needle"), (12, "syringe, filled")),
    "pills": ((5, "pill bottle"), (14, "loose pills and capsules"), (7, "blister pack")),
    "cannabis-leaf": ((6, "seven-fingered leaf"),),
    "cigarette": ((4, "single cigarette"), (2, "two cigarettes"), (7, "open pack")),
    "vape": ((5, "box mod"), (7, "vape pen"), (3, "disposable vape")),
    "beer-bottle": ((6, "long-neck beer bottle"), (2, "beer bottle and glass")),
    "wine-bottle": ((7, "wine bottle"), (10, "wine bottle and glass")),
    "liquor-bottle": ((8, "square spirits bottle"), (4, "round spirits bottle")),
}

# policy: (kind, seed, why a person would let it pass)
SAFE: dict[str, tuple[tuple[str, int, str], ...]] = {
    "weapons": (
        ("water-pistol", 1, "toy water pistol"),
        ("hair-dryer", 1, "hair dryer, pistol-shaped"),
        ("power-drill", 4, "power drill, pistol-shaped"),
    ),
    "drugs": (
        ("maple-leaf", 5, "maple leaf, not cannabis"),
        ("candy", 6, "wrapped sweets, not pills"),
        ("ballpoint-pen", 7, "pen, not a syringe"),
    ),
    "tobacco": (
        ("lipstick", 8, "lipstick, not a vape"),
        ("ballpoint-pen", 2, "pen, not a cigarette"),
    ),
    "alcohol": (
        ("water-bottle", 1, "water bottle"),
        ("perfume-bottle", 2, "perfume bottle"),
        ("vase", 2, "vase"),
    ),
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """One file of the demo: what is drawn from which seed, and its line in the manifest."""

    kind: str
    seed: int
    entry: dict[str, str | None]

    @property
    def path(self) -> Path:
        return HERE / str(self.entry["file"])

    def jpeg(self) -> bytes:
        rng = np.random.default_rng([zlib.crc32(self.kind.encode()), _STREAM, self.seed])
        buffer = io.BytesIO()
        picture = draw(self.kind, rng, size=SIZE, calm=True)
        picture.save(buffer, "JPEG", quality=QUALITY, optimize=True)
        return buffer.getvalue()


def samples() -> Iterator[Drawing]:
    """What the demo uploads, in the order it does: restricted goods spread among the others."""
    drawings = [
        Drawing(
            kind,
            seed,
            {
                "file": f"samples/{kind}-{number}.jpg",
                "label": kind,
                "title": title,
                "sku": f"{kind.upper()}-{number:02d}",
                "flag": POLICY_OF.get(kind),
            },
        )
        for kind, numbered in SAMPLES.items()
        for number, (seed, title) in enumerate(numbered, start=1)
    ]
    order = np.random.default_rng(2).permutation(len(drawings))
    return (drawings[i] for i in order)


def exemplars() -> Iterator[Drawing]:
    """What the demo's banks hold, violating ones first."""
    for kind, numbered in VIOLATING.items():
        for number, (seed, note) in enumerate(numbered, start=1):
            file = f"exemplars/{POLICY_OF[kind]}/{kind}-{number}.jpg"
            yield Drawing(kind, seed, _exemplar(file, POLICY_OF[kind], "violating", note))
    for policy, allowed in SAFE.items():
        for kind, seed, note in allowed:
            file = f"exemplars/safe/{policy}/{kind}.jpg"
            yield Drawing(kind, seed, _exemplar(file, policy, "safe", note))


def _exemplar(file: str, policy: str, kind: str, note: str) -> dict[str, str | None]:
    return {"file": file, "policy": policy, "kind": kind, "note": note}


def manifest() -> str:
    """The manifest's text: JSON with `samples` and `exemplars`, file names relative to demo/."""
    content = {
        "samples": [d.entry for d in samples()],
        "exemplars": [d.entry for d in exemplars()],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    drawings = [*samples(), *exemplars()]
    for drawing in drawings:
        drawing.path.parent.mkdir(parents=True, exist_ok=True)
        drawing.path.write_bytes(drawing.jpeg())
    (HERE / "manifest.json").write_text(manifest(), encoding="utf-8")
    print(f"{len(drawings)} pictures and demo/manifest.json written")


if __name__ == "__main__":
    main()
