"""False samples become missing, and the history says by what."""

import numpy as np
import pytest

from fhr.errors import FHRError, SignalError
from fhr.preprocessing import DEFAULT_STEPS, clean, remove_false_signal
from fhr.recording import Recording

NAN = np.nan


def recording(**options: object) -> Recording:
    return Recording("one", [140, 75, NAN, 150], [1, 2, 3, 4], fs=4.0, **options)


def test_probabilities_from_the_threshold_on():
    cleaned = remove_false_signal(recording(), np.array([0.2, 0.6, NAN, 0.5]), fhr_threshold=0.6, run="abc")
    np.testing.assert_array_equal(cleaned.fhr, np.float32([140, NAN, NAN, 150]))
    np.testing.assert_array_equal(cleaned.uc, recording().uc)
    (step,) = cleaned.history
    assert step.name == "remove_false_signal"
    assert step.parameters == {"run": "abc", "fhr_threshold": 0.6, "mhr_threshold": 0.5, "fhr_removed": 1}


def test_masks_and_both_channels():
    mask = np.array([True, False, True, False])
    cleaned = remove_false_signal(recording(mhr=[80, 81, 82, NAN]), mask, ~mask)
    np.testing.assert_array_equal(cleaned.fhr, np.float32([NAN, 75, NAN, 150]))
    np.testing.assert_array_equal(cleaned.mhr, np.float32([80, NAN, 82, NAN]))
    assert {key: cleaned.history[-1].parameters[key] for key in ("fhr_removed", "mhr_removed")} == {
        "fhr_removed": 1,
        "mhr_removed": 1,
    }
    only_mhr = remove_false_signal(recording(mhr=[80, 81, 82, NAN]), None, mask)
    np.testing.assert_array_equal(only_mhr.fhr, recording().fhr)
    np.testing.assert_array_equal(only_mhr.mhr, np.float32([NAN, 81, NAN, NAN]))


def test_cleaning_goes_on_after_it():
    cleaned = clean(remove_false_signal(recording(), np.zeros(4)))
    assert [step.name for step in cleaned.history] == ["remove_false_signal", *(step.name for step in DEFAULT_STEPS)]


def test_what_does_not_fit_is_refused():
    with pytest.raises(SignalError, match=r"one: a fhr mask of shape \(3,\) where the recording has 4 samples"):
        remove_false_signal(recording(), np.zeros(3))
    with pytest.raises(SignalError, match=r"one: a mhr mask of shape \(4,\) where the recording has no such channel"):
        remove_false_signal(recording(), None, np.zeros(4))
    with pytest.raises(FHRError, match=r"fhr_threshold=1.5; give a probability, 0 to 1"):
        remove_false_signal(recording(), np.zeros(4), fhr_threshold=1.5)
