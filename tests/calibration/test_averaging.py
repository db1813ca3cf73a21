"""Averages over inner folds, stretched."""

import numpy as np
import pytest
from scipy.special import expit

from fhr.calibration.averaging import averaging, between_inner_folds
from fhr.calibration.ridge_lines import ridge_lines


@pytest.mark.statistics
@pytest.mark.parametrize("noise", [0.0, 0.7, 1.5])
@pytest.mark.parametrize("n_inner", [2, 4, 20])
def test_two_normal_classes_get_their_own_log_odds(noise: float, n_inner: int) -> None:
    """The theory: log-odds of the average are logit(prevalence) + difference / variance (average - midpoint)."""
    rng = np.random.default_rng(0)
    n, difference, prevalence = 200_000, 1.5, 0.2
    y = (rng.random(n) < prevalence).astype(float)
    single = rng.normal(difference * y) + noise * rng.normal(size=n)
    new = rng.normal(difference * y)[None] + noise * rng.normal(size=(n_inner, n))
    between = between_inner_folds(new)
    assert between == pytest.approx(noise**2, rel=0.02, abs=1e-12)
    averaged = averaging(single, np.ones(n), y, between, n_inner)
    intercept, slope = ridge_lines(single, np.ones((1, n)), y[None], 1.0)[:, 0]
    given = expit(intercept + slope * averaged(new))
    truth = np.log(prevalence / (1 - prevalence)) + difference / (1 + noise**2 / n_inner) * (
        new.mean(axis=0) - difference / 2
    )
    np.testing.assert_allclose(given, expit(truth), atol=0.012)


def test_one_inner_fold_or_no_noise_change_nothing() -> None:
    rng = np.random.default_rng(1)
    y = np.repeat([0.0, 1.0], 20)
    scores = rng.normal(y)
    new = rng.normal(size=(1, 5))
    assert between_inner_folds(new) == 0
    for between, n_inner in ((0.3, 1), (0.0, 4)):
        averaged = averaging(scores, np.ones(40), y, between, n_inner)
        np.testing.assert_allclose(averaged(np.repeat(new, n_inner, axis=0)), new[0])


def test_nothing_but_noise_is_stretched_by_the_number_of_inner_folds_at_most() -> None:
    scores = np.random.default_rng(2).normal(size=60)
    averaged = averaging(scores, np.ones(60), np.tile([0.0, 0.0, 1.0], 20), 100.0, 4)
    assert averaged.stretch == pytest.approx(4)


def test_one_class_and_constant_scores_are_not_stretched() -> None:
    scores, y = np.linspace(0, 1, 20), np.zeros(20)
    assert averaging(scores, np.ones(20), y, 0.01, 4).stretch == 1
    assert averaging(np.full(20, 7.1), np.ones(20), np.tile([0.0, 1.0], 10), 0.01, 4).stretch == 1


def test_samples_at_once_and_by_repeated_records() -> None:
    rng = np.random.default_rng(3)
    scores, y = 140 + 5 * rng.normal(size=50), rng.integers(0, 2, 50)
    counts = rng.integers(0, 3, (4, 50))
    new = 140 + 5 * rng.normal(size=(4, 6))
    together = averaging(scores, counts, counts * y, 6.0, 4)(new)
    for row, count in zip(together, counts, strict=True):
        alone = np.repeat(scores, count), np.ones(count.sum()), np.repeat(y, count)
        np.testing.assert_allclose(row, averaging(*alone, 6.0, 4)(new))


def test_spread_between_inner_folds_of_samples_of_the_births():
    by_inner = np.random.default_rng(5).normal(size=(4, 6))
    counts = np.array([[1, 1, 1, 1, 1, 1], [0, 2, 0, 0, 1, 0]])
    drawn = np.repeat(by_inner, counts[1], axis=1)
    expected = [between_inner_folds(by_inner), between_inner_folds(drawn)]
    np.testing.assert_allclose(between_inner_folds(by_inner, counts), expected)
    assert between_inner_folds(by_inner[:1], counts).tolist() == [0, 0]
