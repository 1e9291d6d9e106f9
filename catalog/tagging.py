"""Stage: tag each photo against its storefront's taxonomy, zero-shot."""

from uuid import UUID

import numpy as np
from django.conf import settings

from catalog import verdicts
from catalog.batch import Batch, Item
from catalog.encoders import LoadedEncoder
from catalog.models import Storefront, Tag
from catalog.scorer import Scorer, Scorers

TAGS_PER_PHOTO = 3


def choose(scores: np.ndarray, scorer: Scorer, leaves: np.ndarray, threshold: float) -> list[int]:
    """Category indices for one photo, best first; empty is an abstention.

    Leaves that reach the threshold; if none does, the deepest category that does. `scores` is a
    row (n,) of `subtree_scores`, `leaves` (n,) bool.
    """
    reached = scores >= threshold
    sure = np.flatnonzero(reached & leaves)
    if sure.size:
        return sure[np.argsort(-scores[sure])][:TAGS_PER_PHOTO].tolist()
    inner = np.flatnonzero(reached)
    if not inner.size:
        return []
    depths = [scorer.categories[index].path.count(" ▸ ") for index in inner]
    deepest = [i for i, depth in zip(inner, depths, strict=True) if depth == max(depths)]
    return [int(max(deepest, key=lambda index: scores[index]))]


class TagImages:
    """Scores the batch against every category in use and stores the tags that reach the threshold.

    One matrix product per taxonomy; what a storefront does not use of it is masked afterwards.
    """

    def __init__(self) -> None:
        self._scorers = Scorers()

    def prepare(self, encoder: LoadedEncoder) -> None:
        self._scorers.refresh(encoder)

    def process(self, batch: Batch) -> None:
        Tag.objects.filter(
            image__in=[item.image for item in batch.items], encoder=batch.encoder.row
        ).delete()
        said = verdicts.standing_of(item.image.pk for item in batch.items)
        storefronts = Storefront.objects.in_bulk({item.image.storefront_id for item in batch.items})
        settled = {key: self._scorers.of(each) for key, each in storefronts.items()}
        scorers = {id(found[0]): found[0] for found in settled.values() if found}
        tags: list[Tag] = []
        for scorer in scorers.values():
            shops = {
                key: found[1] for key, found in settled.items() if found and found[0] is scorer
            }
            rows = [i for i, item in enumerate(batch.items) if item.image.storefront_id in shops]
            cosines = batch.vectors[rows] @ scorer.vectors.T
            shop_of = np.array([batch.items[row].image.storefront_id for row in rows])
            for shop, used in shops.items():
                own = np.flatnonzero(shop_of == shop)
                scores = scorer.subtree_scores(cosines[own], used, batch.encoder.row)
                items = [batch.items[rows[i]] for i in own]
                tags += _tags(items, scores, scorer, used, batch.encoder, said)
        Tag.objects.bulk_create(tags)


def _tags(
    items: list[Item],
    scores: np.ndarray,
    scorer: Scorer,
    used: np.ndarray,
    encoder: LoadedEncoder,
    said: dict[UUID, dict[int, bool]],
) -> list[Tag]:
    threshold = settings.VITRINE_TAG_THRESHOLD
    leaves = scorer.leaves(used)
    tags = []
    for item, row in zip(items, scores, strict=True):
        verdicts_on = said.get(item.image.pk, {})
        confirmed, allowed = heed(verdicts_on, scorer, used)
        chosen = choose(np.where(allowed, row, 0.0), scorer, leaves, threshold)
        proposed = [index for index in chosen if index not in confirmed]
        tags += [
            Tag(
                image=item.image,
                category=scorer.categories[index],
                encoder=encoder.row,
                rank=rank,
                score=float(row[index]),
                threshold=threshold,
                template_version=scorer.template_versions[index],
                head_id=scorer.head_id,
                calibration_id=scorer.calibration_id,
                is_confirmed=index in confirmed,
            )
            for rank, index in enumerate([*confirmed, *proposed], start=1)
        ]
    return tags


def heed(said: dict[int, bool], scorer: Scorer, used: np.ndarray) -> tuple[list[int], np.ndarray]:
    """What people said of a photo: confirmed category indices, and (n,) bool what is left to
    propose, which is nothing at or below a rejected category."""
    confirmed = [
        index
        for index, category in enumerate(scorer.categories)
        if used[index] and said.get(category.pk)
    ]
    rejected = frozenset(key for key, accepted in said.items() if not accepted)
    return confirmed, scorer.without(rejected) if rejected else scorer.everything
