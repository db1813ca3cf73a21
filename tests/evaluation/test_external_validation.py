from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from local_hospital import TARGET, flat, hospital
from scipy.special import logit
from scipy.stats import chi2, kstest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from fhr.calibration import HeldOut, Reference, Typicality, typical_statistics
from fhr.errors import FHRError
from fhr.evaluation import external_validation, findings, training_population
from fhr.evaluation.external_validation import net_benefit_table, sets_table
from fhr.metrics import net_benefit, net_benefit_of_treating_all
from fhr.metrics.cox import calibration_p_values
from fhr.preprocessing import Pipeline
from fhr.recording import Provenance


@pytest.fixture(scope="module")
def away():
    """A model that is too extreme here, and timid about the prevalence."""
    given = hospital(a=0.8, b=0.2)
    return given, external_validation(given.births, given.predictions, given.cards, n_resamples=200)


def arrays(given):
    y = given.births.labels.to_numpy()
    return y, np.array([prediction.probability for prediction in given.predictions])


def test_results_are_those_of_other_programs(away):
    given, found = away
    y, p = arrays(given)
    assert found.results["auroc"].value == pytest.approx(roc_auc_score(y, p))
    fit = LogisticRegression(C=np.inf, tol=1e-8).fit(logit(p)[:, None], y)
    assert found.results["calibration_slope"].value == pytest.approx(fit.coef_[0, 0], abs=1e-3)
    fitted = fit.predict_proba(logit(p)[:, None])[:, 1]
    gain = np.sum(np.log(np.where(y, fitted, 1 - fitted))) - np.sum(np.log(np.where(y, p, 1 - p)))
    assert found.results["cox_p"].value == pytest.approx(chi2.sf(2 * gain, 2), rel=1e-3)
    assert found.results["observed_to_expected"].value == pytest.approx(y.sum() / p.sum())
    large = found.results["calibration_in_the_large"]
    shifted = 1 / (1 + np.exp(-(logit(p) + large.value)))
    assert shifted.mean() == pytest.approx(y.mean())
    assert large.low < large.value < large.high
    assert found.results["decision_specificity"].value == pytest.approx(np.mean(p[y == 0] <= 0.5))


def test_miscalibration_is_found_and_said(away):
    given, found = away
    assert found.results["cox_p"].value < 0.01
    assert found.results["ece_p"].value < 0.05
    said = findings(found, given.births, given.cards)
    assert any(line.startswith("The probabilities are miscalibrated here (too extreme)") for line in said)


@pytest.mark.statistics
def test_p_values_are_uniform_on_births_that_a_calibrated_model_did_not_see():
    y, p = arrays(hospital(150))
    labels = np.random.default_rng(1).random((1000, 150)) < p
    values = calibration_p_values(labels, p)
    assert kstest(values, "uniform").pvalue > 0.01
    assert 0.036 <= np.mean(values < 0.05) <= 0.066
    assert len(y) == 150


def test_calibrated_births_give_no_alarm():
    given = hospital(300, seed=2)
    found = external_validation(given.births, given.predictions, given.cards, n_resamples=100)
    assert found.results["cox_p"].value > 0.05
    assert any("No miscalibration is shown, which is no proof" in line for line in findings(found, given.births, []))


def test_groups_of_the_table_and_of_the_recordings(away):
    given, found = away
    groups = found.subgroups.groupby("grouping")["group"].apply(list)
    assert groups["ward"] == ["north", "south"]
    assert groups["delivery type"] == ["caesarean section", "vaginal"]
    assert "sensor" not in groups  # unknown of all
    _, p = arrays(given)
    assert found.subgroups["expected"].iloc[0] == pytest.approx(p.sum())


def test_net_benefit_is_the_metric_at_2_to_30_percent(away):
    y, p = arrays(away[0])
    table = net_benefit_table(y, p, n_resamples=200)
    assert (table["threshold"].iloc[0], table["threshold"].iloc[-1]) == (0.02, 0.30)
    assert table["model"].to_numpy() == pytest.approx(net_benefit(y, p, table["threshold"]))
    everyone = net_benefit_of_treating_all(y, table["threshold"])
    assert table["gain"].to_numpy() == pytest.approx(table["model"] - np.maximum(everyone, 0))
    assert (table["gain_low"] <= table["gain"] + 1e-12).all()
    assert (table["gain"] <= table["gain_high"] + 1e-12).all()


def test_coverage_of_sets_and_its_verdict():
    given = hospital(200)
    y = given.births.labels.to_numpy()
    none = [replace(p, sets=None) for p in given.predictions]
    assert set(sets_table(y, none)["verdict"]) == {"the model makes no sets at this level"}
    wrong = [replace(p, sets=dict.fromkeys((0.8, 0.9, 0.95), (f"not {TARGET}",))) for p in given.predictions]
    table = sets_table(y, wrong)
    assert table["coverage_negatives"].tolist() == [1, 1, 1]
    assert table["coverage_positives"].tolist() == [0, 0, 0]
    assert set(table["verdict"]) == {"covers too few positives"}
    both = [replace(p, sets=dict.fromkeys((0.8, 0.9, 0.95), (f"not {TARGET}", TARGET))) for p in given.predictions]
    assert set(sets_table(y, both)["verdict"]) == {"as stated"}


def test_beside_the_training_records(away):
    given, _ = away
    here = typical_statistics(given.births.recordings)
    statistics = pd.DataFrame(
        np.random.default_rng(0).normal(here.mean(), 1, (50, len(here.columns))), columns=here.columns
    )
    held_out = HeldOut((0.1, 0.2, 0.3, 0.4), (0, 1, 0, 1), 1)
    reference = Reference({0: held_out}, None, 0.5, Typicality.fit(statistics)).to_dict()
    card = replace(given.cards[0], confidence=reference)
    table = training_population([card, card], given.births.recordings, given.births.labels, given.predictions)
    rows = table.set_index("what")
    assert rows.loc["births", ["training", "here"]].tolist() == [2, 120]
    assert rows.loc["prevalence", "training"] == 0.3
    assert rows.loc["AUROC", "training"] == 0.75
    assert rows.loc["prevalence", "low"] < rows.loc["prevalence", "here"] < rows.loc["prevalence", "high"]
    share = np.mean([p.distance < 0.05 for p in given.predictions])
    assert rows.loc["births less typical than 95% of the training records", "here"] == pytest.approx(share)
    assert rows.loc["median of median_60", "here"] == pytest.approx(140, abs=2)


def test_births_are_compared_by_the_window_that_the_model_looks_at(away):
    given, found = away
    assert found.window == ""
    pushing = [replace(r, stage2_start=r.duration - 30 * (1 + i % 2)) for i, r in enumerate(given.births.recordings)]
    births, early = replace(given.births, recordings=tuple(pushing)), Pipeline(minutes=1, withheld=0.75)
    statistics = typical_statistics(pushing)
    reference = Reference({0: HeldOut((0.1, 0.2), (0, 1), 1)}, None, 0.5, Typicality.fit(statistics)).to_dict()
    card = replace(given.cards[0], pipeline=early.to_dict(), confidence=reference)
    found = external_validation(births, given.predictions, [card], n_resamples=20)
    assert found.window == "the 1 min until 0.75 min before the end"
    assert found.subgroups.set_index(["grouping", "group"]).loc[("stage 2 in the window", "yes"), "n"] == 60
    median = typical_statistics(map(early.cut, pushing))["median_60"].median()
    assert found.population.set_index("what").loc["median of median_60", "here"] == pytest.approx(median)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (flat, "all 120 births the score 1: it sees nothing in these recordings; check their channels"),
        (
            lambda h: replace(h, predictions=[replace(p, probability=None) for p in h.predictions]),
            "holds no calibrator, so no probability",
        ),
        (lambda h: replace(h, predictions=h.predictions[::-1]), "are not of the 120 births, in their order"),
    ],
)
def test_what_cannot_be_evaluated(spoil, message):
    given = spoil(hospital())
    with pytest.raises(FHRError, match=message):
        external_validation(given.births, given.predictions, given.cards)


def test_doubts_stand_first(away):
    given, found = away
    made = Provenance("simulated", made_by="a program")
    births = replace(
        given.births,
        recordings=(replace(given.births.recordings[0], provenance=made), *given.births.recordings[1:]),
        not_external=("b001",),
    )
    card = replace(given.cards[0], kinds={"simulated": 2}, made_by=("a program",))
    left_out = {"x": "the model learnt from this recording: a test on it would be no external one", "y": "no outcome"}
    said = findings(replace(found, left_out=left_out), births, [card])
    assert said[0] == "Not all of these recordings were measured: the numbers say nothing of real births."
    assert said[1].startswith("The model learnt from records that were made: ")
    assert said[2].startswith("1 of these births are among those that a maker")
    assert said[3].startswith("1 recordings were set aside")
    assert said[4].startswith("2 entries were left out")
