"""Each rule against a slow one that says the same in a loop, and against what experts marked."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.datasets import FalseSignals
from fhr.preprocessing import (
    DEFAULT_STEPS,
    clean,
    coincident,
    halved_or_doubled,
    jumping,
    out_of_range,
    remove_halved_doubled,
    remove_spikes,
    remove_stuck,
    stuck,
)
from fhr.recording import Recording, Step

NAN = np.nan
# Few values, so that runs, jumps and factors of 2 abound.
RATES = st.lists(st.sampled_from([NAN, 0.0, 35.0, 70.0, 72.0, 140.0, 141.0, 145.0, 280.0]), max_size=60).map(np.float32)


def runs_of(flags: list[bool]) -> list[range]:
    found, start = [], None
    for i, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = i
        if not flag and start is not None:
            found.append(range(start, i))
            start = None
    return found


@given(signal=RATES, longest=st.integers(0, 4))
def test_stuck_by_brute_force(signal, longest):
    expected = np.zeros(len(signal), dtype=bool)
    for value in set(signal[~np.isnan(signal)].tolist()):
        for run in runs_of([x == value for x in signal.tolist()]):
            # One value alone is held for no time.
            if len(run) > max(longest * 2.0, 1):
                expected[run] = True
    np.testing.assert_array_equal(stuck(signal, 2.0, longest=longest), expected)


@given(signal=RATES, gap=st.integers(0, 3), longest=st.integers(1, 8))
def test_halved_or_doubled_by_brute_force(signal, gap, longest):
    values = [(i, max(float(x), 1.0)) for i, x in enumerate(signal) if not np.isnan(x)]
    direction = {}
    for k in range(1, len(values)):
        (i, a), (j, b) = values[k - 1], values[k]
        if j - i - 1 <= gap * 2.0:
            if 2 / 1.1 <= b / a <= 2 * 1.1:
                direction[k] = 1
            if 1 / (2 * 1.1) <= b / a <= 1.1 / 2:
                direction[k] = -1
    expected = np.zeros(len(signal), dtype=bool)
    cuts = sorted(direction)
    for first, end in pairwise(cuts):
        if end - first <= longest * 2.0 and direction[first] != direction[end]:
            expected[[i for i, _ in values[first:end]]] = True
    np.testing.assert_array_equal(halved_or_doubled(signal, 2.0, gap=gap, longest=longest), expected)


@given(fhr=RATES, seed=st.integers(0, 9), shortest=st.integers(0, 3))
def test_coincident_by_brute_force(fhr, seed, shortest):
    mhr = np.random.default_rng(seed).permutation(fhr)
    near = [bool(abs(a - b) <= 5) for a, b in zip(fhr.tolist(), mhr.tolist(), strict=True)]
    expected = np.zeros(len(fhr), dtype=bool)
    for run in runs_of(near):
        if len(run) >= shortest * 2.0:
            expected[run] = True
    np.testing.assert_array_equal(coincident(fhr, mhr, 2.0, shortest=shortest), expected)


@given(signal=RATES)
def test_a_rule_fires_on_values_alone_and_a_removal_removes_what_it_finds(signal):
    missing = np.isnan(signal)
    for rule in (out_of_range, jumping, stuck, halved_or_doubled):
        mask = rule(signal, 2.0)
        assert mask.dtype == bool
        assert mask.shape == signal.shape
        assert not (mask & missing).any()
    np.testing.assert_array_equal(np.isnan(remove_spikes(signal, 2.0)), missing | jumping(signal, 2.0))
    for remove, rule in ((remove_stuck, stuck), (remove_halved_doubled, halved_or_doubled)):
        removed = remove(signal, 2.0)
        assert removed.dtype == signal.dtype
        np.testing.assert_array_equal(removed, np.where(rule(signal, 2.0), NAN, signal))


def test_limits_are_out_of_range():
    np.testing.assert_array_equal(out_of_range(np.array([50, 50.25, 210, NAN, 209.75]), 4.0), [1, 0, 1, 0, 0])


def test_beats_repeated_at_4_hz_are_not_stuck_at_any_rate():
    """A heart of one rate to the quarter bpm for 8 s, sampled at 1 to 8 Hz."""
    for fs in (1.0, 2.0, 4.0, 8.0):
        steady = np.repeat([140.0, 141.0, 140.5], round(8 * fs))
        assert not stuck(steady, fs).any()
        assert stuck(np.repeat(140.0, round(11 * fs)), fs).all()


def test_a_doubled_deceleration_is_marked_and_a_deceleration_is_not():
    fs = 4.0
    nadir = 140 - 60 * np.sin(np.linspace(0, np.pi, 360)) ** 2
    assert not halved_or_doubled(nadir, fs).any()
    doubled = nadir.copy()
    doubled[nadir < 90] *= 2
    np.testing.assert_array_equal(halved_or_doubled(doubled, fs), nadir < 90)
    np.testing.assert_array_equal(remove_halved_doubled(doubled, fs)[nadir >= 90], nadir[nadir >= 90])


def test_a_lasting_change_of_level_stays():
    assert not halved_or_doubled(np.repeat([140.0, 70.0, 140.0], 300), 4.0, longest=60.0).any()
    assert halved_or_doubled(np.repeat([140.0, 70.0, 140.0], 300), 4.0, longest=80.0).sum() == 300


def test_the_removals_are_steps_of_cleaning():
    fhr = np.concatenate(
        [np.linspace(140, 150, 60), np.full(60, 150.0), np.linspace(75, 75.5, 8), np.linspace(150, 151, 8)]
    )
    steps = (Step("remove_halved_doubled", {"tolerance": 0.05}), Step("remove_stuck", {"longest": 12.0}))
    cleaned = clean(Recording("one", fhr, np.zeros(len(fhr)), 4.0), steps)
    missing = np.isnan(cleaned.fhr)
    assert missing[59:128].all()
    assert missing.sum() == 69
    assert cleaned.history == steps
    assert not {step.name for step in steps} & {step.name for step in DEFAULT_STEPS}


@pytest.fixture(scope="module")
def marked(fhrma_false_signals) -> list[tuple[Recording, np.ndarray]]:
    database = FalseSignals(fhrma_false_signals)
    return [(recording, database.marks(recording.name)[0]) for recording in database]


def shares(marked: list[tuple[Recording, np.ndarray]], rule) -> tuple[float, float]:
    """Of the samples that experts marked as true, and as false, the fraction that the rule finds."""
    found, of = np.zeros(2), np.zeros(2)
    for recording, marks in marked:
        mask, held = rule(recording), ~np.isnan(recording.fhr)
        for value in (0, 1):
            found[value] += (mask & (marks == value)).sum()
            of[value] += (held & (marks == value)).sum()
    true, false = found / of
    return float(true), float(false)


def test_on_the_marks_of_experts(marked):
    """What the documentation says of each rule."""
    assert shares(marked, lambda r: stuck(r.fhr, r.fs))[0] == 0
    for rule, most, least in ((out_of_range, 0.0006, 0.02), (jumping, 0.0014, 0.013), (halved_or_doubled, 0.001, 0.02)):
        true, false = shares(marked, lambda r, rule=rule: rule(r.fhr, r.fs))
        assert true < most
        assert false > least
    true, false = shares(marked, lambda r: coincident(r.fhr, r.mhr, r.fs))
    assert true < 0.03
    assert false > 0.4
