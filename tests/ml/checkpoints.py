"""Tiny real checkpoints: transformers' own classes and tokenizers, random weights, local folders.

They are wide enough to tell pictures apart and small enough to load in a fraction of a second.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import sentencepiece
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    BertConfig,
    BertTokenizer,
    CLIPConfig,
    CLIPModel,
    CLIPTokenizer,
    PreTrainedModel,
    ResNetConfig,
    SiglipConfig,
    SiglipModel,
    SiglipTokenizer,
    VisionTextDualEncoderConfig,
    VisionTextDualEncoderModel,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

IMAGE_SIDE = 64
_WORDS = [
    "a",
    "photo",
    "of",
    "the",
    "red",
    "blue",
    "green",
    "shirt",
    "dress",
    "hat",
    "shoe",
    "apple",
    "pear",
    "banana",
    "juice",
    "milk",
    "carton",
    "product",
    "on",
    "white",
    "table",
    "shelf",
    "shop",
    "close",
    "up",
    "picture",
    "clean",
    "good",
    "small",
    "large",
    "yellow",
    "onion",
]


def _sentences() -> Iterator[str]:
    for first in _WORDS:
        for second in _WORDS:
            yield f"a photo of a {first} {second}."


def _spread(model: PreTrainedModel) -> None:
    """Redraw the weights larger than transformers does, so that the picture decides the vector.

    With the default 0.02 the vectors of any two pictures have a cosine of 0.99 and more, and a
    comparison could not fail.
    """
    for name, weight in model.named_parameters():
        if weight.ndim >= 2 and "position" not in name:
            fan_in = weight[0].numel()
            with torch.no_grad():
                weight.normal_(0.0, 1.7 * fan_in**-0.5)


def make_clip(path: Path, *, side: int = IMAGE_SIDE) -> Path:
    """A CLIP with softmax scoring, shortest-edge resizing and a centre crop."""
    byte_symbols = pre_tokenizers.ByteLevel.alphabet()
    trained = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    trained.normalizer = normalizers.Lowercase()
    trained.pre_tokenizer = pre_tokenizers.Whitespace()
    trained.decoder = decoders.BPEDecoder()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        initial_alphabet=sorted(byte_symbols),
        end_of_word_suffix="</w>",
        special_tokens=["<|startoftext|>", "<|endoftext|>"],
        show_progress=False,
    )
    trained.train_from_iterator(_sentences(), trainer)
    state = _learned(trained)
    tokenizer = CLIPTokenizer(vocab=state[0], merges=state[1], model_max_length=77)
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = CLIPConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 48,
            "intermediate_size": 96,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "max_position_embeddings": 77,
            "pad_token_id": tokenizer.pad_token_id,
            **ends,
        },
        vision_config={
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": side,
            "patch_size": 16,
        },
        projection_dim=32,
        logit_scale_init_value=4.6052,
    )
    torch.manual_seed(1)
    model = CLIPModel(config)
    _spread(model)
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}
    )
    return _save(path, model, tokenizer, processor)


def _learned(tokenizer: Tokenizer) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges of a trained BPE tokenizer."""
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def make_siglip(path: Path, *, side: int = IMAGE_SIDE) -> Path:
    """A SigLIP with sigmoid scoring, a bias, exact resizing and full-length text."""
    path.mkdir(parents=True, exist_ok=True)
    piece = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=_sentences(),
        model_writer=piece,
        vocab_size=120,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    (path / "spiece.model").write_bytes(piece.getvalue())
    tokenizer = SiglipTokenizer(str(path / "spiece.model"), model_max_length=64)
    config = SiglipConfig(
        text_config={
            "vocab_size": tokenizer.vocab_size,
            "hidden_size": 48,
            "intermediate_size": 96,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "max_position_embeddings": 64,
            "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "bos_token_id": tokenizer.eos_token_id,
        },
        vision_config={
            "hidden_size": 48,
            "intermediate_size": 96,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": side,
            "patch_size": 16,
        },
    )
    torch.manual_seed(2)
    model = SiglipModel(config)
    _spread(model)
    with torch.no_grad():
        model.logit_scale.fill_(4.7)
        model.logit_bias.fill_(-12.9)
    processor = SiglipImageProcessorPil(size={"height": side, "width": side})
    return _save(path, model, tokenizer, processor)


def make_convolutional(path: Path, *, side: int = IMAGE_SIDE) -> Path:
    """A VisionTextDualEncoder with a ResNet and a BERT, the architecture of the bundled model."""
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys(_WORDS), "."]
    tokenizer = BertTokenizer(
        vocab={word: index for index, word in enumerate(vocabulary)}, model_max_length=40
    )
    vision = ResNetConfig(
        embedding_size=16, hidden_sizes=[16, 32], depths=[1, 1], layer_type="basic", hidden_size=32
    )
    text = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=40,
    )
    config = VisionTextDualEncoderConfig.from_vision_text_configs(vision, text, projection_dim=24)
    torch.manual_seed(3)
    model = VisionTextDualEncoderModel(config)
    _spread(model)
    processor = ViTImageProcessorPil(size={"height": side, "width": side})
    return _save(path, model, tokenizer, processor)


def _save(path: Path, model: PreTrainedModel, tokenizer: object, processor: object) -> Path:
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)  # type: ignore[attr-defined]
    processor.save_pretrained(path)  # type: ignore[attr-defined]
    return path
