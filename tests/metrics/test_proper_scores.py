import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from fhr.errors import FHRError
from fhr.metrics import brier, brier_skill


@given(st.integers(0, 10_000), st.integers(2, 80))
def test_brier_agrees_with_scikit_learn(seed, n):
    generator = np.random.default_rng(seed)
    y, p = generator.integers(0, 2, n), generator.random(n)
    assert brier(y, p) == pytest.approx(brier_score_loss(y, p, pos_label=1), abs=1e-12)


def test_skill_is_zero_for_the_prevalence_one_for_the_truth_and_negative_below():
    y = np.repeat([0, 1], [30, 10])
    assert brier_skill(y, np.full(40, 0.25)) == pytest.approx(0)
    assert brier_skill(y, y) == 1
    assert brier_skill(y, np.full(40, 0.5)) < 0


def test_the_true_probability_scores_best():
    generator = np.random.default_rng(0)
    p = generator.random(20_000)
    y = generator.random(20_000) < p
    assert brier(y, p) == pytest.approx(1 / 6, abs=0.01)  # the mean of p (1 - p)
    assert brier(y, p) < min(brier(y, p**2), brier(y, np.sqrt(p)), brier(y, 0.9 * p + 0.1))


def test_one_class_has_a_brier_score_but_no_skill():
    assert brier([1, 1], [0.5, 1.0]) == 0.125
    assert np.isnan(brier_skill([1, 1], [0.5, 1.0]))


@pytest.mark.parametrize("metric", [brier, brier_skill])
def test_scores_that_are_no_probabilities_are_refused(metric):
    with pytest.raises(FHRError, match=r"probabilities range from -2 to 3; they must lie in \[0, 1\]: calibrate"):
        metric([0, 1], [-2.0, 3.0])
    with pytest.raises(FHRError, match="1 of 2 probabilities are NaN or infinite"):
        metric([0, 1], [np.nan, 0.5])
