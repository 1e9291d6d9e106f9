"""Thresholds that verdicts teach: how sure a category has to be before it becomes a tag.

Per taxonomy and encoder, in versions one can go back to. What was judged is the job: a build whose
digest is the present one has nothing to do, so it may be rung for any number of times. A photo
counts with the score it has now, so other vectors or another temperature make another build.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max, Q

from catalog.ml import thresholds
from catalog.ml.thresholds import FLOOR, Judged
from catalog.models import (
    Category,
    CategoryThreshold,
    Embedding,
    Encoder,
    StorefrontPrune,
    Tag,
    TagVerdict,
    Taxonomy,
    ThresholdSet,
    ThresholdSwitch,
)
from catalog.scorer import Scorer, Scorers

METHOD = "thresholds-1"  # another method makes another digest, and so a new build
MOST = 5_000  # photos, those judged last: scoring them takes seconds even on a large tree
CHUNK = 256

_scorers = Scorers()  # matrices are read once per process, not every minute


@dataclass(frozen=True)
class _Photo:
    """A judged photo with a vector."""

    key: UUID
    shop: int
    vector: np.ndarray
    judged: Judged


def learn_all() -> int:
    """Build what the verdicts have changed, for the active encoder; how many builds that made."""
    encoder = Encoder.objects.filter(is_active=True).first()
    if encoder is None:
        return 0
    _scorers.look(encoder)
    concerned = Taxonomy.objects.filter(
        Q(pk__in=TagVerdict.objects.values("category__taxonomy"))
        | Q(threshold_sets__encoder=encoder, threshold_sets__is_active=True)
    ).distinct()
    found = ((each, _scorers.of_taxonomy(each)) for each in concerned)
    return sum(
        learn(taxonomy=each, encoder=encoder, scorer=scorer) is not None
        for each, scorer in found
        if scorer
    )


@transaction.atomic
def learn(*, taxonomy: Taxonomy, encoder: Encoder, scorer: Scorer) -> ThresholdSet | None:
    """A new build, in force at once, if what was judged or how it scores is other than that of the
    active one; None if there is nothing new, or while people pin a version."""
    Taxonomy.objects.select_for_update(no_key=True).get(pk=taxonomy.pk)  # builds take turns
    if ThresholdSwitch.objects.filter(taxonomy=taxonomy, follows=False).exists():
        return None
    base, precision = settings.VITRINE_TAG_THRESHOLD, settings.VITRINE_TAG_PRECISION
    photos = _judged(taxonomy, encoder, scorer)
    prunes = _prunes(taxonomy, {photo.shop for photo in photos})
    digest = _digest(photos, prunes, scorer, base, precision)
    builds = ThresholdSet.objects.filter(taxonomy=taxonomy, encoder=encoder)
    active = builds.filter(is_active=True)
    if active.filter(digest=digest).exists():
        return None
    nodes, scores, right = _evidence(photos, prunes, scorer, encoder)
    learned = thresholds.learn(nodes, scores, right, scorer.tree, base=base, precision=precision)
    active.update(is_active=False)
    if not learned:
        return None
    made = ThresholdSet.objects.create(
        taxonomy=taxonomy,
        encoder=encoder,
        version=1 + (builds.aggregate(last=Max("version"))["last"] or 0),
        digest=digest,
        precision=precision,
        base=base,
        photos=len(photos),
        is_active=True,
    )
    CategoryThreshold.objects.bulk_create(
        CategoryThreshold(
            set=made,
            category=scorer.categories[node],
            threshold=each.threshold,
            right=each.right,
            wrong=each.wrong,
        )
        for node, each in learned.items()
    )
    return made


def _judged(taxonomy: Taxonomy, encoder: Encoder, scorer: Scorer) -> list[_Photo]:
    """What staff say of which photos, those judged last first."""
    said: dict[UUID, dict[int, bool]] = {}
    standing = TagVerdict.objects.filter(category__taxonomy=taxonomy).standing().order_by("-id")
    for image, category, accepted in standing.values_list("image", "category", "accepted"):
        if category in scorer.index and (image in said or len(said) < MOST):
            said.setdefault(image, {})[category] = bool(accepted)
    unsaid: dict[UUID, list[int]] = {}
    tags = Tag.objects.filter(encoder=encoder, image__in=said, category__taxonomy=taxonomy)
    for image, category in tags.order_by("pk").values_list("image", "category"):
        if category in scorer.index and category not in said[image]:
            unsaid.setdefault(image, []).append(scorer.index[category])
    rows = Embedding.objects.filter(encoder=encoder, image__in=said).order_by("image")
    return [
        _Photo(
            image,
            shop,
            np.asarray(vector, dtype=np.float32),
            Judged(
                shown=sorted(scorer.index[key] for key, yes in said[image].items() if yes),
                absent=sorted(scorer.index[key] for key, yes in said[image].items() if not yes),
                unsaid=sorted(unsaid.get(image, ())),
            ),
        )
        for image, shop, vector in rows.values_list("image", "image__storefront", "vector")
    ]


def _prunes(taxonomy: Taxonomy, shops: set[int]) -> dict[int, frozenset[int]]:
    """The categories that each storefront leaves out."""
    found: dict[int, set[int]] = {shop: set() for shop in shops}
    rows = StorefrontPrune.objects.filter(storefront__in=shops, category__taxonomy=taxonomy)
    for shop, category in rows.values_list("storefront", "category"):
        found[shop].add(category)
    return {shop: frozenset(categories) for shop, categories in found.items()}


def _digest(
    photos: list[_Photo],
    prunes: dict[int, frozenset[int]],
    scorer: Scorer,
    base: float,
    precision: float,
) -> str:
    keys = [each.pk for each in scorer.categories]
    said = hashlib.sha256(f"{METHOD} {base} {precision} {scorer.temperature}".encode())
    said.update(np.array(keys, dtype=np.int64).tobytes())
    said.update(repr(scorer.parents).encode())
    said.update(scorer.vectors.tobytes())
    said.update(repr(sorted((shop, sorted(out)) for shop, out in prunes.items())).encode())
    for photo in photos:
        said.update(f"{photo.key} {photo.shop} {photo.judged}".encode())
    return said.hexdigest()


def _evidence(
    photos: list[_Photo], prunes: dict[int, frozenset[int]], scorer: Scorer, encoder: Encoder
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Categories, how sure photos were of them, and whether they were right; (k,) each."""
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = [
        (np.empty(0, dtype=np.int64), np.empty(0), np.empty(0, dtype=bool))
    ]
    for shop, chunk in _chunks(photos):
        used = scorer.without(prunes[shop])
        cosines = np.array([photo.vector for photo in chunk]) @ scorer.vectors.T
        for photo, row in zip(chunk, scorer.subtree_scores(cosines, used, encoder), strict=True):
            told = thresholds.tell(photo.judged, scorer.tree)
            nodes = np.flatnonzero((told >= 0) & (row >= FLOOR))
            parts.append((nodes, row[nodes], told[nodes] == 1))
    nodes, scores, right = (np.concatenate(each) for each in zip(*parts, strict=True))
    return nodes, scores, right


def _chunks(photos: list[_Photo]) -> Iterator[tuple[int, list[_Photo]]]:
    for shop in sorted({photo.shop for photo in photos}):
        own = [photo for photo in photos if photo.shop == shop]
        for at in range(0, len(own), CHUNK):
            yield shop, own[at : at + CHUNK]


@transaction.atomic
def go_back(*, to: ThresholdSet, by: AbstractBaseUser) -> None:
    """Use an earlier build, and keep to it until `follow` says otherwise."""
    Taxonomy.objects.select_for_update(no_key=True).get(pk=to.taxonomy_id)
    _follow(to.taxonomy, by, follows=False)
    beside = ThresholdSet.objects.filter(taxonomy=to.taxonomy, encoder=to.encoder)
    beside.filter(is_active=True).update(is_active=False)
    ThresholdSet.objects.filter(pk=to.pk).update(is_active=True)


@transaction.atomic
def turn_off(*, taxonomy: Taxonomy, by: AbstractBaseUser) -> None:
    """One threshold for all categories again, that of the settings. Verdicts stay."""
    Taxonomy.objects.select_for_update(no_key=True).get(pk=taxonomy.pk)
    _follow(taxonomy, by, follows=False)
    ThresholdSet.objects.filter(taxonomy=taxonomy, is_active=True).update(is_active=False)


@transaction.atomic
def follow(*, taxonomy: Taxonomy, by: AbstractBaseUser) -> None:
    """Let thresholds follow the verdicts again; the next build catches up."""
    _follow(taxonomy, by, follows=True)


def _follow(taxonomy: Taxonomy, by: AbstractBaseUser, *, follows: bool) -> None:
    ThresholdSwitch.objects.update_or_create(
        taxonomy=taxonomy, defaults={"follows": follows, "changed_by_id": by.pk}
    )


@dataclass(frozen=True)
class Standing:
    """What a category has to reach now, 0 to 1, and what that rests on: judged photos of its own,
    else its siblings' (`learned` without any), else the one of the settings."""

    threshold: float
    learned: bool = False
    right: int = 0
    wrong: int = 0
    version: int | None = None

    @property
    def photos(self) -> int:
        return self.right + self.wrong


def of_category(category: Category) -> Standing:
    """What holds for a category's next tags."""
    found = (
        CategoryThreshold.objects.filter(
            category=category, set__is_active=True, set__encoder__is_active=True
        )
        .select_related("set")
        .first()
    )
    if found is None:
        return Standing(settings.VITRINE_TAG_THRESHOLD)
    return Standing(found.threshold, True, found.right, found.wrong, found.set.version)
