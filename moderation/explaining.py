"""Why a photo got its verdict: what it is nearest to, whether or not that was near enough.

Read from stored vectors, so that no worker is asked; by what the banks are now.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from catalog import reading, taxonomy_vectors
from catalog.models import Embedding, Encoder, Image, PerceptualHash
from moderation import matching, prompts
from moderation.banks import Limits
from moderation.choices import MatchKind
from moderation.matching import Match, Matcher
from moderation.prompts import Described

CATEGORIES = 5
WHATEVER = Limits(hold=-1.0)

Known = tuple[tuple[int, matching.State], Matcher, tuple[Described, ...]]
# Thousands of vectors are read once per process, not for every photo.
_known: list[Known] = []


def explain(image: Image) -> dict[str, Any]:
    """The nearest exemplar of each bank, the best prompt of each policy and the likeliest
    categories. Empty lists while the photo has no vector of the active encoder."""
    encoder = Encoder.objects.filter(is_active=True).first()
    stored = Embedding.objects.filter(image=image, encoder=encoder).first() if encoder else None
    if encoder is None or stored is None:
        return {"exemplars": [], "prompts": [], "categories": []}
    vector = np.asarray(stored.vector, dtype=np.float32)
    matcher, described = _read(encoder)
    return {
        "exemplars": _exemplars(image, vector, matcher),
        "prompts": _prompts(vector, described, encoder),
        "categories": _categories(image, encoder),
    }


def _exemplars(image: Image, vector: np.ndarray, matcher: Matcher) -> list[dict[str, Any]]:
    """By vector the nearest of every bank; by hash those near enough to be the same picture."""
    hashed = PerceptualHash.objects.filter(image=image).first()
    bits = np.array([digit == "1" for digit in str(hashed.pdq)] if hashed else [False] * 256)
    quality = hashed.quality if hashed else 0
    anything = replace(matcher, limits=dict.fromkeys(matcher.limits, WHATEVER))
    (found,) = anything.matches(vector[None, :], bits[None, :], np.array([quality]))
    return [_exemplar(match, matcher) for match in sorted(found, key=_nearest_first)]


def _exemplar(match: Match, matcher: Matcher) -> dict[str, Any]:
    by_hash = match.kind == MatchKind.HASH
    limit = match.bank.hash_distance if by_hash else matcher.limits[match.bank.pk].hold
    return {
        "kind": match.kind.value,
        "policy": match.bank.policy.slug,
        "bank": match.bank.name,
        "bank_version": match.bank.version,
        "safe": match.bank.kind == "safe",
        "exemplar": str(match.exemplar_id),
        "score": round(match.score, 6),
        "threshold": limit,
    }


def _nearest_first(match: Match) -> float:
    return match.score / 256 - 1 if match.kind == MatchKind.HASH else -match.score


def _prompts(
    vector: np.ndarray, described: tuple[Described, ...], encoder: Encoder
) -> list[dict[str, Any]]:
    anything = [replace(each, threshold=0.0) for each in described]
    needed = {each.policy.pk: each.threshold for each in described}
    (found,) = prompts.matches(anything, vector[None, :], encoder)
    return [
        {
            "policy": match.policy.slug,
            "prompt": match.prompt.text,
            "score": round(match.score, 6),
            "threshold": needed[match.policy.pk],
        }
        for match in sorted(found, key=lambda match: -match.score)
    ]


def _categories(image: Image, encoder: Encoder) -> list[dict[str, Any]]:
    """The likeliest, with the sentences whose vectors, averaged, stand for each."""
    templates = taxonomy_vectors.templates()
    return [
        {
            "category": level.category.external_id,
            "path": level.category.path,
            "score": round(level.score, 6),
            "prompts": taxonomy_vectors.prompts(level.category, templates),
            "learned": level.head_id is not None,
        }
        for level in reading.read(image=image, encoder=encoder)[:CATEGORIES]
    ]


def _read(encoder: Encoder) -> tuple[Matcher, tuple[Described, ...]]:
    state = (encoder.pk, matching.state())
    if not _known or _known[0][0] != state:
        _known[:] = [(state, matching.of(encoder), prompts.known(encoder))]
    return _known[0][1:]
