import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.features import prsa
from fhr.processes import fbm, fgn


def brute_force(x, sign, T, s, L, coverage):
    windows = []
    for t in range(L, len(x) - L + 1):
        change = np.mean(x[t : t + T]) - np.mean(x[t - T : t])
        window = x[t - L : t + L]
        if sign * change > 0 and np.mean(~np.isnan(window)) >= coverage:
            windows.append(window)
    curve = np.nanmean(windows, axis=0)
    return (curve[L : L + s].sum() - curve[L - s : L].sum()) / (2 * s), curve


@pytest.mark.parametrize(("T", "s", "L", "coverage"), [(1, 2, 2, 1.0), (3, 1, 5, 1.0), (5, 5, 20, 0.7), (2, 2, 4, 0.5)])
def test_is_the_definition(T, s, L, coverage, with_gaps):
    x = with_gaps(fbm(1500, 0.3), fraction=0.2)
    found = prsa(x, T=T, s=s, L=L, coverage=coverage)
    for sign, capacity, curve in ((1, found[0], found[2]), (-1, found[1], found[3])):
        expected, expected_curve = brute_force(x, sign, T, s, L, coverage)
        assert capacity == pytest.approx(expected, rel=1e-9)
        np.testing.assert_allclose(curve, expected_curve)


def test_of_white_noise_is_its_theory(with_gaps):
    # x_t > x_{t-1}: the mean of the larger of two normal samples is 1 / sqrt(pi), that of the smaller one its negative.
    x = np.random.default_rng(0).normal(size=(6, 20_000))
    for signal in (x, with_gaps(x)):
        rises, falls, curve, _ = prsa(signal, T=1, s=1, L=4)
        assert rises.mean() == pytest.approx(1 / np.sqrt(np.pi), rel=0.02)
        assert falls.mean() == pytest.approx(-1 / np.sqrt(np.pi), rel=0.02)
        np.testing.assert_allclose(curve.mean(axis=0)[[0, 1, 2, 5, 6, 7]], 0, atol=0.02)


def test_a_gaussian_signal_rises_as_it_falls():
    # Rivolta et al. 2020: for stationary Gaussian processes the capacities are opposite.
    rises, falls, _, _ = prsa(fgn(20_000, 0.8, size=8), T=5, s=5)
    assert rises.mean() == pytest.approx(-falls.mean(), rel=0.02)


def test_steep_falls_and_slow_rises_are_told_apart():
    saw = 140 + 10 * ((np.arange(3600) % 60) / 60)
    rises, falls, _, _ = prsa(saw, T=1, s=2)
    assert 0 < rises < 0.5
    assert falls < -4


def test_the_curve_repeats_a_period():
    period = 40
    x = 140 + 5 * np.sin(2 * np.pi * np.arange(7200) / period) + np.random.default_rng(1).normal(size=7200)
    curve = prsa(x, T=10, s=10, L=period).acceleration_curve
    assert np.argmax(np.abs(np.fft.rfft(curve - curve.mean()))) == 2  # twice in two half windows


def test_twenty_anchors_are_needed():
    x = np.tile([140.0, 141.0, 140.0], 22)  # a rise and a fall in three samples
    whole = prsa(x)
    assert np.isfinite([whole.acceleration_capacity, whole.deceleration_capacity]).all()
    short = prsa(x[: 3 * 20])
    assert np.isnan(short.acceleration_capacity)
    assert np.isnan(short.acceleration_curve).all()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"T": 0}, "T=0; give a whole number of at least 1"),
        ({"s": 1.5}, "s=1.5; give a whole number"),
        ({"T": 5, "L": 3}, "L=3 with T=5 and s=2; the curve must be at least as long, L >= 5"),
        ({"coverage": 1.2}, "coverage=1.2; give a fraction above 0 and up to 1"),
    ],
)
def test_errors(options, text):
    with pytest.raises(FHRError, match=text):
        prsa(np.ones(500), **options)
