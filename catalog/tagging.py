"""Stage: tag each photo against its storefront's taxonomy, zero-shot."""

import numpy as np
from django.conf import settings

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
                tags += _tags(items, scores, scorer, scorer.leaves(used), batch.encoder)
        Tag.objects.bulk_create(tags)


def _tags(
    items: list[Item],
    scores: np.ndarray,
    scorer: Scorer,
    leaves: np.ndarray,
    encoder: LoadedEncoder,
) -> list[Tag]:
    threshold = settings.VITRINE_TAG_THRESHOLD
    return [
        Tag(
            image=item.image,
            category=scorer.categories[index],
            encoder=encoder.row,
            rank=rank,
            score=float(row[index]),
            threshold=threshold,
            template_version=scorer.template_versions[index],
        )
        for item, row in zip(items, scores, strict=True)
        for rank, index in enumerate(choose(row, scorer, leaves, threshold), start=1)
    ]
