"""What differs between transformers' dual encoders, kept in one place."""

from __future__ import annotations

from typing import Any, Final, cast

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.models.auto.modeling_auto import MODEL_MAPPING
from transformers.utils import logging as transformers_logging

from .checkpoint import Checkpoint, UnsupportedEncoder

# Trained on texts padded to full length, without an attention mask: a shorter input is another
# input to these (Zhai et al. 2023, and the model cards).
_FULL_LENGTH: Final = {"siglip", "siglip2"}
_NEEDED: Final = ("get_image_features", "get_text_features")


def load_model(checkpoint: Checkpoint) -> nn.Module:
    """The model in float32 on the CPU, from safetensors only, running no code of the checkpoint.

    Raises:
        UnsupportedEncoder: no dual encoder, or its weights do not fill the model.
    """
    name, folder = checkpoint.name, str(checkpoint.folder)
    kind = checkpoint.config["model_type"]
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        architecture = MODEL_MAPPING[type(config)]
    except (ValueError, KeyError, OSError) as error:
        raise UnsupportedEncoder(
            f"{name} is a {kind!r} model, which this version of transformers cannot load without "
            "running code from the checkpoint. Use a CLIP or SigLIP checkpoint."
        ) from error
    if isinstance(architecture, tuple) or not all(hasattr(architecture, n) for n in _NEEDED):
        raise UnsupportedEncoder(
            f"{name} is a {kind!r} model, which does not embed images and texts into one space. "
            "Use a CLIP or SigLIP checkpoint."
        )
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        model, report = AutoModel.from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,  # so that they are in the report, which is read below
            output_loading_info=True,
        )
    except (SafetensorError, OSError, RuntimeError) as error:
        raise UnsupportedEncoder(
            f"The weights of {name} cannot be read ({str(error).splitlines()[0]}). The file may be "
            "incomplete: download or copy it again."
        ) from error
    finally:
        if bars:
            transformers_logging.enable_progress_bar()
    # transformers would fill these with random numbers and only log it.
    absent = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))
    if absent:
        raise UnsupportedEncoder(
            f"The weights of {name} do not fit its config.json: {len(absent)} are missing or of "
            f"another shape, {absent[0]} for one. Copy both from the same checkpoint."
        )
    if not isinstance(getattr(model, "logit_scale", None), nn.Parameter):
        raise UnsupportedEncoder(f"{name} ({kind}) has no logit_scale, so it cannot be scored.")
    return _flatten_pooled_map(model)


def load_tokenizer(checkpoint: Checkpoint) -> Any:
    """The checkpoint's own tokenizer.

    Raises:
        UnsupportedEncoder: there is none, or it needs code or a library that is not there.
    """
    try:
        return AutoTokenizer.from_pretrained(
            str(checkpoint.folder), local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UnsupportedEncoder(
            f"The tokenizer of {checkpoint.name} cannot be loaded: {reason}. Copy the tokenizer "
            "files (tokenizer.json, tokenizer_config.json) of the same checkpoint beside it."
        ) from error


def text_inputs(model: Any, tokenizer: Any, texts: list[str]) -> dict[str, torch.Tensor]:
    """Token tensors (n, length) under the names ``get_text_features`` takes."""
    full_length = model.config.model_type in _FULL_LENGTH
    positions = int(model.config.text_config.max_position_embeddings)
    tokens = tokenizer(
        texts,
        padding="max_length" if full_length else True,
        truncation=True,
        max_length=min(positions, tokenizer.model_max_length),
        return_tensors="pt",
    )
    names = ("input_ids",) if full_length else ("input_ids", "attention_mask", "token_type_ids")
    return {name: cast(torch.Tensor, tokens[name]) for name in names if name in tokens}


def _flatten_pooled_map(model: nn.Module) -> nn.Module:
    """Make a convolutional tower's pooler give (n, c) where it leaves a map (n, c, 1, 1).

    ``VisionTextDualEncoderModel`` projects the last axis, which would be the wrong one.
    """
    vision = getattr(model, "vision_model", None)
    pooler = getattr(vision, "pooler", None)
    if vision is not None and isinstance(pooler, nn.AdaptiveAvgPool2d):
        vision.pooler = nn.Sequential(pooler, nn.Flatten(1))
    return model
