"""A calibrator or conformal predictor out of a file says something sensible, or is refused."""

import hostile
import numpy as np
import pytest
from hostile_checkpoints import PLAIN, calibrator_verdict

from fhr.calibration import (
    ClassConditionalConformal,
    CrossConformal,
    Reference,
    Thresholds,
    Typicality,
    calibrator_from_dict,
)
from fhr.errors import CheckpointError, FHRError

PLATT = {"kind": "ridge_platt", "penalty": 1.0, "mean": 0.0, "scale": 1.0, "slope": 1.0, "intercept": -1.0}
BETA = {"kind": "beta", "penalty": 1.0, "mean": 0.0, "scale": 1.0, "a": 1.0, "b": 0.5, "c": -1.0}
VENN = {
    **{"kind": "venn_abers", "mean": 0.0, "scale": 1.0},
    **{"low_from": [0.0, 1.0], "low": [0.0, 0.2, 0.5], "high_to": [0.5], "high": [0.4, 1.0]},
}


@pytest.mark.parametrize("state", [PLATT, BETA, VENN], ids=lambda state: state["kind"])
@pytest.mark.parametrize("value", range(len(PLAIN)))
def test_every_field_with_every_value(state, value):
    assert calibrator_from_dict(state)
    for key in state:
        spoilt = {**state, key: PLAIN[value]()}
        try:
            with np.errstate(over="ignore"):
                p = calibrator_from_dict(spoilt).predict([-1.0, 0.0, 3.0])
        except CheckpointError:
            continue
        assert (np.isnan(p) | ((p >= 0) & (p <= 1))).all(), (key, spoilt[key])


@pytest.mark.parametrize("value", range(len(PLAIN)))
@pytest.mark.parametrize(
    "read",
    [
        calibrator_from_dict,
        ClassConditionalConformal.from_dict,
        CrossConformal.from_dict,
        Reference.from_dict,
        Typicality.from_dict,
        lambda plain: CrossConformal.from_dict({"folds": plain}),
        lambda plain: CrossConformal.from_dict({"folds": [plain, plain]}),
        lambda plain: ClassConditionalConformal.from_dict({"negatives": plain, "positives": [0.5]}),
    ],
)
def test_anything_for_a_state(read, value):
    try:
        read(PLAIN[value]())
    except FHRError:
        return
    assert isinstance(PLAIN[value](), list)  # of numbers, which the last of the readers takes


@pytest.mark.parametrize("plain", [None, [], {"fhr": 2.0}, {"fhr": "0.5"}, {"other": 0.5}, {"fhr": float("nan")}])
def test_thresholds_that_are_none(plain):
    with pytest.raises(CheckpointError, match="thresholds that no fit makes"):
        Thresholds.from_dict(plain)


def test_numbers_of_any_size_stay_numbers():
    """Whole numbers beyond 64 bits are numbers too; NumPy would make objects of them."""
    p = calibrator_from_dict({**BETA, "c": -(10**30), "a": 2, "mean": 10**30}).predict([0.0])
    assert p.dtype == np.float64
    assert 0 <= p[0] <= 1


def test_a_message_can_be_printed():
    bound = {**PLATT, "made_for": {"label": "\ud800", "model": []}}
    with pytest.raises(CheckpointError) as error:
        calibrator_from_dict(bound)
    str(error.value).encode()


def test_spoilt_states_say_something_sensible_or_are_refused():
    """Numbers name cases; `benchmarks/hostile_checkpoints.py` runs many more."""
    found = []
    for number in range(2000):
        try:
            with hostile.watchdog(30):
                found.append(calibrator_verdict(number))
        except Exception as error:
            raise AssertionError(f"case {number}: {type(error).__name__}: {error}") from error
    assert {"read", "refused"} == set(found)
