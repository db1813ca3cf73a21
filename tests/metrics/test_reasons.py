import logging

import numpy as np
import pytest

from fhr.metrics import evaluate, undefined

RANKING = {"auroc", "auprc", "sensitivity_at_90_specificity"} | {f"tpr_at_{k}_fpr" for k in ("05", "10", "15", "20")}
LINE = {"calibration_slope", "calibration_intercept", "cox_p"}

generator = np.random.default_rng(0)
Y = generator.integers(0, 2, 40)
P = generator.random((3, 40))
FLAT = np.stack([P[0], np.full(40, 0.2), P[1]])
TWICE = np.stack([P[0], np.full(40, 0.2), np.full(40, 0.3)])

CASES = {
    "well": (Y, P, None, {}),
    "one class": (np.zeros(40), P, None, dict.fromkeys(RANKING | LINE | {"brier_skill"}, "all 40 labels are 0")),
    "only positives": (np.ones(40), P[0], None, dict.fromkeys(RANKING | LINE | {"brier_skill"}, "all 40 labels are 1")),
    "flat": (
        Y,
        TWICE[1],
        None,
        dict.fromkeys(RANKING, "the scores are constant") | dict.fromkeys(LINE, "the probabilities are constant"),
    ),
    "flat in a repeat": (
        Y,
        FLAT,
        None,
        dict.fromkeys(RANKING, "the scores are constant in 1 of 3 repeats")
        | dict.fromkeys(LINE, "the probabilities are constant in 1 of 3 repeats"),
    ),
    "flat probabilities of scores that are not": (
        Y,
        TWICE,
        P,
        dict.fromkeys(LINE, "the probabilities are constant in 2 of 3 repeats"),
    ),
    "flat scores": (Y, P[0], FLAT[1], dict.fromkeys(RANKING, "the scores are constant")),
    "separated": (Y, 0.1 + 0.8 * Y + 0.01 * P[0], None, dict.fromkeys(LINE, "the probabilities separate the classes")),
    "flat once clipped": (Y, 1e-9 * P[0], None, dict.fromkeys(LINE, "the probabilities are constant")),
}


@pytest.mark.parametrize("case", CASES)
def test_the_reasons_are_those_of_exactly_what_is_nan(case, caplog):
    y, p, s, expected = CASES[case]
    assert undefined(y, p, s) == expected
    with caplog.at_level(logging.WARNING, logger="fhr"):
        found = evaluate(y, p, s, n_resamples=5)
    assert {name for name, interval in found.items() if np.isnan(interval.value)} == set(expected)
    assert len(caplog.records) == bool(expected)  # once, whatever the number of repeats
    for name, reason in expected.items():
        assert f"{name} ({reason})" in caplog.text
