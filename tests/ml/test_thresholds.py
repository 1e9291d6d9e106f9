"""Thresholds from judged photos, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.ml import thresholds
from catalog.ml.thresholds import Judged, Learned, learn, tell
from catalog.ml.tree import Tree

# 0 Fruit: 1 Apple (2 Gala), 3 Pear; 4 Mug
TREE = Tree([None, 0, 1, 0, None])


@pytest.mark.parametrize(
    ("judged", "told"),
    [
        (Judged(shown=[1]), [1, 1, -1, 0, 0]),  # which apple, nobody said
        (Judged(shown=[2]), [1, 1, 1, 0, 0]),
        (Judged(absent=[1]), [-1, 0, 0, -1, -1]),  # another fruit, or none
        (Judged(shown=[3], absent=[1]), [1, 0, 0, 1, 0]),
        (Judged(shown=[1], unsaid=[4]), [1, 1, -1, 0, -1]),  # its tag Mug waits for a word
        (Judged(unsaid=[1]), [-1, -1, -1, -1, -1]),
    ],
)
def test_what_a_judged_photo_tells(judged: Judged, told: list[int]) -> None:
    assert tell(judged, TREE).tolist() == told


def of(node: int, scores: list[float], right: list[bool], precision: float = 0.75) -> float:
    found = learn(
        np.full(len(scores), node),
        np.array(scores),
        np.array(right),
        TREE,
        base=0.3,
        precision=precision,
    )
    return found[node].threshold


def drawn(asked: float, photos: int) -> float:
    """Mug has no sibling but Fruit: what they are lent is their own evidence, drawn to 0.3."""
    lent = (photos * asked + thresholds.WORTH_OF_SIBLINGS * 0.3) / (
        photos + thresholds.WORTH_OF_SIBLINGS
    )
    return (photos * asked + thresholds.WORTH * lent) / (photos + thresholds.WORTH)


def test_the_lowest_score_from_which_on_enough_were_right() -> None:
    # From 0.6 up three of four are right; from 0.5 up three of five, from 0.4 up four of six.
    scores, right = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [True, True, True, False, False, True]
    assert of(4, scores, right) == pytest.approx(drawn(0.6, 6))
    assert of(4, scores[::-1], right[::-1]) == pytest.approx(drawn(0.6, 6))


def test_wrong_ones_raise_it_and_right_ones_lower_it() -> None:
    assert of(4, [0.5] * 20, [False] * 20) == pytest.approx(drawn(0.52, 20))
    lower = of(4, [0.9, 0.2] * 20, [True] * 40)
    assert lower == pytest.approx(drawn(0.2, 40))
    assert lower < 0.3


def test_photos_that_are_all_right_ask_for_no_more_than_what_is_lent() -> None:
    assert of(4, [0.9] * 50, [True] * 50) == pytest.approx(0.3)


def test_a_tie_counts_as_a_whole() -> None:
    # At 0.5 two of four are right, however they are ordered: from 0.6 up all are.
    for right in ([True, True, False, False], [False, False, True, True]):
        asked = of(4, [0.6, *[0.5] * 4], [True, *right])
        assert asked == pytest.approx(drawn(0.6, 5))


def test_siblings_lend_where_there_is_nothing_and_others_do_not() -> None:
    found = learn(
        np.full(25, 1), np.full(25, 0.5), np.zeros(25, dtype=bool), TREE, base=0.3, precision=0.9
    )
    lent = (0.52 + 0.3) / 2
    assert found[3] == Learned(pytest.approx(lent), 0, 0)
    assert found[1] == Learned(pytest.approx((25 * 0.52 + 5 * lent) / 30), 0, 25)
    assert set(found) == {1, 3}


def test_without_evidence_there_is_nothing_to_learn() -> None:
    nothing = np.empty(0)
    found = learn(nothing.astype(int), nothing, nothing.astype(bool), TREE, base=0.3, precision=0.9)
    assert found == {}
    low = np.array([0.01])
    assert learn(np.array([4]), low, np.array([True]), TREE, base=0.3, precision=0.9) == {}
