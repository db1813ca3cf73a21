"""What is false comes out of the morphology first, and is said."""

from dataclasses import replace

import numpy as np
import pytest

import fhr
from fhr.errors import FHRError, SignalError
from fhr.morphology import FALSE_REASONS, analyze, event_list, false_stretches, signal_notes, summary
from fhr.preprocessing import remove_false_signal
from fhr.recording import Recording

FS = 4.0
T = np.arange(int(40 * 60 * FS)) / FS
RATE = 140 + 5 * np.sin(2 * np.pi * T / 25) + np.random.default_rng(0).normal(0, 1, len(T))
MOTHER = 85 + 4 * np.sin(2 * np.pi * T / 200)
NO_UC = np.full(len(T), np.nan)


def between(start: float, end: float) -> np.ndarray:
    return (start <= T) & (end > T)


def rows_of(morphology, reason: str):
    rows = morphology.uncertain
    return rows[(rows["channel"] == "fhr") & (rows["reason"] == reason)]


@pytest.mark.parametrize(("start", "end"), [(0, 400), (900, 1560), (2000, 2400)])
def test_the_mothers_rate_makes_no_event_and_no_category(start, end):
    where = between(start, end)
    recording = Recording("planted", np.where(where, MOTHER + 1, RATE), NO_UC, FS, mhr=MOTHER)
    morphology, without = analyze(recording), analyze(replace(recording, mhr=None))
    assert len(without.decelerations) + (np.nanmin(without.baseline) < 110) > 0  # what it was taken for
    assert len(morphology.decelerations) == len(morphology.accelerations) == 0
    assert np.nanmin(morphology.baseline) > 130
    (row,) = rows_of(morphology, "mother's rate").itertuples()
    assert (row.start_s, row.end_s) == pytest.approx((start, end), abs=3)
    assert np.isnan(morphology.segments["loss"]).sum() == 0
    assert morphology.segments["loss"].max() > 0.3
    assert morphology.figo.label in ("normal", "uninterpretable", "undetermined")
    minutes = (end - start) / 60
    assert signal_notes(morphology) == [f"FHR runs with the mother's rate for {minutes:.1f} of 40 min"]
    assert summary(morphology)["mothers_rate_min"] == pytest.approx(minutes, abs=0.1)
    assert "fhr: mother's rate" in event_list(morphology)["detail"].tolist()


@pytest.mark.parametrize("mhr", [None, NO_UC])
def test_without_mhr_one_line_says_so(mhr):
    morphology = analyze(Recording("none", RATE, NO_UC, FS, mhr=mhr))
    assert morphology.mhr_known == 0
    assert signal_notes(morphology) == ["no MHR: the mother's rate cannot be excluded"]
    assert summary(morphology)["signal"] == "no MHR: the mother's rate cannot be excluded"
    assert signal_notes(analyze(Recording("both", RATE, NO_UC, FS, mhr=MOTHER))) == []
    assert signal_notes(replace(morphology, mhr_known=np.nan)) == []
    assert np.isnan(analyze(Recording("no FHR", NO_UC, NO_UC, FS, mhr=mhr)).mhr_known)


@pytest.mark.parametrize("length", [30, 240])
def test_a_doubled_stretch_is_no_acceleration_and_a_halved_one_no_deceleration(length):
    where = between(1000, 1000 + length)
    for level, factor, kind in ((95, 2, "accelerations"), (140, 0.5, "decelerations")):
        rate = RATE - 140 + level
        morphology = analyze(Recording("jumps", np.where(where, factor * rate, rate), NO_UC, FS, mhr=MOTHER - 30))
        assert not getattr(morphology, kind)["end_s"].between(1000, 1040 + length).any()
        (row,) = rows_of(morphology, "halved or doubled").itertuples()
        assert (row.start_s, row.end_s) == (1000, 1000 + length)
        assert signal_notes(morphology) == [f"FHR halved or doubled for {length / 60:.1f} of 40 min"]


def test_a_bradycardia_is_read_as_before():
    fhr_ = np.interp(T, [0, 900, 940, 2400], [140, 140, 80, 80]) + RATE - 140
    morphology = analyze(Recording("terminal", fhr_, NO_UC, FS))
    assert rows_of(morphology, "halved or doubled").empty
    assert morphology.figo.label == "pathological"


def test_a_network_comes_before_the_reading_as_probability_and_as_mask():
    dip = between(1000, 1100)
    recording = Recording("noise", np.where(dip, RATE - 40, RATE), NO_UC, FS, mhr=MOTHER - 20)
    assert len(analyze(recording).decelerations) == 1
    probability = np.where(dip, 0.8, 0.1)
    probability[:9] = np.nan
    for given in (dip, probability, probability.astype(np.float32)):
        morphology = analyze(recording, false_signal=given)
        assert morphology.decelerations.empty
        (row,) = rows_of(morphology, "false signal").itertuples()
        assert (row.start_s, row.end_s) == (1000, 1100)
        assert signal_notes(morphology) == ["false FHR signal for 1.7 of 40 min"]
    assert len(analyze(recording, false_signal=probability, threshold=0.9).decelerations) == 1
    removed = analyze(remove_false_signal(recording, dip))
    assert removed.decelerations.empty
    assert rows_of(removed, "missing")[["start_s", "end_s"]].to_numpy().tolist() == [[1000, 1100]]
    with pytest.raises(SignalError, match="shape"):
        analyze(recording, false_signal=dip[1:])
    with pytest.raises(FHRError, match="threshold"):
        analyze(recording, false_signal=probability, threshold=2)


def test_a_sample_has_one_reason_and_uncertain_stretches_are_disjoint():
    where = between(600, 900)
    recording = Recording("both", np.where(where, MOTHER, RATE), NO_UC, FS, mhr=MOTHER)
    given = between(500, 1200)
    found = false_stretches(recording, given)
    assert found.reasons.tolist() == ["false signal", "mother's rate", "false signal"]
    assert np.isnan(found.fhr).sum() == given.sum()
    fhr_rows = analyze(recording, false_signal=given).uncertain.query("channel == 'fhr'")
    assert (fhr_rows["start_s"].to_numpy()[1:] >= fhr_rows["end_s"].to_numpy()[:-1]).all()
    assert set(fhr_rows["reason"]) <= {*FALSE_REASONS, "missing"}
    everything = analyze(recording, false_signal=np.ones(len(T), dtype=bool))
    assert everything.decelerations.empty
    assert np.isnan(everything.baseline).all()


def test_the_mothers_eleven_minutes_of_a_real_recording(fhrma_false_signals):
    recording = fhr.read(fhrma_false_signals / "DopMHRTrain0020.fhrm")
    taken, read = analyze(replace(recording, mhr=None)), analyze(recording)
    prolonged = taken.decelerations.eval("end_s - start_s").max() > 600
    assert prolonged or np.nanmin(taken.baseline) < 100  # either way it is taken for the child's
    assert taken.figo.label == "pathological"
    assert np.nanmin(read.baseline) > 135
    assert read.decelerations.eval("end_s - start_s").max() < 60
    assert summary(read)["mothers_rate_min"] > 10.5
    assert read.figo.label != "pathological"


def test_the_doubled_minutes_of_a_real_recording(ctu_uhb):
    read = analyze(fhr.read(ctu_uhb / "1143"))
    length = read.accelerations["end_s"] - read.accelerations["start_s"]
    assert length.max() < 240  # it was 382 s, half of it doubled
    doubled = rows_of(read, "halved or doubled")
    assert (doubled["start_s"] < 3900).any()
    assert doubled[doubled["start_s"].between(3850, 4030)].eval("end_s - start_s").sum() > 140
    assert len(signal_notes(read)) == 2
