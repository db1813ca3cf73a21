import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import chi2, kstest

from fhr.errors import FHRError
from fhr.metrics import calibration_intercept, calibration_line, calibration_slope
from fhr.metrics.cox import calibration_line_by_counts, lines_by_row


def drawn(n, seed=0):
    generator = np.random.default_rng(seed)
    p = expit(generator.normal(-1.5, 1, n))
    return (generator.random(n) < p).astype(int), p


def test_maximises_the_likelihood():
    y, p = drawn(300)

    def loss(line):
        return np.logaddexp(0, -(2 * y - 1) * (line[1] + line[0] * logit(p))).sum()

    best = minimize(loss, [1, 0], tol=1e-12)
    line = calibration_line(y, p)
    np.testing.assert_allclose([line.slope, line.intercept], best.x, atol=1e-4)
    assert line.p_value == pytest.approx(chi2.sf(2 * (loss([1, 0]) - best.fun), 2), abs=1e-6)
    assert (calibration_slope(y, p), calibration_intercept(y, p)) == line[:2]


@pytest.mark.parametrize("spread", [1, 3, 8])
def test_the_gradient_is_zero_where_plain_newton_steps_run_away_too(spread):
    generator = np.random.default_rng(0)
    x = generator.normal(-1, spread, 300).clip(-13, 13)
    y = (generator.random(300) < expit(0.2 * x)).astype(int)
    assert np.isnan(lines_by_row(x, y[None])).all() == (spread > 1)
    line = calibration_line(y, expit(x))
    excess = y - expit(line.intercept + line.slope * x)
    np.testing.assert_allclose([excess.sum(), (excess * x).sum()], 0, atol=1e-3)


def test_calibrated_probabilities_have_slope_1_and_intercept_0():
    y, p = drawn(40_000)
    line = calibration_line(y, p)
    assert line.slope == pytest.approx(1, abs=0.05)
    assert line.intercept == pytest.approx(0, abs=0.08)


def test_a_distortion_of_the_log_odds_is_found():
    y, p = drawn(40_000)
    line = calibration_line(y, expit(0.5 + 2 * logit(p)))  # twice too extreme
    assert line.slope == pytest.approx(0.5, abs=0.03)
    assert line.intercept == pytest.approx(-0.25, abs=0.06)
    assert line.p_value < 1e-6


def test_p_values_of_calibrated_models_are_uniform():
    values = [calibration_line(*drawn(300, seed)).p_value for seed in range(150)]
    assert kstest(values, "uniform").pvalue > 0.01


def test_no_finite_line_is_nan():
    cases = {
        "one class": ([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4]),
        "constant": ([0, 1, 0, 1], [0.2, 0.2, 0.2, 0.2]),
        "separated": ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]),
        "separated the other way": ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4]),
        "separated but for a tie": ([0, 0, 1, 1], [0.1, 0.2, 0.2, 0.4]),
    }
    for case, (labels, probabilities) in cases.items():
        assert np.isnan(calibration_line(labels, probabilities)).all(), case


def test_certain_probabilities_stay_finite():
    y, p = drawn(200)
    p[:3], p[3:6] = 0.0, 1.0
    assert np.isfinite(calibration_line(y, p)).all()


def test_resamples_agree_with_refitting():
    y, p = drawn(120)
    generator = np.random.default_rng(1)
    records = generator.integers(120, size=(25, 120))
    counts = np.array([np.bincount(row, minlength=120) for row in records])
    expected = [calibration_line(y[row], p[row])[:2] for row in records]
    np.testing.assert_allclose(calibration_line_by_counts(y, p, counts).T, expected, atol=1e-4)


def test_resamples_without_a_finite_line_are_nan():
    y, p = np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.3, 0.4])
    counts = np.array([[1, 1, 1, 1], [2, 1, 0, 1], [0, 2, 0, 2]])
    assert np.isnan(calibration_line_by_counts(y, p, counts)).tolist() == [[False, True, True]] * 2


def test_errors():
    with pytest.raises(FHRError, match=r"they must lie in \[0, 1\]"):
        calibration_line([0, 1], [0.1, 1.2])
