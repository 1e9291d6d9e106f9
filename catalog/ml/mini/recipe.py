"""What a training run is asked to do: its recipe and its options."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from catalog.ml.mini import augment


@dataclass(frozen=True)
class Recipe:
    """Every number of the training recipe that is not a command-line option."""

    batch: int = 128
    rate: float = 2e-3
    weight_decay: float = 0.08
    warmup: float = 0.03
    average_decay: float = 0.999
    ancestor_share: float = 0.12
    image_image: float = 0.3
    temperature: float = 0.1
    smoothing: float = 0.05
    drop_path: float = 0.03
    caption_steps: int = 400
    caption_rate: float = 1.5e-3
    # Pictures encoded once for the captions to learn from, and how many each step looks at.
    caption_pool: int = 5000
    caption_pictures: int = 512
    # Picture size by progress: small pictures first, since they are cheap.
    sizes: tuple[tuple[float, int], ...] = ((0.0, 72), (0.35, 88), (0.7, 96))
    final_px: int = 128
    shares: dict[str, float] = field(
        default_factory=lambda: {"clothing": 0.36, "groceries": 0.24, "drawn": 0.40}
    )
    # Towards the end the pictures are whole again, as those it is asked about.
    mix_until: float = 0.8
    strength: augment.Strength = field(default_factory=augment.Strength)


@dataclass(frozen=True)
class Options:
    """What one run is asked to do (the command line, typed)."""

    photos: Path
    cache: Path
    seed: int = 7
    minutes: float = 72.0
    epochs: int | None = None
    epoch_size: int = 8640
    per_kind: int = 150
    limit: int | None = None
    tiny: bool = False
    caption_steps: int | None = None
    resume: bool = True
