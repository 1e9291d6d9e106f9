"""Where a model runs and in which number format."""

from __future__ import annotations

import torch

from .checkpoint import EncoderUnavailable

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(requested: str | None) -> torch.device:
    """The device asked for, else the first CUDA device, else the CPU.

    Raises:
        EncoderUnavailable: the name is unknown or there is no such device here.
    """
    if not requested or requested == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(requested)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise EncoderUnavailable(
            f"The device {requested!r} cannot be used here ({str(error).splitlines()[0]}). Leave "
            "it unset to choose automatically, or use 'cpu'."
        ) from error
    return device


def choose_dtype(requested: str | None, device: torch.device) -> torch.dtype:
    """The number format asked for, else bfloat16 where the device computes in it, else float32.

    Raises:
        EncoderUnavailable: the name is unknown.
    """
    if requested and requested != "auto":
        if requested not in _DTYPES:
            raise EncoderUnavailable(
                f"The number format {requested!r} is unknown; use {', '.join(_DTYPES)} or auto."
            )
        return _DTYPES[requested]
    return torch.bfloat16 if _computes_bfloat16(device) else torch.float32


def _computes_bfloat16(device: torch.device) -> bool:
    """Whether the hardware itself multiplies in bfloat16; emulating it would be slow."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        return bool(able.get("avx512_bf16") or able.get("amx_bf16") or able.get("bf16"))
    return False
