"""Which way of deciding tags is best: each chooses its threshold on one half of labelled photos
and is judged on the other, both ways round. No database, no Django.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from catalog.ml import calibration, metrics, scoring, thresholds
from catalog.ml.thresholds import FLOOR, Judged
from catalog.ml.tree import Tree

GRID = np.concatenate([[0.0, 0.001, 0.003, 0.01], np.round(np.arange(0.02, 0.99, 0.02), 2)])
USUAL = 0.3  # where no photo has taught a threshold
NONE = -1  # no answer

Scores = NDArray[np.float64]
Choose = Callable[[Scores, Scores, Tree, NDArray[np.float64]], NDArray[np.int64]]


@dataclass(frozen=True)
class Labelled:
    """Photos against a tree: natural ``logits`` (n, c), the node ``truth`` (n,) of each, and
    which ``half`` (n,) bool it is in."""

    tree: Tree
    logits: Scores
    truth: NDArray[np.int64]
    half: NDArray[np.bool_]
    # Fitting a temperature on a large tree takes a while: (crowding, half) was done before.
    kept: dict[tuple[float | None, bool], tuple[Scores, Scores]] = field(default_factory=dict)

    def sides(self) -> Iterator[tuple[bool, NDArray[np.bool_], NDArray[np.bool_]]]:
        """Both ways round: a name for the half to choose by, that half, and the one to judge."""
        for side in (True, False):
            yield side, self.half == side, self.half != side


@dataclass(frozen=True)
class Way:
    """A way of deciding: how siblings' shares come about (None: each node by itself), and what is
    answered, given each node's own probability and its subtree's, (n, c) both."""

    name: str
    crowding: float | None
    choose: Choose


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares from 0 to 1 over all photos, ``precise`` over the answered ones: the label itself or
    one above it. ``precision``, ``recall`` and ``f1`` count every level of the tree."""

    answered: float
    top1: float
    precise: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Row:
    """One way at one aim, with the thresholds the two halves chose."""

    way: str
    aim: str
    thresholds: tuple[float, ...]
    figures: Figures


def halves(paths: Sequence[str]) -> NDArray[np.bool_]:
    """(n,): which half each photo is in, by its own path: more photos move nobody."""
    digests = (hashlib.sha256(f"decide:{path}".encode()).digest()[0] for path in paths)
    return np.array([each % 2 == 0 for each in digests], dtype=bool)


def _flat(own: Scores, _: Scores, tree: Tree, least: NDArray[np.float64]) -> NDArray[np.int64]:
    best = own.argmax(axis=1)
    return np.where(own[np.arange(len(own)), best] >= least[best], best, NONE)


def _leaf(own: Scores, below: Scores, tree: Tree, least: NDArray[np.float64]) -> NDArray[np.int64]:
    leaves = tree.leaves(np.ones(tree.size, dtype=bool))
    return _flat(np.where(leaves, own, 0.0), below, tree, least)


def _deepest(_: Scores, below: Scores, tree: Tree, least: NDArray[np.float64]) -> NDArray[np.int64]:
    """The surest leaf over the threshold; if there is none, the deepest node over it."""
    leaves = tree.leaves(np.ones(tree.size, dtype=bool))
    found = []
    for row in below:
        reached = row >= least
        level = np.where(reached, np.where(leaves, tree.size, tree.depths), -1)
        best = np.flatnonzero(level == level.max())
        found.append(int(best[row[best].argmax()]) if reached.any() else NONE)
    return np.array(found, dtype=np.int64)


def _descent(_: Scores, below: Scores, tree: Tree, least: NDArray[np.float64]) -> NDArray[np.int64]:
    ways = (tree.descend(row, least) for row in below)
    return np.array([way[0] if way else NONE for way in ways], dtype=np.int64)


WAYS = (
    Way("flat: the best of all nodes", None, _flat),
    Way("leaves only", None, _leaf),
    Way("leaves, else the deepest node; sums", 0.0, _deepest),
    Way("down the tree, sums", 0.0, _descent),
    Way("down the tree, means", 1.0, _descent),
    Way("down the tree, sums ÷ √size", 0.5, _descent),
)
KEPT = WAYS[-1]


def figures(answers: NDArray[np.int64], truth: NDArray[np.int64], tree: Tree) -> Figures:
    """Judge one answer per photo. An answer below the label counts as the label: the label says no
    more."""
    lines = [tree.line(int(each)) for each in truth]
    said = [
        int(right) if answer >= 0 and right in tree.line(int(answer)) else int(answer)
        for answer, right in zip(answers, truth, strict=True)
    ]
    found = metrics.hierarchical(
        [[each] if each >= 0 else [] for each in said],
        [[int(each)] for each in truth],
        tree.parents,
    )
    answered = sum(each >= 0 for each in said)
    precise = sum(each in line for each, line in zip(said, lines, strict=True))
    return Figures(
        answered=answered / len(said),
        top1=sum(each == right for each, right in zip(said, truth, strict=True)) / len(said),
        precise=precise / answered if answered else 0.0,
        precision=found.precision,
        recall=found.recall,
        f1=found.f1,
    )


def compare(
    labelled: Labelled, *, precision: float, coverage: float, ways: Sequence[Way] = WAYS
) -> list[Row]:
    """Every way at three aims: the best F1, this ``precision`` of what is answered, and an answer
    for this ``coverage`` of the photos."""
    aims: dict[str, Callable[[list[Figures]], int]] = {
        "best F1": lambda found: int(np.argmax([each.f1 for each in found])),
        f"{precision:.0%} precise": lambda found: _first(
            [each.precise >= precision for each in found], len(found) - 1
        ),
        f"{coverage:.0%} answered": lambda found: _last(
            [each.answered >= coverage for each in found], 0
        ),
    }
    rows = []
    for way in ways:
        answers = {aim: np.full(len(labelled.truth), NONE) for aim in aims}
        chosen: dict[str, list[float]] = {aim: [] for aim in aims}
        for side, fit, judge in labelled.sides():
            own, below = _probabilities(labelled, way, side)
            tried = [
                figures(
                    _choose(way, own[fit], below[fit], labelled.tree, least),
                    labelled.truth[fit],
                    labelled.tree,
                )
                for least in GRID
            ]
            for aim, pick in aims.items():
                least = float(GRID[pick(tried)])
                chosen[aim].append(least)
                answers[aim][judge] = _choose(way, own[judge], below[judge], labelled.tree, least)
        rows += [
            Row(
                way.name,
                aim,
                tuple(chosen[aim]),
                figures(answers[aim], labelled.truth, labelled.tree),
            )
            for aim in aims
        ]
    return rows


def with_learned(labelled: Labelled, *, precision: float, way: Way = KEPT) -> Row:
    """The kept way with a threshold per node, learned from the other half's labels as if people
    had said them; `USUAL` where they say nothing."""
    tree, answers = labelled.tree, np.full(len(labelled.truth), NONE)
    for side, fit, judge in labelled.sides():
        own, below = _probabilities(labelled, way, side)
        parts = []
        for row, right in zip(below[fit], labelled.truth[fit], strict=True):
            told = thresholds.tell(Judged(shown=[int(right)]), tree)
            nodes = np.flatnonzero((told >= 0) & (row >= FLOOR))
            parts.append((nodes, row[nodes], told[nodes] == 1))
        nodes, scores, hits = (np.concatenate(each) for each in zip(*parts, strict=True))
        learned = thresholds.learn(nodes, scores, hits, tree, base=USUAL, precision=precision)
        least = np.full(tree.size, USUAL)
        for node, each in learned.items():
            least[node] = each.threshold
        answers[judge] = way.choose(own[judge], below[judge], tree, least)
    name = f"{way.name}, learned thresholds"
    return Row(name, f"{precision:.0%} precise", (), figures(answers, labelled.truth, tree))


def level_error(labelled: Labelled, way: Way = KEPT) -> float:
    """Expected calibration error, 0 to 1, 15 bins, over every level of the likeliest way down, as
    far as the label tells."""
    sure, right = [], []
    for side, _, judge in labelled.sides():
        _, below = _probabilities(labelled, way, side)
        for row, label in zip(below[judge], labelled.truth[judge], strict=True):
            line = labelled.tree.line(int(label))
            nodes = labelled.tree.children[-1]
            while nodes.size:
                best = int(nodes[row[nodes].argmax()])
                sure.append(float(row[best]))
                right.append(best in line)
                nodes = labelled.tree.children[best] if best != label else nodes[:0]
    return calibration.expected_error(calibration.reliability(sure, right))


def _first(found: list[bool], otherwise: int) -> int:
    return found.index(True) if True in found else otherwise


def _last(found: list[bool], otherwise: int) -> int:
    return len(found) - 1 - found[::-1].index(True) if True in found else otherwise


def _choose(way: Way, own: Scores, below: Scores, tree: Tree, least: float) -> NDArray[np.int64]:
    return way.choose(own, below, tree, np.full(tree.size, least))


def _probabilities(labelled: Labelled, way: Way, side: bool) -> tuple[Scores, Scores]:
    """Each node's own probability and its subtree's, at the temperature that makes the labels
    of the half ``side`` likeliest; natural ones where each node stands by itself."""
    known = labelled.kept.get((way.crowding, side))
    if known is None:
        known = labelled.kept[way.crowding, side] = _at_best(labelled, way.crowding, side)
    return known


def _at_best(labelled: Labelled, crowding: float | None, side: bool) -> tuple[Scores, Scores]:
    tree = labelled.tree
    used = np.ones(tree.size, dtype=bool)
    fit = labelled.half == side
    truth = labelled.truth[fit]

    def at(heat: float, logits: Scores) -> tuple[Scores, Scores]:
        own = scoring.probabilities(logits, scoring=scoring.SOFTMAX, logit_scale=1 / heat)
        if crowding is None:
            return own, own
        if crowding == 0.0:
            return own, tree.sums(own)
        return own, tree.shares(own, used, crowding=crowding)

    def of_truth(heat: float) -> Scores:
        return at(heat, labelled.logits[fit])[1][np.arange(len(truth)), truth]

    heat = 1.0 if crowding is None else calibration.fit_likelihood(of_truth)
    return at(heat, labelled.logits)
