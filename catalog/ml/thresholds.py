"""What judged photos say about how sure a category has to be. numpy only.

A category's threshold is the lowest score from which on enough of the judged photos were right.
Few photos say little, so it is drawn towards its siblings', and theirs towards the usual one.
Measured: docs/tagging.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.ml.tree import Tree

FLOOR = 0.05  # lower scores are no tags, whoever says what
CEILING = 0.99
WORTH = 5  # judged photos that what a category is lent is worth
WORTH_OF_SIBLINGS = 25


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of one photo: indices of categories that it shows, that it does not show, and
    of those where nobody said."""

    shown: Sequence[int] = ()
    absent: Sequence[int] = ()
    unsaid: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Learned:
    """One category's threshold, and how many judged photos that reached `FLOOR` were right and
    wrong; none of either where all it has is its siblings'."""

    threshold: float
    right: int
    wrong: int


def tell(judged: Judged, tree: Tree) -> NDArray[np.int8]:
    """(n,): 1 where a node is right for a photo, 0 where it is wrong, −1 where nobody knows.

    What a photo shows it shows at every level above, and finer levels are unknown. Once something
    it shows is known, everything else is wrong, except what still waits for somebody's word.
    """
    found = np.full(tree.size, 0 if judged.shown else -1, dtype=np.int8)
    for index in judged.unsaid:
        found[_below(index, tree)] = -1
        found[tree.line(index)] = -1
    for index in judged.shown:
        found[_below(index, tree)] = -1
    for index in judged.absent:
        found[_below(index, tree)] = 0
    for index in judged.shown:
        found[tree.line(index)] = 1
    return found


def learn(
    nodes: NDArray[np.int64],
    scores: NDArray[np.float64],
    right: NDArray[np.bool_],
    tree: Tree,
    *,
    base: float,
    precision: float,
) -> dict[int, Learned]:
    """Thresholds by node, of the nodes that judged photos say something about and their siblings.

    ``nodes``, ``scores`` and ``right`` (k,) say of one photo and one node each how sure the photo
    was to belong there, and whether it did. ``base`` is the threshold without them, ``precision``
    the share of a category's tags that shall be right; all 0 to 1.
    """
    reached = scores >= FLOOR
    nodes, scores, right = nodes[reached], scores[reached], right[reached]
    own: dict[int, list[int]] = defaultdict(list)
    families: dict[int, list[int]] = defaultdict(list)
    for at, node in enumerate(nodes.tolist()):
        own[node].append(at)
        parent = tree.parents[node]
        families[-1 if parent is None else parent].append(at)
    found: dict[int, Learned] = {}
    for parent, family in families.items():
        lent = _drawn(scores[family], right[family], base, precision, WORTH_OF_SIBLINGS)
        for node in tree.children[parent].tolist():
            about = own.get(node, [])
            hits = int(right[about].sum())
            threshold = _drawn(scores[about], right[about], lent, precision, WORTH)
            found[node] = Learned(threshold, hits, len(about) - hits)
    return found


def _drawn(
    scores: NDArray[np.float64],
    right: NDArray[np.bool_],
    lent: float,
    precision: float,
    worth: float,
) -> float:
    """What these photos ask for, drawn towards what is lent as if that were ``worth`` photos."""
    if not len(scores):
        return lent
    weight = len(scores) / (len(scores) + worth)
    asked = _lowest_precise(scores, right, lent, precision)
    return float(np.clip(weight * asked + (1 - weight) * lent, FLOOR, CEILING))


def _lowest_precise(
    scores: NDArray[np.float64], right: NDArray[np.bool_], lent: float, precision: float
) -> float:
    """The lowest score such that of the photos from there up, ``precision`` are right. Where that
    holds for all of them they ask for no more than ``lent``; where for none, for more than any
    had."""
    order = np.argsort(-scores, kind="stable")
    ordered, hits = scores[order], np.cumsum(right[order])
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)  # of each distinct score
    precise = last[hits[last] >= precision * (last + 1)]
    if not precise.size:
        return min(CEILING, float(ordered[0]) + 0.02)
    lowest = float(ordered[precise[-1]])
    return min(lowest, lent) if precise[-1] == len(ordered) - 1 else lowest


def _below(index: int, tree: Tree) -> NDArray[np.bool_]:
    marked = np.zeros(tree.size, dtype=bool)
    marked[index] = True
    return tree.downward(marked)
