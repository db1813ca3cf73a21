import dataclasses
import pickle
from math import inf, isnan, nan

import numpy as np
import pytest

from fhr.errors import FHRError, SignalError
from fhr.preprocessing import Pipeline, clean
from fhr.recording import Clinical, Outcome, Provenance, Recording, Source, Step

FHR = [140.0, nan, 141.5, 0.0]
UC = [10.0, 11.0, nan, nan]


@pytest.fixture
def recording() -> Recording:
    return Recording("a", np.array(FHR), np.array(UC), 4.0)


def test_signals_become_float32_and_unknown_fields_are_nan(recording):
    assert recording.fhr.dtype == recording.uc.dtype == np.float32
    np.testing.assert_array_equal(recording.fhr, np.float32(FHR))
    assert recording.mhr is None
    assert recording.source is None
    assert recording.history == ()
    assert isnan(recording.stage2_start)
    assert all(isnan(value) for value in dataclasses.astuple(recording.outcome))
    assert all(isnan(value) for value in dataclasses.astuple(recording.clinical))


def test_length_duration_and_loss(recording):
    assert len(recording) == 4
    assert recording.duration == 1.0
    assert recording.loss == 0.25  # the 0 is a value: 0 never stands for missing
    empty = Recording("none", [], [], 2.0)
    assert (len(empty), empty.duration, empty.loss) == (0, 0.0, 1.0)
    assert Recording("lost", [nan] * 3, [1.0] * 3, 1.0).loss == 1.0


@pytest.mark.parametrize("field", ["name", "fhr", "fs", "outcome", "history"])
def test_fields_cannot_be_set(recording, field):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(recording, field, None)


@pytest.mark.parametrize("part", [Outcome(), Clinical(), Source("x", "wfdb"), Step("x"), Provenance()])
def test_parts_are_frozen(part):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(part, dataclasses.fields(part)[0].name, 1.0)


@pytest.mark.parametrize("channel", ["fhr", "uc", "mhr"])
def test_samples_cannot_be_set(channel):
    signals = {name: np.ones(3, np.float32) for name in ("fhr", "uc", "mhr")}
    recording = Recording("a", fs=4.0, **signals)
    with pytest.raises(ValueError, match="read-only"):
        getattr(recording, channel)[0] = 2.0
    signals[channel][0] = 2.0  # the caller's array stays writeable


def test_after_keeps_the_original_and_appends_to_the_history(recording):
    first, second = Step("shift", {"by": 1.0}), Step("lose")
    shifted = recording.after(first, fhr=recording.fhr + 1)
    lost = shifted.after(second, fhr=np.full(4, nan), outcome=Outcome(ph=7.1))
    assert recording.history == ()
    assert lost.history == (first, second)
    np.testing.assert_array_equal(recording.fhr, np.float32(FHR))
    np.testing.assert_array_equal(shifted.fhr, np.float32(FHR) + 1)
    assert (lost.loss, lost.outcome.ph, lost.name, lost.fs) == (1.0, 7.1, "a", 4.0)
    with pytest.raises(ValueError, match="read-only"):
        shifted.fhr[0] = 0


def test_after_checks_what_it_is_given(recording):
    with pytest.raises(SignalError, match=r"a: uc has shape \(4,\) beside 2 samples of fhr"):
        recording.after(Step("cut"), fhr=recording.fhr[:2])


@pytest.mark.parametrize("fs", [0, -4.0, nan, inf])
def test_a_rate_that_is_not_positive_is_refused(fs):
    with pytest.raises(SignalError, match=f"b: sampling rate fs={fs} Hz; it must be a positive number"):
        Recording("b", FHR, UC, fs)


@pytest.mark.parametrize(
    ("signals", "message"),
    [
        ({"fhr": FHR, "uc": UC[:3]}, r"c: uc has shape \(3,\) beside 4 samples of fhr; give one-dimensional signals"),
        ({"fhr": FHR, "uc": UC, "mhr": [80.0]}, r"mhr has shape \(1,\) beside 4 samples"),
        ({"fhr": [FHR], "uc": [UC]}, r"fhr has shape \(1, 4\)"),
        ({"fhr": 140.0, "uc": UC}, r"fhr has shape \(\)"),
        ({"fhr": None, "uc": UC}, r"fhr has shape \(\)"),
        ({"fhr": FHR, "uc": None}, r"uc has shape \(\) beside 4 samples"),
        ({"fhr": [1.0, inf], "uc": [1.0, 2.0]}, "c: fhr holds an infinite value; use NaN for missing samples"),
        ({"fhr": [1.0, 2.0], "uc": [-inf, 2.0]}, "uc holds an infinite value"),
    ],
)
def test_signals_that_do_not_fit_are_refused(signals, message):
    with pytest.raises(SignalError, match=message):
        Recording("c", fs=4.0, **signals)


SYNTHETIC = Provenance("synthetic", "gan(seed=1)", ("1001",))


def test_a_recording_is_measured_unless_it_says_otherwise(recording):
    assert recording.provenance == Provenance()
    assert recording.provenance.is_measured


def test_the_provenance_is_hard_to_lose(recording):
    made = dataclasses.replace(recording, provenance=SYNTHETIC)
    assert dataclasses.replace(made, fhr=made.fhr + 1, name="b", history=()).provenance is SYNTHETIC
    assert made.after(Step("shift"), fhr=made.fhr + 1).after(Step("cut")).provenance is SYNTHETIC
    assert pickle.loads(pickle.dumps(made)).provenance == SYNTHETIC
    filled = made.after(Step("fill"), provenance=made.provenance.imputed("mean"))
    assert filled.provenance == Provenance("synthetic", "gan(seed=1); mean", ("1001",))
    with pytest.raises(SignalError, match=r"a: the step 'fill' would make a measured recording of .* synthetic"):
        made.after(Step("fill"), provenance=Provenance())


@pytest.mark.parametrize("provenance", [None, "synthetic", ("synthetic", "gan"), {"kind": "synthetic"}])
def test_a_provenance_that_is_none_is_refused(recording, provenance):
    with pytest.raises(SignalError, match=r"a: provenance of the type \w+; give a fhr.recording.Provenance"):
        dataclasses.replace(recording, provenance=provenance)


def test_the_steps_of_the_pipeline_keep_it_and_make_nothing_imputed():
    """Bridged gaps are no imputation: the mask says where there was no signal."""
    fhr = 140 + np.random.default_rng(1).normal(0, 2, 4 * 1200)
    fhr[2000:2020] = nan
    recording = Recording("a", fhr, np.zeros(len(fhr)), 4.0)
    for provenance in (Provenance(), SYNTHETIC):
        given = dataclasses.replace(recording, provenance=provenance)
        assert clean(given).provenance == provenance
        assert Pipeline(minutes=10)(given).recording.provenance == provenance


def test_equality_is_identity_so_that_recordings_can_be_members_of_sets(recording):
    assert recording != Recording("a", np.array(FHR), np.array(UC), 4.0)
    assert len({recording, recording}) == 1


def test_a_recording_travels_between_processes(recording):
    again = pickle.loads(pickle.dumps(recording.after(Step("x", {"a": 1}))))
    np.testing.assert_array_equal(again.fhr, recording.fhr)
    assert (again.name, again.fs, again.history) == ("a", 4.0, (Step("x", {"a": 1}),))


def test_every_error_of_the_package_is_one_family():
    import fhr.errors

    for name in fhr.errors.__all__:
        if name[0].isupper():
            assert issubclass(getattr(fhr.errors, name), FHRError)
