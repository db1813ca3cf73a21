"""`fit_tilt`: the weights have the law that theory gives, and know nothing of outcomes but what the records say."""

import numpy as np
import pytest
from scipy.special import logsumexp, ndtri

from fhr.errors import FHRError
from fhr.synthesis import fit_tilt
from fhr.synthesis.tilt import LIMIT, OF_OUTCOME, SHARED, scaled


def normal_bank(n: int = 4000) -> np.ndarray:
    """Labours whose one feature is standard normal, at equal probabilities."""
    return ndtri((np.arange(n) + 0.5) / n)[:, None]


def two_classes(n: int, shift: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Records, half of them with the label, normal about plus and minus half the shift; their outcomes."""
    x = normal_bank(n // 2)
    label = np.repeat([0, 1], n // 2)
    return np.concatenate([x - shift / 2, x + shift / 2]), np.array([[-0.5], [0.5]]), label


def test_two_normal_laws_take_the_tilt_of_theory():
    """exp(b x) N(0, 1) is N(b, 1): with so many records that the penalty is nothing, b is half the shift."""
    records, outcomes, which = two_classes(200_000, shift=1.0)
    labours = normal_bank()
    tilt = fit_tilt(labours, records, outcomes, which)
    assert tilt.converged
    weights = np.exp(tilt.log_weights)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights @ labours[:, 0], [-0.5, 0.5], atol=2e-3)
    np.testing.assert_allclose(weights @ labours[:, 0] ** 2, [1.25, 1.25], atol=5e-3)


def test_the_penalties_are_the_distance_to_the_moments():
    """At the optimum: records' moments - labours' moments = penalty x coefficient / n."""
    rng = np.random.default_rng(0)
    labours, n = rng.normal(size=(300, 3)), 60
    label = np.arange(n) % 3 == 0
    records = rng.normal(size=(n, 3)) + 0.8 * label[:, None]
    outcomes = np.array([[-label.mean()], [1 - label.mean()]])
    tilt = fit_tilt(labours, records, outcomes, label.astype(int))
    # The coefficients of the log-weights, by least squares: log w = x a + constant, exactly.
    design = np.column_stack([labours, np.ones(len(labours))])
    without, with_it = (np.linalg.lstsq(design, row, rcond=None)[0][:3] for row in tilt.log_weights)
    of_outcome = with_it - without
    shared = without + label.mean() * of_outcome
    means = np.exp(tilt.log_weights) @ labours
    share = np.array([1 - label.mean(), label.mean()])
    gap = records.mean(axis=0) - share @ means
    np.testing.assert_allclose(gap, SHARED * shared / n, atol=1e-5)
    gap = np.mean(records * (label - label.mean())[:, None], axis=0) - (share * outcomes[:, 0]) @ means
    np.testing.assert_allclose(gap, OF_OUTCOME * of_outcome / n, atol=1e-5)


def test_records_whose_label_goes_with_nothing_give_both_classes_one_law():
    records, outcomes, which = two_classes(2000, shift=0.0)
    tilt = fit_tilt(normal_bank(500), records, outcomes, which)
    np.testing.assert_allclose(tilt.log_weights[0], tilt.log_weights[1], atol=1e-4)
    assert logsumexp(tilt.log_weights[0]) == pytest.approx(0, abs=1e-9)


def test_features_are_scaled_by_the_training_records_alone():
    like = np.column_stack([np.arange(9.0), np.full(9, 5.0), np.full(9, np.nan), np.repeat([0.0, 1.0], [7, 2])])
    like[0, 0] = np.nan
    rows = np.array([[4.5, 1, 1, 0], [1e9, 1, 1, 1], [np.nan, 1, 1, np.nan]])
    z = scaled(rows, like)
    assert z.shape == (3, 2)  # constants and what nobody knows are left out
    assert z[:, 0].tolist() == [0, LIMIT, 0]
    assert z[:, 1].tolist() == pytest.approx([0, 1 / like[:, 3].std(), 0])


def test_nothing_to_fit_is_refused():
    with pytest.raises(FHRError, match="0 labours, 4 training records and 2 features"):
        fit_tilt(np.empty((0, 2)), np.zeros((4, 2)), np.zeros((1, 1)), np.zeros(4, dtype=int))
