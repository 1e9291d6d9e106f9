"""The mini model itself: a small ResNet and a small BERT in `VisionTextDualEncoderModel`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)
from torch import Tensor, nn
from transformers import (
    BertConfig,
    PreTrainedTokenizerFast,
    ResNetConfig,
    VisionTextDualEncoderConfig,
    VisionTextDualEncoderModel,
)

MAX_TOKENS = 40
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
SIGNS = tuple("abcdefghijklmnopqrstuvwxyz0123456789.,:;!?'\"()&%/+")
ENDINGS = ("##es", "##ed", "##ing", "##er", "##ish")


def build_tokenizer(sentences: Sequence[str]) -> PreTrainedTokenizerFast:
    """Return a WordPiece tokenizer that knows every word of `sentences`.

    Every letter and digit is in the vocabulary alone, so an unknown word is spelled out and is
    never just `[UNK]`. Hyphens read as spaces: "t-shirt" and "t shirt" are one thing. The
    vocabulary is listed here, not learned: the library's trainer breaks ties differently on every
    run, and processes that train together must read alike.
    """
    normalizer = normalizers.Sequence(
        [
            normalizers.NFD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
            normalizers.Replace("-", " "),
            normalizers.Replace("_", " "),
        ]
    )
    splitter = pre_tokenizers.BertPreTokenizer()
    words = {
        word
        for sentence in sentences
        for word, _span in splitter.pre_tokenize_str(normalizer.normalize_str(sentence))
    }
    pieces = [*SPECIAL, *SIGNS, *(f"##{sign}" for sign in SIGNS), *ENDINGS]
    pieces += sorted(words - set(pieces))
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    pad, unknown, start, end = SPECIAL
    tokenizer = Tokenizer(models.WordPiece(vocab=vocabulary, unk_token=unknown))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, splitter
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}",
        special_tokens=[(start, vocabulary[start]), (end, vocabulary[end])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=MAX_TOKENS,
        pad_token=pad,
        unk_token=unknown,
        cls_token=start,
        sep_token=end,
    )


def build_model(*, vocabulary: int, tiny: bool = False) -> VisionTextDualEncoderModel:
    """Return the dual encoder with fresh weights; `tiny` is for tests of the training script."""
    vision = ResNetConfig(
        embedding_size=8 if tiny else 32,
        hidden_sizes=[8, 8, 16, 16] if tiny else [48, 96, 192, 384],
        depths=[1, 1, 1, 1] if tiny else [2, 2, 2, 2],
        layer_type="basic",
        # Not a ResNet setting: the dual encoder reads the width of its projection from it.
        hidden_size=16 if tiny else 384,
    )
    text = BertConfig(
        vocab_size=vocabulary,
        hidden_size=32 if tiny else 128,
        num_hidden_layers=1 if tiny else 2,
        num_attention_heads=4,
        intermediate_size=64 if tiny else 384,
        max_position_embeddings=MAX_TOKENS,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=0,
    )
    # In bf16 on CPU the backward pass of sdpa attention takes twice as long as eager.
    text._attn_implementation = "eager"
    config = VisionTextDualEncoderConfig.from_vision_text_configs(
        vision, text, projection_dim=32 if tiny else 256
    )
    model = flatten_pooler(VisionTextDualEncoderModel(config))
    for module in model.vision_model.modules():
        # A residual branch that starts at zero lets the deep net train as a shallow one first.
        if type(module).__name__ == "ResNetBasicLayer":
            nn.init.zeros_(module.layer[-1].normalization.weight)
    return model.to(memory_format=torch.channels_last)


def flatten_pooler(model: VisionTextDualEncoderModel) -> VisionTextDualEncoderModel:
    """Make the image tower's pooler return (B, C), not (B, C, 1, 1), as the projection expects."""
    model.vision_model.pooler = nn.Sequential(model.vision_model.pooler, nn.Flatten(1))
    return model


class Anchors(nn.Module):
    """One learned point of the shared space per taxonomy node, and the logit scale.

    Fresh, a text tower gives all captions nearly one vector (mean cosine 0.9), so captions leave
    the image tower nothing to aim at for the first thousands of steps. Anchors start spread out:
    pictures gather round them first, captions afterwards. They are not exported.
    """

    def __init__(self, nodes: int, dimension: int) -> None:
        """Start orthogonal, or nearly so where there are more nodes than dimensions."""
        super().__init__()
        self.points = nn.Parameter(nn.init.orthogonal_(torch.empty(nodes, dimension)))
        self.logit_scale = nn.Parameter(torch.tensor(3.0))

    def forward(self) -> Tensor:
        """Return unit vectors (nodes, D)."""
        return nn.functional.normalize(self.points, dim=-1)


class ImageTower(nn.Module):
    """The dual encoder's image half, by reference: pixels in, unit vectors out."""

    def __init__(self, model: VisionTextDualEncoderModel) -> None:
        """Share the weights of `model`."""
        super().__init__()
        self.vision_model = model.vision_model
        self.visual_projection = model.visual_projection

    def forward(self, pixels: Tensor) -> Tensor:
        """Return normalised float32 image vectors (B, D)."""
        features = self.visual_projection(self.vision_model(pixels).pooler_output)
        return nn.functional.normalize(features.float(), dim=-1)


class DropPath:
    """Stochastic depth (Huang et al., 2016): in training, skip residual branches per picture.

    Hooks, not modules, so that the weights keep the names transformers gives them.
    """

    def __init__(self, model: VisionTextDualEncoderModel, chance: float) -> None:
        """Hook every residual branch; the chance grows linearly with depth up to `chance`."""
        blocks = [m for m in model.vision_model.modules() if type(m).__name__ == "ResNetBasicLayer"]
        for index, block in enumerate(blocks):
            self._hook(block.layer, chance * (index + 1) / len(blocks))

    @staticmethod
    def _hook(branch: nn.Module, chance: float) -> None:
        def drop(module: nn.Module, _args: object, output: Tensor) -> Tensor:
            if not module.training or not chance:
                return output
            kept = torch.rand(len(output), 1, 1, 1, device=output.device) >= chance
            return output * (kept.to(output.dtype) / (1 - chance))

        branch.register_forward_hook(drop)


def embed_texts(
    model: VisionTextDualEncoderModel, tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]
) -> Tensor:
    """Return normalised float32 text vectors (T, D)."""
    tokens = tokenizer(
        list(texts), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
    ).to(model.device)
    features = model.get_text_features(
        input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
    ).pooler_output
    return nn.functional.normalize(features.float(), dim=-1)
