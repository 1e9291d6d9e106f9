"""Stage: tag each photo against the active taxonomy, zero-shot."""

from dataclasses import dataclass

import numpy as np
from django.conf import settings

from catalog import taxonomy
from catalog.batch import Batch
from catalog.choices import Scoring
from catalog.encoders import LoadedEncoder
from catalog.ml.scoring import probabilities
from catalog.models import Category, Tag, Taxonomy

TAGS_PER_PHOTO = 3


@dataclass(frozen=True)
class Scorer:
    """The taxonomy as one matrix, and everything its scores depend on."""

    categories: list[Category]  # parents before children
    parents: list[int | None]  # index of each category's parent
    leaves: np.ndarray  # (n,) bool
    vectors: np.ndarray  # (n, dimension) float32
    template_version: str

    def subtree_scores(self, vectors: np.ndarray, encoder: LoadedEncoder) -> np.ndarray:
        """Probability (m, n) that each photo belongs at or below each category.

        Softmax encoders share one unit of probability among all nodes, so a subtree's is the
        sum of its nodes'; sigmoid encoders answer each node by itself, so it is their maximum.
        """
        row = encoder.row
        own = probabilities(
            vectors @ self.vectors.T,
            scoring=row.scoring,
            logit_scale=row.logit_scale,
            logit_bias=row.logit_bias,
        )
        scores = np.array(own, dtype=np.float64)
        for index in range(len(self.parents) - 1, -1, -1):
            parent = self.parents[index]
            if parent is None:
                continue
            if row.scoring == Scoring.SOFTMAX:
                scores[:, parent] += scores[:, index]
            else:
                scores[:, parent] = np.maximum(scores[:, parent], scores[:, index])
        return np.clip(scores, 0.0, 1.0)


def choose(scores: np.ndarray, scorer: Scorer, threshold: float) -> list[int]:
    """Category indices for one photo, best first; empty is an abstention.

    Leaves that reach the threshold; if none does, the deepest category that does. `scores` is a
    row (n,) of `subtree_scores`.
    """
    reached = scores >= threshold
    leaves = np.flatnonzero(reached & scorer.leaves)
    if leaves.size:
        return leaves[np.argsort(-scores[leaves])][:TAGS_PER_PHOTO].tolist()
    inner = np.flatnonzero(reached)
    if not inner.size:
        return []
    depths = [scorer.categories[index].path.count(" ▸ ") for index in inner]
    deepest = [i for i, depth in zip(inner, depths, strict=True) if depth == max(depths)]
    return [int(max(deepest, key=lambda index: scores[index]))]


class TagImages:
    """Scores the batch against every category and stores the tags that reach the threshold."""

    def __init__(self) -> None:
        self._scorer: Scorer | None = None
        self._state: tuple[object, ...] = ()

    def prepare(self, encoder: LoadedEncoder) -> None:
        template_set = taxonomy.templates()
        active = Taxonomy.objects.filter(is_active=True).first()
        state = (encoder.row.pk, template_set.version, active and (active.pk, active.updated_at))
        if state != self._state:
            self._scorer = build_scorer(encoder, active) if active else None
            self._state = state

    def process(self, batch: Batch) -> None:
        images = [item.image for item in batch.items]
        Tag.objects.filter(image__in=images, encoder=batch.encoder.row).delete()
        if self._scorer is None:
            return
        threshold = settings.VITRINE_TAG_THRESHOLD
        scores = self._scorer.subtree_scores(batch.vectors, batch.encoder)
        Tag.objects.bulk_create(
            Tag(
                image=image,
                category=self._scorer.categories[index],
                encoder=batch.encoder.row,
                rank=rank,
                score=float(row[index]),
                threshold=threshold,
                template_version=self._scorer.template_version,
            )
            for image, row in zip(images, scores, strict=True)
            for rank, index in enumerate(choose(row, self._scorer, threshold), start=1)
        )


def build_scorer(encoder: LoadedEncoder, active: Taxonomy) -> Scorer | None:
    """The active taxonomy's scorer, encoding what is missing; None when it has no categories."""
    categories = list(active.categories.filter(is_retired=False).order_by("position"))
    if not categories:
        return None
    index = {category.pk: i for i, category in enumerate(categories)}
    parents = [
        index.get(category.parent_id) if category.parent_id else None for category in categories
    ]
    leaves = np.ones(len(categories), dtype=bool)
    leaves[[parent for parent in parents if parent is not None]] = False
    template_set = taxonomy.templates()
    return Scorer(
        categories=categories,
        parents=parents,
        leaves=leaves,
        vectors=taxonomy.text_vectors(
            categories=categories, encoder=encoder, template_set=template_set
        ),
        template_version=template_set.version,
    )
