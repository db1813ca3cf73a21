"""Contractions, against shapes drawn by hand, simulated labours and marks made by eye."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fhr
from fhr.errors import FHRError, SignalError
from fhr.morphology import analyze, summary
from fhr.morphology.contractions import activity_of_each, find_contractions, uncertain_activity
from fhr.processes import fgn
from fhr.simulation import simulate_labour, simulate_recording

FS = 4.0
MARKS = Path(__file__).resolve().parents[2] / "benchmarks" / "contractions_by_eye.csv"
SHAPES = {
    "triangle": lambda x: np.clip(1 - np.abs(x), 0, None),
    "half sine": lambda x: np.where(np.abs(x) < 1, np.cos(np.pi * x / 2), 0),
    "raised cosine": lambda x: np.where(np.abs(x) < 1, 0.5 + 0.5 * np.cos(np.pi * x), 0),
    "plateau": lambda x: np.clip(3 * (1 - np.abs(x)), 0, 1),
    "steep rise, slow fall": lambda x: np.interp(x, [-1, -0.6, 1], [0, 1, 0], 0, 0),
}


def draw(shape, *, peaks, duration=80.0, height=40.0, tone=15.0, minutes=30, fs=FS):
    """Contractions of one shape centred at `peaks`, breathing and belt noise, in half units as monitors write them."""
    time = np.arange(round(minutes * 60 * fs)) / fs
    uc = tone + 0.8 * np.sin(2 * np.pi * time / 4) + np.random.default_rng(0).normal(0, 0.5, len(time))
    for peak in peaks:
        uc += height * shape((time - peak) / (duration / 2))
    return np.rint(uc * 2) / 2


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_is_assumed(shape):
    centres = np.array([120.0, 300.0, 500.0, 680.0, 950.0, 1200.0, 1400.0, 1650.0])
    found = find_contractions(draw(SHAPES[shape], peaks=centres), FS)
    assert len(found.peak) == len(centres)
    assert np.abs(found.start - (centres - 40)).max() < 15
    assert np.abs(found.end - (centres + 40)).max() < 15
    top = -24 if shape == "steep rise, slow fall" else 0
    assert np.abs(found.peak - centres - top).max() < 12
    assert found.amplitude == pytest.approx(40, abs=5)
    assert (found.loss == 0).all()


def test_the_area_is_that_of_the_shape():
    found = find_contractions(draw(SHAPES["raised cosine"], peaks=[300, 600, 900, 1200]), FS)
    assert found.area == pytest.approx(40 * 40, rel=0.08)  # half of height x duration


def level(uc, at):
    """Median of the known samples within 5 s of each; where there is none it is not high."""
    around = np.pad(uc.astype(float), (20, 21), constant_values=np.nan)[at[:, None] + np.arange(41)]
    return np.nan_to_num(np.nanmedian(np.where(np.isnan(around).all(1, keepdims=True), 0.0, around), axis=1))


def test_simulated_contractions_are_found():
    hits = true = number = 0
    for index in range(12):
        labour = simulate_labour(index, seed=77)
        recording, events = labour.recording, labour.truth.events.of("contraction")
        found = find_contractions(recording.uc, recording.fs)
        inside = (found.peak[:, None] >= events.start_s) & (found.peak[:, None] <= events.end_s)
        known = np.concatenate([[0], np.cumsum(~np.isnan(recording.uc))])
        begin, end = (np.rint(edge * recording.fs).astype(int) for edge in (events.start_s, events.end_s))
        seen = known[end] - known[begin] > 2 / 3 * (end - begin)
        # Belts slip, and a loose one feels little: a contraction counts that rises by 10 units above both its ends.
        peak = np.rint(events.extremum_s * recording.fs).astype(int)
        top, *ends = (level(recording.uc, where) for where in (peak, begin, end))
        seen &= top > np.maximum(*ends) + 10
        assert (inside.sum(axis=0) <= 1).all()
        hits += (inside.any(axis=0) & seen).sum()
        true += seen.sum()
        number += inside.any(axis=1).sum() - len(found.peak)
    assert true > 150
    assert hits / true >= 0.95
    assert number >= -0.05 * hits  # those that belong to no true one


def test_pushing_is_one_contraction():
    """Five spikes on each, 15 s apart, down to the tone between them."""
    time = np.arange(1800 * 4) / 4
    uc = np.full(len(time), 12.0)
    centres = np.arange(150.0, 1700.0, 140.0)
    for centre in centres:
        for push in (-30, -15, 0, 15, 30):
            uc += (70 - abs(push)) * np.exp(-0.5 * ((time - centre - push) / 3.5) ** 2)
    found = find_contractions(uc + np.random.default_rng(1).normal(0, 1, len(uc)), FS)
    assert np.abs(found.peak - centres).max() < 10
    assert ((found.start < centres - 28) & (found.end > centres + 28)).all()


def test_a_coupled_contraction_is_one_and_a_small_wave_is_none():
    centres = [200.0, 450.0, 700.0, 950.0]
    uc = draw(SHAPES["triangle"], peaks=centres, duration=40)
    uc += draw(SHAPES["triangle"], peaks=[c + 38 for c in centres], duration=40, height=36, tone=0)
    uc += draw(SHAPES["raised cosine"], peaks=[325, 575, 825], duration=60, height=8, tone=0)
    found = find_contractions(uc, FS)
    assert np.abs(found.peak - centres).max() < 12
    # Where only the small waves are, they are what there is.
    small = draw(SHAPES["raised cosine"], peaks=[325, 575, 825], duration=60, height=12)
    assert np.abs(find_contractions(small, FS).peak - [325, 575, 825]).max() < 12


def test_drift_and_a_rezeroed_belt():
    centres = np.arange(150.0, 2900.0, 180.0)
    uc = draw(SHAPES["raised cosine"], peaks=centres, minutes=50)
    time = np.arange(len(uc)) / FS
    uc = uc + 20 * np.sin(2 * np.pi * time / 2400) + np.where(time > 1500, 25, 0)
    assert np.abs(find_contractions(uc, FS).peak - centres).max() < 10


def test_small_ones_beside_a_tall_one_and_tachysystole():
    centres = np.arange(100.0, 1750.0, 75.0)
    uc = draw(SHAPES["raised cosine"], peaks=centres, duration=60, height=20)
    uc += draw(SHAPES["raised cosine"], peaks=[centres[8]], duration=60, height=70, tone=0)
    assert np.abs(find_contractions(uc, FS).peak - centres).max() < 10


def looked_at(uc):
    return find_contractions(uc, FS), uncertain_activity(uc, FS)


def same(one, other, scale):
    (found, unseen), (scaled, unseen_scaled) = one, other
    for name in ("start", "end", "peak", "loss"):
        np.testing.assert_array_equal(getattr(found, name), getattr(scaled, name))
    assert scaled.amplitude == pytest.approx(scale * found.amplitude, rel=1e-4)
    assert scaled.area == pytest.approx(scale * found.area, rel=1e-4)
    assert unseen_scaled.ranges.tolist() == unseen.ranges.tolist()
    assert unseen_scaled.reason.tolist() == unseen.reason.tolist()


SIMULATED = simulate_recording(1, seed=5).uc.astype(float)[: 3600 * 4]
SEEN = looked_at(SIMULATED)


@settings(max_examples=25)
@given(st.floats(-3, 3), st.floats(-100, 100), st.booleans())
def test_neither_unit_nor_offset_matters(exponent, offset, single):
    assert len(SEEN[0].peak) > 10
    scale = 10**exponent
    uc = scale * (SIMULATED + offset)
    same(SEEN, looked_at(uc.astype(np.float32) if single and abs(offset) < 30 else uc), scale)


@pytest.mark.parametrize("record", ["1001", "1254", "1378", "1451", "2035"])
def test_the_unit_of_real_records_does_not_matter(ctu_uhb, record):
    uc = fhr.read(ctu_uhb / record).uc
    for scale in (0.001, 0.01, 0.3, 7.5, 1000.0):
        same(looked_at(uc), looked_at(np.float32(scale) * uc), scale)


@pytest.mark.parametrize("quantum", [0.01, 0.5, 1.0])
@pytest.mark.parametrize("scale", [1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0, 30.0, 1000.0])
def test_what_a_coarse_recorder_hides_is_uncertain(scale, quantum):
    centres = np.arange(120.0, 3500.0, 150.0)
    uc = draw(SHAPES["raised cosine"], peaks=centres, minutes=60)
    found, unseen = looked_at(np.rint(scale * uc / quantum) * quantum)
    near = np.abs(found.peak[:, None] - centres).min(axis=0, initial=99) < 15
    hidden = ((centres[:, None] >= unseen.start) & (centres[:, None] <= unseen.end)).any(axis=1)
    assert (near | hidden).all()
    assert len(found.peak) == near.sum()
    if 40 * scale >= 15 * quantum:
        assert near.all()


def test_a_clipped_channel_is_read_or_uncertain():
    centres = np.arange(120.0, 3500.0, 150.0)
    uc = draw(SHAPES["raised cosine"], peaks=centres, minutes=60)
    for low, high in ((0, 40), (16, 127), (0, 14)):
        found, unseen = looked_at(np.clip(uc, low, high))
        near = np.abs(found.peak[:, None] - centres).min(axis=0, initial=99) < 20
        hidden = ((centres[:, None] >= unseen.start) & (centres[:, None] <= unseen.end)).any(axis=1)
        assert (near | hidden).all()


def test_a_least_rise_says_that_the_unit_is_known():
    breathing = draw(SHAPES["triangle"], peaks=[])
    assert uncertain_activity(breathing, FS).reason.tolist() == ["no scale"]
    assert not len(find_contractions(breathing, FS, lowest=5.0).peak)
    assert not len(uncertain_activity(breathing, FS, lowest=5.0).start)
    waves = draw(SHAPES["raised cosine"], peaks=[300, 600, 900], height=12)
    assert len(find_contractions(waves, FS, lowest=5.0).peak) == 3
    assert not len(find_contractions(waves, FS, lowest=20.0).peak)


def test_a_small_rise_in_a_coarse_record_is_left_open():
    peaks = np.arange(150.0, 1700.0, 200.0)
    uc = draw(SHAPES["raised cosine"], peaks=peaks[::2], height=13) + draw(
        SHAPES["raised cosine"], peaks=peaks[1::2], height=5, tone=0
    )
    found, unseen = looked_at(np.rint(uc))
    assert np.abs(found.peak - peaks[::2]).max() < 10
    assert set(unseen.reason) == {"no scale"}
    assert ((peaks[1::2, None] > unseen.start) & (peaks[1::2, None] < unseen.end)).any(axis=1).all()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("kind", ["white", "slow", "three levels", "breathing"])
def test_noise_shows_no_contraction_in_any_unit(kind, scale):
    rng = np.random.default_rng(8)
    time = np.arange(3600 * 4) / 4
    uc = {
        "white": lambda: rng.normal(size=len(time)),
        "slow": lambda: fgn(len(time), 0.8, seed=rng),
        "three levels": lambda: np.clip(np.rint(0.8 * fgn(len(time), 0.9, seed=rng)), -1, 1),
        "breathing": lambda: np.sin(2 * np.pi * time / 4.1) + 0.2 * rng.normal(size=len(time)),
    }[kind]()
    found, unseen = looked_at(scale * (20 + uc))
    assert not len(found.peak)
    assert (unseen.end - unseen.start).sum() == 3600
    assert "no scale" in unseen.reason


def test_where_there_is_no_scale_the_guidelines_are_not_assessed():
    recording = simulate_recording(1, seed=5)
    uc = np.rint(0.02 * recording.uc)
    uc[uc == 0] = 0.25  # written as a value, for 0 is no missing sample here
    coarse = replace(recording, uc=uc)
    assert analyze(recording).segments["tachysystole"].notna().any()
    assert analyze(replace(recording, uc=0.01 * recording.uc)).figo == analyze(recording).figo
    morphology = analyze(coarse)
    assert not len(morphology.contractions)
    assert morphology.segments["tachysystole"].isna().all()
    assert morphology.segments["contractions"].isna().all()
    assert np.isnan(summary(morphology)["contractions"])
    assert summary(analyze(recording))["contractions"] > 10
    assert not np.isin(morphology.decelerations["kind"], ["late", "early"]).any()


@pytest.mark.parametrize("fs", [1.0, 2.0, 2.5, 8.0])
def test_the_sampling_rate_does_not_matter(fs):
    centres = [120.0, 300.0, 500.0, 900.0, 1300.0]
    found = find_contractions(draw(SHAPES["half sine"], peaks=centres, fs=fs), fs)
    assert np.abs(found.peak - centres).max() < 8
    assert np.abs(found.start - centres + 40).max() < 12


def test_breathing_hides_no_contraction():
    centres = [200.0, 400.0, 650.0, 900.0, 1200.0]
    uc = draw(SHAPES["raised cosine"], peaks=centres, height=20)
    uc += 8 * np.sin(2 * np.pi * np.arange(len(uc)) / FS / 4.3)
    assert np.abs(find_contractions(uc, FS).peak - centres).max() < 10


def test_no_contraction_where_there_is_none():
    rng = np.random.default_rng(3)
    time = np.arange(3600 * 4) / 4
    breathing = 10 + 3 * np.sin(2 * np.pi * time / 4) + rng.normal(0, 1, len(time))
    assert not len(find_contractions(breathing, FS).peak)
    spiky = breathing.copy()
    spiky[rng.integers(0, len(time), 40)] = 90
    assert not len(find_contractions(spiky, FS).peak)
    step = np.where(time > 1700, 60.0, 10.0) + rng.normal(0, 1, len(time))
    assert not len(find_contractions(step, FS).peak)


def test_missing_signal():
    centres = [200.0, 500.0, 800.0, 1100.0, 1400.0]
    uc = draw(SHAPES["raised cosine"], peaks=centres)
    whole = find_contractions(uc, FS)
    uc[int(FS * 495) : int(FS * 507)] = np.nan  # 12 s on top of one
    uc[int(FS * 760) : int(FS * 815)] = np.nan  # most of another
    uc[int(FS * 1100) : int(FS * 1115)] = np.nan
    found = find_contractions(uc, FS)
    assert np.abs(found.peak - [200, 500, 1100, 1400]).max() < 10
    lost = [np.isnan(uc[int(FS * a) : int(FS * b)]).mean() for a, b in zip(found.start, found.end, strict=True)]
    assert found.loss == pytest.approx(lost, abs=0.02)
    assert found.amplitude[[0, 3]] == pytest.approx(whole.amplitude[[0, 4]], rel=0.05)


def test_the_ends_of_the_recording_cut_contractions():
    centres = [20.0, 300.0, 600.0, 900.0, 1200.0, 1500.0, 1780.0]
    uc = draw(SHAPES["raised cosine"], peaks=centres)
    found = find_contractions(uc, FS)
    assert np.abs(found.peak - centres).max() < 10
    assert found.start[0] == 0
    assert found.end[-1] == 1800


def test_a_saturated_top_is_a_contraction():
    centres = [200.0, 500.0, 800.0, 1100.0]
    uc = np.minimum(draw(SHAPES["raised cosine"], peaks=centres, duration=100, height=200), 127)
    found, uncertain = find_contractions(uc, FS), uncertain_activity(uc, FS)
    assert np.abs(found.peak - centres).max() < 8
    assert not len(uncertain.start)


def test_a_belt_that_is_off():
    uc = draw(SHAPES["raised cosine"], peaks=[200, 500, 1500])
    uc[int(700 * FS) : int(900 * FS)] = 3.0
    uc[int(1000 * FS) : int(1100 * FS)] = np.nan
    uc[int(1120 * FS) : int(1200 * FS)] = 127.0
    uc[int(1300 * FS) : int(1330 * FS)] = np.nan
    uncertain = uncertain_activity(uc, FS)
    assert uncertain.ranges.tolist() == [[700, 900], [1000, 1120], [1120, 1200]]
    assert uncertain.reason.tolist() == ["flat", "missing", "saturated"]
    assert np.abs(find_contractions(uc, FS).peak - [200, 500, 1500]).max() < 10


@pytest.mark.parametrize("n", [0, 1, 40])
def test_nothing_to_see(n):
    empty = np.full(n, np.nan)
    assert all(not len(column) for column in find_contractions(empty, FS))
    assert all(not len(column) for column in find_contractions(np.zeros(n), FS))
    assert uncertain_activity(empty, FS).ranges.tolist() == ([[0.0, n / FS]] if n else [])


@given(st.data())
def test_whatever_comes_in_events_are_in_order(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    fs = data.draw(st.sampled_from([1.0, 2.0, 3.7, 4.0, 8.0]))
    n = int(fs * data.draw(st.integers(1, 1500)))
    uc = np.cumsum(rng.normal(0, 4, n)) if data.draw(st.booleans()) else np.abs(rng.normal(20, 15, n))
    for value in (np.nan, np.nan, 0.0, 127.0, rng.normal(20, 10)):
        a = rng.integers(0, n)
        uc[a : a + rng.integers(0, n // 3 + 1)] = value
    found = find_contractions(uc, fs)
    assert ((found.start <= found.peak) & (found.peak <= found.end)).all()
    assert (found.start[1:] >= found.end[:-1]).all()
    assert (found.amplitude > 0).all()
    assert (found.area >= 0).all()
    assert ((found.loss >= 0) & (found.loss < 1 / 3)).all()
    assert (found.start >= 0).all()
    assert (found.end <= n / fs).all()
    uncertain = uncertain_activity(uc, fs)
    assert (uncertain.end > uncertain.start).all()
    assert (uncertain.start[1:] >= uncertain.end[:-1]).all()


def test_mistakes_are_named():
    with pytest.raises(SignalError, match=r"uc has shape \(2, 5\)"):
        find_contractions(np.zeros((2, 5)), FS)
    with pytest.raises(SignalError, match=r"sampled at 0\.5 Hz"):
        uncertain_activity(np.zeros(5), 0.5)
    with pytest.raises(FHRError, match="lowest=0"):
        find_contractions(np.zeros(5), FS, lowest=0)


def test_marks_made_by_eye(ctu_uhb):
    """A change that loses some of what `benchmarks/contractions.py` measures should be noticed."""
    with MARKS.open() as file:
        rows = [row for row in csv.DictReader(file) if row["start_s"]]
    true = hits = false = 0
    for record in sorted({row["record"] for row in rows}):
        mine = [row for row in rows if row["record"] == record]
        recording = fhr.read(ctu_uhb / record)
        peak = find_contractions(recording.uc, recording.fs).peak
        peak = peak[(peak >= float(mine[0]["stretch_start_s"])) & (peak < float(mine[0]["stretch_end_s"]))]
        start, end, certain = (np.array([float(row[k]) for row in mine]) for k in ("start_s", "end_s", "certain"))
        inside = (peak[:, None] >= start) & (peak[:, None] <= end)
        true += (certain == 1).sum()
        hits += inside[:, certain == 1].any(axis=0).sum()
        false += (~inside.any(axis=1)).sum()
    assert hits / true >= 0.83
    assert hits / (hits + false) >= 0.93


def test_windows_beside_each_other_are_looked_at_alone():
    rng = np.random.default_rng(2)
    t = np.arange(0, 1800, 0.25)
    waves = (
        10 + 40 * np.exp(-((((t + rng.uniform(0, 240, (6, 1))) % 240) - 120) ** 2) / 900) + rng.normal(size=(6, 7200))
    )
    waves[1, 2000:3500] = waves[2, 900:1000] = waves[3] = np.nan
    waves[4] = 20.0
    waves[5] = np.clip(waves[5], 15, 40)
    waves[5, -1500:] = 40.0
    together = activity_of_each(waves, 4.0)
    assert sum(len(events.start) for events, _ in together) > 15
    for one, (events, unseen) in zip(waves, together, strict=True):
        np.testing.assert_array_equal(events, find_contractions(one, 4.0))
        for found, expected in zip(unseen, uncertain_activity(one, 4.0), strict=True):
            assert found.tolist() == expected.tolist()
