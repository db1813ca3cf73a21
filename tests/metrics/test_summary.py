import re
from functools import partial

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.metrics import (
    Interval,
    augrc,
    auprc,
    aurc,
    auroc,
    bootstrap,
    brier,
    brier_skill,
    calibration_intercept,
    calibration_line,
    calibration_slope,
    ece_reference,
    evaluate,
    expected_calibration_error,
    mean_net_benefit,
    net_benefit_at,
    sensitivity_at_specificity,
    to_frame,
    tpr_at_fpr,
)

NAMES = [
    "auroc",
    "auprc",
    "prevalence",
    "brier",
    "brier_skill",
    "sensitivity_at_90_specificity",
    "tpr_at_05_fpr",
    "tpr_at_10_fpr",
    "tpr_at_15_fpr",
    "tpr_at_20_fpr",
    "calibration_slope",
    "calibration_intercept",
    "cox_p",
    "ece",
    "ece_perfect_mean",
    "ece_perfect_p95",
    "aurc",
    "augrc",
    "net_benefit_05",
    "net_benefit_10",
    "net_benefit_20",
    "net_benefit_02_30",
    "net_benefit_02_30_treat_all",
]


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    p = 1 / (1 + np.exp(2 - generator.normal(0, 1.2, (3, 300))))
    return (generator.random(300) < p[0]).astype(int), p


def test_names_are_stable_and_fit_for_mlflow(data):
    y, p = data
    found = evaluate(y, p[0], n_resamples=50)
    assert list(found) == NAMES
    assert all(re.fullmatch(r"[\w/. -]+", name) for name in found)
    assert all(isinstance(i, Interval) and all(type(v) is float for v in i) for i in found.values())


def test_values_are_those_of_the_functions(data):
    y, p = data
    found = evaluate(y, p[0], n_resamples=50, seed=3)
    metrics = {
        "auroc": auroc,
        "auprc": auprc,
        "sensitivity_at_90_specificity": sensitivity_at_specificity,
        **{f"tpr_at_{k:02d}_fpr": partial(tpr_at_fpr, fpr=k / 100) for k in (5, 10, 15, 20)},
        "brier": brier,
        "brier_skill": brier_skill,
        "calibration_slope": calibration_slope,
        "calibration_intercept": calibration_intercept,
        "aurc": aurc,
        "augrc": augrc,
        **{f"net_benefit_{k:02d}": partial(net_benefit_at, threshold=k / 100) for k in (5, 10, 20)},
        "net_benefit_02_30": mean_net_benefit,
        "net_benefit_02_30_treat_all": lambda labels, p: mean_net_benefit(labels, np.ones(len(p))),
    }
    for name, metric in metrics.items():
        assert found[name] == pytest.approx(bootstrap(metric, y, p[0], n_resamples=50, seed=3), rel=1e-9), name
    assert found["prevalence"].value == pytest.approx(y.mean())
    assert found["cox_p"].value == calibration_line(y, p[0]).p_value
    assert found["ece"].value == expected_calibration_error(y, p[0])
    assert (found["ece_perfect_mean"].value, found["ece_perfect_p95"].value) == ece_reference(p[0], seed=3)
    for name, i in found.items():
        if name.startswith(("ece", "cox")):
            assert np.isnan(i[1:]).all()
        else:
            assert i.low <= i.value <= i.high, name
    assert set(NAMES) == {*metrics, "prevalence", "cox_p", "ece", "ece_perfect_mean", "ece_perfect_p95"}


def test_repeats_are_averaged(data):
    y, p = data
    found, alone = evaluate(y, p, n_resamples=20), [evaluate(y, row, n_resamples=20) for row in p]
    for name in NAMES:
        assert found[name].value == pytest.approx(np.mean([a[name].value for a in alone])), name


def test_scores_serve_the_ranking_metrics_only(data):
    y, p = data
    found = evaluate(y, p[0], scores=-p[0], n_resamples=20)
    assert found["auroc"].value == pytest.approx(1 - auroc(y, p[0]))
    assert found["brier"].value == brier(y, p[0])
    assert found["aurc"].value == aurc(y, p[0])


def test_one_class_is_nan_where_undefined_and_raises_nowhere(data):
    found = evaluate(np.zeros(300), data[1], n_resamples=20)
    undefined = {name for name, i in found.items() if np.isnan(i.value)}
    defined = {"prevalence", "brier", "ece", "ece_perfect_mean", "ece_perfect_p95", "aurc", "augrc"}
    assert undefined == set(NAMES) - defined - {name for name in NAMES if name.startswith("net_benefit")}


def test_a_constant_probability_raises_nowhere(data):
    found = evaluate(data[0], np.full(300, 0.1), n_resamples=20)
    assert np.isnan(found["auroc"].value)
    assert np.isnan(found["calibration_slope"].value)
    assert np.isfinite(found["brier"]).all()


def test_to_frame(data):
    y, p = data
    found = evaluate(y, p[0], n_resamples=20)
    frame = to_frame(found)
    assert list(frame.index) == NAMES
    assert list(frame.columns) == ["value", "low", "high"]
    assert frame.index.name == "metric"
    assert frame.loc["auroc", "low"] == found["auroc"].low
    assert to_frame({}).shape == (0, 3)


def test_errors(data):
    y, p = data
    with pytest.raises(FHRError, match="calibrate the scores first"):
        evaluate(y, 3 * p)
    with pytest.raises(FHRError, match=r"2 repeats of scores beside 3 of probabilities; give as many of each"):
        evaluate(y, p, scores=p[:2])
