"""Taxonomies as matrices, ready to score photos with, and kept while they stay the same."""

import time
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from django.conf import settings
from django.db.models import OuterRef, Subquery

from catalog import taxonomy_vectors
from catalog.choices import Scoring
from catalog.encoders import LoadedEncoder
from catalog.ml.scoring import probabilities
from catalog.ml.tree import Tree
from catalog.models import (
    Calibration,
    CategoryHead,
    CategoryThreshold,
    CategoryVector,
    Encoder,
    HeadVector,
    Storefront,
    StorefrontPrune,
    Taxonomy,
    ThresholdSet,
)
from catalog.models.taxonomy import Category

# Up to so many categories are encoded on the spot when a photo needs them, which a small tree
# takes seconds for. A larger one is the job of `taxonomy_vectors`; no photo waits for it.
AT_ONCE = 256
LOOK_AGAIN = 5.0  # seconds between looks at a taxonomy whose vectors are still being made


@dataclass(frozen=True)
class Scorer:
    """A taxonomy as one matrix, and everything its scores depend on."""

    categories: list[Category]  # parents before children
    parents: list[int | None]  # index of each category's parent
    vectors: np.ndarray  # (n, dimension) float32
    template_versions: list[str]  # what each vector was made with
    head_id: int | None = None  # what was learned from confirmed photos, if that is in force
    calibration_id: int | None = None
    temperature: float = 1.0  # logits are divided by it
    threshold_set_id: int | None = None
    learned: dict[int, float] = field(default_factory=dict)  # thresholds, by a category's key

    @cached_property
    def everything(self) -> np.ndarray:
        """(n,) bool: nothing pruned."""
        return np.ones(len(self.categories), dtype=bool)

    @cached_property
    def index(self) -> dict[int, int]:
        """Where each category's key stands."""
        return {category.pk: at for at, category in enumerate(self.categories)}

    @cached_property
    def tree(self) -> Tree:
        """The categories' indices as a tree."""
        return Tree(self.parents)

    def without(self, pruned: frozenset[int]) -> np.ndarray:
        """(n,) bool: what is left without the categories of these keys and all below them."""
        cut = np.array([category.pk in pruned for category in self.categories], dtype=bool)
        return ~self.tree.downward(cut)

    def leaves(self, used: np.ndarray) -> np.ndarray:
        """(n,) bool: nodes in use with nothing in use below them."""
        return self.tree.leaves(used)

    def thresholds(self) -> np.ndarray:
        """(n,): the score each category has to reach, which people's verdicts taught, or else the
        one of the settings."""
        base = settings.VITRINE_TAG_THRESHOLD
        return np.array([self.learned.get(each.pk, base) for each in self.categories])

    def subtree_scores(self, cosines: np.ndarray, used: np.ndarray, encoder: Encoder) -> np.ndarray:
        """Probability (m, n) that each photo belongs at or below each category; `cosines` is
        (m, n), and categories that are not `used` (n,) get 0.

        Softmax encoders share out one unit of probability, from the roots down: siblings share
        what their parent has (`Tree.shares`). Sigmoid encoders answer each node by itself, so a
        subtree's probability is the highest of its nodes'.
        """
        own = np.zeros(cosines.shape)
        if used.any():
            own[:, used] = probabilities(
                cosines[:, used],
                scoring=encoder.scoring,
                logit_scale=encoder.logit_scale / self.temperature,
                logit_bias=encoder.logit_bias / self.temperature,
            )
        if encoder.scoring == Scoring.SOFTMAX:
            return self.tree.shares(own, used)
        return np.clip(self.tree.maxima(own), 0.0, 1.0)


def build(*, taxonomy: Taxonomy, encoder: Encoder) -> Scorer | None:
    """A scorer over the categories that have a vector; None while too few have one."""
    if not taxonomy_vectors.usable(taxonomy=taxonomy, encoder=encoder):
        return None
    rows = list(taxonomy.categories.filter(is_retired=False).order_by("position"))
    known = {
        key: (vector, version)
        for key, vector, version in CategoryVector.objects.filter(
            encoder=encoder, category__taxonomy=taxonomy
        ).values_list("category_id", "vector", "template_version")
    }
    head, calibration = in_force(taxonomy=taxonomy, encoder=encoder)
    learned_set = ThresholdSet.objects.filter(
        taxonomy=taxonomy, encoder=encoder, is_active=True
    ).first()
    if head:
        learned = HeadVector.objects.filter(head=head).values_list("category_id", "vector")
        known |= {key: (vector, known[key][1]) for key, vector in learned if key in known}
    by_key = {row.pk: row for row in rows}
    categories = [row for row in rows if row.pk in known]
    index = {row.pk: i for i, row in enumerate(categories)}

    def parent_of(row: Category) -> int | None:
        """The nearest category above that has a vector."""
        above = by_key.get(row.parent_id) if row.parent_id else None
        while above and above.pk not in index:
            above = by_key.get(above.parent_id) if above.parent_id else None
        return index[above.pk] if above else None

    return Scorer(
        categories=categories,
        parents=[parent_of(row) for row in categories],
        vectors=np.array([known[row.pk][0] for row in categories], dtype=np.float32),
        template_versions=[known[row.pk][1] for row in categories],
        head_id=head.pk if head else None,
        calibration_id=calibration.pk if calibration else None,
        temperature=calibration.temperature if calibration else 1.0,
        threshold_set_id=learned_set.pk if learned_set else None,
        learned=dict(
            CategoryThreshold.objects.filter(set=learned_set).values_list("category", "threshold")
        )
        if learned_set
        else {},
    )


def in_force(
    *, taxonomy: Taxonomy, encoder: Encoder
) -> tuple[CategoryHead | None, Calibration | None]:
    """What was learned from people, of this taxonomy in this encoder: vectors and temperature."""
    head = CategoryHead.objects.filter(taxonomy=taxonomy, encoder=encoder, is_active=True).first()
    calibration = Calibration.objects.filter(
        taxonomy=taxonomy, encoder=encoder, taxonomy_version=taxonomy.version
    ).first()
    return head, calibration


@dataclass
class _Kept:
    state: tuple[object, ...]
    scorer: Scorer | None
    complete: bool
    looked_at: float
    masks: dict[frozenset[int], np.ndarray] = field(default_factory=dict)


class Scorers:
    """The scorers of all taxonomies in use, one per taxonomy, for the encoder last refreshed."""

    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}
        self._active: int | None = None
        self._learned: dict[int, tuple[int | None, ...]] = {}

    def refresh(self, encoder: LoadedEncoder) -> None:
        """Catch up with the database. Costs a query when nothing changed; call it outside of
        transactions, for it may encode a few categories."""
        self._look_at_all(encoder.row, encoder)

    def look(self, encoder: Encoder) -> None:
        """Catch up with what the database has, without a model at hand to encode more."""
        self._look_at_all(encoder, None)

    def _look_at_all(self, row: Encoder, loaded: LoadedEncoder | None) -> None:
        version = taxonomy_vectors.templates().version
        in_use = Taxonomy.objects.in_use().annotate(
            head_now=Subquery(
                CategoryHead.objects.filter(
                    taxonomy=OuterRef("pk"), encoder=row, is_active=True
                ).values("pk")
            ),
            calibration_now=Subquery(
                Calibration.objects.filter(
                    taxonomy=OuterRef("pk"), encoder=row, taxonomy_version=OuterRef("version")
                ).values("pk")[:1]
            ),
            thresholds_now=Subquery(
                ThresholdSet.objects.filter(
                    taxonomy=OuterRef("pk"), encoder=row, is_active=True
                ).values("pk")
            ),
        )
        self._learned = {
            each.pk: (each.head_now, each.calibration_now, each.thresholds_now) for each in in_use
        }
        self._active = next((each.pk for each in in_use if each.is_active), None)
        self._kept = {each.pk: self._look(each, row, loaded, version) for each in in_use}

    def of(self, storefront: Storefront) -> tuple[Scorer, np.ndarray] | None:
        """The scorer of its taxonomy and what it uses of it, (n,) bool; the active taxonomy's
        while its own is not encoded; None when there is neither."""
        for key in (storefront.taxonomy_id, self._active):
            kept = self._kept.get(key) if key else None
            if kept and kept.scorer:
                pruned = frozenset(
                    StorefrontPrune.objects.filter(
                        storefront=storefront, category__taxonomy=key
                    ).values_list("category_id", flat=True)
                )
                if pruned not in kept.masks:
                    kept.masks[pruned] = kept.scorer.without(pruned)
                return kept.scorer, kept.masks[pruned]
        return None

    def of_taxonomy(self, taxonomy: Taxonomy) -> Scorer | None:
        """The scorer of a taxonomy in use; None while it has none."""
        kept = self._kept.get(taxonomy.pk)
        return kept.scorer if kept else None

    def _look(
        self, taxonomy: Taxonomy, encoder: Encoder, loaded: LoadedEncoder | None, version: str
    ) -> _Kept:
        state = (encoder.pk, version, taxonomy.updated_at, *self._learned.get(taxonomy.pk, ()))
        kept = self._kept.get(taxonomy.pk)
        now = time.monotonic()
        if kept and kept.state == state and (kept.complete or now < kept.looked_at + LOOK_AGAIN):
            return kept
        progress = taxonomy_vectors.progress(taxonomy=taxonomy, encoder=encoder)
        if loaded and 0 < progress.left <= AT_ONCE:
            taxonomy_vectors.encode_missing(encoder=loaded, taxonomy=taxonomy)
            progress = taxonomy_vectors.progress(taxonomy=taxonomy, encoder=encoder)
        if kept and kept.state == state and kept.scorer and not progress.complete:
            kept.looked_at = now
            return kept
        scorer = build(taxonomy=taxonomy, encoder=encoder)
        return _Kept(state, scorer, progress.complete, now)
