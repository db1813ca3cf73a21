from math import nan

import numpy as np
import pandas as pd
import pytest

from fhr.datasets import Splits, make_splits
from fhr.evaluation import BASELINES, baseline_predictions
from fhr.features import feature_table
from fhr.metrics import auroc

BY_NAME = {baseline.name: baseline for baseline in BASELINES}
LOGISTIC, RIDGE = BY_NAME["21 order statistics, logistic"], BY_NAME["21 order statistics, ridge on pH"]
# AUROC over ten repeats of plain 5-fold cross-validation, by an independent script.
REFERENCE = {
    "21 order statistics, logistic": {"ph<7.05": 0.789, "ph<=7.15": 0.750},
    "21 order statistics, ridge on pH": {"ph<7.05": 0.782, "ph<=7.15": 0.754},
    "MAD of the last 60 min alone": {"ph<7.05": 0.746, "ph<=7.15": 0.732},
    "signal loss of the last 60 min alone": {"ph<7.05": 0.717, "ph<=7.15": 0.579},
}


@pytest.fixture(scope="module")
def splits(births_database) -> Splits:
    return make_splits(births_database)


@pytest.fixture(scope="module")
def features(births_database) -> pd.DataFrame:
    return feature_table(births_database)


@pytest.fixture(scope="module")
def outcomes(births_database) -> tuple[pd.Series, pd.Series]:
    """Labels and pH, some of them unknown."""
    ph = births_database.outcomes["ph"].copy()
    ph.iloc[[5, 50]] = nan
    labels = (ph < 7.20).astype(float)[ph.notna()]
    return labels, ph


class Spy:
    """Scores by one feature, and remembers whom it was fitted on and whom it scored."""

    def __init__(self) -> None:
        self.fits: list[set[str]] = []
        self.scored: list[set[str]] = []

    def fit(self, features: pd.DataFrame, labels: pd.Series, ph: pd.Series):
        assert labels.loc[features.index].notna().all()
        k = len(self.fits)
        self.fits.append(set(features.index))
        self.scored.append(set())

        def score(rows: pd.DataFrame) -> pd.Series:
            self.scored[k] |= set(rows.index)
            return rows["mad_60"].fillna(0.0)

        return score


@pytest.mark.parametrize("refit", [False, True])
def test_no_model_scores_what_it_was_fitted_on_and_none_sees_the_test_fold(features, outcomes, splits, refit):
    labels, ph = outcomes
    spy = Spy()
    baseline_predictions(spy, features, labels, ph, splits, repeat=2, refit=refit)
    assert len(spy.fits) == 5 * (5 if refit else 4)
    for k, (fitted, scored) in enumerate(zip(spy.fits, spy.scored, strict=True)):
        fold = set(splits.folds[2][k // (5 if refit else 4)])
        assert not fitted & scored
        assert not fitted & fold
        assert fold & set(labels.index) <= scored
    inner = [fitted for k, fitted in enumerate(spy.fits) if not refit or k % 5 < 4]
    for fold in range(5):
        held_out = [set(labels.index) - set(splits.folds[2][fold]) - one for one in inner[4 * fold : 4 * fold + 4]]
        assert sum(len(one) for one in held_out) == len(set.union(*held_out))
    if refit:
        assert spy.fits[4] == set(labels.index) - set(splits.folds[2][0])


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.name)
def test_every_labelled_record_is_predicted_once(features, outcomes, splits, baseline):
    labels, ph = outcomes
    table = baseline_predictions(baseline, features, labels, ph, splits, repeat=1)
    assert list(table.columns) == ["name", "repeat", "fold", "label", "score", "probability"]
    assert sorted(table["name"]) == sorted(labels.index)
    assert (table["repeat"] == 1).all()
    np.testing.assert_array_equal(table["label"], labels[table["name"]])
    for fold, rows in table.groupby("fold"):
        assert set(rows["name"]) == set(splits.folds[1][fold]) & set(labels.index)
    assert table["probability"].between(0, 1).all()
    assert table["probability"].mean() == pytest.approx(labels.mean(), abs=0.08)


@pytest.mark.parametrize("baseline", [LOGISTIC, RIDGE], ids=lambda baseline: baseline.name)
def test_simulated_labours_are_easy(features, outcomes, splits, baseline):
    labels, ph = outcomes
    table = baseline_predictions(baseline, features, labels, ph, splits, repeat=1)
    assert auroc(table["label"], table["score"]) > 0.75
    assert auroc(table["label"], table["probability"]) > 0.75


def test_risk_rises_as_ph_falls(features, outcomes, splits):
    labels, ph = outcomes
    table = baseline_predictions(RIDGE, features, labels, ph, splits, repeat=0)
    assert np.corrcoef(table["score"], ph[table["name"]])[0, 1] < -0.3
    assert np.corrcoef(table["score"], table["probability"])[0, 1] > 0.5


def test_the_ridge_learns_from_known_ph_alone(features, outcomes):
    labels, ph = outcomes
    partly = ph.copy()
    partly[labels.index[80:]] = nan
    one = RIDGE.fit(features.loc[labels.index], labels, partly)(features)
    other = RIDGE.fit(features.loc[labels.index[:80]], labels, ph)(features)
    pd.testing.assert_series_equal(one, other)


def test_permuted_records_teach_nothing(features, outcomes, splits):
    """The mean over permutations lies near 0.5; a leak of the test fold would lift it.

    The features change hands, not the labels: permuted labels would leave folds that are not stratified, where a
    training part with many positives meets a test fold with few, and the pooled AUROC falls below 0.5 by itself.
    """
    labels, ph = outcomes
    generator = np.random.default_rng(0)
    values = []
    for _ in range(8):
        permuted = features.iloc[generator.permutation(len(features))].set_axis(features.index)
        table = baseline_predictions(LOGISTIC, permuted, labels, ph, splits, repeat=0)
        values.append(auroc(table["label"], table["score"]))
    assert np.mean(values) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("target", ["ph<7.05", "ph<=7.15"])
@pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.name)
def test_real_recordings_give_the_reference(ctu_uhb_database, real_features, baseline, target):
    """Three repeats come within 0.02 of the ten of the reference."""
    labels, ph = ctu_uhb_database.labels(target), ctu_uhb_database.outcomes["ph"]
    splits = make_splits(ctu_uhb_database)
    tables = [
        baseline_predictions(baseline, real_features, labels, ph, splits, repeat=repeat, refit=True)
        for repeat in range(3)
    ]
    values = [auroc(table["label"], table["score"]) for table in tables]
    assert np.mean(values) == pytest.approx(REFERENCE[baseline.name][target], abs=0.02)


@pytest.fixture(scope="module")
def real_features(ctu_uhb_database) -> pd.DataFrame:
    return feature_table(ctu_uhb_database)
