from itertools import product

import numpy as np
import pytest
from scipy.ndimage import correlate1d

from fhr.morphology import baseline as room
from fhr.morphology.baseline import _along_time as along_time
from fhr.morphology.baseline import baseline_by_second
from fhr.morphology.seconds import by_second, gaussian, smoothed


def level(second):
    return baseline_by_second(second[None], smoothed(second, 6.0)[None])[0][0]


def oscillation(second):
    return baseline_by_second(second[None], second[None])[1][0]


def noise(n, spread=2.0, seed=0):
    return spread * np.random.default_rng(seed).standard_normal(n)


def bumps(n, peaks, height, half):
    t = np.arange(n)
    return sum(height * np.exp(-(((t - peak) / half) ** 4)) for peak in peaks)


def test_a_steady_rate_is_its_own_baseline():
    assert level(140 + noise(3600)) == pytest.approx(140, abs=1)


def test_long_accelerations_do_not_lift_the_baseline():
    second = 120 + noise(3600) + bumps(3600, range(300, 3600, 400), 45, 110)  # above it for half of the time
    assert np.median(second) > 140
    assert level(second) == pytest.approx(120, abs=8)


def test_repeated_decelerations_do_not_lower_the_baseline():
    second = 145 + noise(3600) - bumps(3600, range(150, 3600, 180), 50, 40)
    assert np.abs(level(second)[60:-60] - 145).max() < 6


def test_a_lasting_change_of_level_is_followed():
    second = np.concatenate([np.full(1800, 135.0), np.full(1800, 165.0)]) + noise(3600)
    found = level(second)
    assert found[:1500] == pytest.approx(135, abs=2)
    assert found[-1500:] == pytest.approx(165, abs=2)


def test_gaps_are_bridged_and_no_signal_gives_none():
    second = 140 + noise(3600)
    second[1000:1800] = np.nan
    assert level(second) == pytest.approx(140, abs=1.5)
    assert np.isnan(level(np.full(600, np.nan))).all()


def test_the_path_is_the_cheapest_of_all(monkeypatch):
    levels = np.array([120.0, 130.0, 140.0, 160.0])
    monkeypatch.setattr(room, "_LEVELS", levels)
    counts = np.random.default_rng(3).random((6, 4)) * np.array([1, 0.2, 1, 0.7])
    distance = levels[:, None] - levels
    misfit = np.where(
        distance > 0,
        room.ABOVE * np.minimum(distance / room.FAR_ABOVE, 1),
        room.BELOW * np.minimum(-distance / room.FAR_BELOW, 1),
    )
    cost = counts @ misfit + room.UNUSUAL * ((levels - room.USUAL) / room.RARE) ** 2

    def price(path):
        changes = np.abs(np.diff(levels[list(path)])).sum()
        return cost[np.arange(6), list(path)].sum() + room.CHANGE * changes

    for change in (0.001, 0.02, 0.5):
        monkeypatch.setattr(room, "CHANGE", change)
        best = min(product(range(4), repeat=6), key=price)
        assert room._cheapest(room._cost(counts[None])).tolist() == [levels[list(best)].tolist()]


def test_the_median_is_the_weighted_median_of_what_is_near(monkeypatch):
    monkeypatch.setattr(room, "TRACE", 1e-9)
    counts = np.zeros((1, 1, len(room._LEVELS)))
    at = {float(value): i for i, value in enumerate(room._LEVELS)}
    for value, weight in ((138.0, 1.0), (140.0, 1.0), (142.0, 2.5), (190.0, 50.0)):
        counts[0, 0, at[value]] = weight
    found = room._median(counts, np.array([[140.0]]), np.array([[10.0]]), 10.0)[0]
    # Half of 4.5 is 2.25: a tenth into the level 142, whose samples are spread over 141 to 143.
    assert found == pytest.approx([141 + 2 * 0.25 / 2.5], abs=1e-4)


def test_oscillation_is_the_distance_from_slow_movement():
    second = 140 + noise(20000, spread=4.0)
    # The mean distance of a normal variable from its mean is spread * sqrt(2 / pi).
    assert np.nanmean(oscillation(second)) == pytest.approx(4 * np.sqrt(2 / np.pi), rel=0.05)
    assert np.nanmax(oscillation(140 + 0.01 * np.arange(600.0))[60:-60]) < 0.1


def test_smoothing_passes_over_gaps():
    second = np.full(200, 140.0)
    second[50:60] = np.nan
    assert smoothed(second, 5.0) == pytest.approx(140)
    second[50:150] = np.nan
    assert np.isnan(smoothed(second, 5.0)[90:110]).all()


@pytest.mark.parametrize("fs", [1.0, 2.5, 4.0, 8.0])
def test_seconds_are_means_of_what_is_known(fs):
    n = round(30 * fs)
    signal = np.floor(np.arange(n) / fs)
    assert by_second(signal, fs) == pytest.approx(np.arange(30))
    signal[: round(3 * fs)] = np.nan
    assert np.isnan(by_second(signal, fs)).tolist() == [True] * 3 + [False] * 27


@pytest.mark.parametrize("bins", [1, 5, 32, 33, 180])
def test_smoothing_along_time_is_that_of_scipy(bins):
    values = np.random.default_rng(1).random((3, bins, 7))
    expected = correlate1d(values, gaussian(6.2), axis=1, mode="constant")
    np.testing.assert_allclose(along_time(values, 6.2), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("spread", [6.0, 15.0])
def test_windows_beside_each_other_are_smoothed_alone(spread):
    signal = np.random.default_rng(2).normal(140, 5, (4, 600))
    signal[1, 100:300] = signal[2] = signal[3, 5:] = np.nan
    for row, together in zip(signal, smoothed(signal, spread), strict=True):
        np.testing.assert_allclose(smoothed(row, spread), together, rtol=1e-12)
