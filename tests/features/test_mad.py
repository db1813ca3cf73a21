import numpy as np
import pytest

from fhr.errors import SignalError
from fhr.features import mad, order_statistics


def test_the_same_number_as_the_order_statistic():
    rng = np.random.default_rng(0)
    fhr = rng.normal(140, 8, (3, 7200)) + np.linspace(0, 20, 7200)
    fhr[rng.random(fhr.shape) < 0.3] = np.nan
    np.testing.assert_allclose(mad(fhr), order_statistics(fhr, minutes=(30,))[:, 0], rtol=1e-12)


def test_of_gaussian_noise_is_its_theory():
    fhr = 140 + np.linspace(-20, 20, 200_000) + 4 * np.random.default_rng(1).normal(size=200_000)
    assert mad(fhr) == pytest.approx(np.log(0.5 + 0.67449 * 4), abs=0.01)


def test_fifty_seconds_are_enough_and_less_are_not():
    fhr = np.full(7200, np.nan)
    fhr[:200] = 140
    assert mad(fhr) == pytest.approx(np.log(0.5))
    fhr[0] = np.nan
    assert np.isnan(mad(fhr))


def test_a_rate_that_is_none():
    with pytest.raises(SignalError, match="fs=-1 Hz; it must be a positive number"):
        mad(np.ones(9), fs=-1)
