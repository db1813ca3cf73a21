"""Calibrators that older versions wrote are read, and say what they said."""

import json
from pathlib import Path

import numpy as np
import pytest

from fhr.calibration import ClassConditionalConformal, CrossConformal, calibrator_from_dict

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))


def read(name: str, state: dict) -> object:
    if name == "conformal":
        return ClassConditionalConformal.from_dict(state)
    return CrossConformal.from_dict(state) if name == "cross_conformal" else calibrator_from_dict(state)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_what_was_kept_says_what_it_said(path):
    content = json.loads(path.read_text())
    again, asked = read(path.stem, content["state"]), np.array(content["asked"])
    if path.stem == "cross_conformal":
        asked = np.stack([asked, asked + 0.1, asked - 0.1])
    for name, kept in content["said"].items():
        found = again.sets(asked, 0.2) if name == "sets" else getattr(again, name)(asked)
        np.testing.assert_allclose(found, kept, rtol=1e-9, atol=1e-12)
    if path.stem != "ridge_platt_without_kind":
        assert again.to_dict() == content["state"]


def test_there_is_one_of_every_kind():
    assert {path.stem for path in GOLDEN} == {
        *("ridge_platt_without_kind", "ridge_platt", "beta", "venn_abers", "conformal", "cross_conformal")
    }
