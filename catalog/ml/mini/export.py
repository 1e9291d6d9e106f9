"""Write the model as a folder any transformers installation can load."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from catalog.ml.mini.augment import MEAN, STD
from catalog.ml.mini.trainer import Run

BICUBIC = 3  # PIL.Image.Resampling.BICUBIC, as preprocessor configs spell it


def preprocessing(px: int) -> dict[str, object]:
    """Return the preprocessor config: squeeze the whole picture to a square, normalise."""
    return {
        "image_processor_type": "ViTImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"height": px, "width": px},
        "resample": BICUBIC,
        "do_center_crop": False,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(MEAN),
        "image_std": list(STD),
    }


def half(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return the weights in fp16; normalisation statistics stay in fp32, their range is wider."""
    kept = {}
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and "running_" not in name:
            tensor = tensor.to(torch.float16)
        kept[name] = tensor.detach().cpu().contiguous()
    return kept


def export(run: Run, out: Path) -> None:
    """Write weights, config, tokenizer and preprocessing to `out`, the weights last and whole."""
    out.mkdir(parents=True, exist_ok=True)
    model = run.model
    config = model.config
    config.vitrine_mini = True
    # Stored in half precision, meant to be computed in single (or bf16, where the device has it).
    config.dtype = torch.float32
    config.architectures = [type(model).__name__]
    config.save_pretrained(out)
    run.tokenizer.save_pretrained(out)
    (out / "preprocessor_config.json").write_text(
        json.dumps(preprocessing(run.recipe.final_px), indent=2) + "\n", encoding="utf-8"
    )
    part = out / "model.safetensors.part"
    save_file(half(model), part, metadata={"format": "pt"})
    part.chmod(0o644)  # safetensors writes for the owner alone
    part.replace(out / "model.safetensors")
