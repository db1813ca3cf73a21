"""Moments of increments against theory: Gaussian signals, saw-teeth, time reversed, gaps."""

import numpy as np
import pytest

from fhr.errors import FHRError, SignalError
from fhr.features import increment_moments


def saw(n: int, *, fall: int, period: int) -> np.ndarray:
    """Falls by 60 within `fall` samples, and a slower way back."""
    phase = np.arange(n) % period
    return 140 - np.where(phase < fall, phase / fall, (period - phase) / (period - fall)) * 60


def test_gaussian_increments_have_neither_skewness_nor_tails():
    walk = np.random.default_rng(0).normal(size=(20, 14400)).cumsum(axis=-1)
    size, skewness, kurtosis = increment_moments(walk, fs=4.0, distance=5.0).T
    np.testing.assert_allclose(size, np.sqrt(20), rtol=0.1)
    assert abs(skewness.mean()) < 0.03
    assert abs(kurtosis.mean()) < 0.08


def test_fast_falls_are_negative_and_the_moments_are_those_of_two_values():
    x = saw(6001, fall=10, period=60)
    # A sixth of the steps is -6, the rest 1.2.
    p, low, high = 1 / 6, -6.0, 1.2
    spread = (high - low) * np.sqrt(p * (1 - p))
    expected = [spread, -(1 - 2 * p) / np.sqrt(p * (1 - p)), (1 - 6 * p * (1 - p)) / (p * (1 - p))]
    np.testing.assert_allclose(increment_moments(x, fs=1.0, distance=1.0), expected, rtol=1e-9)


@pytest.mark.parametrize("distance", [1.0, 5.0, 30.0])
def test_reversed_in_time_and_upside_down_only_skewness_turns(with_gaps, distance):
    x = with_gaps(saw(6000, fall=40, period=240) + np.random.default_rng(1).normal(size=(2, 6000)))
    forth = increment_moments(x, distance=distance)
    assert (np.abs(forth[:, 1]) > 0.01).all()
    for other in (x[:, ::-1], 280 - x):
        np.testing.assert_allclose(increment_moments(other, distance=distance), forth * [1, -1, 1], rtol=1e-9)


def test_gaps_thin_out_and_bend_nothing(with_gaps):
    x = saw(14400, fall=40, period=240) + np.random.default_rng(1).normal(size=(20, 14400))
    whole, lost = increment_moments(x), increment_moments(with_gaps(x, fraction=0.4))
    np.testing.assert_allclose(lost.mean(axis=0), whole.mean(axis=0), atol=0.07)


def test_level_and_gain():
    x = saw(3000, fall=8, period=90)
    before = increment_moments(x)
    np.testing.assert_allclose(increment_moments(3 * x + 1000), before * [3, 1, 1], rtol=1e-6)


def test_too_little_and_constant_signals():
    nothing = np.full(4000, np.nan)
    assert np.isnan(increment_moments(nothing)).all()
    nothing[:250] = np.arange(250) % 7  # 57.5 s of pairs
    assert np.isnan(increment_moments(nothing)).all()
    for still in (np.full(4000, 140.0), 0.1 * np.arange(4000)):
        size, skewness, kurtosis = increment_moments(still, distance=1.0)
        assert size < 1e-6
        assert np.isnan([skewness, kurtosis]).all()
    assert np.isnan(increment_moments(np.arange(10.0), distance=30.0)).all()
    assert increment_moments(np.empty((0, 100))).shape == (0, 3)


@pytest.mark.parametrize("distance", [0.0, 0.1, -5.0, np.nan, np.inf])
def test_a_distance_below_a_sample_is_refused(distance):
    with pytest.raises(FHRError, match="at least a sample"):
        increment_moments(np.zeros(100), distance=distance)


def test_what_is_no_signal_is_refused():
    with pytest.raises(SignalError, match="single number"):
        increment_moments(3.0)
    with pytest.raises(SignalError, match="infinite"):
        increment_moments([1.0, np.inf])
    with pytest.raises(SignalError, match="positive"):
        increment_moments(np.zeros(9), fs=0)
