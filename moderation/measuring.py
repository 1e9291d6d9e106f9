"""How well a bank of a few exemplars finds one product among labelled photos, in memory.

The photos of one label play a recalled product. A few are its exemplars; of all others one half
stands for photos that were already decided, where the threshold lab makes its suggestion, and the
other half judges it. Same arithmetic as the lab and the matcher, no database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.curves import (
    NoSuggestion,
    Scores,
    Share,
    Suggestion,
    Tally,
    nearest,
    suggest,
    tally,
    vetoed,
)

Vectors = NDArray[np.float32]
Marks = NDArray[np.bool_]

LEAST_LEFT = 4  # photos of the product beside its exemplars: two to learn from, two to judge


@dataclass(frozen=True)
class Plan:
    """Who plays what; indices and marks refer to the photos in the order given."""

    exemplars: NDArray[np.int64]
    product: Marks  # photos of the recalled product
    decided: Marks  # the half the suggestion is made on
    judged: Marks  # the half it is judged on


@dataclass(frozen=True)
class Judgement:
    """What a bank did at its suggested threshold."""

    threshold: float
    suggestion: Suggestion
    judged: Tally  # all photos of the judged half
    unseen: Tally  # those among them that the model was not trained on


@dataclass(frozen=True)
class Measured:
    """One product, without and with a safe bank."""

    label: str
    photos: int
    exemplars: int
    safe_exemplars: int
    without: Judgement
    safe: Judgement

    def as_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "photos": self.photos,
            "exemplars": self.exemplars,
            "safe_exemplars": self.safe_exemplars,
            "without": _judgement_json(self.without),
            "safe": _judgement_json(self.safe),
        }


def plan(paths: Sequence[str], product: Marks, *, exemplars: int, seed: int) -> Plan:
    """Divide the photos by a hash of their path, so that nobody's place depends on the others.

    Raises:
        ValueError: too few photos of the product.
    """
    members = [int(index) for index in np.flatnonzero(product)]
    if exemplars < 1:
        raise ValueError("A bank needs at least one exemplar.")
    if len(members) < exemplars + LEAST_LEFT:
        raise ValueError(
            f"{len(members)} photos are too few: {exemplars} would be exemplars, and at least "
            f"{LEAST_LEFT} must remain to learn from and to judge."
        )
    ranked = sorted(members, key=lambda index: _digest(f"{seed}:exemplar:{paths[index]}"))
    chosen = np.array(ranked[:exemplars], dtype=np.int64)
    # The product's remaining photos take turns, so that both halves have some of the few there are.
    turns = {index: place % 2 == 0 for place, index in enumerate(ranked[exemplars:])}
    decided = np.array(
        [
            turns.get(index, _digest(f"{seed}:half:{path}") % 2 == 0)
            for index, path in enumerate(paths)
        ]
    )
    others = np.ones(len(paths), dtype=bool)
    others[chosen] = False
    return Plan(chosen, product, decided & others, ~decided & others)


def measure(
    label: str, vectors: Vectors, given: Plan, *, unseen: Marks, safe_exemplars: int
) -> Measured:
    """Suggest a threshold on the decided half and judge it on the other, both ways.

    The safe bank is made of the allowed photos of the decided half nearest to the exemplars, as a
    moderator would add them from false alarms.
    """
    scores = nearest(vectors, vectors[given.exemplars], None)
    allowed = np.flatnonzero(given.decided & ~given.product)
    nearest_first = allowed[np.argsort(-scores[allowed], kind="stable")]
    safe = nearest_first[:safe_exemplars]
    own = np.arange(len(vectors))[:, None] == safe[None, :]  # a safe photo cannot vouch for itself
    safe_scores = nearest(vectors, vectors[safe], own)
    # Whatever it vetoes is nearer to it than to the bank, so it needs no threshold of its own.
    spared = vetoed(scores, safe_scores, threshold=-1.0)
    without = _judge(scores, given, unseen)
    return Measured(
        label=label,
        photos=int(given.product.sum()),
        exemplars=len(given.exemplars),
        safe_exemplars=len(safe),
        without=without,
        safe=_judge(np.where(spared, -np.inf, scores), given, unseen, otherwise=without.threshold),
    )


def pool(label: str, measured: Sequence[Measured]) -> Measured:
    """All products' counts added up; their thresholds are the middle ones of their own."""
    return Measured(
        label=label,
        photos=sum(each.photos for each in measured),
        exemplars=sum(each.exemplars for each in measured),
        safe_exemplars=sum(each.safe_exemplars for each in measured),
        without=_pooled([each.without for each in measured]),
        safe=_pooled([each.safe for each in measured]),
    )


def _judge(
    scores: Scores, given: Plan, unseen: Marks, *, otherwise: float | None = None
) -> Judgement:
    """Judge the suggestion, or `otherwise` where the safe bank leaves nothing to suggest by."""
    known, labels = scores[given.decided], given.product[given.decided]
    try:
        suggestion = suggest(known, labels)
    except NoSuggestion:
        if otherwise is None:
            raise
        suggestion = Suggestion(otherwise, tally(known, labels, otherwise))
    everything, fresh = (
        tally(scores[part], given.product[part], suggestion.threshold)
        for part in (given.judged, given.judged & unseen)
    )
    return Judgement(suggestion.threshold, suggestion, everything, fresh)


def _pooled(judgements: Sequence[Judgement]) -> Judgement:
    threshold = float(np.median([each.threshold for each in judgements]))
    nothing = Tally(0, 0, 0, 0)
    return Judgement(
        threshold,
        Suggestion(threshold, sum((each.suggestion.tally for each in judgements), nothing)),
        sum((each.judged for each in judgements), nothing),
        sum((each.unseen for each in judgements), nothing),
    )


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _judgement_json(found: Judgement) -> dict[str, Any]:
    return {
        "threshold": found.threshold,
        "decided": _tally_json(found.suggestion.tally),
        "judged": _tally_json(found.judged),
        "unseen": _tally_json(found.unseen),
    }


def _tally_json(found: Tally) -> dict[str, Any]:
    return {"precision": _share_json(found.precision), "recall": _share_json(found.recall)}


def _share_json(share: Share) -> dict[str, Any]:
    return {
        "successes": share.successes,
        "trials": share.trials,
        "value": share.value,
        "low": share.low,
        "high": share.high,
    }
