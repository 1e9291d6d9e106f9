"""Making the shown probabilities mean what they say: a temperature per taxonomy and encoder.

It is fitted on one half of the labelled photos and judged on the other, both ways round, so that
the error that is stored was measured on photos it was not fitted on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import transaction

from catalog.choices import Scoring
from catalog.ml import calibration, scoring
from catalog.ml.tree import Tree
from catalog.models import Calibration, Embedding, Encoder, TagVerdict, Taxonomy
from catalog.scorer import Scorer, build

CHUNK = 256  # photos scored against a whole tree at once
FEWEST = 50  # labelled photos; with fewer, the temperature would be noise


class CannotCalibrate(ValueError):
    """Not with these photos or this encoder; the message says why and what to do."""


@dataclass(frozen=True)
class Fit:
    """A temperature, and how honest the probabilities are before and after: expected calibration
    error, 0 to 1, and the photos in stretches of confidence."""

    temperature: float
    photos: int
    error_before: float
    error_after: float
    before: list[calibration.Bin]
    after: list[calibration.Bin]


def fit(logits: np.ndarray, truth: np.ndarray, halves: np.ndarray, tree: Tree | None = None) -> Fit:
    """Fit on `logits` (n, c), natural ones, of the right answers `truth` (n,); `halves` (n,) bool
    says which half each photo is in. With a `tree` its nodes are the columns, probability is shared
    out along it, and leaves are the answers. Raises `CannotCalibrate`."""
    if len(truth) < FEWEST or not halves.any() or halves.all():
        raise CannotCalibrate(
            f"There are {len(truth)} photos with a known category; {FEWEST} are needed."
        )
    before = calibration.reliability(*_answers(logits, truth, 1.0, tree))
    sure, right = np.zeros(len(truth)), np.zeros(len(truth), dtype=bool)
    for fitted, judged in ((halves, ~halves), (~halves, halves)):
        heat = _temperature(logits[fitted], truth[fitted], tree)
        sure[judged], right[judged] = _answers(logits[judged], truth[judged], heat, tree)
    after = calibration.reliability(sure, right)
    return Fit(
        temperature=_temperature(logits, truth, tree),
        photos=len(truth),
        error_before=calibration.expected_error(before),
        error_after=calibration.expected_error(after),
        before=before,
        after=after,
    )


def _temperature(logits: np.ndarray, truth: np.ndarray, tree: Tree | None) -> float:
    if tree is None:
        return calibration.fit_temperature(logits, truth)

    def of_truth(heat: float) -> np.ndarray:
        parts = _shares(logits, heat, tree)
        return np.concatenate([part[np.arange(len(part)), truth[at]] for at, part in parts])

    return calibration.fit_likelihood(of_truth)


def _shares(logits: np.ndarray, heat: float, tree: Tree) -> Iterator[tuple[slice, np.ndarray]]:
    """Probabilities along the tree, some photos at a time."""
    used = np.ones(tree.size, dtype=bool)
    for start in range(0, len(logits), CHUNK):
        at = slice(start, start + CHUNK)
        yield at, tree.shares(softmax(logits[at] / heat), used)


def _answers(
    logits: np.ndarray, truth: np.ndarray, heat: float, tree: Tree | None
) -> tuple[np.ndarray, np.ndarray]:
    """How sure each photo's best answer is, and whether it is right; (n,) both."""
    if tree is None:
        return calibration.answers(softmax(logits / heat), truth)
    leaves = tree.leaves(np.ones(tree.size, dtype=bool))
    parts = [
        calibration.answers(np.where(leaves, part, 0.0), truth[at])
        for at, part in _shares(logits, heat, tree)
    ]
    return np.concatenate([each for each, _ in parts]), np.concatenate([each for _, each in parts])


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities (n, c) of natural `logits` (n, c)."""
    return scoring.probabilities(logits, scoring=scoring.SOFTMAX, logit_scale=1.0)


def from_vectors(
    *, taxonomy: Taxonomy, encoder: Encoder, vectors: np.ndarray, external_ids: Sequence[str]
) -> Fit:
    """Fit with photos as vectors (n, dimension) and the category of each by its external id;
    photos of other categories are left out. Raises `CannotCalibrate`."""
    scorer = _scorer(taxonomy, encoder)
    index = {category.external_id: at for at, category in enumerate(scorer.categories)}
    known = np.array([each in index for each in external_ids], dtype=bool)
    truth = np.array([index[each] for each in external_ids if each in index], dtype=int)
    return _fit(scorer, encoder, np.asarray(vectors)[known], truth)


def from_verdicts(*, taxonomy: Taxonomy, encoder: Encoder) -> Fit:
    """Fit with the photos that staff confirmed one category of. Raises `CannotCalibrate`."""
    scorer = _scorer(taxonomy, encoder)
    index = {category.pk: at for at, category in enumerate(scorer.categories)}
    standing = TagVerdict.objects.filter(category__taxonomy=taxonomy).standing()
    named: dict[UUID, list[int]] = {}
    for image, category in standing.filter(accepted=True).values_list("image_id", "category_id"):
        named.setdefault(image, []).append(category)
    single = {
        image: index[found[0]]
        for image, found in named.items()
        if len(found) == 1 and found[0] in index
    }
    stored = Embedding.objects.filter(encoder=encoder, image__in=single).order_by("image")
    rows = [(vector, single[image]) for image, vector in stored.values_list("image_id", "vector")]
    vectors = np.array([vector for vector, _ in rows], dtype=np.float32)
    return _fit(
        scorer,
        encoder,
        vectors.reshape(-1, encoder.dimension),
        np.array([at for _, at in rows], dtype=int),
    )


@transaction.atomic
def put_in_force(*, taxonomy: Taxonomy, encoder: Encoder, fitted: Fit) -> Calibration | None:
    """Read this encoder's probabilities by `fitted` from now on; None, and nothing changes, if it
    made them no more honest than they are."""
    if fitted.error_after >= fitted.error_before:
        return None
    return Calibration.objects.create(
        taxonomy=taxonomy,
        encoder=encoder,
        taxonomy_version=taxonomy.version,
        temperature=fitted.temperature,
        photos=fitted.photos,
        error_before=fitted.error_before,
        error_after=fitted.error_after,
    )


def _scorer(taxonomy: Taxonomy, encoder: Encoder) -> Scorer:
    if encoder.scoring != Scoring.SOFTMAX:
        raise CannotCalibrate("A sigmoid encoder answers each category by itself and is left so.")
    scorer = build(taxonomy=taxonomy, encoder=encoder)
    if scorer is None:
        raise CannotCalibrate(f"{taxonomy} is not encoded yet. Run encode_taxonomy first.")
    return scorer


def _fit(scorer: Scorer, encoder: Encoder, vectors: np.ndarray, truth: np.ndarray) -> Fit:
    """Temperatures are fitted to logits as the checkpoint gives them, not to calibrated ones, so
    that doing it again changes nothing. Only photos of leaves tell."""
    leaves = scorer.leaves(scorer.everything)
    own = leaves[truth] if len(truth) else np.zeros(0, dtype=bool)
    logits = encoder.logit_scale * (vectors[own] @ scorer.vectors.T).astype(np.float64)
    return fit(logits, truth[own], np.arange(int(own.sum())) % 2 == 0, scorer.tree)
