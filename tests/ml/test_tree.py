"""Probabilities on a tree worked out by hand, and the way down."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.ml.tree import Tree

# 0 Fruit: 1 Apple (2 Gala, 3 Fuji, 4 Elstar), 5 Pear; 6 Mug
TREE = Tree([None, 0, 1, 1, 1, 0, None])
EVERYTHING = np.ones(7, dtype=bool)


def test_the_shape_of_a_tree() -> None:
    assert TREE.depths.tolist() == [0, 1, 2, 2, 2, 1, 0]
    assert TREE.line(3) == [0, 1, 3]
    assert [each.tolist() for each in TREE.children] == [
        *([1, 5], [2, 3, 4], [], [], [], [], []),
        [0, 6],  # the roots
    ]
    assert np.flatnonzero(TREE.leaves(EVERYTHING)).tolist() == [2, 3, 4, 5, 6]
    without_apples = ~TREE.downward(np.arange(7) == 1)
    assert np.flatnonzero(without_apples).tolist() == [0, 5, 6]
    assert np.flatnonzero(TREE.leaves(without_apples)).tolist() == [5, 6]


def test_a_tree_of_nothing_and_of_one() -> None:
    assert Tree([]).descend(np.empty(0), np.empty(0)) == []
    assert Tree([None]).shares(np.ones((2, 1)), np.ones(1, dtype=bool)).tolist() == [[1.0], [1.0]]


def test_siblings_share_by_mass_over_the_root_of_their_size() -> None:
    own = np.array([[0.05, 0.1, 0.2, 0.1, 0.0, 0.25, 0.3]])
    # Apple has 0.4 in four nodes, Pear 0.25 in one: 0.4 / 2 against 0.25.
    found = TREE.shares(own, EVERYTHING)[0]
    fruit = (0.7 / 6**0.5) / (0.7 / 6**0.5 + 0.3)
    apple = fruit * 0.2 / 0.45
    assert found == pytest.approx(
        [fruit, apple, apple * 2 / 3, apple / 3, 0, fruit - apple, 1 - fruit]
    )
    # Without the discount it is mass alone, with all of it the mean.
    assert TREE.shares(own, EVERYTHING, crowding=0)[0, 0] == pytest.approx(0.7)
    assert TREE.shares(own, EVERYTHING, crowding=1)[0, 0] == pytest.approx(
        0.7 / 6 / (0.7 / 6 + 0.3)
    )


def test_what_is_not_used_neither_counts_nor_gets_anything() -> None:
    used = ~TREE.downward(np.arange(7) == 1)
    found = TREE.shares(np.array([[0.2, 0.0, 0.0, 0.0, 0.0, 0.2, 0.6]]), used)[0]
    fruit = (0.4 / 2**0.5) / (0.4 / 2**0.5 + 0.6)
    assert found == pytest.approx([fruit, 0, 0, 0, 0, fruit, 1 - fruit])
    assert TREE.shares(np.zeros((1, 7)), np.zeros(7, dtype=bool)).tolist() == [[0.0] * 7]


def test_levels_add_up_whatever_is_scored() -> None:
    random = np.random.default_rng(1)
    own = random.random((20, 7)) ** 40  # some nearly all of it, most nearly nothing
    own /= own.sum(axis=1, keepdims=True)
    found = TREE.shares(own, EVERYTHING)
    assert found[:, [0, 6]].sum(axis=1) == pytest.approx(np.ones(20))
    assert found[:, [1, 5]].sum(axis=1) == pytest.approx(found[:, 0])
    assert found[:, [2, 3, 4]].sum(axis=1) == pytest.approx(found[:, 1])


@pytest.mark.parametrize(
    ("scores", "most", "chosen"),
    [
        ([0.9, 0.8, 0.5, 0.2, 0.1, 0.1, 0.1], 1, [2]),
        ([0.9, 0.8, 0.3, 0.3, 0.2, 0.1, 0.1], 1, [1]),  # which apple is unclear
        ([0.6, 0.4, 0.4, 0.0, 0.0, 0.2, 0.45], 1, [2]),  # the likelier root first
        ([0.6, 0.4, 0.4, 0.0, 0.0, 0.2, 0.45], 2, [6, 2]),
        ([0.3, 0.9, 0.9, 0.0, 0.0, 0.0, 0.3], 1, []),  # nothing is reached past its parent
    ],
)
def test_going_down(scores: list[float], most: int, chosen: list[int]) -> None:
    assert TREE.descend(np.array(scores), np.full(7, 0.4), most=most) == chosen
