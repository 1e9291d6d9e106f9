"""Stage: tag each photo against its storefront's taxonomy, zero-shot."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np

from catalog import verdicts
from catalog.batch import Batch
from catalog.choices import Scoring
from catalog.encoders import LoadedEncoder
from catalog.models import Encoder, Image, Storefront, Tag
from catalog.scorer import Scorer, Scorers

# Of several things in one photo a softmax encoder is never sure at once: a second way down the tree
# is another guess at the first thing more often than a second thing (docs/tagging.md). Sigmoid
# encoders answer for each category by itself.
WAYS = {Scoring.SOFTMAX: 1, Scoring.SIGMOID: 3}


def choose(scores: np.ndarray, scorer: Scorer, thresholds: np.ndarray, scoring: str) -> list[int]:
    """Category indices for one photo, best first; empty is an abstention.

    Down the tree as long as the next step reaches its threshold. `scores` is a row (n,) of
    `subtree_scores`, `thresholds` (n,).
    """
    return scorer.tree.descend(scores, thresholds, most=WAYS[Scoring(scoring)])


class TagImages:
    """Scores the batch against every category in use and stores what is sure enough.

    One matrix product per taxonomy; what a storefront does not use of it is masked afterwards.
    """

    def __init__(self) -> None:
        self._scorers = Scorers()

    def prepare(self, encoder: LoadedEncoder) -> None:
        self._scorers.refresh(encoder)

    def process(self, batch: Batch) -> None:
        images = [item.image for item in batch.items]
        Tag.objects.filter(image__in=images, encoder=batch.encoder.row).delete()
        Tag.objects.bulk_create(self.judge(batch))

    def judge(self, batch: Batch) -> list[Tag]:
        """The tags of the photos, not saved."""
        return tag_all(
            images=[item.image for item in batch.items],
            vectors=batch.vectors,
            encoder=batch.encoder.row,
            scorers=self._scorers,
        )


def tag_all(
    *, images: Sequence[Image], vectors: np.ndarray, encoder: Encoder, scorers: Scorers
) -> list[Tag]:
    """Unsaved tags of photos with these vectors (n, dimension), heeding what people said of each.

    `scorers` must have looked at `encoder`. The same for a batch on the conveyor and for photos
    that are tagged again.
    """
    said = verdicts.standing_of(image.pk for image in images)
    storefronts = Storefront.objects.in_bulk({image.storefront_id for image in images})
    settled = {key: scorers.of(each) for key, each in storefronts.items()}
    found = {id(each[0]): each[0] for each in settled.values() if each}
    tags: list[Tag] = []
    for scorer in found.values():
        shops = {key: each[1] for key, each in settled.items() if each and each[0] is scorer}
        rows = [i for i, image in enumerate(images) if image.storefront_id in shops]
        cosines = vectors[rows] @ scorer.vectors.T
        shop_of = np.array([images[row].storefront_id for row in rows])
        for shop, used in shops.items():
            own = np.flatnonzero(shop_of == shop)
            scores = scorer.subtree_scores(cosines[own], used, encoder)
            tags += _tags([images[rows[i]] for i in own], scores, scorer, used, encoder, said)
    return tags


def _tags(
    images: list[Image],
    scores: np.ndarray,
    scorer: Scorer,
    used: np.ndarray,
    encoder: Encoder,
    said: dict[UUID, dict[int, bool]],
) -> list[Tag]:
    thresholds = scorer.thresholds()
    tags = []
    for image, row in zip(images, scores, strict=True):
        verdicts_on = said.get(image.pk, {})
        confirmed, allowed = heed(verdicts_on, scorer, used)
        chosen = choose(np.where(allowed, row, 0.0), scorer, thresholds, encoder.scoring)
        said_already = {above for index in confirmed for above in scorer.tree.line(index)}
        proposed = [index for index in chosen if index not in said_already]
        tags += [
            Tag(
                image=image,
                category=scorer.categories[index],
                encoder=encoder,
                rank=rank,
                score=float(row[index]),
                threshold=float(thresholds[index]),
                levels=[float(row[step]) for step in scorer.tree.line(index)],
                template_version=scorer.template_versions[index],
                head_id=scorer.head_id,
                calibration_id=scorer.calibration_id,
                threshold_set_id=scorer.threshold_set_id,
                is_confirmed=index in confirmed,
            )
            for rank, index in enumerate([*confirmed, *proposed], start=1)
        ]
    return tags


def heed(said: dict[int, bool], scorer: Scorer, used: np.ndarray) -> tuple[list[int], np.ndarray]:
    """What people said of a photo: confirmed category indices, and (n,) bool what is left to
    propose, which is nothing at or below a rejected category."""
    confirmed = [
        scorer.index[key]
        for key, accepted in reversed(said.items())  # what was said last comes first
        if accepted and key in scorer.index and used[scorer.index[key]]
    ]
    rejected = frozenset(key for key, accepted in said.items() if not accepted)
    return confirmed, scorer.without(rejected) if rejected else scorer.everything
