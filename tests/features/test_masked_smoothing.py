"""Smoothing over what was measured against scipy, plain loops, and what is known of Gaussians."""

from math import exp, pi, sqrt

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from fhr.features.masked_smoothing import bands, masked_smoothing


def walk(n: int = 1500, seed: int = 0) -> np.ndarray:
    return 140 + np.random.default_rng(seed).normal(size=n).cumsum()


def brute_force(x: np.ndarray, width: float, t: int) -> tuple[float, float]:
    total = weights = 0.0
    for i, value in enumerate(x.tolist()):
        if value == value:
            weight = exp(-0.5 * ((i - t) / width) ** 2) / (width * sqrt(2 * pi))
            total, weights = total + weight * value, weights + weight
    return (total / weights if weights else np.nan), weights


def test_a_sinusoid_keeps_its_phase_and_has_the_gain_of_theory():
    t = np.arange(3600)
    wave = np.cos(2 * np.pi * t / 120)
    for width, smooth in zip((5.0, 20.0, 40.0), masked_smoothing(wave, (5.0, 20.0, 40.0)), strict=True):
        gain = np.exp(-0.5 * (2 * np.pi * width / 120) ** 2)
        np.testing.assert_allclose(smooth[300:-300], gain * wave[300:-300], atol=1e-6)


@pytest.mark.parametrize("width", [1.5, 6.0, 48.0])
def test_inside_a_complete_signal_it_is_that_of_scipy(width):
    x = walk()
    inside = slice(300, -300)
    expected = gaussian_filter1d(x, width, truncate=6.0)
    np.testing.assert_allclose(masked_smoothing(x, [width])[0, inside], expected[inside], atol=2e-4)


def test_with_gaps_it_is_the_weighted_mean_of_what_was_measured(with_gaps):
    x = with_gaps(walk(600), fraction=0.5)
    x[200:400] = np.nan
    widths = (2.0, 11.0, 50.0)
    for width, smooth in zip(widths, masked_smoothing(x, widths), strict=True):
        for t in range(0, 600, 19):
            expected, weight = brute_force(x, width, t)
            if abs(weight - 0.2) > 1e-3:
                assert np.isnan(smooth[t]) == (weight < 0.2)
            if weight > 0.201:
                assert smooth[t] == pytest.approx(expected, abs=1e-4)


def test_a_constant_stays_itself_and_a_level_passes(with_gaps):
    flat = with_gaps(np.full(900, 140.0))
    smooth = masked_smoothing(flat, (3.0, 30.0))
    np.testing.assert_allclose(smooth[~np.isnan(smooth)], 140, rtol=1e-12)
    x = with_gaps(walk(900))
    np.testing.assert_allclose(masked_smoothing(x + 1e4, (3.0,)), masked_smoothing(x, (3.0,)) + 1e4, rtol=1e-12)


def test_one_sample_is_enough_where_least_is_nothing():
    x = np.full(900, np.nan)
    x[300] = 150.0
    assert np.isnan(masked_smoothing(x, (64.0,))).all()
    assert masked_smoothing(x, (64.0,), least=0.0)[0, 300] == pytest.approx(150)


def test_a_batch_is_one_by_one(with_gaps):
    x = with_gaps(np.stack([walk(seed=k) for k in range(6)])).reshape(2, 3, -1)
    whole = masked_smoothing(x, (2.0, 9.0))
    assert whole.shape == (2, 2, 3, 1500)
    for i in range(2):
        for j in range(3):
            np.testing.assert_allclose(masked_smoothing(x[i, j], (2.0, 9.0)), whole[:, i, j], rtol=1e-12)


def test_bands_add_up_to_the_signal():
    x = walk()
    x[100:140] = x[300::7] = np.nan
    widths = (0.0, 3.0, 6.0, 12.0)
    found = bands(x, widths)
    one, two, three = masked_smoothing(x, widths[1:])
    measured = ~np.isnan(x)
    np.testing.assert_allclose((found.sum(axis=0) + three)[measured], x[measured], rtol=1e-12)
    np.testing.assert_allclose(found[1], np.where(measured, one - two, np.nan), atol=1e-10)
    np.testing.assert_array_equal(np.isnan(found), np.broadcast_to(~measured, found.shape))
    np.testing.assert_allclose(bands(x, widths[1:]), found[1:], rtol=0, atol=1e-10)


def test_little_signal_has_bands_at_each_of_its_samples_and_leaves_others_alone():
    x = np.stack([walk(3600), walk(3600, seed=1), np.full(3600, np.nan)])
    x[1, :1000] = x[1, 1060:] = np.nan  # 60 of them: no smoothing of 192 s has a fifth of its weight there
    found = bands(x, (0.0, 48.0, 96.0, 192.0))
    np.testing.assert_array_equal(np.isnan(found), np.broadcast_to(np.isnan(x), found.shape))
    np.testing.assert_array_equal(found[:, 0], bands(x[0], (0.0, 48.0, 96.0, 192.0)))
    expected, _ = brute_force(x[1], 48.0, 1030)
    assert found[0, 1, 1030] == pytest.approx(x[1, 1030] - expected, abs=1e-6)
