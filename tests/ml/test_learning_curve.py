"""What confirmed photos are worth: who is confirmed, who is judged, and what is counted."""

import numpy as np
import pytest

from catalog import learning_curve

PATHS = [f"g/{label}/{number}.jpg" for label in "ab" for number in range(40)]
LABELS = np.array([0] * 40 + [1] * 40)
WORDS = np.eye(2, dtype=np.float32)
SWAPPED = WORDS[1 - LABELS]  # each photo looks like the other label's words
HALF = learning_curve.may_be_confirmed(PATHS)


def test_a_curve_judges_only_what_was_not_confirmed() -> None:
    points = learning_curve.curve(WORDS, SWAPPED, LABELS, pool=HALF, judged=~HALF, seeds=2)
    assert [point.shots for point in points] == [0, 1, 2, 4, 8, 16]
    assert points[0].top1 == learning_curve.Mean(0.0, 0.0)
    assert points[4].top1 == learning_curve.Mean(1.0, 0.0)
    assert (points[0].confirmed, points[4].confirmed) == (0, 8)
    assert points[4].f1 is None
    assert set(points[4].as_json()) == {"shots", "confirmed", "top1", "error"}
    with pytest.raises(ValueError, match="too few photos"):
        learning_curve.curve(
            WORDS, SWAPPED[:1], LABELS[:1], pool=HALF[:1], judged=~HALF[:1], seeds=1
        )


def test_half_may_be_confirmed_and_more_photos_move_nobody() -> None:
    assert 20 <= HALF.sum() <= 60
    assert (learning_curve.may_be_confirmed([*PATHS, "g/c/1.jpg"])[:-1] == HALF).all()


def test_in_a_tree_the_answers_before_learning_are_half_right() -> None:
    # Two labels below one root: the wrong one shares the root.
    words = np.eye(3, dtype=np.float32)[[2, 0, 1]]  # the root's own words are of nobody
    points = learning_curve.curve(
        words,
        np.pad(SWAPPED, ((0, 0), (0, 1))),
        LABELS + 1,
        pool=HALF,
        judged=~HALF,
        seeds=3,
        parents=[None, 0, 0],
    )
    assert points[0].f1 == learning_curve.Mean(0.5, 0.0)
    assert points[5].f1 == learning_curve.Mean(1.0, 0.0)
    assert points[5].as_json()["f1"] == 1.0


def test_beside_judges_the_labels_that_nobody_confirmed() -> None:
    # Words already fit. Confirming one label's photos takes nothing from the other here.
    points = learning_curve.curve(
        WORDS, WORDS[LABELS], LABELS, pool=HALF, judged=~HALF, seeds=4, beside=True
    )
    assert [point.top1.value for point in points] == [1.0] * 6
    # Photos of both labels look alike, between the words and nearer to their own: what is
    # confirmed then takes the other label's photos along.
    near = np.array([[0.71, 0.704], [0.704, 0.71]], dtype=np.float32)[LABELS]
    points = learning_curve.curve(
        WORDS, near, LABELS, pool=HALF, judged=~HALF, seeds=4, beside=True
    )
    assert points[0].top1.value == 1.0
    assert points[5].confirmed == 16
    assert points[5].top1.value == 0.0


def test_the_error_is_that_of_the_mean() -> None:
    found = learning_curve._mean([0.1, 0.2, 0.3, 0.4])
    assert found.value == pytest.approx(0.25)
    assert found.error == pytest.approx(0.12909944 / 2)
