"""The analysis of whole recordings, hostile ones too."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fhr
from fhr.errors import SignalError
from fhr.morphology import EVENT_COLUMNS, analyze, event_list, find, summary
from fhr.recording import Recording
from fhr.simulation import simulate_recording


def made(minutes=40, fs=4.0, **channels):
    """A deceleration of 30 bpm at 10 min and every 5 min, a minute after the peak of a contraction."""
    t = np.arange(round(minutes * 60 * fs)) / fs
    rng = np.random.default_rng(0)
    slow = np.interp(t, np.arange(0, t[-1] + 10, 5.0), rng.standard_normal(len(np.arange(0, t[-1] + 10, 5.0))))
    fhr, uc = 140 + slow, 10 + 0.3 * rng.standard_normal(len(t))
    for peak in np.arange(600, minutes * 60 - 60, 300):
        fhr -= 30 * np.exp(-(((t - peak) / 35) ** 2))
        uc += 40 * np.exp(-(((t - peak + 60) / 30) ** 2))
    return Recording("made", **{"fhr": fhr, "uc": uc, "fs": fs, **channels})


@pytest.mark.parametrize("fs", [1.0, 2.0, 3.0, 4.0, 5.5, 8.0])
def test_events_are_those_that_were_put_in_at_any_rate(fs):
    morphology = analyze(made(fs=fs))
    assert morphology.decelerations["peak_s"].to_numpy() == pytest.approx(np.arange(600, 2340, 300), abs=12)
    assert morphology.contractions["peak_s"].to_numpy() == pytest.approx(np.arange(540, 2340, 300), abs=6)
    assert (morphology.decelerations["kind"] == "late").all()
    assert morphology.decelerations["lag_s"].to_numpy() == pytest.approx(60, abs=15)
    assert len(morphology.accelerations) == 0
    assert morphology.baseline.shape == (len(made(fs=fs)),)
    assert np.nanmax(np.abs(morphology.baseline - 140)) < 4
    assert morphology.figo.label == "pathological"  # late decelerations with every contraction for half an hour
    assert any(criterion.name.startswith("repetitive late") for criterion in morphology.figo.criteria)


def test_without_uc_no_contraction_is_guessed_and_rules_that_need_it_say_so():
    recording = made()
    morphology = analyze(made(uc=np.full(len(recording), np.nan)))
    assert len(morphology.contractions) == 0
    assert len(morphology.decelerations) == 6
    assert not morphology.decelerations["kind"].isin(["late", "early"]).any()
    assert (morphology.decelerations["contraction"] == -1).all()
    assert (morphology.uncertain["channel"] == "uc").any()
    assert any(criterion.category == "not assessed" for criterion in morphology.figo.criteria)


@pytest.mark.parametrize("seconds", [0.25, 10, 90])
def test_a_short_recording_gives_a_result_that_says_how_little_it_is(seconds):
    whole = made()
    n = round(seconds * 4)
    morphology = analyze(Recording("short", whole.fhr[:n], whole.uc[:n], fs=4.0))
    assert np.isnan(morphology.baseline).all()
    assert "too little signal" in set(morphology.uncertain["reason"])
    assert morphology.figo.label == "uninterpretable"
    assert morphology.nichd.label == "uninterpretable"


def test_maternal_rate_alone_gives_no_fetal_event():
    recording = made()
    morphology = analyze(made(fhr=np.full(len(recording), np.nan), mhr=recording.fhr))
    assert len(morphology.decelerations) == len(morphology.accelerations) == 0
    assert morphology.figo.label == "uninterpretable"
    assert len(morphology.contractions) == 6


def test_impossible_rates_do_not_count_as_signal():
    recording = made()
    spoilt = recording.fhr.copy()
    spoilt[::40] = 240
    spoilt[20::40] = 30
    morphology = analyze(made(fhr=spoilt))
    assert morphology.decelerations["peak_s"].to_numpy() == pytest.approx(np.arange(600, 2340, 300), abs=12)
    everywhere = analyze(made(fhr=np.full(len(recording), 30.0)))
    assert everywhere.figo.label == "uninterpretable"


def test_a_long_gap_is_uncertain_and_far_from_signal_there_is_no_baseline():
    recording = made()
    gapped = recording.fhr.copy()
    gapped[4 * 1000 : 4 * 1500] = np.nan
    morphology = analyze(made(fhr=gapped))
    assert np.isnan(morphology.baseline[4 * 1200 : 4 * 1300]).all()
    assert not np.isnan(morphology.baseline[4 * 1000 : 4 * 1100]).any()
    fhr_rows = morphology.uncertain[morphology.uncertain["channel"] == "fhr"]
    assert fhr_rows[["start_s", "end_s"]].to_numpy() == pytest.approx(np.array([[1000, 1500]]), abs=1)
    assert not ((morphology.decelerations["start_s"] < 1490) & (morphology.decelerations["end_s"] > 1010)).any()


def test_refusals_say_what_to_do():
    with pytest.raises(SignalError, match="holds no sample"):
        analyze(Recording("none", [], [], fs=4.0))
    with pytest.raises(SignalError, match=r"slow: sampled at 0\.5 Hz"):
        analyze(Recording("slow", np.full(600, 140.0), np.full(600, 10.0), fs=0.5))
    with pytest.raises(SignalError, match="shape"):
        find(np.zeros(10), np.zeros(11), 4.0)


def test_the_list_of_events_has_the_columns_of_the_expert_marks():
    morphology = analyze(simulate_recording(3, seed=2))
    events = event_list(morphology)
    assert tuple(events.columns) == EVENT_COLUMNS
    assert EVENT_COLUMNS[:4] == ("record", "kind", "start_s", "end_s")
    numbers = events["kind"].value_counts()
    assert numbers["DEC"] == len(morphology.decelerations)
    assert numbers.get("ACC", 0) == len(morphology.accelerations)
    assert numbers["UC"] == len(morphology.contractions)
    assert events["start_s"].is_monotonic_increasing
    assert set(events.loc[events["kind"] == "DEC", "detail"]) <= {
        "early", "late", "variable", "prolonged", "unclassified",
    }  # fmt: skip


def test_an_empty_list_of_events_keeps_its_columns():
    events = event_list(analyze(Recording("quiet", np.full(4800, 140.0), np.full(4800, 10.0), fs=4.0)))
    assert tuple(events.columns) == EVENT_COLUMNS


def test_the_summary_counts_what_is_in_the_tables():
    morphology = analyze(made())
    row = summary(morphology)
    assert (row["decelerations"], row["late"], row["contractions"]) == (6, 6, 6)
    assert row["figo"] == "pathological"
    assert row["baseline"] == pytest.approx(140, abs=2)
    # Six Gaussians of 30 bpm and a width of 35 s in 40 min: nearly all of their area lies within the events.
    assert row["deceleration_burden"] == pytest.approx(6 * 30 * 35 * np.sqrt(np.pi) * 60 / 40, rel=0.12)
    assert np.isnan(analyze(made(minutes=4)).deceleration_burden)


def test_the_summary_tells_what_fired_from_what_could_not_be_assessed():
    fhr = np.full(9600, 140.0)
    fhr[2000:2200] = fhr[5000:5200] = 90
    row = summary(analyze(Recording("no UC", fhr, np.full(9600, np.nan), 4.0)))
    assert "repetitive decelerations (not assessed)" in row["figo_criteria"].split("; ")
    assert "variable decelerations" in row["nichd_criteria"].split("; ")


def test_experts_and_the_analysis_agree_on_real_recordings(fhrma_morphology: Path):
    """Pooled F1 with a pair for any overlap of 5 s, first come: a floor below what the benchmark records."""
    marks = pd.read_csv(fhrma_morphology / "events.csv")
    pairs, found, marked = np.zeros(2), np.zeros(2), np.zeros(2)
    for path in sorted(fhrma_morphology.glob("*.fhr"))[:16]:
        morphology = analyze(fhr.read(path))
        for i, (kind, table) in enumerate((("ACC", morphology.accelerations), ("DEC", morphology.decelerations))):
            own = table[["start_s", "end_s"]].to_numpy()
            expert = marks.loc[
                (marks["record"] == path.stem) & (marks["kind"] == kind), ["start_s", "end_s"]
            ].to_numpy()
            free = np.ones(len(own), dtype=bool)
            for start, end in expert:
                shared = np.minimum(own[:, 1], end) - np.maximum(own[:, 0], start)
                if (free & (shared >= 5)).any():
                    free[np.argmax(np.where(free, shared, -1))] = False
            pairs[i] += (~free).sum()
            found[i] += len(own)
            marked[i] += len(expert)
    assert (2 * pairs / (found + marked) > [0.6, 0.7]).all()


def test_every_real_recording_is_analysed(ctu_uhb_database):
    for recording in list(ctu_uhb_database)[::40]:
        morphology = analyze(recording)
        assert morphology.name == recording.name
        assert len(morphology.segments) == np.ceil(recording.duration / 600)
        known = morphology.baseline[~np.isnan(morphology.baseline)]
        assert known.min() >= 50
        assert known.max() <= 210
