"""Lines of many ridge-Platt fits at once."""

import numpy as np
import pytest

from fhr.calibration import RidgePlatt
from fhr.calibration.ridge_lines import ridge_lines


@pytest.mark.parametrize(("prevalence", "slope", "penalty"), [(0.07, 1.0, 1.0), (0.3, 3.0, 0.2), (0.5, 0.0, 10.0)])
def test_each_line_is_that_of_a_fit_to_its_sample_alone(prevalence: float, slope: float, penalty: float) -> None:
    rng = np.random.default_rng(3)
    labels = (rng.random(300) < prevalence).astype(int)
    scores = 140 + 5 * rng.normal(slope * labels, 1)
    counts = rng.multinomial(300, np.full(300, 1 / 300), size=20)
    intercept, line = ridge_lines((scores - 140) / 5, counts, counts * labels, penalty)
    for row, a, b in zip(counts, intercept, line, strict=True):
        alone = RidgePlatt(penalty).fit(np.repeat(scores, row), np.repeat(labels, row))
        np.testing.assert_allclose(
            1 / (1 + np.exp(-(a + b * (scores - 140) / 5))), alone.predict(scores), rtol=1e-5, atol=1e-7
        )


def test_other_labels_of_the_same_scores() -> None:
    rng = np.random.default_rng(5)
    scores = rng.normal(size=120)
    labels = rng.random((10, 120)) < 0.3
    lines = ridge_lines(scores, np.ones((10, 120)), labels, 1.0)
    for y, (a, b) in zip(labels, lines.T, strict=True):
        alone = RidgePlatt().fit(scores, y.astype(int))
        np.testing.assert_allclose(1 / (1 + np.exp(-(a + b * scores))), alone.predict(scores), rtol=1e-6, atol=1e-8)


def test_separated_classes_have_a_finite_line_and_one_class_has_none() -> None:
    scores = np.linspace(-1, 1, 40)
    apart, alone = (scores > 0.9).astype(int), np.zeros(40)
    reversed_, same = 1 - apart, np.tile(scores, (4, 1))
    lines = ridge_lines(scores, np.ones_like(same), np.stack([apart, alone, reversed_, apart]), 1e-3)
    assert np.isfinite(lines[:, [0, 2, 3]]).all()
    assert np.isnan(lines[:, 1]).all()
    assert lines[1, 2] == 0  # the ranking is never reversed
    np.testing.assert_allclose(1 / (1 + np.exp(-lines[0, 2])), reversed_.mean())


def test_constant_scores_give_the_prevalence() -> None:
    labels = np.array([[1, 0, 0, 0], [1, 1, 1, 0]])
    lines = ridge_lines(np.zeros(4), np.ones((2, 4)), labels, 1.0)
    np.testing.assert_allclose(lines[0], np.log([1 / 3, 3]))
    assert (lines[1] == 0).all()
