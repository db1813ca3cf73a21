"""A calibrator or conformal predictor out of a file says something sensible, or is refused; see `test_hostile.py`."""

import numpy as np
import pytest
from hostile import PLAIN

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
READERS = {
    "calibrator": calibrator_from_dict,
    "conformal": ClassConditionalConformal.from_dict,
    "cross-conformal": CrossConformal.from_dict,
    "reference": Reference.from_dict,
    "typicality": Typicality.from_dict,
    "folds": lambda plain: CrossConformal.from_dict({"folds": plain}),
    "two folds": lambda plain: CrossConformal.from_dict({"folds": [plain, plain]}),
    "negatives": lambda plain: ClassConditionalConformal.from_dict({"negatives": plain, "positives": [0.5]}),
}


@pytest.mark.parametrize("name", READERS)
def test_anything_for_a_state(name):
    for value in PLAIN:
        try:
            READERS[name](value())
        except FHRError:
            continue
        assert isinstance(value(), list)  # of numbers, which the last of the readers takes


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
