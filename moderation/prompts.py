"""Cold start: a policy described in words, scored zero-shot before it has a single exemplar.

A policy takes part when it has a threshold, a prompt of what violates it, and a contrast prompt of
what else a photo might show: prompts compete, and against none the violation would always win.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet
from pgvector import HalfVector

from catalog.choices import Scoring
from catalog.encoders import LoadedEncoder
from catalog.ml.scoring import probabilities
from catalog.models import Encoder
from moderation.models import Policy, PolicyPrompt, PromptVector
from moderation.parts import stored


@dataclass(frozen=True)
class PromptMatch:
    """A photo that one policy's prompts describe, well enough to hold it."""

    policy: Policy
    prompt: PolicyPrompt  # of those that violate, the likeliest
    score: float  # probability
    threshold: float


@dataclass(frozen=True)
class Described:
    """One policy in words: violating prompts first, contrast prompts after them."""

    policy: Policy
    threshold: float
    prompts: tuple[PolicyPrompt, ...]
    violating: int  # how many of them
    vectors: np.ndarray  # (prompts, dimension) float32, L2-normalised


def is_complete(prompts: Sequence[PolicyPrompt]) -> bool:
    """Whether these enabled prompts of one policy can be scored: one of each kind at least."""
    return {prompt.is_contrast for prompt in prompts} == {True, False}


def build(encoder: LoadedEncoder) -> tuple[Described, ...]:
    """Every policy that its prompts can hold photos for, encoding prompts that are new."""
    encode_missing(encoder)
    return known(encoder.row)


def known(encoder: Encoder) -> tuple[Described, ...]:
    """Every policy that its prompts can hold photos for, by those that are encoded."""
    policies = Policy.objects.filter(is_enabled=True, prompt_threshold__isnull=False)
    vectors: dict[int, np.ndarray] = {}
    by_policy: dict[int, list[PolicyPrompt]] = {}
    for row in (
        PromptVector.objects.filter(
            encoder=encoder, prompt__is_enabled=True, prompt__policy__in=policies
        )
        .select_related("prompt")
        .order_by("prompt_id")
    ):
        vectors[row.prompt_id] = np.asarray(row.vector, dtype=np.float32)
        by_policy.setdefault(row.prompt.policy_id, []).append(row.prompt)
    found = []
    for policy in policies.order_by("pk"):
        prompts = by_policy.get(policy.pk, [])
        if policy.prompt_threshold is None or not is_complete(prompts):
            continue
        ordered = sorted(prompts, key=lambda prompt: prompt.is_contrast)
        found.append(
            Described(
                policy=policy,
                threshold=policy.prompt_threshold,
                prompts=tuple(ordered),
                violating=sum(not prompt.is_contrast for prompt in ordered),
                vectors=np.stack([vectors[prompt.pk] for prompt in ordered]),
            )
        )
    return tuple(found)


def matches(
    described: Sequence[Described], vectors: np.ndarray, encoder: Encoder
) -> list[list[PromptMatch]]:
    """For each photo of `vectors` (n, dimension), the policies whose prompts reach the threshold.

    A softmax encoder shares one unit of probability among all prompts of a policy, and the score
    is what those that violate it have together. A sigmoid encoder answers each by itself, and the
    score is the highest.
    """
    found: list[list[PromptMatch]] = [[] for _ in vectors]
    for each in described:
        shares = probabilities(
            stored(vectors) @ each.vectors.T,
            scoring=encoder.scoring,
            logit_scale=encoder.logit_scale,
            logit_bias=encoder.logit_bias,
        )[:, : each.violating]
        together = encoder.scoring == Scoring.SOFTMAX
        scores = np.minimum(shares.sum(axis=1) if together else shares.max(axis=1), 1.0)
        for photo in np.flatnonzero(scores >= each.threshold):
            top = each.prompts[int(shares[photo].argmax())]
            found[photo].append(PromptMatch(each.policy, top, float(scores[photo]), each.threshold))
    return found


def missing(encoder: Encoder) -> QuerySet[PolicyPrompt]:
    """Enabled prompts without a vector of their text in this encoder."""
    encoded = PromptVector.objects.filter(
        prompt=OuterRef("pk"), encoder=encoder, text=OuterRef("text")
    )
    return PolicyPrompt.objects.filter(~Exists(encoded), is_enabled=True).order_by("pk")


def encode_missing(encoder: LoadedEncoder) -> int:
    """Encode the prompts that are new or whose text was changed; returns how many."""
    found = list(missing(encoder.row))
    if found:
        vectors = encoder.runtime.encode_texts([prompt.text for prompt in found])
        PromptVector.objects.bulk_create(
            [
                PromptVector(
                    prompt=prompt, encoder=encoder.row, text=prompt.text, vector=HalfVector(vector)
                )
                for prompt, vector in zip(found, vectors, strict=True)
            ],
            update_conflicts=True,
            unique_fields=["prompt", "encoder"],
            update_fields=["text", "vector"],
        )
    return len(found)
