"""The confidence card and the row of a prediction hold what its fields hold."""

from dataclasses import replace

import pandas as pd

from fhr.calibration import TYPICAL_STATISTICS
from fhr.confidence import Prediction, to_frame

TARGET = "ph<7.20"


def said(**changes: object) -> Prediction:
    return replace(Prediction("x", TARGET, 0.1, 0.0, 0.1, sets={0.8: (), 0.9: (TARGET,), 0.95: None}), **changes)


def test_the_card_says_what_the_prediction_says():
    text = said(
        low=0.04,
        high=0.3,
        prevalence=0.26,
        decision=True,
        spread=0.03,
        flip_rate=0.4,
        guarantees={0.9: "Of births like these."},
        distance=0.004,
        abstain=True,
        reasons=("two retrainings would disagree",),
        warnings=("no uterine activity",),
    ).card()
    for line in (
        f"# x: {TARGET}",
        "Research software, **not a medical device**: it must not guide the care of any patient.",
        "**The model abstains**: do not rely on the numbers below.",
        "- two retrainings would disagree",
        f"- Probability of {TARGET}: **10%** (95% interval of the calibration 4.0% to 30%); "
        "26% of the births it is calibrated for have it",
        f"- Decision: **at or above the threshold**, which about 90% of the births without {TARGET} stay below",
        "- From one network to another the probability moves by 3.0 percentage points (SD); "
        "two averages of as many would disagree on the decision with probability 0.40",
        f"- What it cannot rule out, at 90%: {TARGET}",
        "- What it cannot rule out, at 80%: none fits, the score is unlike those of both outcomes",
        "- What it cannot rule out, at 95%: not computed, too few records",
        "- Signal loss: 10%",
        "- Training records at least as unusual as this one: 0.4%",
        "- Warning: no uterine activity",
        "- At 90%: Of births like these.",
    ):
        assert line in text.splitlines()
    assert "No reason to abstain" in said(abstain=False).card()
    assert "births with it may, too: nothing is ruled out by this" in said(decision=False).card()
    lost = said(warnings=("60% of the signal is lost",), abstain=True, reasons=("60% of the signal is lost",)).card()
    assert lost.count("60% of the signal is lost") == 1


def test_columns_of_the_table():
    rows = to_frame([said(sets={0.8: (), 0.9: (f"not {TARGET}", TARGET), 0.95: None}, reasons=("a", "b"))])
    assert list(rows.columns) == [
        *("name", "probability", "score", "loss", "warnings", "low", "high", "prevalence", "decision", "spread"),
        *("flip_rate", "set_80", "set_90", "set_95", "distance", "abstain", "reasons"),
    ]
    row = rows.iloc[0]
    assert (row["set_80"], row["set_90"]) == ("neither", f"not {TARGET} or {TARGET}")
    assert pd.isna(row["set_95"])
    assert row["reasons"] == "a; b"
    assert set(TYPICAL_STATISTICS).isdisjoint(rows.columns)
    assert isinstance(hash(said()), int)
