"""Measures of quality, worked out by hand."""

import numpy as np
import pytest

from catalog.ml import metrics

#            0 clothes
#           /        \
#      1 tops         2 shoes        5 food
#     /      \                          |
#  3 shirt  4 polo                    6 apple
PARENTS = [None, 0, 0, 1, 1, None, 5]


def test_the_rank_is_what_scores_higher_and_a_tie_is_no_loss() -> None:
    scores = [[0.1, 0.9, 0.5], [0.4, 0.4, 0.2], [0.3, 0.2, 0.1]]
    assert metrics.ranks(scores, [2, 1, 2]).tolist() == [1, 0, 2]
    assert metrics.top_k(scores, [2, 1, 2], 1) == pytest.approx(1 / 3)
    assert metrics.top_k(scores, [2, 1, 2], 2) == pytest.approx(2 / 3)
    assert metrics.top_k(scores, [2, 1, 2], 3) == 1.0
    with pytest.raises(ValueError, match="no photos"):
        metrics.top_k(np.empty((0, 3)), [], 1)


def test_average_precision_is_precision_at_each_photo_that_counts() -> None:
    # Ranked: right, wrong, right, wrong, right.
    found = metrics.average_precision([0.1, 0.9, 0.5, 0.7, 0.3], [1, 1, 1, 0, 0])
    assert found == pytest.approx((1 / 1 + 2 / 3 + 3 / 5) / 3)
    assert metrics.average_precision([3, 2, 1], [1, 1, 0]) == 1.0
    assert metrics.average_precision([3, 2, 1], [0, 0, 1]) == pytest.approx(1 / 3)


def test_average_precision_does_not_depend_on_the_order_of_equal_scores() -> None:
    # All the same: precision is the share that is relevant, at once.
    assert metrics.average_precision([1, 1, 1, 1], [1, 0, 0, 0]) == 0.25
    assert metrics.average_precision([1, 1, 1, 1], [0, 0, 0, 1]) == 0.25
    # One for sure, then two alike of which one counts: (1/1 + 2/3) / 2.
    for relevant in ([1, 1, 0], [1, 0, 1]):
        assert metrics.average_precision([2, 1, 1], relevant) == pytest.approx(5 / 6)
    with pytest.raises(ValueError, match="No photo has this label"):
        metrics.average_precision([1.0], [False])


def test_the_mean_is_over_labels_that_have_photos() -> None:
    scores = np.array([[0.9, 0.2, 0.1], [0.4, 0.5, 0.1], [0.6, 0.3, 0.1]])
    truth = [0, 0, 1]
    assert metrics.average_precisions(scores, truth) == {
        0: pytest.approx((1 + 2 / 3) / 2),  # second column of photos: right, wrong, right
        1: pytest.approx(1 / 2),
    }
    assert metrics.mean_average_precision(scores, truth) == pytest.approx((5 / 6 + 1 / 2) / 2)
    with pytest.raises(ValueError, match="no photos"):
        metrics.mean_average_precision(np.empty((0, 3)), [])


def test_ancestors_join_once() -> None:
    assert metrics.with_ancestors([3, 4], PARENTS) == {0, 1, 3, 4}
    assert metrics.with_ancestors([], PARENTS) == set()


def test_a_sibling_is_partly_right_and_stopping_early_costs_recall_only() -> None:
    # shirt taken for polo: {0,1,4} and {0,1,3} share two of three.
    found = metrics.hierarchical([[4]], [[3]], PARENTS)
    assert found == metrics.Hierarchical(
        pytest.approx(2 / 3), pytest.approx(2 / 3), pytest.approx(2 / 3)
    )
    early = metrics.hierarchical([[1]], [[3]], PARENTS)
    assert (early.precision, early.recall) == (1.0, pytest.approx(2 / 3))
    assert early.f1 == pytest.approx(0.8)
    # Another branch shares nothing: the nameless root does not count.
    assert metrics.hierarchical([[6]], [[3]], PARENTS) == metrics.Hierarchical(0, 0, 0)


def test_sizes_are_summed_before_dividing() -> None:
    # {0,1,4}∩{0,1,3} = 2 of 3 and 3; {5}∩{5,6} = 1 of 1 and 2; nothing said of {0,2}: 0 of 0 and 2.
    found = metrics.hierarchical([[4], [5], []], [[3], [6], [2]], PARENTS)
    assert found.precision == pytest.approx(3 / 4)
    assert found.recall == pytest.approx(3 / 7)
    assert found.f1 == pytest.approx(2 * 3 / (4 + 7))
    assert metrics.hierarchical([[]], [[3]], PARENTS) == metrics.Hierarchical(0, 0, 0)
    with pytest.raises(ValueError, match="argument"):
        metrics.hierarchical([[1]], [], PARENTS)
