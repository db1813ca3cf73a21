"""Holds of known length in signals of every rate and rounding, and in real ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.datasets import FalseSignals
from fhr.errors import FHRError
from fhr.features import FeatureSet
from fhr.formats import read_npz, write_npz
from fhr.preprocessing import (
    DEFAULT_STEPS,
    Pipeline,
    clean,
    held,
    hold_threshold,
    note_held,
    remove_held,
    remove_out_of_range,
)
from fhr.recording import Recording, Step

NAN = np.nan
NOTED = ("threshold_s", "longest_kept_s", "removed")


def recorded(minutes: float, fs: float, *, step: float = 0.25, seed: int = 0) -> np.ndarray:
    """A heart whose beats are held until the next, sampled at `fs`, rounded to `step` bpm."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(0, 1.0, round(minutes * 160)))
    beats = 140 + 8 * np.sin(walk / 8) + rng.normal(0, 0.5, len(walk))
    at = np.minimum((np.arange(round(minutes * 60 * fs)) / fs * 140 / 60).astype(int), len(beats) - 1)
    return np.round(beats[at] / step) * step


def recording(fhr, fs=4.0) -> Recording:
    return Recording("r", fhr, np.zeros(len(fhr)), fs)


@given(
    lengths=st.lists(st.integers(1, 30), max_size=80),
    seed=st.integers(0, 9),
    times=st.sampled_from([1.0, 2.0, 5.0]),
    share=st.sampled_from([0.0, 0.5, 0.95, 1.0]),
)
def test_held_by_brute_force(lengths, seed, times, share):
    """Runs of given lengths, pierced by gaps: every sample in a run longer than what the lengths explain."""
    values = np.repeat(140.0 + np.arange(len(lengths)) % 7, lengths)
    expected = np.zeros(len(values), dtype=bool)
    threshold = 0.0
    if lengths:
        ascending = sorted(lengths)
        common = next(n for k, n in enumerate(ascending) if k >= share * (len(lengths) - 1))
        half = next(n for n in ascending if sum(m for m in lengths if m <= n) >= sum(lengths) / 2)
        threshold = times * max(common, half)
        expected = np.repeat(np.array(lengths) > threshold, lengths)
    gaps = np.random.default_rng(seed).integers(0, len(values) + 1, size=5)
    signal, expected = np.insert(values, gaps, NAN).astype(np.float32), np.insert(expected, gaps, False)
    np.testing.assert_array_equal(held(signal, 2.0, times=times, share=share), expected)
    assert hold_threshold(signal, 2.0, times=times, share=share) == threshold / 2
    removed = remove_held(signal, 2.0, times=times, share=share)
    assert removed.dtype == np.float32
    np.testing.assert_array_equal(removed, np.where(expected, NAN, signal))
    note = note_held(signal, 2.0, times=times, share=share)
    assert note["removed"] == expected.sum()
    assert note["longest_kept_s"] == max((n for n in lengths if n <= threshold), default=0) / 2


@pytest.mark.parametrize("fs", [1.0, 2.0, 4.0, 8.0])
@pytest.mark.parametrize("step", [0.25, 0.5, 1.0])
def test_holds_at_any_rate_and_rounding_at_the_ends_too(fs, step):
    fhr = recorded(60, fs, step=step)
    assert not held(fhr, fs).any()
    n = round(30 * fs)
    planted = np.zeros(len(fhr), dtype=bool)
    for start in (0, len(fhr) // 2, len(fhr) - n):
        planted[start : start + n] = True
        fhr[start : start + n] = fhr[max(start - 1, 0)]
    found = held(fhr, fs)
    assert found[planted].all()
    assert (found & ~planted).sum() <= 3 * hold_threshold(fhr, fs) * fs  # beats beside that have the value


def test_holds_do_not_hide_themselves():
    """Ten of two minutes in an hour, of one value each or all of the same."""
    clear, places = recorded(60, 4.0), 1200 * np.arange(10) + 400
    for value in (None, 140.0):
        fhr = clear.copy()
        for start in places:
            fhr[start : start + 480] = fhr[start - 1] if value is None else value
        assert hold_threshold(fhr, 4.0) <= 1.2 * hold_threshold(clear, 4.0)
        assert all(held(fhr, 4.0)[start : start + 480].all() for start in places)


def test_gaps_do_not_end_a_hold():
    fhr = recorded(30, 4.0)
    fhr[3000:3120] = fhr[2999]
    fhr[3000:3120:8] = NAN  # 2 s of signal between two gaps
    whole = held(fhr, 4.0)[3000:3120]
    np.testing.assert_array_equal(whole, ~np.isnan(fhr[3000:3120]))


def test_beats_of_1_hz_held_to_4_hz_stay():
    at_1 = recorded(60, 1.0)
    fhr = np.repeat(at_1, 4)
    assert hold_threshold(fhr, 4.0) == hold_threshold(at_1, 1.0)
    assert not held(fhr, 4.0).any()
    fhr[5000:5200] = fhr[4999]
    assert held(fhr, 4.0)[5000:5200].all()


@pytest.mark.parametrize(
    "fhr",
    [
        np.full(14400, 140.0),
        np.concatenate(
            [np.full(6000, 140.0), np.linspace(140, 90, 240), np.linspace(90, 140, 240), np.full(9000, 140.0)]
        ),
        np.round(140 + 1.5 * np.sin(np.arange(14400) / 240)),
        np.repeat([140.0, 150.0, 140.0], [7200, 2400, 7200]),
        recorded(1, 4.0)[:40],
        np.repeat(np.arange(100.0, 120.0), [*[1] * 19, 4000]),
        np.full(100, NAN),
        np.array([]),
        np.array([140.0]),
    ],
    ids=["constant", "straight", "to 1 bpm", "steps", "short", "20 runs", "missing", "empty", "one"],
)
def test_what_is_the_rule_or_too_little_to_tell_stays(fhr):
    assert not held(fhr, 4.0).any()
    assert note_held(fhr, 4.0)["removed"] == 0


def test_21_runs_tell():
    assert held(np.repeat(np.arange(100.0, 121.0), [*[1] * 20, 12]), 4.0).sum() == 12


def test_the_history_says_what_went_and_stays_a_plain_type(tmp_path):
    fhr = recorded(30, 4.0)
    fhr[3000:3200] = fhr[2999]
    cleaned = clean(recording(fhr))
    step = cleaned.history[1]
    assert (step.name, tuple(step.parameters)[:2]) == ("remove_held", ("times", "share"))
    note = {name: step.parameters[name] for name in NOTED}
    limited = remove_out_of_range(fhr, 4.0)
    assert note == note_held(limited, 4.0)
    assert note["removed"] >= 200 > note["longest_kept_s"] * 4
    lost = clean(recording(np.full(240, NAN)))
    for made in (cleaned, lost):
        path = write_npz(made, tmp_path / "r.npz") or tmp_path / "r.npz"
        assert read_npz(path).history == made.history


def test_holds_are_judged_once():
    """Removals thin and join runs: a cleaned recording stays as it is, other parameters judge anew."""
    fhr = recorded(30, 4.0)
    fhr[3000:3200] = fhr[2999]
    cleaned = clean(recording(fhr))
    again = clean(cleaned)
    np.testing.assert_array_equal(again.fhr, cleaned.fhr)
    assert [step.name for step in again.history].count("remove_held") == 1
    assert np.isnan(clean(cleaned, [Step("remove_held", {"times": 1.0})]).fhr).sum() > np.isnan(cleaned.fhr).sum()


def test_a_stored_pipeline_keeps_its_own_steps():
    old = [step for step in DEFAULT_STEPS if step.name != "remove_held"]
    plain = Pipeline().to_dict()
    plain["steps"] = [{"name": step.name, "parameters": dict(step.parameters)} for step in old]
    fhr = recorded(60, 4.0)
    fhr[13000:13200] = fhr[12999]
    assert Pipeline.from_dict(plain)(recording(fhr)).loss == 0
    assert Pipeline()(recording(fhr)).loss >= 200 / 14400
    assert FeatureSet(minutes=60).windows(recording(fhr)).loss[0] == pytest.approx(Pipeline()(recording(fhr)).loss)


def test_real_recordings_lose_little_and_holds_in_them_go(ctu_uhb_database):
    c2 = FeatureSet(groups=("multiscale",), minutes=30)
    lost, moved = [], []
    for original in list(ctu_uhb_database)[::40]:
        cleaned = clean(original)
        lost.append(cleaned.history[-3].parameters["removed"] / len(original))
        run = np.flatnonzero(~np.isnan(original.fhr))
        run = run[run >= len(original) - 5000][:65]  # 16 s of signal in the last 21 min
        fhr = original.fhr.copy()
        fhr[run[1:]] = fhr[run[0]]
        gaps = original.fhr.copy()
        gaps[run[1:]] = NAN
        planted = original.after(Step("plant"), fhr=fhr)
        assert np.isnan(clean(planted).fhr[run]).all()
        moved.append([c2(planted)[1], c2(original.after(Step("plant"), fhr=gaps))[1], c2(original)[1]])
    assert np.median(lost) < 0.0005
    assert max(lost) < 0.02
    held_and_removed, missing, whole = np.array(moved).T
    assert np.abs(held_and_removed - missing).max() < 0.005
    assert np.median(np.abs(held_and_removed - whole)) < 0.005


def test_on_the_marks_of_experts(fhrma_false_signals):
    database = FalseSignals(fhrma_false_signals)
    true = flagged = 0
    for recording in list(database)[::4]:
        marks = database.marks(recording.name)[0]
        mask = held(recording.fhr, recording.fs)
        true += ((marks == 0) & ~np.isnan(recording.fhr)).sum()
        flagged += (mask & (marks == 0)).sum()
    assert true > 100_000
    assert flagged < 1e-4 * true


@pytest.mark.parametrize("given", [{"share": 2.0}, {"share": -0.1}, {"times": 0.0}, {"times": -1.0}])
def test_a_step_of_a_checkpoint_that_cannot_be_done_is_named(given):
    """Any finite number passes for a parameter when a checkpoint is read; the step itself refuses it."""
    with pytest.raises(FHRError, match=r"held values with times=.* and share=.*; give more than 0, and a share"):
        clean(recording(np.full(100, 140.0)), [Step("remove_held", given)])
