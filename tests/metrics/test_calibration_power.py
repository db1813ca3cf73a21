import numpy as np
import pytest
from scipy.special import expit, logit

from fhr.errors import FHRError
from fhr.metrics import calibration_line, cox_power, ece_reference, expected_calibration_error
from fhr.metrics.cox import calibration_p_values


def births(n=440, seed=0):
    return expit(np.random.default_rng(seed).normal(-2.5, 1, n))


def test_p_values_of_many_labels_are_those_of_one_at_a_time():
    generator = np.random.default_rng(1)
    p = births(200)
    labels = (generator.random((40, 200)) < p).astype(int)
    expected = [calibration_line(y, p).p_value for y in labels]
    np.testing.assert_allclose(calibration_p_values(labels, p), expected, atol=1e-6)


def test_p_values_without_a_line_are_nan():
    p = np.array([0.1, 0.2, 0.3, 0.4])
    found = calibration_p_values(np.array([[0, 0, 1, 1], [0, 0, 0, 0], [0, 1, 0, 1]]), p)
    assert np.isnan(found).tolist() == [True, True, False]


def test_a_calibrated_model_is_rejected_one_time_in_twenty():
    power = cox_power(births(), slope=1.0, n_simulations=2000)
    assert power == pytest.approx((0.05, 0.05), abs=0.02)


def test_power_is_how_often_the_tests_reject():
    """The same by hand: labels drawn from the true line, each tested with the functions for one sample."""
    generator, p = np.random.default_rng(2), births(1000, seed=3)
    shift = np.linspace(-2, 2, 4001)[:, None]
    truth = expit(0.6 * logit(p) + shift)
    truth = truth[np.argmin(np.abs(truth.mean(axis=1) - p.mean()))]
    drawn = (generator.random((100, 1000)) < truth).astype(int)
    limit = ece_reference(p).p95
    cox = np.mean([calibration_line(y, p).p_value < 0.05 for y in drawn])
    ece = np.mean([expected_calibration_error(y, p) > limit for y in drawn])
    found = cox_power(p, slope=0.6, n_simulations=400)
    assert (0.3 < cox < 0.98) or (0.3 < ece < 0.98)
    assert found == pytest.approx((cox, ece), abs=0.15)


def test_power_grows_with_the_sample_and_with_the_distortion():
    p, draws = births(), 300
    power = cox_power(p, n_simulations=draws)
    assert cox_power(np.tile(p, 3), n_simulations=draws).cox > power.cox + 0.1
    assert cox_power(p, slope=0.9, n_simulations=draws).cox < power.cox - 0.1
    assert power.cox > power.ece  # the ten bins do not know that they look for a line


def test_the_seed_decides():
    p = births(100)
    assert cox_power(p, n_simulations=50, seed=1) == cox_power(p, n_simulations=50, seed=1)
    assert cox_power(p, n_simulations=50, seed=1) != cox_power(p, n_simulations=50, seed=2)


def test_extremes():
    assert np.isnan(cox_power(np.full(50, 0.1), n_simulations=20).cox)
    assert cox_power([0.0, 0.5, 1.0] * 50, slope=-8, n_simulations=20).ece == 1


def test_errors():
    with pytest.raises(FHRError, match="slope=inf; give a finite number"):
        cox_power([0.1, 0.2], slope=np.inf)
    with pytest.raises(FHRError, match="n_simulations=0; give at least 1"):
        cox_power([0.1, 0.2], n_simulations=0)
    with pytest.raises(FHRError, match=r"they must lie in \[0, 1\]"):
        cox_power([0.1, 2.0])
