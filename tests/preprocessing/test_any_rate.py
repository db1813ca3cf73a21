"""Resampling to any rate: means, lines, gaps, both ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.errors import FHRError, SignalError
from fhr.preprocessing import Pipeline, block_mean, resample
from fhr.recording import Provenance, Recording, Step

RATES = st.sampled_from([0.5, 1.0, 2.0, 3.2, 4.0, 5.0, 10.0, 100.0, 250.0])


def recording(signal, fs: float, **changes) -> Recording:
    signal = np.asarray(signal, np.float32)
    return Recording("a", signal, np.full(len(signal), np.nan), fs, **changes)


def share_of(gap: np.ndarray, n: int, fs: float, rate: float) -> np.ndarray:
    """Share of the time of each of `n` samples at `rate` that lies in a gap at `fs`."""
    fine = 50
    times = len(gap) / fs - (np.arange(n * fine, 0, -1) - 0.5) / (rate * fine)
    return gap[np.clip((times * fs).astype(int), 0, len(gap) - 1)].reshape(n, fine).mean(axis=1)


@given(st.floats(30, 240, width=32), st.integers(1, 300), RATES, RATES)
def test_a_constant_stays_one_to_the_bit(value, n, fs, rate):
    signal = np.full(n, value, np.float32)
    signal[n // 3 : n // 2] = np.nan
    if n * rate / fs < 1:
        with pytest.raises(SignalError, match="shorter than one sample at"):
            resample(recording(signal, fs), rate)
        return
    found = resample(recording(signal, fs), rate)
    known = found.fhr[~np.isnan(found.fhr)]
    assert (known == np.float32(value)).all()
    assert len(found) == int(n * rate / fs + 1e-6)
    assert found.fs == rate


@given(st.data(), RATES, RATES)
def test_gaps_stay_and_nothing_is_invented_across_them(data, fs, rate):
    n = data.draw(st.integers(40, 400))
    gap = np.zeros(n, bool)
    first = data.draw(st.integers(0, n - 1))
    gap[first : first + data.draw(st.integers(1, 60))] = True
    signal = np.where(gap, np.nan, 140 + 10 * np.sin(np.arange(n)))
    if n * rate / fs < 1:
        return
    found = resample(recording(signal, fs), rate).fhr
    share = share_of(gap, len(found), fs, rate)
    assert np.isnan(found[share == 1]).all()
    assert not np.isnan(found[share < (0.98 if rate <= fs else 0.02)]).any()  # of a mean one valid moment is enough
    with np.errstate(invalid="ignore"):
        assert not (np.abs(found - 140) > 10.001).any()


@given(st.integers(20, 400), RATES, RATES)
def test_time_weighted_means_are_kept(n, fs, rate):
    """Down: the mean over all time; up: the integral of the line, half a sample at either end apart."""
    signal = 140 + 20 * np.sin(0.1 * np.arange(n))
    if n * rate / fs < 1:
        return
    found = resample(recording(signal, fs), rate)
    dropped = n - len(found) * fs / rate  # samples at the start
    weights = np.clip(np.arange(1, n + 1) - dropped, 0, 1)
    expected = np.average(signal.astype(np.float32), weights=weights)
    assert found.fhr.mean() == pytest.approx(expected, abs=1e-3 if rate <= fs else 0.5)


@pytest.mark.parametrize(("fs", "rate"), [(4, 1), (100, 4), (10, 5), (250, 2)])
def test_whole_ratios_are_block_means(fs, rate):
    signal = np.random.default_rng(1).normal(140, 10, 2003).astype(np.float32)
    signal[100:400] = np.nan
    found = resample(recording(signal, fs), rate)
    np.testing.assert_allclose(found.fhr, block_mean(signal, fs // rate), rtol=1e-6)


def test_a_ratio_that_is_not_whole_weighs_by_time():
    found = resample(recording([100, 110, 120, 130, 140], 10), 4).fhr  # 2.5 samples each
    np.testing.assert_allclose(found, [(100 + 110 + 60) / 2.5, (60 + 130 + 140) / 2.5], rtol=1e-6)


@pytest.mark.parametrize(("fs", "rate"), [(1, 4), (3.2, 4), (2, 250), (1, 3)])
def test_a_straight_line_stays_one(fs, rate):
    n = 64
    found = resample(recording(100 + np.arange(n), fs), rate)
    times = n / fs - (np.arange(len(found), 0, -1) - 0.5) / rate
    expected = np.clip(100 + times * fs - 0.5, 100, 100 + n - 1)  # held at the ends, half a sample
    np.testing.assert_allclose(found.fhr, expected, rtol=2e-6)


def test_up_and_down_again_keeps_gaps_and_lines():
    signal = 120 + 0.25 * np.arange(200)
    signal[50:90] = np.nan
    there = resample(recording(signal, 1), 4)
    again = resample(there, 1).fhr
    np.testing.assert_array_equal(np.isnan(again), np.isnan(signal))
    inner = np.r_[2:48, 92:198]
    np.testing.assert_allclose(again[inner], signal[inner], rtol=1e-6)


def test_what_lies_between_two_samples_of_a_gap_is_their_own():
    found = resample(recording([140, np.nan, np.nan, 100], 1), 4).fhr
    np.testing.assert_array_equal(found, [140] * 4 + [np.nan] * 8 + [100] * 4)


def test_heart_beats_on_a_fine_grid_reach_their_neighbours():
    """Beats every 0.43 s on a grid of 100 Hz; a pause of 20 s stays one."""
    signal = np.full(6000, np.nan)
    at = np.arange(0, 6000, 43)
    signal[at] = 140 + at / 100
    signal[2000:4000] = np.nan
    alone, joined = (resample(recording(signal, 100), 4, reach=reach) for reach in (0, 1))
    assert np.isnan(alone.fhr).mean() > 0.5
    gap = np.isnan(joined.fhr)
    assert gap[82:159].all()
    assert not gap[:79].any()
    times = (np.arange(240) + 0.5) / 4
    np.testing.assert_allclose(joined.fhr[:78], (140 + times)[:78], atol=0.01)
    assert joined.history[-1] == Step(
        "resample", {"from_fs": 100.0, "fs": 4.0, "method": "mean", "reach": 1.0, "dropped_s": 0.0}
    )


def test_both_end_together_and_stage_2_is_counted_from_the_new_start():
    made = Provenance("synthetic", "a test")
    one = recording(np.arange(100, 203), 4, stage2_start=20.0, provenance=made, mhr=np.full(103, 80.0))
    found = resample(one, 1)
    assert (len(found), found.stage2_start, found.provenance) == (25, 19.25, made)
    assert found.fhr[-1] == np.mean([199, 200, 201, 202])
    assert found.history[-1].parameters["dropped_s"] == 0.75
    assert (found.mhr == 80).all()
    assert np.isnan(resample(recording(np.full(8, 140), 4), 1).stage2_start)


def test_a_window_of_a_recording_at_an_odd_rate():
    signal = 140 + np.zeros(3600 * 5 // 2)
    with pytest.raises(SignalError, match=r"fhr\.preprocessing\.resample\(recording, 1\)"):
        Pipeline()(recording(signal, 2.5))
    assert Pipeline()(resample(recording(signal, 2.5), 1)).signal.shape == (3, 3600)


def test_the_same_rate_gives_the_very_recording():
    one = recording(np.full(8, 140), 4)
    assert resample(one, 4) is one
    assert resample(one, 4, reach=0.25) is one


@pytest.mark.parametrize("fs", [0, -1, np.nan, np.inf, "4", None, True])
def test_a_rate_that_is_none(fs):
    with pytest.raises(FHRError, match="the rate is a positive number"):
        resample(recording([140], 4), fs)


@pytest.mark.parametrize("reach", [-1, 3.1, np.nan])
def test_a_reach_that_bridges_gaps(reach):
    with pytest.raises(FHRError, match="a longer gap is filled by interpolate_gaps"):
        resample(recording([140], 4), 4, reach=reach)


def test_a_result_too_long_to_hold():
    with pytest.raises(SignalError, match="too many to hold"):
        resample(recording(np.full(400, 140), 4), 1e9)
