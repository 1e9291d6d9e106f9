"""Calibration: worked out by hand, and what it does to shown probabilities."""

import numpy as np
import pytest

from catalog import calibrating, scorer, taxonomy_vectors
from catalog.encoders import LoadedEncoder
from catalog.ml import calibration
from catalog.models import Calibration, Taxonomy
from tests.catalog.test_tagging import scorer as tree_of


def test_the_error_is_the_mean_gap_between_sure_and_right() -> None:
    found = calibration.reliability([0.9, 0.9, 0.5, 0.5], [True, False, True, True], bins=10)
    assert [(each.count, each.accuracy) for each in found] == [(2, 1.0), (2, 0.5)]
    # Half of the answers are off by 0.5, the other half by 0.4.
    assert calibration.expected_error(found) == pytest.approx(0.45)
    assert calibration.expected_error([]) == 0
    assert [each.count for each in calibration.reliability([0.0, 1.0], [False, True])] == [1, 1]


def test_a_temperature_makes_three_in_four_mean_three_in_four() -> None:
    # Always sure of the first of two by logit 4, and right three times in four: 4 / T = ln 3.
    logits = np.array([[4.0, 0.0]] * 4)
    heat = calibration.fit_temperature(logits, [0, 0, 0, 1])
    assert heat == pytest.approx(4 / np.log(3), rel=1e-4)
    with pytest.raises(ValueError, match="no labelled photos"):
        calibration.fit_temperature(np.empty((0, 2)), [])


def test_what_is_reported_was_measured_on_the_other_half() -> None:
    logits = np.array([[4.0, 0.0]] * 80)
    truth = np.array([0, 0, 0, 0, 0, 0, 1, 1] * 10)
    fitted = calibrating.fit(logits, truth, np.arange(80) % 2 == 0)
    assert fitted.temperature == pytest.approx(4 / np.log(3), rel=1e-4)
    assert fitted.error_before == pytest.approx(1 / (1 + np.exp(-4)) - 0.75)
    assert fitted.error_after == pytest.approx(0, abs=1e-4)
    with pytest.raises(calibrating.CannotCalibrate, match="There are 8 photos"):
        calibrating.fit(logits[:8], truth[:8], np.arange(8) % 2 == 0)


@pytest.mark.django_db
def test_it_holds_for_its_encoder_and_taxonomy_version_and_only_if_it_helps(
    encoder: LoadedEncoder, starter: Taxonomy
) -> None:
    taxonomy_vectors.encode_missing(encoder=encoder, taxonomy=starter)
    good = calibrating.Fit(2.0, 60, 0.2, 0.03, [], [])
    worse = calibrating.Fit(3.0, 60, 0.02, 0.03, [], [])
    kept = scorer.Scorers()
    kept.refresh(encoder)
    row = calibrating.put_in_force(taxonomy=starter, encoder=encoder.row, fitted=good)
    assert calibrating.put_in_force(taxonomy=starter, encoder=encoder.row, fitted=worse) is None
    assert Calibration.objects.get() == row
    built = scorer.build(taxonomy=starter, encoder=encoder.row)
    assert built is not None
    assert row is not None
    assert (built.temperature, built.calibration_id) == (2.0, row.pk)
    Taxonomy.objects.filter(pk=starter.pk).update(version="another")
    starter.refresh_from_db()
    later = scorer.build(taxonomy=starter, encoder=encoder.row)
    assert later is not None
    assert (later.temperature, later.calibration_id) == (1.0, None)


@pytest.mark.django_db
def test_without_verdicts_it_says_how_many_are_needed(
    encoder: LoadedEncoder, starter: Taxonomy
) -> None:
    taxonomy_vectors.encode_missing(encoder=encoder, taxonomy=starter)
    with pytest.raises(calibrating.CannotCalibrate, match="There are 0 photos"):
        calibrating.from_verdicts(taxonomy=starter, encoder=encoder.row)


def test_a_warmer_scorer_is_less_sure(encoder: LoadedEncoder) -> None:
    two = tree_of("Mug", "Lemon")
    warm = scorer.Scorer(
        two.categories, two.parents, two.vectors, two.template_versions, temperature=2.0
    )
    encoder.row.logit_scale = 2 * float(np.log(3))
    cosines = np.array([[1.0, 0.0]])
    cold = two.subtree_scores(cosines, two.everything, encoder.row)[0]
    assert cold == pytest.approx([0.9, 0.1])  # 9 : 1
    assert warm.subtree_scores(cosines, warm.everything, encoder.row)[0] == pytest.approx(
        [0.75, 0.25]
    )
