"""What travels on the conveyor, and what a stage is."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from catalog.choices import Status
from catalog.encoders import LoadedEncoder
from catalog.models import Image


@dataclass
class Item:
    """One photo on the conveyor. Stages may raise `verdict`; screening sets `screened`."""

    image: Image
    vector: np.ndarray  # (dimension,) float32, L2-normalised
    verdict: Status = Status.LIVE
    screened: bool = False
    # (256,) bool, most significant bit first; without detail it says nothing, as quality 0 tells.
    pdq: np.ndarray = field(default_factory=lambda: np.zeros(256, dtype=np.bool_))
    pdq_quality: int = 0  # 0 to 100
    pixels: np.ndarray | None = None  # (height, width, 3) uint8, as the encoder got them


@dataclass
class Batch:
    """What a stage receives: photos whose rows are locked, and the encoder that saw them."""

    items: list[Item]
    encoder: LoadedEncoder
    vectors: np.ndarray = field(init=False)  # (n, dimension) float32

    def __post_init__(self) -> None:
        self.vectors = np.stack([item.vector for item in self.items])


class Stage(Protocol):
    """One step of the conveyor; listed in settings.VITRINE_STAGES.

    One that finds something out also has `judge(batch)`, which returns the rows that `process`
    would store, not saved: what is only judged is judged by the same code.
    """

    def prepare(self, encoder: LoadedEncoder) -> None:
        """Get ready outside the transaction: refresh caches, encode what is missing."""

    def process(self, batch: Batch) -> None:
        """Do the step for the whole batch, inside the one transaction."""
