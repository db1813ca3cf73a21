"""Reasons to abstain, each at its limit."""

from dataclasses import replace

import pytest

from fhr.confidence import Abstention, Prediction
from fhr.errors import FHRError

TARGET = "ph<7.20"


def said(**changes: object) -> Prediction:
    return replace(Prediction("x", TARGET, 0.1, 0.0, 0.1, sets={0.8: (), 0.9: (TARGET,), 0.95: None}), **changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"sets": {0.9: (f"not {TARGET}", TARGET)}}, "neither outcome can be ruled out at 90%"),
        ({"sets": {0.9: ()}}, "the score is unlike those of either outcome at 90%"),
        ({"sets": {0.9: None}}, None),
        ({"sets": None}, None),
        ({"loss": 0.51}, "51% of the signal is lost"),
        ({"loss": 0.5}, None),
        ({"distance": 0.009}, "unlike the training records"),
        ({"distance": 0.01}, None),
        ({"distance": 1 / 97, "least_distance": 1 / 97}, "unlike the training records"),  # further than all 96
        ({"distance": 2 / 97, "least_distance": 1 / 97}, None),
        ({"flip_rate": 0.21}, "two averages of as many networks would disagree on the decision with probability 0.21"),
        ({"flip_rate": 0.2}, None),
        ({"decision": True}, None),
        ({"decision": False}, f"below the threshold, but what is not ruled out at 90% is {TARGET}: the two disagree"),
        ({"decision": False, "sets": {0.9: (f"not {TARGET}",)}}, None),
        (
            {"decision": True, "sets": {0.9: (f"not {TARGET}",)}},
            f"at or above the threshold, but what is not ruled out at 90% is not {TARGET}: the two disagree",
        ),
    ],
)
def test_reasons_to_abstain(changes, reason):
    assert list(Abstention().reasons(said(**changes))) == ([] if reason is None else [reason])


def test_a_limit_of_zero_asks_for_no_distance():
    assert not list(Abstention(distance=0).reasons(said(distance=1 / 97, least_distance=1 / 97)))


@pytest.mark.parametrize(
    "wrong", [{"level": 0.85}, {"loss": 1.2}, {"distance": -1}, {"flip_rate": float("nan")}, {"referral": 2}]
)
def test_limits_that_cannot_be(wrong):
    with pytest.raises(FHRError, match=f"abstention with {next(iter(wrong))}="):
        Abstention(**wrong)


@pytest.mark.parametrize(
    ("probability", "referral", "cost"),
    [
        (0.02, 0.05, None),
        (0.06, 0.05, 0.06),
        (0.3, 0.05, 0.07),
        (0.9, 0.05, None),
        (0.3, None, None),
        (None, 0.05, None),
    ],
)
def test_the_expected_cost_of_the_better_answer(probability, referral, cost):
    """Chow's rule: between the risks at which waiting and acting are cheap, a referral is cheaper than either."""
    reasons = list(Abstention(referral=referral).reasons(said(probability=probability)))
    assert reasons == (
        [] if cost is None else [f"either answer is expected to cost {cost:.3f} of a miss, a referral 0.05"]
    )
