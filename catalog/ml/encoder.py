"""Any transformers dual encoder, as one object: pixels and texts in, unit vectors out.

This module imports torch and transformers; only worker processes may import it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from . import images, scoring
from .architecture import load_model, load_tokenizer, text_inputs
from .checkpoint import Checkpoint, EncoderUnavailable, UnsupportedEncoder, locate
from .placement import choose_device, choose_dtype
from .preprocessing import Preprocessing, UnsupportedPreprocessing, load_preprocessing

__all__ = ["DualEncoder", "EncoderUnavailable", "UnsupportedEncoder", "load"]

# Pictures per forward pass. Beyond these the device is busy all the time and only memory grows.
_IMAGE_BATCH: Final = {"cpu": 32, "cuda": 256}
_TEXT_BATCH: Final = {"cpu": 64, "cuda": 512}


def load(
    source: str,
    *,
    revision: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
) -> DualEncoder:
    """Load the dual encoder at ``source``: a local folder, or a hub name at ``revision``.

    ``device`` and ``dtype`` default to what suits the machine; see :mod:`.placement`.

    Raises:
        EncoderUnavailable: it cannot be found, reached or read; the message says what to do.
        UnsupportedEncoder: it is no dual encoder, or prepares pictures in an unknown way.
    """
    place = choose_device(device)
    checkpoint = locate(source, revision=revision)
    try:
        preprocessing = load_preprocessing(checkpoint.folder)
    except UnsupportedPreprocessing as error:
        raise UnsupportedEncoder(f"{checkpoint.name} cannot be used: {error}.") from error
    return DualEncoder(
        checkpoint=checkpoint,
        preprocessing=preprocessing,
        model=load_model(checkpoint),
        tokenizer=load_tokenizer(checkpoint),
        device=place,
        dtype=choose_dtype(dtype, place),
    )


class DualEncoder:
    """An image tower and a text tower that share one space.

    Attributes:
        name: hub name, folder name, or ``vitrine-mini``.
        revision: commit of a hub checkpoint, "" for a folder.
        fingerprint: sha256 (hex) over weights, configuration, tokenizer and preprocessing. Vectors
            may be compared only where it is equal. Device and number format are not part of it:
            they move a vector by less than JPEG compression does.
        dimension: of the vectors.
        scoring: ``softmax`` or ``sigmoid``, with logit_scale (exponentiated) and logit_bias, as
            the checkpoint was trained; see :func:`.scoring.probabilities`.

    The ``decode`` methods may run in many threads, the ``encode`` methods in one at a time.
    """

    def __init__(
        self,
        *,
        checkpoint: Checkpoint,
        preprocessing: Preprocessing,
        model: nn.Module,
        tokenizer: Any,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.name = checkpoint.name
        self.revision = checkpoint.revision
        self.fingerprint = checkpoint.fingerprint(preprocessing.version)
        self.is_mini = checkpoint.is_mini
        self.preprocessing = preprocessing
        self.device = str(device)
        self.dtype = str(dtype).removeprefix("torch.")
        self.scoring = scoring.SIGMOID if hasattr(model, "logit_bias") else scoring.SOFTMAX
        # Read while the weights are still float32: bfloat16 keeps only 8 bits of them.
        self.logit_scale = float(model.get_parameter("logit_scale").detach().exp())
        self.logit_bias = (
            float(model.get_parameter("logit_bias").detach())
            if self.scoring == scoring.SIGMOID
            else 0.0
        )
        self._device, self._dtype = device, dtype
        self._model = _place(model, device, dtype)
        self._tokenizer = tokenizer
        self._scale, self._shift = _normalisation(preprocessing, device)
        self.dimension = self._rehearse()

    def decode(self, data: bytes) -> NDArray[np.uint8]:
        """The pixels (height, width, 3) of an encoded image; thread-safe.

        Raises:
            ImageRejected: the bytes are no whole image.
        """
        return images.decode(data, self.preprocessing)

    def decode_both(self, data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """What ``decode`` gives, and the luma grid (64, 64) for :func:`.hashing.pdq`; thread-safe.

        Raises:
            ImageRejected: the bytes are no whole image.
        """
        return images.decode_both(data, self.preprocessing)

    def encode_images(self, pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Unit vectors (n, dimension) of decoded pictures, in order."""
        size = _IMAGE_BATCH.get(self._device.type, 64)
        return self._collect(
            [self._images(pixels[at : at + size]) for at in range(0, len(pixels), size)]
        )

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (n, dimension) of texts, in order; a text too long for the model is cut."""
        size = _TEXT_BATCH.get(self._device.type, 64)
        return self._collect(
            [self._texts(list(texts[at : at + size])) for at in range(0, len(texts), size)]
        )

    def spells(self, text: str) -> bool:
        """True if the tokenizer does not have a word of ``text``, or has to spell it in pieces of
        fewer than two letters on average: the text tower has hardly met it."""
        for word in re.findall(r"\w+", text.lower()):
            pieces = [piece for piece in self._tokenizer.tokenize(word) if piece.strip("▁#")]
            if 2 * len(pieces) > max(len(word), 2) or self._tokenizer.unk_token in pieces:
                return True
        return False

    @torch.inference_mode()
    def _images(self, pixels: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
        batch = torch.from_numpy(np.stack(pixels))
        if self._device.type == "cuda":
            batch = batch.pin_memory()
        # One byte per value travels; four would, were it normalised first. (n, h, w, c) seen as
        # (n, c, h, w) already is what torch calls channels-last, so nothing is copied here.
        batch = batch.to(self._device, non_blocking=True).permute(0, 3, 1, 2)
        batch = batch.float().mul_(self._scale).add_(self._shift)
        return _pooled(self._model.get_image_features(pixel_values=batch.to(self._dtype)))

    @torch.inference_mode()
    def _texts(self, texts: list[str]) -> torch.Tensor:
        inputs = text_inputs(self._model, self._tokenizer, texts)
        placed = {name: tensor.to(self._device) for name, tensor in inputs.items()}
        return _pooled(self._model.get_text_features(**placed))

    @torch.inference_mode()
    def _collect(self, parts: list[torch.Tensor]) -> NDArray[np.float32]:
        if not parts:
            return np.empty((0, self.dimension), dtype=np.float32)
        vectors = functional.normalize(torch.cat(parts).float(), dim=-1).cpu().numpy()
        if not np.isfinite(vectors).all():
            # Screening compares with ">", which NaN never satisfies: such a photo would pass.
            raise FloatingPointError(f"{self.name} produced vectors that are not finite numbers")
        return np.asarray(vectors, dtype=np.float32)

    def _rehearse(self) -> int:
        """Run both towers once, so that a checkpoint that does not fit fails now, and by name."""
        blank = np.zeros((self.preprocessing.height, self.preprocessing.width, 3), dtype=np.uint8)
        try:
            shapes = {self.encode_images([blank]).shape, self.encode_texts(["a photo"]).shape}
        except (RuntimeError, ValueError, TypeError, IndexError, FloatingPointError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise UnsupportedEncoder(f"{self.name} loads and does not run: {reason}") from error
        if len(shapes) != 1:
            raise UnsupportedEncoder(
                f"{self.name}: image and text vectors differ in size: {shapes}"
            )
        return int(shapes.pop()[1])


def _pooled(features: Any) -> torch.Tensor:
    """The projected vectors (n, d); transformers 5 wraps them in an output object."""
    tensor: torch.Tensor = getattr(features, "pooler_output", features)
    return tensor


def _place(model: nn.Module, device: torch.device, dtype: torch.dtype) -> Any:
    model = model.eval().requires_grad_(False).to(device=device, dtype=dtype)
    vision = getattr(model, "vision_model", None)
    if vision is not None:
        vision.to(memory_format=torch.channels_last)
    return model


def _normalisation(
    preprocessing: Preprocessing, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rescaling and normalising as one multiplication and one addition, (1, 3, 1, 1) each."""
    mean, std = np.array(preprocessing.mean), np.array(preprocessing.std)
    scale, shift = preprocessing.rescale_factor / std, -mean / std

    def column(values: NDArray[np.float64]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=device).view(1, 3, 1, 1)

    return column(scale), column(shift)
