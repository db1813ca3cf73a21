"""Stretches in which FHR follows MHR, planted and real."""

import numpy as np
import pytest

from fhr.datasets import FalseSignals
from fhr.errors import SignalError
from fhr.preprocessing import coincident, mothers_rate

FS = 4.0
N = int(30 * 60 * FS)
T = np.arange(N) / FS


def rates(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A child at 140 bpm and a mother at 82, both wandering."""
    rng = np.random.default_rng(seed)
    child = 140 + 6 * np.sin(2 * np.pi * T / 25) + rng.normal(0, 1, N)
    mother = 82 + 8 * np.sin(2 * np.pi * T / 300) + rng.normal(0, 0.5, N)
    return child, mother


def planted(start: float, length: float, *, error: float = 2.0, seed: int = 0) -> tuple[np.ndarray, ...]:
    """The mother's rate in the child's place, with the error of a sensor, s; and where."""
    child, mother = rates(seed)
    where = (start <= T) & (start + length > T)
    noise = np.repeat(np.random.default_rng(seed).normal(0, error, N // 8 + 1), 8)[:N]
    return np.where(where, mother + noise, child), mother, where


@pytest.mark.parametrize(("start", "length"), [(0, 120), (600, 60), (600, 660), (1620, 180), (0, 1800)])
@pytest.mark.parametrize("error", [0.0, 3.0])
def test_a_planted_stretch_is_found_wherever_it_lies(start, length, error):
    fhr, mhr, where = planted(start, length, error=error)
    found = mothers_rate(fhr, mhr, FS)
    assert found[where].mean() > 0.93
    assert not found[~where].any()


def test_a_noisy_sensor_is_followed_too():
    """An error of 7 bpm leaves half of the samples within 5 bpm; the windows of 3 min miss some of both ends."""
    fhr, mhr, where = planted(500, 700, error=7.0)
    found = mothers_rate(fhr, mhr, FS)
    assert coincident(fhr, mhr, FS)[where].mean() < 0.6
    assert found[(T >= 600) & (T < 1100)].mean() > 0.98
    assert found[~where].mean() < 0.01


@pytest.mark.parametrize(("first", "last"), [(700, 900), (600, 800), (1000, 1200), (600, 720)])
def test_lost_mhr_in_a_stretch_or_at_its_end_does_not_break_it(first, last):
    fhr, mhr, where = planted(600, 600)
    mhr = np.where((first <= T) & (last > T), np.nan, mhr)
    found = mothers_rate(fhr, mhr, FS)
    assert found[where].mean() > 0.95
    assert not found[~where].any()


def test_where_mhr_was_lost_a_true_rate_stays():
    fhr, mhr, where = planted(600, 600)
    back = (T >= 800) & (T < 1000)
    fhr, mhr = np.where(back, rates()[0], fhr), np.where(back, np.nan, mhr)
    found = mothers_rate(fhr, mhr, FS)
    assert not found[back].any()
    assert found[where & ~back].mean() > 0.95


def test_gaps_of_either_rate_are_no_part_of_the_mask():
    fhr, mhr, where = planted(600, 300)
    lost = np.random.default_rng(1).uniform(size=N // 20 + 1).repeat(20)[:N] < 0.4
    found = mothers_rate(np.where(lost, np.nan, fhr), np.where(np.roll(lost, 50), np.nan, mhr), FS)
    assert not found[lost].any()
    assert found[where & ~lost].mean() > 0.9
    assert not found[~where].any()


def test_a_rate_that_crosses_the_mothers_stays():
    """Decelerations down to the mother's rate and below, of 30 to 90 s."""
    child, mother = rates()
    for width in (15, 30, 45):
        crossing = child.copy()
        for nadir in range(200, 1700, 200):
            crossing -= 75 * np.exp(-(((T - nadir) / width) ** 2))
        assert coincident(crossing, mother, FS).any()
        assert not mothers_rate(crossing, mother, FS).any()


def test_a_child_at_twice_the_mothers_rate_stays():
    _, mother = rates()
    assert not mothers_rate(2 * mother, mother, FS).any()


@pytest.mark.parametrize("fs", [1.0, 2.0, 8.0])
def test_any_rate(fs):
    n = round(1200 * fs)
    t = np.arange(n) / fs
    fhr = np.where((t >= 400) & (t < 700), 83.0, 140.0)
    found = np.flatnonzero(mothers_rate(fhr, np.full(n, 80.0), fs)) / fs
    assert found[0] == pytest.approx(400, abs=1)
    assert found[-1] == pytest.approx(700, abs=2)


def test_short_empty_and_missing():
    for n in (0, 1, 5):
        assert mothers_rate(np.full(n, 80.0), np.full(n, 80.0), FS).shape == (n,)
    child, mother = rates()
    assert not mothers_rate(child, np.full(N, np.nan), FS).any()
    assert not mothers_rate(np.full(N, np.nan), mother, FS).any()


def test_on_the_marks_of_experts(fhrma_false_signals):
    """What the documentation says."""
    true, false = np.zeros(2), np.zeros(2)
    database = FalseSignals(fhrma_false_signals)
    for recording in database:
        mhr = recording.mhr
        if database.groups[recording.name] != "DopMHRTrain" or mhr is None or np.isnan(mhr).all():
            continue
        found, marks = mothers_rate(recording.fhr, mhr, recording.fs), database.marks(recording.name)[0]
        held = ~np.isnan(recording.fhr)
        true += (found & (marks == 0)).sum(), (held & (marks == 0)).sum()
        false += (found & (marks == 1)).sum(), (held & (marks == 1)).sum()
    assert true[0] / true[1] < 0.007
    assert false[0] / false[1] > 0.54


def test_rates_of_different_lengths_are_named():
    with pytest.raises(SignalError, match=r"fhr has shape \(10,\), mhr \(9,\); give both as \(n,\)"):
        mothers_rate(np.zeros(10), np.zeros(9), FS)
