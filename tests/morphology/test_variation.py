from itertools import pairwise
from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from fhr.morphology.bandwidth import bandwidth_of_decelerations, bandwidths
from fhr.morphology.blocks import epoch_means, range_mask
from fhr.morphology.events import Events, no_events
from fhr.morphology.variability import short_term_variation, variation

NAN = np.nan
NONE = no_events()


def events(*ranges: tuple[float, float]) -> Events:
    start, end = np.array(ranges, float).T
    ones = np.ones(len(start))
    return Events(start, end, (start + end) / 2, 20 * ones, 300 * ones, 0 * ones)


def noise(n: int, seed: int = 0) -> np.ndarray:
    return 140 + np.random.default_rng(seed).normal(size=n)


def test_short_and_long_term_variation_epoch_by_epoch():
    fhr = 140 + np.random.default_rng(1).normal(size=4 * 600).cumsum() / 4
    fhr[100:130] = fhr[700:900] = NAN
    falls = events((300, 345))
    found = variation(fhr, np.full(len(fhr), 140.0), 4.0, NONE, falls)
    kept = fhr.copy()
    kept[1200:1380] = NAN
    for values, stv, ltv in ((60_000 / kept, found.stv_ms, found.ltv_ms), (kept, found.stv_bpm, found.ltv_bpm)):
        epochs = []
        for k in range(0, len(values), 15):
            piece = [value for value in values[k : k + 15] if value == value]
            epochs.append(np.mean(piece) if len(piece) >= 7.5 else NAN)
        steps = [abs(b - a) for a, b in pairwise(epochs)]
        assert stv == pytest.approx(np.mean([step for step in steps if step == step]))
        minutes = [[e for e in epochs[k : k + 16] if e == e] for k in range(0, len(epochs), 16)]
        assert ltv == pytest.approx(np.mean([max(m) - min(m) for m in minutes if len(m) >= 8]))


def test_white_noise_gives_what_theory_says():
    n = 4 * 60 * 600
    found = variation(noise(n), np.full(n, 140.0), 4.0, NONE, NONE)
    assert found.stv_bpm == pytest.approx(2 / sqrt(pi) / sqrt(15), rel=0.02)  # mean |difference| of two normals
    assert found.stv_ms == pytest.approx(found.stv_bpm * 60_000 / 140**2, rel=0.01)
    assert found.bandwidth_bpm == pytest.approx(2 * norm.ppf(0.975), rel=0.02)
    beat = 60_000 / 140**2 / sqrt(2)  # standard deviation of a mean interval of 0.5 s, ms
    quartiles = 2 * norm.ppf(0.75)
    assert found.lti_ms == pytest.approx(quartiles * beat, rel=0.02)  # of (T1 + T2) / sqrt 2
    assert found.sti_mrad == pytest.approx(1000 * quartiles * beat / (sqrt(2) * 60_000 / 140), rel=0.02)


@pytest.mark.parametrize("fs", [1.0, 2.0, 2.5, 4.0, 8.0])
def test_a_slow_sine_is_the_same_at_every_rate(fs):
    t = np.arange(round(600 * fs)) / fs
    fhr = 140 + 6 * np.sin(2 * pi * t / 20)
    found = variation(fhr, np.full(len(fhr), 140.0), fs, NONE, NONE)
    assert found.bandwidth_bpm == pytest.approx(12, rel=0.02)
    smoothed = 12 * np.sinc(3.75 / 20)  # the range of means over an epoch
    assert found.ltv_bpm == pytest.approx(smoothed, rel=0.04)
    step = 12 * np.sin(pi * 3.75 / 20) * np.sinc(3.75 / 20)
    assert found.stv_bpm == pytest.approx(step * 2 / pi, rel=0.06)


@pytest.mark.parametrize("fs", [1.0, 1.5, 4.0, 8.0])
def test_long_term_index_is_that_of_single_minutes_at_every_rate(fs):
    steps = np.repeat(np.tile([120.0, 150.0], 5), round(60 * fs))  # flat within a minute, a step between two
    found = variation(steps, np.full(len(steps), 135.0), fs, NONE, NONE)
    assert found.lti_ms == pytest.approx(0, abs=1e-6)


def test_what_is_left_out_changes_nothing():
    fhr, level = noise(4 * 1200), np.full(4 * 1200, 140.0)
    hole = slice(4 * 600, 4 * 720)
    before = variation(np.where(range_mask(np.array([[600, 720]]), 4800, 4.0), NAN, fhr), level, 4.0, NONE, NONE)
    fhr[hole] -= 40
    assert variation(fhr, level, 4.0, NONE, events((600, 720))) == before
    assert variation(fhr, level, 4.0, NONE, NONE, np.array([[600.0, 720]])) == before
    risen = variation(fhr, level, 4.0, events((600, 720)), NONE)
    assert risen.bandwidth_bpm == before.bandwidth_bpm
    assert risen.stv_ms > before.stv_ms  # accelerations stay in short- and long-term variation


def test_spikes_of_a_second_do_not_widen_the_band():
    sine = 140 + 5 * np.sin(np.arange(4 * 600) / 8)
    spiked = sine.copy()
    for minute in range(10):
        spiked[minute * 240 + 100 : minute * 240 + 104] = 185
    level = np.full(len(sine), 140.0)
    calm, after = (bandwidths(x, level, 4.0, NONE, NONE) for x in (sine, spiked))
    np.testing.assert_allclose(after, calm, rtol=0.02)
    np.testing.assert_allclose(calm, 10, rtol=0.02)


def test_a_drifting_baseline_does_not_widen_the_band():
    level = 120 + np.arange(4 * 600) / 100
    np.testing.assert_allclose(bandwidths(level + 3 * np.sin(np.arange(2400)), level, 4.0, NONE, NONE), 6, rtol=0.01)
    level[:480] = NAN
    assert np.isnan(bandwidths(np.full(2400, 140.0), level, 4.0, NONE, NONE)).tolist() == [True] * 2 + [False] * 8


def test_a_minute_counts_with_half_of_it_known():
    fhr = noise(480)
    fhr[:120] = NAN
    fhr[240:361] = NAN
    assert np.isnan(bandwidths(fhr, fhr * 0 + 140, 4.0, NONE, NONE)).tolist() == [False, True]


@pytest.mark.parametrize("n", [0, 1, 40, 239])
def test_too_short_or_without_signal(n):
    for fhr in (noise(n), np.full(n, NAN)):
        assert np.isnan(variation(fhr, fhr, 4.0, NONE, NONE)).all()
    assert np.isnan(variation(np.full(9000, NAN), np.full(9000, 140.0), 4.0, NONE, NONE)).all()


@given(st.integers(0, 400), st.sampled_from([1.0, 2.0, 3.3, 4.0, 8.0]), st.sampled_from([0.5, 3.75, 60.0]))
def test_epochs_are_counted_back_from_the_end(n, fs, seconds):
    x = np.random.default_rng(n).normal(size=n)
    found = epoch_means(x, fs, seconds)
    length = max(1.0, fs * seconds)
    assert len(found) == int(n / length + 1e-9)
    for k, value in enumerate(found[::-1]):
        inside = [x[n - 1 - i] for i in range(n) if k * length <= i + 1e-9 < (k + 1) * length]
        assert value == pytest.approx(np.mean(inside))


def test_short_term_variation_needs_a_minute():
    assert np.isnan(short_term_variation(np.arange(16.0)))
    assert short_term_variation(np.arange(17.0)) == 1
    assert short_term_variation(np.concatenate([np.arange(17.0), [NAN, 90]])) == 1


def test_the_bottom_of_a_long_deceleration():
    fs, n = 4.0, 4 * 900
    t = np.arange(n) / fs
    depth = np.interp(t, [200, 260, 540, 600], [0, 60, 60, 0])
    swing = 140 - depth + 6 * np.sin(2 * pi * t / 15)
    falls = events((200, 600), (700, 760))
    width = bandwidth_of_decelerations(swing, fs, falls)
    assert width[0] == pytest.approx(12, rel=0.05)
    assert np.isnan(width[1])
    flat = bandwidth_of_decelerations(140 - depth, fs, falls)
    assert flat[0] == pytest.approx(0, abs=0.01)
    gone = np.where((t > 200) & (t < 600), NAN, swing)
    assert np.isnan(bandwidth_of_decelerations(gone, fs, falls)).all()
    assert bandwidth_of_decelerations(swing, fs, NONE).shape == (0,)


def test_real_recordings_lie_where_intrapartum_variation_does(ctu_uhb_database):
    from fhr.preprocessing import clean

    found = []
    for recording in list(ctu_uhb_database)[:40]:
        fhr = clean(recording).fhr.astype(float)
        found.append(variation(fhr, np.full(len(fhr), np.nanmedian(fhr)), recording.fs, NONE, NONE))
    stv, ltv = np.array([v.stv_ms for v in found]), np.array([v.ltv_ms for v in found])
    assert 3 < np.median(stv) < 20
    assert (ltv > stv).all()
