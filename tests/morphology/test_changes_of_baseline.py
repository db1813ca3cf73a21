"""An excursion of ten minutes or more is a change of the baseline, wherever it is and whatever else happens."""

import numpy as np
import pytest

import fhr
from fhr.morphology import analyze, figo, nichd
from fhr.morphology.findings import find
from fhr.recording import Recording

FS = 4.0
MINUTE = 240


def noisy(minutes, level=140.0, spread=2.0, seed=0):
    """A restless rate that comes back to its level within seconds."""
    steps = np.random.default_rng(seed).normal(0, spread, minutes * 60 + 1)
    steps = np.convolve(steps, np.ones(3) / np.sqrt(3), "same")
    return level + np.interp(np.arange(minutes * MINUTE) / FS, np.arange(len(steps)), steps)


def planted(minutes, start, end, bpm, *, ramps=(0.0, 0.0), seed=0):
    time = np.arange(minutes * MINUTE) / MINUTE
    shape = np.interp(time, [start - ramps[0] - 1e-6, start, end, end + ramps[1] + 1e-6], [0, 1, 1, 0], 0, 0)
    return noisy(minutes, seed=seed) + bpm * shape


def read(rate):
    return analyze(Recording("planted", rate, np.full(len(rate), np.nan), FS))


def names(category):
    return {criterion.name for criterion in category.criteria}


def follows(morphology, start, end, level):
    inside = morphology.baseline[round(start * MINUTE) : round(end * MINUTE)]
    return float((np.abs(inside - level) <= 5).mean()) >= 0.9


@pytest.mark.parametrize("minutes", [12, 21, 25, 30])
@pytest.mark.parametrize("bpm", [-60, -45, -30, 30, 45, 60])
@pytest.mark.parametrize("place", ["start", "middle", "end"])
def test_a_plateau_is_the_baseline(minutes, bpm, place):
    start = {"start": 0, "middle": 20, "end": 60 - minutes}[place]
    found = read(planted(60, start, start + minutes, bpm))
    assert follows(found, start, start + minutes, 140 + bpm)
    if bpm != -30:  # 110 bpm may be either
        name = "tachycardia" if bpm > 0 else "bradycardia"
        assert name in names(found.figo) & names(found.nichd)
        assert found.figo.label in ("suspicious", "pathological")
        assert found.nichd.label in ("II", "III")
    lengths = found.accelerations["end_s"] - found.accelerations["start_s"]
    assert (lengths < 600).all()


@pytest.mark.parametrize("ramps", [(1, 5), (5, 0), (3, 3)])
def test_ramps_beside_a_plateau(ramps):
    found = read(planted(60, 22, 40, 45, ramps=ramps))
    assert follows(found, 22, 40, 185)
    assert "tachycardia" in names(found.figo) & names(found.nichd)


def test_decelerations_and_accelerations_on_a_plateau():
    """Decelerations of half a plateau's height and more, a minute in four, do not hide it."""
    time = np.arange(60 * MINUTE) / FS
    rate = planted(60, 20, 42, 45)
    for start in range(1260, 2500, 240):
        rate -= np.interp(time, [start, start + 15, start + 40, start + 60], [0, 50, 50, 0], 0, 0)
    found = read(rate)
    assert follows(found, 20, 42, 185)
    assert ((found.decelerations["start_s"] > 1200) & (found.decelerations["end_s"] < 2520)).sum() >= 4


@pytest.mark.parametrize("minutes", [3, 6, 8])
@pytest.mark.parametrize("bpm", [-45, 45])
def test_what_is_shorter_is_an_event(minutes, bpm):
    found = read(planted(60, 25, 25 + minutes, bpm))
    assert follows(found, 25, 25 + minutes, 140)
    events = found.accelerations if bpm > 0 else found.decelerations
    assert (events["end_s"] - events["start_s"]).max() == pytest.approx(60 * minutes, abs=20)


def test_the_last_ten_minutes_after_a_long_bradycardia():
    """25 min at 85 bpm, then 140: the end is no acceleration on a baseline of 85."""
    rate = np.concatenate([noisy(25, 85.0), noisy(10, 140.0, seed=1)])
    found = read(rate)
    assert follows(found, 0, 25, 85)
    assert follows(found, 25, 35, 140)
    assert found.segments["baseline"].iloc[-1] == pytest.approx(140, abs=2)
    assert "bradycardia" in names(found.figo)


def test_a_change_within_a_change():
    rate = planted(80, 15, 60, 25) + planted(80, 30, 45, 30, seed=1) - 140
    found = read(rate)
    for start, end, level in ((0, 15, 140), (15, 30, 165), (30, 45, 195), (45, 60, 165), (60, 80, 140)):
        assert follows(found, start, end, level)


def test_a_plateau_around_a_long_gap():
    rate = planted(60, 20, 40, 45)
    rate[26 * MINUTE : 31 * MINUTE] = np.nan
    assert follows(read(rate), 20, 26, 185)
    assert follows(read(rate), 31, 40, 185)
    rate[22 * MINUTE : 38 * MINUTE] = np.nan  # four minutes that are known do not make a baseline
    assert not follows(read(rate), 20, 22, 185)


def test_what_would_be_a_shallow_acceleration_of_ten_minutes_moves_the_baseline():
    found = find(planted(60, 20, 34, 11, seed=3), np.full(60 * MINUTE, np.nan), FS)
    for events in (found.accelerations, found.decelerations):
        assert ((events.end - events.start) < 600).all()


def test_twenty_minutes_of_tachycardia_in_a_real_recording(ctu_uhb):
    """CTU-UHB 1047: 170 bpm in the median from 3041 to 4251 s."""
    found = analyze(fhr.read(ctu_uhb / "1047.hea"))
    for guideline in (figo, nichd):
        assert "tachycardia" in names(guideline(found, 1000, 4600))
    lengths = found.accelerations["end_s"] - found.accelerations["start_s"]
    assert (lengths < 600).all()
