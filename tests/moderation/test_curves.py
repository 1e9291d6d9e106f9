"""The lab's arithmetic, against values worked out by hand."""

import numpy as np
import pytest

from moderation import curves
from moderation.curves import NoSuggestion, Tally, curve, suggest, tally, vetoed, wilson

HIGH, LOW = True, False


def of(*pairs: tuple[float, bool]) -> tuple[np.ndarray, np.ndarray]:
    scores, labels = zip(*pairs, strict=True)
    return np.array(scores), np.array(labels)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Worked out with (p + z²/2n ± z√(p(1−p)/n + z²/4n²)) / (1 + z²/n), z = 1.96.
        (5, 10, 0.23659, 0.76341),
        (92, 101, 0.83926, 0.95241),
        (0, 10, 0.0, 0.27754),
        (10, 10, 0.72246, 1.0),
        (1, 1, 0.20654, 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-6)


def test_wilson_is_narrower_with_a_smaller_z() -> None:
    # z = 1: (0.5 + 0.05 ± √(0.025 + 0.0025)) / 1.1
    assert wilson(5, 10, z=1.0) == pytest.approx((0.349244, 0.650756), abs=1e-6)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5), (0, -1)])
def test_wilson_refuses_what_is_no_share(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        wilson(successes, trials)


def test_a_share_without_trials_has_no_value() -> None:
    nothing = curves.Share(0, 0)
    assert (nothing.value, nothing.low, nothing.high) == (None, 0.0, 1.0)


def test_a_photo_at_the_threshold_is_held() -> None:
    scores, labels = of((0.9, HIGH), (0.8, LOW), (0.7, HIGH), (0.6, LOW))
    assert tally(scores, labels, 0.8) == Tally(caught=1, false_alarms=1, missed=1, spared=1)
    assert tally(scores, labels, 0.8001) == Tally(1, 0, 1, 2)


def test_tallies_add_up() -> None:
    assert Tally(1, 2, 3, 4) + Tally(10, 20, 30, 40) == Tally(11, 22, 33, 44)


def test_a_curve_has_one_entry_per_distinct_score() -> None:
    scores, labels = of((0.9, HIGH), (0.8, LOW), (0.8, HIGH), (0.5, LOW), (-np.inf, HIGH))
    found = curve(scores, labels)
    assert found.thresholds.tolist() == [0.9, 0.8, 0.5]
    assert found.caught.tolist() == [1, 2, 2]
    assert found.held.tolist() == [1, 3, 4]
    assert found.missed.tolist() == [2, 1, 1]
    assert found.precision.tolist() == [1.0, 2 / 3, 0.5]
    assert found.recall.tolist() == [1 / 3, 2 / 3, 2 / 3]
    assert found.f1.tolist() == [2 / 4, 4 / 6, 4 / 7]


def test_an_empty_curve() -> None:
    found = curve(np.zeros(0), np.zeros(0, dtype=bool))
    assert (len(found.thresholds), found.positives) == (0, 0)


def test_the_suggestion_lies_in_the_middle_of_the_gap() -> None:
    scores, labels = of((0.9, HIGH), (0.8, HIGH), (0.4, LOW), (0.3, LOW))
    found = suggest(scores, labels)
    assert found.threshold == 0.6
    assert found.tally == Tally(2, 0, 0, 2)


def test_the_suggestion_accepts_a_false_alarm_for_a_violation() -> None:
    # F1: 0.9 → 2/4, 0.8 → 2/5, 0.7 → 4/6, 0.6 → 6/7, 0.2 → 6/8
    scores, labels = of((0.9, HIGH), (0.8, LOW), (0.7, HIGH), (0.6, HIGH), (0.2, LOW))
    found = suggest(scores, labels)
    assert found.threshold == 0.4
    assert (found.precision.value, found.recall.value) == (0.75, 1.0)


def test_of_two_as_good_the_one_that_misses_less() -> None:
    # F1 of holding one (1 of 1, 1 missed): 2/3; of holding four (2 of 4, none missed): 4/6.
    scores, labels = of((0.9, HIGH), (0.8, LOW), (0.7, LOW), (0.6, HIGH))
    found = suggest(scores, labels)
    assert found.recall.value == 1.0
    assert found.threshold == 0.6, "nothing scores less, so there is no gap to stand in"


def test_a_narrow_gap_keeps_the_decimals_it_needs() -> None:
    scores, labels = of((0.90012, HIGH), (0.90010, LOW))
    found = suggest(scores, labels)
    assert found.threshold == 0.90011
    assert found.tally == Tally(1, 0, 0, 1)


def test_a_gap_that_reaches_below_zero_counts_from_zero() -> None:
    scores, labels = of((0.5, HIGH), (-0.9, LOW))
    assert suggest(scores, labels).threshold == 0.25


def test_a_vetoed_violation_is_missed_at_every_threshold() -> None:
    scores, labels = of((0.9, HIGH), (-np.inf, HIGH), (0.1, LOW))
    assert suggest(scores, labels).tally == Tally(1, 0, 1, 1)


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        ([(0.9, LOW)], "no photo known to violate"),
        ([(-0.2, HIGH), (0.5, LOW)], "unlike all exemplars"),
        ([(-np.inf, HIGH), (0.5, LOW)], "vetoed by a safe one"),
    ],
)
def test_no_suggestion_says_why(pairs: list[tuple[float, bool]], why: str) -> None:
    with pytest.raises(NoSuggestion, match=why):
        suggest(*of(*pairs))


def test_nothing_at_all_has_no_suggestion() -> None:
    with pytest.raises(NoSuggestion):
        suggest(np.zeros(0), np.zeros(0, dtype=bool))


def test_a_photo_is_never_compared_with_its_own_copy() -> None:
    vectors = np.eye(3, dtype=np.float32)
    exemplars = np.array([[1, 0, 0], [0.6, 0.8, 0]], dtype=np.float32)
    assert curves.nearest(vectors, exemplars, None).tolist() == pytest.approx([1.0, 0.8, 0.0])
    own = np.array([[True, False], [False, True], [True, True]])
    assert curves.nearest(vectors, exemplars, own).tolist() == pytest.approx([0.6, 0.0, -np.inf])
    nothing = np.zeros((0, 3), dtype=np.float32)
    assert curves.nearest(vectors, nothing, None).tolist() == [-np.inf] * 3


def test_a_safe_bank_vetoes_what_is_at_least_as_near_to_it() -> None:
    scores = np.array([0.9, 0.9, 0.9, 0.5])
    safe = np.array([0.9, 0.89, 0.95, 0.7])
    assert vetoed(scores, safe, threshold=0.8).tolist() == [True, False, True, False]
    with_margin = vetoed(scores, safe, threshold=0.8, margin=0.04)
    assert with_margin.tolist() == [False, False, True, False]
