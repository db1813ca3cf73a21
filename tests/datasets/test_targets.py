import numpy as np
import pandas as pd
import pytest

from fhr.datasets import Target
from fhr.errors import OutcomeError

NAN = np.nan


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ph<7.15", [1, 0, 0, NAN]),
        ("ph<=7.15", [1, 1, 0, NAN]),
        ("ph>7.15", [0, 0, 1, NAN]),
        ("ph>=7.15", [0, 1, 1, NAN]),
        ("ph < 7.15", [1, 0, 0, NAN]),
        ("apgar1<7", [1, 0, NAN, 0]),
        ("apgar5>=9", [0, 1, 1, 1]),
        ("be<=-12", [1, 1, 0, NAN]),
        ("pco2>8", [1, 0, 0, 0]),
        ("ph<7.15 & bdecf>=12", [1, 0, NAN, NAN]),
        ("ph<=7.15&bdecf>=12", [1, 0, NAN, NAN]),
        ("ph>=7&ph<=7.15&apgar1<9", [1, 1, NAN, NAN]),
    ],
)
def test_each_inequality(name, expected):
    outcomes = pd.DataFrame(
        {
            "ph": [7.05, 7.15, 7.25, NAN],
            "bdecf": [12.0, 11.99, NAN, 14.0],
            "be": [-12.5, -12.0, 3.0, NAN],
            "pco2": [9.0, 8.0, 7.0, 6.0],
            "apgar1": [6, 7, NAN, 9],
            "apgar5": [8, 9, 9, 10],
        },
        index=list("abcd"),
    )
    label = Target(name)(outcomes)
    np.testing.assert_array_equal(label, expected)
    assert label.index.tolist() == list("abcd")
    assert label.name == name
    assert str(Target(name)) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "ph", "ph<", "<7.05", "ph<7.05 &", "& ph<7.05", "ph==7.05", "ph<7.05 | be<0", "ph<7,05", "ph<nan"),
        *("ph<inf", "ph<1e3", "PH<7.05", "apgar3<7", "weight<2500", "ph<7.05<7.1", "ph<7.05\nbe<0", "ph<7.", "x<1"),
    ],
)
def test_other_forms_are_refused_with_the_grammar(name):
    with pytest.raises(
        OutcomeError, match=r"is not defined; write a measure \(ph, bdecf, be, pco2, apgar1, apgar5\) with"
    ) as e:
        Target(name)
    assert repr(name) in str(e.value)


def test_targets_are_values():
    assert Target("ph<7.05") == Target("ph<7.05") != Target("ph<=7.05")
    assert len({Target("ph<7.05"), Target("ph<7.05")}) == 1
