"""Each architecture against transformers' own processor and model, on the same files."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from catalog.ml import images, scoring
from catalog.ml.encoder import DualEncoder, EncoderUnavailable, UnsupportedEncoder, load

from . import pictures

PROCESSORS = {
    "clip": CLIPImageProcessorPil,
    "siglip": SiglipImageProcessorPil,
    "vision-text-dual-encoder": ViTImageProcessorPil,
}
TEXTS = ["a photo of a red shirt", "milk carton on white table", "apple", "onion " * 200]


class Reference:
    """The checkpoint the way transformers' documentation runs it, in float32."""

    def __init__(self, folder: Path) -> None:
        self.model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
        kind = self.model.config.model_type
        self.processor = PROCESSORS[kind].from_pretrained(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.siglip = kind == "siglip"
        if kind == "vision-text-dual-encoder":
            pooler = self.model.vision_model.pooler
            self.model.vision_model.pooler = nn.Sequential(pooler, nn.Flatten(1))

    @torch.inference_mode()
    def logits(self, files: list[bytes]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """(image vectors, text vectors, logits per image)."""
        shown = [pictures.opened(data).convert("RGB") for data in files]
        tokens = self.tokenizer(
            TEXTS,
            padding="max_length" if self.siglip else True,
            truncation=True,
            return_tensors="pt",
        )
        if self.siglip:
            tokens = {"input_ids": tokens["input_ids"]}
        pixels = self.processor(images=shown, return_tensors="pt")["pixel_values"]
        out = self.model(**tokens, pixel_values=pixels)
        return out.image_embeds.numpy(), out.text_embeds.numpy(), out.logits_per_image.numpy()


def full_decode(encoder: DualEncoder, files: list[bytes]) -> list[NDArray[np.uint8]]:
    prep = dataclasses.replace(encoder.preprocessing, dct_margin=0)
    return [images.decode(data, prep) for data in files]


def cosines(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    return (left * right).sum(1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)


def test_float32_is_the_reference(checkpoint: Path, jpegs: list[bytes]) -> None:
    encoder = load(str(checkpoint), device="cpu", dtype="float32")
    vectors = encoder.encode_images(full_decode(encoder, jpegs))
    texts = encoder.encode_texts(TEXTS)
    reference_images, reference_texts, logits = Reference(checkpoint).logits(jpegs)
    assert cosines(vectors, reference_images).min() >= 0.999
    assert cosines(texts, reference_texts).min() >= 0.99999
    # Pictures differ from each other by far more than is tolerated, so this can fail.
    others = vectors @ reference_images.T
    assert np.median(others[~np.eye(len(vectors), dtype=bool)]) < 0.99
    assert (others.argmax(1) == np.arange(len(vectors))).all()

    assert vectors.dtype == np.float32
    assert vectors.shape == (len(jpegs), encoder.dimension)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    ours = encoder.logit_scale * (vectors @ texts.T) + encoder.logit_bias
    assert np.abs(ours - logits).max() < 0.01 * np.abs(logits).max()


def test_bfloat16_and_reduced_decoding_stay_close(
    checkpoint: Path, large_jpegs: list[bytes]
) -> None:
    encoder = load(str(checkpoint), device="cpu", dtype="bfloat16")
    assert encoder.dtype == "bfloat16"
    vectors = encoder.encode_images([encoder.decode(data) for data in large_jpegs])
    reference = Reference(checkpoint).logits(large_jpegs)[0]
    assert float(np.median(cosines(vectors, reference))) >= 0.99
    others = vectors @ reference.T
    assert np.median(others[~np.eye(len(vectors), dtype=bool)]) < 0.985


def test_scores_come_from_the_checkpoint(clip_checkpoint: Path, siglip_checkpoint: Path) -> None:
    clip, siglip = load(str(clip_checkpoint)), load(str(siglip_checkpoint))
    assert (clip.scoring, clip.logit_bias) == (scoring.SOFTMAX, 0.0)
    assert clip.logit_scale == pytest.approx(100.003, abs=0.01)
    assert siglip.scoring == scoring.SIGMOID
    assert siglip.logit_bias == pytest.approx(-12.9)
    # bfloat16 would make this 109.4 or 110.1: both are read before the weights are reduced.
    assert siglip.logit_scale == pytest.approx(np.exp(4.7), rel=1e-5)


def test_batching_changes_nothing(clip_checkpoint: Path, jpegs: list[bytes]) -> None:
    encoder = load(str(clip_checkpoint), device="cpu", dtype="float32")
    pixels = [encoder.decode(data) for data in jpegs] * 4
    together = encoder.encode_images(pixels)
    alone = np.concatenate([encoder.encode_images([one]) for one in pixels[: len(jpegs)]])
    assert np.abs(together[: len(jpegs)] - alone).max() < 1e-5
    texts = [f"a photo of a {word}" for word in ("hat", "red apple", "x") * 50]
    assert np.abs(encoder.encode_texts(texts)[:3] - encoder.encode_texts(texts[:3])).max() < 1e-5
    assert encoder.encode_images([]).shape == encoder.encode_texts([]).shape == (0, 32)


def test_fingerprint_follows_what_decides_the_vectors(
    clip_checkpoint: Path, tmp_path: Path
) -> None:
    first = load(str(clip_checkpoint))
    assert len(first.fingerprint) == 64
    copy = tmp_path / "renamed"
    shutil.copytree(clip_checkpoint, copy)
    assert load(str(copy), dtype="float32").fingerprint == first.fingerprint
    assert load(str(copy)).name == "renamed"
    seen = {first.fingerprint}
    for name in ("model.safetensors", "preprocessor_config.json", "tokenizer_config.json"):
        changed = tmp_path / name
        shutil.copytree(clip_checkpoint, changed)
        content = bytearray((changed / name).read_bytes())
        if name.endswith(".json"):
            edited = json.loads(content)
            edited["resample" if "resample" in edited else "added"] = 1
            content = bytearray(json.dumps(edited).encode())
        else:
            content[-1] ^= 1
        (changed / name).write_bytes(content)
        seen.add(load(str(changed)).fingerprint)
    assert len(seen) == 4


def test_bundled_model_is_marked_by_its_configuration(
    clip_checkpoint: Path, tmp_path: Path
) -> None:
    assert not load(str(clip_checkpoint)).is_mini
    copy = tmp_path / "any"
    shutil.copytree(clip_checkpoint, copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"vitrine_mini": True}))
    mini = load(str(copy))
    assert (mini.is_mini, mini.name) == (True, "vitrine-mini")


def test_default_number_format_is_what_the_processor_multiplies_in(clip_checkpoint: Path) -> None:
    """Linux tells what the processor can do independently of torch."""
    flags = Path("/proc/cpuinfo")
    if not flags.exists():
        pytest.skip("no /proc/cpuinfo to compare with")
    able = {"avx512_bf16", "amx_bf16", "bf16"} & set(flags.read_text().split())
    assert load(str(clip_checkpoint), device="cpu").dtype == ("bfloat16" if able else "float32")


def test_broken_pixels_do_not_pass_as_vectors(clip_checkpoint: Path) -> None:
    encoder = load(str(clip_checkpoint), device="cpu", dtype="float32")
    encoder._shift.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="not finite"):
        encoder.encode_images([np.zeros((64, 64, 3), dtype=np.uint8)])


def broken(folder: Path, name: str, content: bytes | None) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)


def pickled_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"run": "code"}))


def half_weights(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:50_000])


def other_width(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["projection_dim"] = 64
    (folder / "config.json").write_text(json.dumps(config))


def other_image_size(folder: Path) -> None:
    config = json.loads((folder / "preprocessor_config.json").read_text())
    config["crop_size"] = {"height": 48, "width": 48}
    (folder / "preprocessor_config.json").write_text(json.dumps(config))


def no_tokenizer(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()


def one_tower(folder: Path) -> None:
    shutil.rmtree(folder)
    config = BertConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    BertModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n")
    processor = {"image_processor_type": "ViTImageProcessor"}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: broken(folder, "config.json", None), "no config.json"),
        (lambda folder: broken(folder, "config.json", b"{"), "not JSON"),
        (lambda folder: broken(folder, "config.json", b"{}"), "model_type"),
        (lambda folder: broken(folder, "config.json", b'{"model_type": "own"}'), "'own' model"),
        (lambda folder: broken(folder, "preprocessor_config.json", None), "pictures must be"),
        (pickled_weights, "no safetensors"),
        (half_weights, "incomplete"),
        (other_width, "do not fit"),
        (other_image_size, "does not run"),
        (no_tokenizer, "no tokenizer"),
        (one_tower, "does not embed images and texts"),
    ],
)
def test_unusable_checkpoints_say_why(
    clip_checkpoint: Path, tmp_path: Path, damage: Any, words: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(clip_checkpoint, copy)
    damage(copy)
    with pytest.raises(EncoderUnavailable, match=words):
        load(str(copy))


def test_code_of_a_checkpoint_is_never_run(clip_checkpoint: Path, tmp_path: Path) -> None:
    copy, trace = tmp_path / "copy", tmp_path / "ran"
    shutil.copytree(clip_checkpoint, copy)
    (copy / "modeling.py").write_text(f"open({str(trace)!r}, 'w')\n")
    config = json.loads((copy / "config.json").read_text())
    config["model_type"] = "unheard_of"
    config["auto_map"] = {"AutoConfig": "modeling.C", "AutoModel": "modeling.M"}
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(UnsupportedEncoder, match="without running code"):
        load(str(copy))
    assert not trace.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [({"device": "cuda:99"}, "cannot be used here"), ({"dtype": "int4"}, "unknown")],
)
def test_impossible_placement_is_refused(
    clip_checkpoint: Path, options: dict[str, str], words: str
) -> None:
    with pytest.raises(EncoderUnavailable, match=words):
        load(str(clip_checkpoint), **options)


@pytest.mark.parametrize("source", ["/no/such/folder", "./missing", "two/many/parts"])
def test_missing_folder_is_named(source: str) -> None:
    with pytest.raises(EncoderUnavailable, match="There is no folder"):
        load(source)


def test_unreachable_hub_says_what_to_do(tmp_path: Path) -> None:
    """Nothing listens on port 1, as behind a firewall."""
    script = (
        "from catalog.ml.checkpoint import EncoderUnavailable, locate\n"
        "try: locate('openai/clip-vit-base-patch32')\n"
        "except EncoderUnavailable as error: print(error)\n"
    )
    environment = os.environ | {"HF_ENDPOINT": "http://127.0.0.1:1", "HF_HOME": str(tmp_path)}
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    for words in (
        "Cannot download openai/clip-vit-base-patch32 from http://127.0.0.1:1",
        # Its main branch has no safetensors; the hub's conversion does.
        "hf download openai/clip-vit-base-patch32 --revision refs/pr/15 --local-dir",
        "VITRINE_ENCODER",
        "bundled mini model",
    ):
        assert words in done.stdout
