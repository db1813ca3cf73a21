"""A window that ends before the recording does: nothing else of the recording is seen, and its length tells nothing."""

import json
import re
from dataclasses import replace
from math import nan

import numpy as np
import pytest

from fhr.errors import FHRError, SignalError
from fhr.preprocessing import Pipeline, cut_from, cut_window, window_words
from fhr.recording import Clinical, Recording, Step

FS = 4.0
BEFORE = Pipeline(minutes=20, before="stage2")
EARLY = Pipeline(minutes=20, withheld=10)
BOTH = Pipeline(minutes=10, before="stage2", withheld=10)


def labour(stage2: float, *, first: float = 20, seed: int = 0, rest: float = 0.0, **fields) -> Recording:
    """`first` min of a random walk, then `stage2` min of another one that `rest` shifts; a gap, a hold, a spike."""
    generator = np.random.default_rng(seed)
    before, after = round(first * 60 * FS), round(stage2 * 60 * FS)
    fhr = 140 + np.cumsum(generator.normal(0, 0.3, before))
    fhr[200:300], fhr[-160:-100], fhr[-400:-395], fhr[-2:] = nan, fhr[-160], 190, 165
    late = np.random.default_rng(seed + 1)
    fhr = np.concatenate([fhr, 140 + rest + np.cumsum(late.normal(0, 0.3, after))])
    uc = np.concatenate([generator.normal(20, 5, before), late.normal(20 + rest, 5, after)])
    start = first * 60 if stage2 else nan
    return Recording("r", fhr, uc, FS, **{"stage2_start": start, **fields})


def same(one: Recording, other: Recording) -> bool:
    return all(np.array_equal(getattr(one, c), getattr(other, c), equal_nan=True) for c in ("fhr", "uc"))


@pytest.mark.parametrize("stage2", [0.5, 8, 25])
def test_a_window_before_stage_2_says_nothing_of_it(stage2):
    """Neither of its signals nor of its length, to the last bit: cleaning, held values, bridged gaps, loss."""
    known = BEFORE(labour(3))
    for rest in (0.0, 25.0, nan):
        window = BEFORE(labour(stage2, rest=rest))
        np.testing.assert_array_equal(window.signal, known.signal)
        assert window.loss == known.loss
        assert same(window.recording, known.recording)
        assert np.isnan(window.recording.stage2_start)
    assert np.any(Pipeline(minutes=20)(labour(stage2)).signal != known.signal)


@pytest.mark.parametrize("pipeline", [BEFORE, EARLY, BOTH])
def test_nothing_outside_the_window_is_seen(pipeline):
    """Garbage before and after it, a rate that is held among it, changes nothing."""
    recording = labour(14, first=30)
    step = pipeline.cut(recording).history[-1].parameters
    start, end = (round(step[key] * FS) for key in ("start", "end"))
    assert (end - start) / FS / 60 == pipeline.minutes
    generator = np.random.default_rng(9)
    for value in (nan, 140.0, generator.normal(150, 40, len(recording))):
        fhr, uc = (np.broadcast_to(value, len(recording)).copy() for _ in range(2))
        fhr[start:end], uc[start:end] = recording.fhr[start:end], recording.uc[start:end]
        window = pipeline(replace(recording, fhr=fhr, uc=uc))
        np.testing.assert_array_equal(window.signal, pipeline(recording).signal)
        assert same(window.recording, pipeline(recording).recording)


def test_where_a_window_lies():
    recording = labour(14, first=30)
    samples = np.arange(len(recording), dtype=np.float32)
    recording = replace(recording, fhr=samples, uc=samples)
    minute = 240
    for pipeline, end in ((BEFORE, 30), (EARLY, 34), (BOTH, 20), (Pipeline(minutes=1, withheld=0.5), 43.5)):
        cut = pipeline.cut(recording).fhr
        expected = samples[round((end - pipeline.minutes) * minute) : round(end * minute)]
        np.testing.assert_array_equal(cut, expected)
    begun = Pipeline(minutes=20, withheld=5).cut(recording)  # from 19 to 39 min; stage 2 began at 30
    assert begun.stage2_start == 11 * 60


def test_a_birth_without_a_second_stage_is_cut_before_its_end():
    section = labour(0, first=25)
    assert same(BEFORE.cut(section), cut_window(section, minutes=20))
    assert "no second stage is known" in window_words(BEFORE.cut(section))
    beyond = replace(section, stage2_start=25 * 60.0)  # not begun when the recording ends
    assert same(BEFORE.cut(beyond), BEFORE.cut(section))
    noted = labour(5, stage2_start=nan, clinical=Clinical(second_stage=5))  # its length, and not where it began
    assert same(BEFORE.cut(noted), BEFORE.cut(labour(5)))


def test_the_length_of_the_second_stage_stays_known_to_controls():
    assert BEFORE.cut(labour(7)).clinical.second_stage == pytest.approx(7)
    assert EARLY.cut(labour(12)).clinical.second_stage == pytest.approx(12)
    assert BEFORE.cut(labour(7, clinical=Clinical(second_stage=6))).clinical.second_stage == 6
    assert np.isnan(BEFORE.cut(labour(0)).clinical.second_stage)


@pytest.mark.parametrize(
    ("pipeline", "recording", "message"),
    [
        (BEFORE, labour(20, first=19), "r: 19.0 min of signal before the second stage, where 20 min are needed"),
        (BEFORE, labour(20, stage2_start=-5.0), "r: 0.0 min of signal before the second stage"),
        (EARLY, labour(9), r"29.0 min of signal in all, where 30 min are needed \(20 min of window, 10 min withheld\)"),
        (BOTH, labour(60, first=15), r"15.0 min of signal before the second stage, where 20 min are needed \(10 min"),
    ],
)
def test_a_window_is_never_filled_up(pipeline, recording, message):
    """A shorter window would tell how long the rest was."""
    with pytest.raises(SignalError, match=message):
        pipeline(recording)
    windows, unusable = pipeline.prepare([recording])
    assert (windows, list(unusable)) == ([], ["r"])


def test_a_window_is_cut_once():
    cut = BEFORE.cut(labour(14, first=30))
    assert BEFORE.cut(cut) is cut
    with pytest.raises(SignalError, match=r"r: another window was cut out of it already .*; give the whole recording"):
        EARLY.cut(cut)
    assert Pipeline(minutes=20).cut(cut) is cut


def test_what_is_said_of_a_window():
    assert Pipeline().window == "the last 60 min"
    assert Pipeline(minutes=50, withheld=10).window == "the 50 min until 10 min before the end"
    assert BEFORE.window == "the 20 min before the second stage (the end, where there was none)"
    recording = labour(14, first=30)
    assert window_words(recording) == cut_from(recording) == ""
    cut = BOTH.cut(recording)
    assert cut_from(cut) == recording.digest
    assert window_words(cut) == (
        "window of 10 min that ends 10 min before the start of the second stage, 24 min before the end of the recording"
    )
    assert [step.name for step in cut.history] == ["cut_window"]


def test_plain_types_and_back_with_a_window():
    for pipeline in (BEFORE, EARLY, BOTH):
        plain = json.loads(json.dumps(pipeline.to_dict()))
        assert Pipeline.from_dict(plain) == pipeline
    assert {"before", "withheld"}.isdisjoint(Pipeline().to_dict())  # as versions before had it


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"before": "birth"}, "a window before 'birth'; choose from end, stage2"),
        ({"before": ["end"]}, "a window before"),
        ({"withheld": -1}, "pipeline withheld is -1; it must be a finite number from 0"),
        ({"withheld": "10"}, "pipeline withheld is '10'"),
    ],
)
def test_a_checkpoint_with_another_window(changes, message):
    with pytest.raises(FHRError, match=re.escape(message)):
        Pipeline.from_dict(BEFORE.to_dict() | changes)
    with pytest.raises(FHRError, match="pipeline has the keys"):
        Pipeline.from_dict({k: v for k, v in BEFORE.to_dict().items() if k != "withheld"})


@pytest.mark.parametrize("withheld", [-1.0, nan, np.inf])
def test_minutes_that_cannot_be_withheld(withheld):
    with pytest.raises(FHRError, match=f"pipeline with withheld={withheld} min; give 0 or more"):
        Pipeline(withheld=withheld)


def test_the_history_before_stays():
    cut = EARLY.cut(labour(14).after(Step("read")))
    assert [step.name for step in cut.history] == ["read", "cut_window"]
