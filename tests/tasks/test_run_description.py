"""The result of a run in words."""

from dataclasses import replace
from math import nan

import pytest

from fhr.metrics import Interval
from fhr.tasks import ModelCard, best_line, run_description

GOOD = {
    "auroc": Interval(0.81, 0.72, 0.89),
    "brier": Interval(0.12, 0.10, 0.14),
    "brier_skill": Interval(0.2, 0.1, 0.3),
    "calibration_slope": Interval(0.98, 0.7, 1.3),
}
AUDIT = {"matched_auroc": Interval(0.77, 0.66, 0.86), "loss_auroc": Interval(0.61, 0.5, 0.71)}
CARD = ModelCard(
    network="fhr.models.InceptionNet",
    target="ph<7.05",
    origin="/data/ctu-uhb-ctgdb",
    data_checksum="0123456789abcdef",
    n_tested=552,
    n_positive=44,
    tested_on="5 outer folds",
    results=GOOD,
    window_minutes=60.0,
    left_out=0,
)


def test_the_first_sentence_holds_the_result_and_the_last_what_it_is_not():
    text = run_description(CARD, AUDIT, ["Best line: ridge, AUROC 0.800"])
    first, *rest = text.splitlines()
    assert first == (
        "**AUROC 0.810 (95% interval 0.720 to 0.890)** for `ph<7.05`, 552 births of `ctu-uhb-ctgdb`; calibration slope "
        "0.980 (95% interval 0.700 to 1.300), ideally 1; Brier score 0.120 (95% interval 0.100 to 0.140), 20% better "
        "than the prevalence alone; AUROC 0.770 (95% interval 0.660 to 0.860) beside births of equal signal loss, a "
        "known shortcut, which by itself has 0.610 (95% interval 0.500 to 0.710)."
    )
    assert "- Model: InceptionNet, from the last 60 min of the trace" in rest
    assert "- Records: 44 of 552 births meet the label; checksum `01234567`" in rest
    assert "- Best line: ridge, AUROC 0.800" in rest
    assert "Warnings" not in text
    assert text.rstrip().endswith("Research software, **not a medical device**.")


def test_a_name_of_data_is_text_whatever_signs_are_in_it():
    first = run_description(replace(CARD, origin="/data/*a*_[x](y)"), {}).splitlines()[0]
    assert "births of `*a*_[x](y)`;" in first
    assert "births of `` a`b ``;" in run_description(replace(CARD, origin="/data/a`b"), {})


def test_a_line_without_an_auroc_is_not_the_best():
    assert best_line({"a": nan, "b": 0.6, "c": 0.7}) == ["Best line on the same folds: c, AUROC 0.700"]
    assert best_line({"a": nan}) == best_line({}) == []
    assert best_line({"net, alone": 0.8, "b": 0.6}, itself="net, alone") == [
        "Best line on the same folds: b, AUROC 0.600"
    ]


@pytest.mark.parametrize(
    ("card", "audit", "warning"),
    [
        ({"n_positive": 19}, {}, "Only 19 births meet the label"),
        ({"results": {"auroc": Interval(0.6, 0.5, 0.7)}}, {}, "that the model ranks at all is not shown"),
        ({}, {"matched_auroc": Interval(0.55, 0.45, 0.65)}, "it may all be the shortcut"),
        ({"results": {"calibration_slope": Interval(0.5, 0.2, 0.9)}}, {}, "risks are too far from the prevalence"),
        ({"results": {"calibration_slope": Interval(2.0, 1.1, 3.0)}}, {}, "risks are too near the prevalence"),
        ({"left_out": 3}, {}, "Left out as unusable: 3 records"),
    ],
)
def test_warnings_say_what_the_numbers_do_not_show(card, audit, warning):
    results = GOOD | card.pop("results", {})
    text = run_description(replace(CARD, results=results, **card), AUDIT | audit)
    (found,) = text.partition("**Warnings**")[2].strip().split("\n\n")[0].splitlines()
    assert warning in found


def test_what_is_undefined_is_said_to_be():
    results = GOOD | dict.fromkeys(("calibration_slope", "brier_skill"), Interval(nan, nan, nan))
    text = run_description(replace(CARD, results=results), {})
    assert "calibration slope undefined, ideally 1" in text
    assert "nan" not in text
    assert "shortcut" not in text
