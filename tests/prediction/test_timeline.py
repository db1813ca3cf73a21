"""Risk through a recording: every row is what would have been said had the recording ended there."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_predictor import tiny_predictor

from fhr.confidence import COLUMNS
from fhr.errors import FHRError, SignalError
from fhr.features import FeatureSet
from fhr.prediction import Predictor, to_frame
from fhr.preprocessing import Pipeline
from fhr.recording import Recording, Step

FEATURES = FeatureSet(groups=("scalar",), minutes=25)


def predictor_of(features: FeatureSet | None = None) -> Predictor:
    line = {"penalty": 1.0, "mean": 0.0, "scale": 1.0, "slope": 1.0, "intercept": -1.0}
    return tiny_predictor(2, Pipeline(minutes=20), features, calibrator=line)


@pytest.fixture
def recording(births_database) -> Recording:
    return births_database["s0003"]


@pytest.mark.parametrize("features", [None, FEATURES])
def test_each_row_is_the_prediction_of_the_recording_cut_there(recording, features):
    predictor = predictor_of(features)
    found = predictor.timeline(recording)
    shortest = 25 if features else 20
    minutes = recording.duration / 60
    ends = minutes - 5.0 * np.arange(int((minutes - shortest) // 5), -1, -1)
    np.testing.assert_allclose(found["end"], ends)
    np.testing.assert_allclose(found["to_end"], minutes - ends)
    assert len(found) > 3
    for i, end in enumerate(ends):
        n = round(end * 60 * recording.fs)
        cut = Recording("cut", recording.fhr[:n], recording.uc[:n], recording.fs)
        expected = predictor.predict(cut)
        row = found.iloc[i]
        assert row["score"] == pytest.approx(expected.score, abs=1e-5)
        assert row["probability"] == pytest.approx(expected.probability, abs=1e-5)
        assert row["loss"] == expected.loss
        assert row["name"] == recording.name


def test_nothing_after_the_end_of_a_window_is_used(recording):
    predictor, n = predictor_of(), len(recording)
    other = np.array(recording.fhr)
    other[n - 5 * 60 * 4 :] = 60 + np.arange(5 * 60 * 4) % 3  # a flat line would be a held value and no change
    changed = predictor.timeline(recording.after(Step("change"), fhr=other))
    same = predictor.timeline(recording)
    np.testing.assert_array_equal(changed["score"][:-1], same["score"][:-1])
    assert changed["score"].iloc[-1] != same["score"].iloc[-1]


def test_every_row_but_the_last_says_that_it_is_an_extrapolation(recording):
    predictor = predictor_of()
    found = predictor.timeline(recording, step=10)
    assert list(found.columns) == [*COLUMNS[:-2], "end", "to_end", "record", "path"]
    said = "10 min before the end of the recording, where the network learnt nothing"
    assert said in found["warnings"].iloc[-2]
    assert found["warnings"].str.contains("learnt nothing").tolist() == [True] * (len(found) - 1) + [False]
    last = to_frame([predictor.predict(recording)]).iloc[0]
    assert found[list(COLUMNS)].iloc[-1].to_dict() == pytest.approx(last.to_dict(), nan_ok=True)


def test_windows_without_signal_are_left_out(recording):
    n = 25 * 60 * 4
    signal = np.array(recording.fhr)
    signal[-n:] = np.nan
    found = predictor_of().timeline(recording.after(Step("lose"), fhr=signal))
    assert found["to_end"].min() == 10  # the windows that end 0 and 5 min before the end hold nothing


def test_recordings_that_hold_no_window(recording):
    predictor, n = predictor_of(), 15 * 60 * 4
    with pytest.raises(SignalError, match=r"s0003: 15.0 min of signal where the last 20 min are needed"):
        predictor.timeline(replace(recording, fhr=recording.fhr[-n:], uc=recording.uc[-n:]))
    with pytest.raises(SignalError, match=r"s0003: no valid FHR sample in the last 20 min"):
        predictor.timeline(replace(recording, fhr=np.full(len(recording), np.nan)))


def test_a_recording_of_one_window(recording):
    n = 20 * 60 * 4
    found = predictor_of().timeline(replace(recording, fhr=recording.fhr[-n:], uc=recording.uc[-n:]))
    assert found[["end", "to_end"]].to_numpy().tolist() == [[20, 0]]


@pytest.mark.parametrize("step", [0, -5, float("nan"), float("inf"), 1e-4])
def test_steps_that_cannot_be(recording, step):
    with pytest.raises(FHRError, match="give a positive number of minutes, such as 5"):
        predictor_of().timeline(recording, step=step)
