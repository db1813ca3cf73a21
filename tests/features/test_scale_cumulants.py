"""Cumulants by scale: those of `analyze`, and the columns of both channels."""

import numpy as np
import pytest

from fhr.errors import SignalError
from fhr.features import SCALES, scale_cumulants
from fhr.features.scale_cumulants import (
    CROSS_CHANNEL_COLUMNS,
    SCALE_CUMULANT_COLUMNS,
    SHORTEST_OF_SCALES,
    cross_channel_features,
    scale_cumulant_features,
)
from fhr.multiscale import analyze
from fhr.processes import fbm

NAMES = [column.name for column in SCALE_CUMULANT_COLUMNS]
JOINT = [column.name for column in CROSS_CHANNEL_COLUMNS]


def test_are_those_of_the_analysis(labour, with_gaps):
    x = with_gaps(labour(2)[0])
    expected = analyze(x, j1=SCALES[0], j2=SCALES[-1])
    np.testing.assert_allclose(scale_cumulants(x), expected.cumulants, rtol=1e-9, atol=1e-12)
    found = scale_cumulant_features(x, x[::-1], fs=4.0)
    assert found.shape == (2, len(NAMES))
    assert found[0, NAMES.index("C2_5")] == pytest.approx(expected.cumulants[0, 1, 2])
    assert found[0, NAMES.index("uc_C3_9")] == pytest.approx(expected.cumulants[1, 2, 6])
    assert found[1, NAMES.index("uc_c1_of_scales")] == pytest.approx(expected.log_cumulants[0, 0])
    joined = scale_cumulants(np.repeat(x, 2, axis=-1), fs=8.0)  # blocks of equal samples
    np.testing.assert_allclose(joined, expected.cumulants, rtol=1e-9, atol=1e-9)


def test_of_fractional_brownian_motion_the_first_rises_by_its_exponent():
    found = scale_cumulants(fbm(14400, 0.7, size=20, seed=1)).mean(axis=0)
    rise = np.polyfit(np.log(2) * np.array(SCALES), found[0], 1)[0]
    assert rise == pytest.approx(0.7, abs=0.06)
    assert np.polyfit(np.log(2) * np.array(SCALES), found[1], 1)[0] == pytest.approx(0, abs=0.02)


def test_a_gain_moves_the_first_alone(labour):
    x = labour(1)[0][0]
    before, after = scale_cumulants(x), scale_cumulants(3 * (x - 140))
    np.testing.assert_allclose(after[0], before[0] + np.log(3), atol=1e-6)
    np.testing.assert_allclose(after[1:], before[1:], atol=1e-6)


def test_channels_of_one_signal_and_of_two(labour):
    fhr, uc = labour(2)
    same, two = cross_channel_features(fhr, -2 * fhr, fs=4.0), cross_channel_features(fhr, uc, fs=4.0)
    assert same.shape == (2, len(JOINT))
    for j in SCALES:
        np.testing.assert_allclose(same[:, JOINT.index(f"leader_correlation_{j}")], 1, atol=1e-9)
        np.testing.assert_allclose(same[:, JOINT.index(f"wavelet_correlation_{j}")], -1, atol=1e-9)
        assert (np.abs(two[:, JOINT.index(f"leader_correlation_{j}")]) < 1).all()


def test_too_little_signal():
    x = np.full((3, 14400), np.nan)
    x[1] = 140.0
    x[2, :3000] = fbm(3000, 0.6, seed=0)
    assert np.isnan(scale_cumulants(x)[:2]).all()
    assert np.isfinite(scale_cumulants(x)[2, :, :4]).all()
    assert np.isnan(scale_cumulants(x)[2, :, -1]).all()
    assert np.isnan(scale_cumulant_features(x[:1], x[:1], fs=4.0)).all()
    assert np.isnan(cross_channel_features(x, x[::-1], fs=4.0)[:2]).all()
    short = fbm(round(SHORTEST_OF_SCALES * 4) - 1, 0.6, size=1, seed=0)
    assert np.isnan(scale_cumulants(short)).all()
    assert np.isnan(cross_channel_features(short, short, fs=4.0)).all()
    assert np.isfinite(scale_cumulants(np.append(short, short[:, :1], axis=1))).all()
    assert scale_cumulants(x[:0]).shape == (0, 3, len(SCALES))


def test_another_rate_is_refused():
    with pytest.raises(SignalError, match="multiple of the 4 Hz"):
        scale_cumulants(np.zeros(9000), fs=1.0)
    with pytest.raises(SignalError, match="multiple of the 4 Hz"):
        cross_channel_features(np.zeros((1, 9000)), np.zeros((1, 9000)), fs=6.0)
