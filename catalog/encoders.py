"""Encoders as this installation knows them: the loaded model beside its row.

Only a worker calls `load_configured`; it is the one function that brings torch into a process.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from catalog.models import Encoder

if TYPE_CHECKING:
    from catalog.ml.encoder import DualEncoder


@dataclass(frozen=True)
class LoadedEncoder:
    """The model in this process, and the row that vectors made by it point to."""

    row: Encoder
    runtime: DualEncoder


@lru_cache(maxsize=1)
def load_configured() -> LoadedEncoder:
    """Load the encoder the settings name, once per process, and make it the active one.

    Raises `catalog.ml.encoder.EncoderUnavailable` with what to do when it cannot be loaded.
    """
    from catalog.ml.encoder import load

    runtime = load(
        settings.VITRINE_ENCODER,
        revision=settings.VITRINE_ENCODER_REVISION,
        device=settings.VITRINE_DEVICE,
        dtype=settings.VITRINE_DTYPE,
    )
    return LoadedEncoder(row=register(runtime=runtime), runtime=runtime)


@transaction.atomic
def register(*, runtime: DualEncoder) -> Encoder:
    """The row of a loaded encoder, made on first sight, and active from now on."""
    row, _ = Encoder.objects.get_or_create(
        fingerprint=runtime.fingerprint,
        defaults={
            "name": runtime.name,
            "revision": runtime.revision or "",
            "dimension": runtime.dimension,
            "scoring": runtime.scoring,
            "logit_scale": runtime.logit_scale,
            "logit_bias": runtime.logit_bias,
            "is_mini": runtime.is_mini,
        },
    )
    if not row.is_active:
        Encoder.objects.filter(is_active=True).update(is_active=False)
        row.is_active = True
        row.save(update_fields=["is_active"])
    return row
