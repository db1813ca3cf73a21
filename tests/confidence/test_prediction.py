"""The confidence card and the row of a prediction hold what its fields hold."""

from dataclasses import replace

import pandas as pd

from fhr.calibration import TYPICAL_STATISTICS
from fhr.confidence import Abstention, ModelFacts, Prediction, to_frame
from fhr.metrics import Interval
from fhr.recording import Composition

TARGET = "ph<7.20"
WORDS = "umbilical pH below 7.20 (ph<7.20)"


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
        minutes=60,
        guarantees={0.9: "Of births like these."},
        distance=0.004,
        abstain=True,
        reasons=("two retrainings would disagree",),
        warnings=("no uterine activity",),
    ).card()
    for line in (
        f"# x: {WORDS}",
        "Research software, **not a medical device**: it must not guide the care of any patient.",
        "**The model abstains**: do not rely on the numbers below.",
        "- two retrainings would disagree",
        f"- Probability of {WORDS}: **10%** (95% interval of the calibration 4.0% to 30%); "
        "26% of the births it is calibrated for have it",
        "- Decision: **at or above the threshold**, which about 90% of the births without the label stay below",
        "- From one network to another the probability moves by 3.0 percentage points (SD); "
        "two averages of as many would disagree on the decision with probability 0.40",
        f"- What it cannot rule out, at 90%: {WORDS}",
        "- What it cannot rule out, at 80%: none fits, the score is unlike those of both outcomes",
        "- What it cannot rule out, at 95%: not computed, see below",
        "- Signal loss in the last 60 min, after cleaning: 10%",
        "- Training records at least as unusual as this one: 0.4%",
        "- Warning: no uterine activity",
        "- At 90%: Of births like these.",
    ):
        assert line in text.splitlines()
    assert "No reason to abstain" in said(abstain=False).card()
    assert "births with it may, too: nothing is ruled out by this" in said(decision=False).card()
    lost = said(loss=0.6, minutes=60)
    (reason,) = Abstention().reasons(lost)
    text = replace(lost, warnings=(reason,), abstain=True, reasons=(reason,)).card()
    assert (text.count("is lost"), text.count("60%")) == (1, 2)  # the reason, and the line of the signal


def test_the_model_comes_first():
    made = Composition({"simulated": 400}, ("fhr.simulation",))
    facts = ModelFacts(
        Interval(0.445, 0.38, 0.52), "out_of_fold_auroc", 442, made, span=0.3, unchecked=("uterine activity",)
    )
    prediction = said(model=facts, warnings=tuple(facts.warnings()), decision=True)
    reasons = list(Abstention().reasons(prediction))
    assert reasons == [
        "the model may rank no better than chance: AUROC 0.45, 95% interval 0.38 to 0.52",
        "the model learnt from simulated records, this one is measured",
    ]
    lines = replace(prediction, abstain=True, reasons=tuple(reasons)).card().splitlines()
    assert (
        lines[4]
        == "- The model: AUROC 0.45 (95% interval 0.38 to 0.52) on the 442 out-of-fold records of its cross-validation"
    )
    assert (
        lines[5]
        == "- The model: the network learnt from records that were made: 400 simulated (made by fhr.simulation)"
    )
    assert lines.index("**The model abstains**: do not rely on the numbers below.") > 6
    assert sum("uterine activity" in line for line in lines) == 1
    row = to_frame([prediction]).iloc[0]
    assert row["warnings"].startswith("the network learnt from records that were made: 400 simulated")
    assert row[["auroc", "auroc_low", "auroc_high", "auroc_of", "learnt_from"]].tolist() == [
        *facts.auroc,
        "out_of_fold_auroc",
        "simulated",
    ]
    assert not list(Abstention().reasons(said(model=ModelFacts(Interval(0.7, 0.6, 0.8)), decision=True)))
    flat = said(model=ModelFacts(Interval(0.7, 0.6, 0.8), span=0.01), decision=True)
    assert list(Abstention().reasons(flat)) == ["its calibrator gives every birth about the same probability"]


def test_networks_that_may_have_seen_their_held_out_records_say_so_and_abstain():
    facts = ModelFacts(Interval(0.7, 0.6, 0.8), out_of_fold=False)
    (reason,) = Abstention().reasons(said(model=facts, decision=True))
    assert reason.startswith("its cross-validation is not out-of-fold")
    assert reason in list(facts.words())


def test_columns_of_the_table():
    rows = to_frame([said(sets={0.8: (), 0.9: (f"not {TARGET}", TARGET), 0.95: None}, reasons=("a", "b"))])
    assert list(rows.columns) == [
        *("name", "probability", "score", "loss", "warnings", "low", "high", "prevalence", "decision", "spread"),
        *("flip_rate", "set_80", "set_90", "set_95", "distance", "abstain", "reasons"),
        *("label", "minutes", "auroc", "auroc_low", "auroc_high", "auroc_of", "learnt_from"),
        *("record", "path"),
    ]
    row = rows.iloc[0]
    assert (row["set_80"], row["set_90"]) == ("neither", f"not {TARGET} or {TARGET}")
    assert pd.isna(row["set_95"])
    assert row["reasons"] == "a; b"
    assert set(TYPICAL_STATISTICS).isdisjoint(rows.columns)
    assert isinstance(hash(said()), int)


def test_a_notebook_shows_the_main_lines_of_the_card_as_text():
    hostile = "<script>alert(1)</script>"
    html = replace(
        said(low=0.04, high=0.3, decision=False, guarantees={0.9: "Of births like these."}),
        name=hostile,
        abstain=True,
        reasons=(f"two disagree {hostile}", "**"),
        warnings=(hostile,),
    )._repr_html_()
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 3
    for line in (
        "<p>Research software, <b>not a medical device</b>: it must not guide the care of any patient.</p>",
        "<p><b>The model abstains</b>: do not rely on the numbers below.</p>",
        "<li>Probability of umbilical pH below 7.20 (ph&lt;7.20): <b>10%</b> (95% interval of the calibration 4.0% to",
        "<li>Decision: <b>below the threshold</b>",
        "<li>Signal loss in the window, after cleaning: 10%</li>",
    ):
        assert line in html
    assert "Of births like these" not in html
    for tag in ("p", "ul", "li", "b", "div"):
        assert html.count(f"<{tag}>") == html.count(f"</{tag}>")
