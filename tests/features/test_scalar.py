import numpy as np
import pytest

from fhr.errors import SignalError
from fhr.features import (
    MULTISCALE_COLUMNS,
    ORDER_STATISTICS,
    SCALAR_COLUMNS,
    band_power,
    coarse_grain,
    dfa,
    lempel_ziv,
    mad,
    prsa,
    sample_entropy,
    scalar_features,
)
from fhr.preprocessing import DEFAULT_STEPS, clean

NAMES = [column.name for column in SCALAR_COLUMNS]


def named(table):
    return dict(zip(NAMES, np.moveaxis(table, -1, 0), strict=True))


def window(seed=0, size=()):
    rng = np.random.default_rng(seed)
    fhr = 140 + np.cumsum(rng.normal(size=(*size, 7200)), axis=-1) * 0.2 + rng.normal(size=(*size, 7200))
    return np.round(fhr * 4) / 4


def test_columns_have_their_own_names_units_and_descriptions():
    others = [column.name for column in MULTISCALE_COLUMNS] + list(ORDER_STATISTICS)
    assert len(set(NAMES + others)) == len(NAMES) + len(others)
    assert all(column.unit and column.description for column in SCALAR_COLUMNS)


def test_each_column_is_its_function(with_gaps):
    fhr = with_gaps(window(size=(2,)))
    found = named(scalar_features(fhr))
    slow = coarse_grain(fhr, 2)
    power = band_power(fhr)
    np.testing.assert_array_equal(found["median"], np.nanmedian(fhr, axis=-1))
    np.testing.assert_allclose(found["iqr"], np.nanquantile(fhr, 0.75, axis=-1) - np.nanquantile(fhr, 0.25, axis=-1))
    np.testing.assert_array_equal(found["mad"], mad(fhr))
    np.testing.assert_array_equal(found["mf_power"], power[:, 2])
    np.testing.assert_allclose(found["lf_mf_hf"], power[:, 1] / (power[:, 2] + power[:, 3]))
    np.testing.assert_allclose(found["dfa_long"], dfa(slow, scales=(16, 20, 24, 32, 40, 48, 64)))
    np.testing.assert_allclose(found["sample_entropy"], sample_entropy(slow))
    np.testing.assert_allclose(found["lempel_ziv"], lempel_ziv(slow))
    np.testing.assert_allclose(found["deceleration_capacity"], prsa(slow, T=5, s=5).deceleration_capacity)


def test_a_faster_recording_of_the_same_signal_changes_nothing():
    fhr = window()
    table, faster = scalar_features(fhr), scalar_features(np.repeat(fhr, 2), fs=8)
    spectral = np.array([name.endswith("power") or name in ("lf_mf_hf", "iqr") for name in NAMES])
    np.testing.assert_allclose(faster[~spectral], table[~spectral], rtol=1e-3)
    np.testing.assert_allclose(faster[:2], table[:2], rtol=1e-3)


def test_too_little_signal_leaves_nothing():
    fhr = np.full((2, 7200), np.nan)
    fhr[1, :150] = window()[:150]
    table = scalar_features(fhr)
    assert np.isnan(table[0]).all()
    assert np.isnan(table[1, :8]).all()


def test_a_rate_that_two_hertz_does_not_divide_is_refused():
    with pytest.raises(SignalError, match="1 Hz, which is no multiple of the 2 Hz that are needed"):
        scalar_features(np.ones(7200), fs=1.0)


def test_real_windows_have_plausible_values(ctu_uhb_database):
    windows = np.stack([clean(recording, DEFAULT_STEPS).fhr[-7200:] for recording in list(ctu_uhb_database)[:60]])
    table = scalar_features(windows)
    assert not np.isinf(table).any()
    assert np.isfinite(table).mean() > 0.9
    medians = named(np.nanmedian(table, axis=0))
    for name, low, high in [
        ("median", 120, 150),
        ("mad", 1.5, 3),
        ("lf_mf_hf", 3, 20),
        ("dfa_short", 1.4, 1.8),
        ("sample_entropy", 0.1, 0.5),
        ("lempel_ziv", 0.1, 0.4),
        ("higuchi", 1.1, 1.6),
        ("acceleration_capacity", 1, 3),
        ("deceleration_capacity", -3, -1),
        ("sd1_sd2", 0.02, 0.15),
    ]:
        assert low < medians[name] < high, name
