"""Wide quantiles against theory and numpy."""

import numpy as np
import pytest

from fhr.features.wide_quantiles import wide_quantiles, wide_quantiles_columns

NAMES = [column.name for column in wide_quantiles_columns(60)]
FRACTIONS = (0.01, 0.05, 0.1, 0.25, 0.75, 0.9, 0.95, 0.99)
PARTS = {
    "60": slice(None),
    "30": slice(1800, None),
    "20": slice(2400, None),
    "10": slice(3000, None),
    "first_20": slice(1200),
    "second_20": slice(1200, 2400),
}


def of(x: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, wide_quantiles(np.atleast_2d(x))[0].tolist(), strict=True))


def test_a_ramp_has_its_slope_and_no_spread():
    found = of(120 + 0.5 * np.arange(3600) / 60)
    for part, here in PARTS.items():
        assert found[f"slope_{part}"] == pytest.approx(0.5)
        assert found[f"spread_{part}"] == pytest.approx(np.log(0.5))
        middle = (np.arange(3600)[here][0] + np.arange(3600)[here][-1]) / 2
        assert found[f"level_{part}"] == pytest.approx(120 + 0.5 * middle / 60)
    assert found["q95_60"] == pytest.approx(30 * 0.45, rel=1e-3)  # bpm above the median of 30 min
    assert found["q95_20"] == pytest.approx(10 * 0.45, rel=1e-3)


def test_noise_has_the_quantiles_of_a_gaussian():
    found = wide_quantiles(140 + 6 * np.random.default_rng(0).normal(size=(40, 3600))).mean(axis=0)
    row = dict(zip(NAMES, found, strict=True))
    for name, z in {"q1": -2.326, "q5": -1.645, "q10": -1.282, "q25": -0.674, "q90": 1.282, "q99": 2.326}.items():
        assert row[f"{name}_60"] == pytest.approx(6 * z, abs=0.08)
    assert row["spread_60"] == pytest.approx(np.log(0.5 + 0.6745 * 6), abs=0.01)
    assert row["slope_60"] == pytest.approx(0, abs=0.01)


def test_is_numpy_over_the_measured_seconds_of_each_part(with_gaps):
    x = with_gaps(140 + np.random.default_rng(1).normal(size=3600).cumsum() / 3, fraction=0.4)
    found = of(x)
    for part, here in PARTS.items():
        t, y = np.arange(3600)[here] / 60, x[here]
        t, y = t[~np.isnan(y)], y[~np.isnan(y)]
        slope, start = np.polyfit(t, y, 1)
        residual = y - start - slope * t
        assert found[f"level_{part}"] == pytest.approx(np.median(y))
        assert found[f"slope_{part}"] == pytest.approx(slope)
        spread = np.median(np.abs(residual - np.median(residual)))
        assert found[f"spread_{part}"] == pytest.approx(np.log(0.5 + spread))
        for fraction in FRACTIONS:
            expected = np.quantile(y, fraction) - np.median(y)
            assert found[f"q{100 * fraction:g}_{part}"] == pytest.approx(expected)


def test_sixty_seconds_are_enough_and_fewer_take_the_wider_part():
    x = 140 + np.random.default_rng(2).normal(size=3600)
    for measured in (60, 59):
        some = x.copy()
        some[3000 : 3600 - measured] = np.nan
        some[2400:3000] += 20
        found = of(some)
        assert (found["level_10"] < 150) == (measured == 60)
        assert (found["level_10"] == found["level_20"]) == (measured == 59)
