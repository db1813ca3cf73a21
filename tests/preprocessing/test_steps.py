import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.preprocessing import DEFAULT_STEPS, Pipeline, clean, remove_out_of_range, remove_spikes
from fhr.preprocessing.steps import plain_steps
from fhr.recording import Step


def test_cleaning_is_what_a_pipeline_does(simulated_database):
    for original in list(simulated_database)[:5]:
        cleaned, window = clean(original), Pipeline(minutes=20.0)(original)
        np.testing.assert_array_equal(cleaned.fhr, window.recording.fhr)
        assert cleaned.history == window.recording.history[:-2]
        noted = cleaned.history[len(original.history) :]
        assert [step.name for step in noted] == [step.name for step in DEFAULT_STEPS]
        for step, done in zip(DEFAULT_STEPS, noted, strict=True):
            assert step.parameters.items() <= done.parameters.items()


def test_steps_are_done_in_order(simulated_database):
    original = simulated_database[0]
    low = remove_out_of_range(original.fhr, 4.0, low=100.0, high=150.0)
    expected = remove_spikes(low, 4.0, jump=3.0)
    steps = (Step("remove_out_of_range", {"low": 100.0, "high": 150.0}), Step("remove_spikes", {"jump": 3.0}))
    cleaned = clean(original, iter(steps))
    np.testing.assert_array_equal(cleaned.fhr, expected)
    assert np.isnan(expected).sum() > np.isnan(low).sum() > np.isnan(original.fhr).sum()
    np.testing.assert_array_equal(cleaned.uc, original.uc)
    assert clean(original, ()) is original


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Step("smooth"), "cleaning step 'smooth' is not known; choose from remove_out_of_range, remove_spikes, rem"),
        (Step("remove_spikes", {"hight": 1}), "cleaning step 'remove_spikes' takes no 'hight'; its parameters: jump"),
        (Step("remove_spikes", {"fs": 1}), "takes no 'fs'"),
    ],
)
def test_steps_that_cannot_be(simulated_database, step, message):
    with pytest.raises(FHRError, match=message):
        clean(simulated_database[0], (step,))


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ("remove_spikes", "cleaning steps of the type str; give a list"),
        ([{"name": 3, "parameters": {}}], "a cleaning step with a name of the type int; give text"),
        ([{"name": "smooth", "parameters": {}}], "cleaning step 'smooth' is not known"),
    ],
)
def test_kept_steps_that_are_none(plain, message):
    with pytest.raises(FHRError, match=message):
        plain_steps(plain)
