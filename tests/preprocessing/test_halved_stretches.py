"""Halved and doubled stretches, planted and real, and the falls that are none."""

import numpy as np
import pytest

from fhr.datasets import FalseSignals
from fhr.preprocessing import halved_or_doubled_stretches

FS = 4.0
T = np.arange(int(40 * 60 * FS)) / FS
RATE = 140 + 8 * np.sin(2 * np.pi * T / 30) + np.random.default_rng(0).normal(0, 1, len(T))
NAN = np.nan


def between(start: float, end: float) -> np.ndarray:
    return (start <= T) & (end > T)


@pytest.mark.parametrize("length", [3, 20, 60, 300, 900])
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_short_and_long_stretches_are_found_and_nothing_else(length, factor):
    where = between(900, 900 + length)
    rate = RATE if factor == 0.5 else RATE - 40  # 200 bpm where it is doubled
    np.testing.assert_array_equal(halved_or_doubled_stretches(np.where(where, factor * rate, rate), FS), where)


def test_a_jump_across_a_gap_counts_up_to_10_s():
    where = between(900, 1100)
    halved = np.where(where, RATE / 2, RATE)
    for lost, found in ((8, True), (15, False)):
        gapped = np.where(between(900, 900 + lost), NAN, halved)
        mask = halved_or_doubled_stretches(gapped, FS)
        assert mask.any() == found
        assert not mask[~where | np.isnan(gapped)].any()


def test_true_seconds_between_two_doubled_stretches_stay():
    where = (between(900, 960) | between(963, 1020)) & ~between(1000, 1002)
    rate = RATE - 45
    np.testing.assert_array_equal(halved_or_doubled_stretches(np.where(where, 2 * rate, rate), FS), where)


def test_what_is_left_of_a_doubled_stretch_goes_where_it_does_not_jump_back_by_the_factor():
    rate = RATE - 45
    where = between(900, 950) | between(955, 990)
    signal = np.where(where, 2 * rate, np.where(between(990, 1100), rate + 50, rate))
    np.testing.assert_array_equal(halved_or_doubled_stretches(signal, FS), where)


@pytest.mark.parametrize("ramp", [40, 90])
@pytest.mark.parametrize("nadir", [70, 80, 95])
def test_a_bradycardia_stays(ramp, nadir):
    steps = [0, 600, 600 + ramp, 1800, 1800 + ramp, 2400]
    fhr = np.interp(T, steps, [140, 140, nadir, nadir, 140, 140]) + RATE - 140
    assert not halved_or_doubled_stretches(fhr, FS).any()


@pytest.mark.parametrize("step", [-60, -45, -30, 30, 45, 60])
def test_a_step_by_another_factor_stays(step):
    """RATE without its waves: a step of -60 bpm is one by 1.75."""
    fhr = np.where(between(600, 1800), 140.0 + step, 140.0)
    assert not halved_or_doubled_stretches(fhr, FS).any()


def test_a_fall_by_half_that_does_not_return_stays():
    fhr = np.where(T > 1500, RATE / 2, RATE)
    assert not halved_or_doubled_stretches(fhr, FS).any()
    flickering = np.where(between(1530, 1534) | between(1700, 1703), RATE, fhr)  # twice back, for a few seconds
    mask = halved_or_doubled_stretches(flickering, FS)
    assert not mask[between(1540, 1690) | between(1705, 2400)].any()


def test_long_levels_where_the_lower_one_may_be_the_childs_stay():
    """120 bpm beside 240 is doubled; 95 beside 190 is not halved."""
    assert not halved_or_doubled_stretches(np.where(between(600, 900), 95.0, 190.0), FS).any()
    np.testing.assert_array_equal(
        halved_or_doubled_stretches(np.where(between(600, 900), 240.0, 120.0), FS), between(600, 900)
    )


def test_short_empty_and_missing():
    for signal in ([], [140.0], [140.0, 70.0], [140.0, 70.0, 140.0], [NAN] * 9, [0.0, 0.0, 70.0, 140.0, 0.0]):
        mask = halved_or_doubled_stretches(np.array(signal), FS)
        assert mask.shape == (len(signal),)
        assert mask.dtype == bool
        assert not mask[np.isnan(signal)].any()


def test_on_the_marks_of_experts(fhrma_false_signals):
    """What the documentation says, Doppler and scalp."""
    counts = {"DopMHRTrain": np.zeros(4), "ScalpTrain": np.zeros(4)}
    database = FalseSignals(fhrma_false_signals)
    for recording in database:
        found, marks = halved_or_doubled_stretches(recording.fhr, recording.fs), database.marks(recording.name)[0]
        held = ~np.isnan(recording.fhr)
        counts[database.groups[recording.name]] += [
            (mask & (marks == value)).sum() for value in (0, 1) for mask in (found, held)
        ]
    for true, of_true, false, of_false in counts.values():
        assert true / of_true < 0.001
        assert false / of_false > 0.03
