"""A tree of categories as arrays: what photos score at or below each node, and which way down it
to go. numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_NOTHING = 1e-300  # siblings that all score less share nothing among them
# A subtree's weight is its mass over its size to this power: the sum (0) favours large subtrees,
# which have many chances to be near by accident, the mean (1) drowns a good node among others.
# Measured: docs/adr/0008.
CROWDING = 0.5


class Tree:
    """Nodes by index, parents before children; ``parents`` holds None for the roots."""

    def __init__(self, parents: Sequence[int | None]) -> None:
        self.parents = list(parents)
        self.size = len(self.parents)

    @cached_property
    def depths(self) -> NDArray[np.int64]:
        """(n,): 0 for the roots."""
        found: list[int] = []
        for parent in self.parents:
            found.append(0 if parent is None else found[parent] + 1)
        return np.array(found, dtype=np.int64)

    @cached_property
    def levels(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Indices and their parents' indices, one pair per depth, the deepest first, no roots."""
        above = np.array([-1 if each is None else each for each in self.parents], dtype=np.int64)
        deepest = int(self.depths.max(initial=0))
        found = [np.flatnonzero(self.depths == depth) for depth in range(deepest, 0, -1)]
        return [(level, above[level]) for level in found]

    @cached_property
    def children(self) -> list[NDArray[np.int64]]:
        """Indices right below each node; the last entry, also at -1, has the roots."""
        below: list[list[int]] = [[] for _ in range(self.size + 1)]
        for index, parent in enumerate(self.parents):
            below[-1 if parent is None else parent].append(index)
        return [np.array(each, dtype=np.int64) for each in below]

    def line(self, index: int) -> list[int]:
        """The way down to a node: its root first, itself last."""
        found = [index]
        while (parent := self.parents[found[-1]]) is not None:
            found.append(parent)
        return found[::-1]

    def downward(self, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(n,) bool: the ``marked`` (n,) nodes and everything below them."""
        found = marked.copy()
        for level, parents in reversed(self.levels):
            found[level] |= found[parents]
        return found

    def leaves(self, used: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(n,) bool: nodes ``used`` with nothing used below them."""
        inner = np.zeros(self.size, dtype=bool)
        for level, parents in self.levels:
            inner[parents[used[level]]] = True
        return used & ~inner

    def sums(self, own: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each subtree's sum (m, n) over its nodes' ``own`` (m, n)."""
        found = own.T.copy()  # transposed: a node is a row
        for level, parents in self.levels:
            np.add.at(found, parents, found[level])
        return np.asarray(found.T)

    def maxima(self, own: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each subtree's highest (m, n) of its nodes' ``own`` (m, n)."""
        found = own.T.copy()
        for level, parents in self.levels:
            np.maximum.at(found, parents, found[level])
        return np.asarray(found.T)

    def shares(
        self,
        own: NDArray[np.float64],
        used: NDArray[np.bool_],
        *,
        crowding: float = CROWDING,
    ) -> NDArray[np.float64]:
        """Probability (m, n) that each photo belongs at or below each node.

        ``own`` (m, n) are the nodes' parts of one softmax, 0 where not ``used`` (n,). Siblings
        share their parent's probability by their weights: what is in their subtrees, over the
        number of nodes there to the power of ``crowding``.
        """
        sizes = self.sums(used[None, :].astype(np.float64))[0]
        weights = self.sums(own).T / np.maximum(sizes, 1.0)[:, None] ** crowding
        roots = self.children[-1]
        found = np.zeros_like(weights)
        found[roots] = weights[roots] / np.maximum(weights[roots].sum(axis=0), _NOTHING)
        totals = np.zeros_like(weights)
        for level, parents in reversed(self.levels):
            np.add.at(totals, parents, weights[level])
            found[level] = found[parents] * weights[level] / np.maximum(totals[parents], _NOTHING)
        return np.asarray(np.clip(found.T, 0.0, 1.0))

    def descend(
        self, scores: NDArray[np.float64], thresholds: NDArray[np.float64], *, most: int = 1
    ) -> list[int]:
        """Where to stop, best first: from the roots down, at each level to the ``most`` likeliest
        nodes that reach their threshold; a way ends where none below does. Empty where not even a
        root reaches its own. ``scores`` and ``thresholds`` are (n,)."""
        here, found = [-1], []
        while here:
            ahead: list[int] = []
            for node in here:
                below = self.children[node]
                sure = below[scores[below] >= thresholds[below]]
                if sure.size:
                    ahead += sure.tolist()
                elif node >= 0:
                    found.append(node)
            here = sorted(ahead, key=lambda index: -scores[index])[:most]
        return sorted(found, key=lambda index: -scores[index])[:most]
