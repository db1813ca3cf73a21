from math import nan

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import QuantileTransformer

from fhr.calibration import RidgePlatt
from fhr.calibration.averaging import averaging, between_inner_folds
from fhr.datasets import FittedModel, Place, Splits, make_splits
from fhr.errors import FHRError, SplitError
from fhr.evaluation import (
    BASELINE_COLUMNS,
    BASELINES,
    GROUP_LINES,
    RAW_COLUMNS,
    Baseline,
    OnTableMaker,
    baseline_predictions,
    baseline_scores,
    cross_validate,
    lines,
    out_of_fold,
)
from fhr.evaluation.cross_fitting import cross_fit
from fhr.evaluation.study import fitted_folds
from fhr.features import ORDER_STATISTICS, order_statistics
from fhr.metrics import auroc

BY_SLUG = {baseline.slug: baseline for baseline in BASELINES}
LOGISTIC, RIDGE, MAD = (BY_SLUG[slug] for slug in ("logistic", "ridge", "mad"))
# AUROC over ten repeats of plain 5-fold cross-validation, by an independent script.
REFERENCE = {
    "logistic": {"ph<7.05": 0.789, "ph<=7.15": 0.750},
    "mad": {"ph<7.05": 0.746, "ph<=7.15": 0.732},
    "loss": {"ph<7.05": 0.717, "ph<=7.15": 0.579},
}
RIDGE_REFERENCE = {"ph<7.05": 0.782, "ph<=7.15": 0.754, "ph<7.20": 0.724}


@pytest.fixture(scope="module")
def splits(births_database) -> Splits:
    return make_splits(births_database)


@pytest.fixture(scope="module")
def features(births_table) -> pd.DataFrame:
    return births_table


@pytest.fixture(scope="module")
def outcomes(births_database) -> tuple[pd.Series, pd.Series]:
    """Labels and pH, some of them unknown."""
    ph = births_database.outcomes["ph"].copy()
    ph.iloc[[5, 50]] = nan
    labels = (ph < 7.20).astype(float)[ph.notna()]
    return labels, ph


def scores(make, labels: pd.Series, ph: pd.Series, splits: Splits, *, repeat: int) -> pd.DataFrame:
    """Raw scores of one repeat."""
    first = Place("", labels.dropna(), ph, splits)
    return pd.concat(fold.raw for fold in fitted_folds(make, first, [(repeat, fold) for fold in range(5)]))


def predictions(baseline, features, labels, ph, splits, *, repeat: int) -> pd.DataFrame:
    """Out-of-fold predictions of one repeat."""
    raw = scores(baseline.maker(features), labels, ph, splits, repeat=repeat)
    return pd.concat([out_of_fold(rows, labels) for _, rows in raw.groupby("fold")], ignore_index=True)


class Spy:
    """Scores by one feature, and remembers whom it was fitted on and whom it scored."""

    def __init__(self, names: pd.Series) -> None:
        self.names = names  # by the value of the feature, which tells each record
        self.fits: list[set[str]] = []
        self.scored: list[set[str]] = []

    def __deepcopy__(self, _: dict) -> "Spy":
        return self

    def fit(self, x: np.ndarray, y: np.ndarray) -> "Spy":
        self.fits.append(set(self.names[x[:, 0]]))
        self.scored.append(set())
        return self

    def decision_function(self, x: np.ndarray) -> np.ndarray:
        self.scored[-1] |= set(self.names[x[:, 0]])
        return x[:, 0]


def test_no_model_scores_what_it_was_fitted_on_and_none_sees_the_test_fold(features, outcomes, splits):
    labels, ph = outcomes
    table = pd.DataFrame({"number": np.arange(len(features), dtype=float)}, index=features.index)
    spy = Spy(pd.Series(table.index, index=table["number"]))
    scores(OnTableMaker(lambda: spy, table), labels, ph, splits, repeat=2)
    assert len(spy.fits) == 5 * 4
    for k, (fitted, scored) in enumerate(zip(spy.fits, spy.scored, strict=True)):
        fold = set(splits.folds[2][k // 4])
        assert not fitted & scored
        assert not fitted & fold
        assert fold & set(labels.index) <= scored
    for fold in range(5):
        training = set(labels.index) - set(splits.folds[2][fold])
        held_out = [training - one for one in spy.fits[4 * fold : 4 * fold + 4]]
        assert sum(len(one) for one in held_out) == len(set.union(*held_out)) == len(training)


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.name)
def test_every_labelled_record_is_predicted_once(features, outcomes, splits, baseline):
    labels, ph = outcomes
    table = predictions(baseline, features, labels, ph, splits, repeat=1)
    assert list(table.columns)[:6] == ["name", "repeat", "fold", "label", "score", "probability"]
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
    table = predictions(baseline, features, labels, ph, splits, repeat=1)
    assert auroc(table["label"], table["score"]) > 0.68
    assert auroc(table["label"], table["probability"]) > 0.68


def test_risk_rises_as_ph_falls(features, outcomes, splits):
    labels, ph = outcomes
    table = predictions(RIDGE, features, labels, ph, splits, repeat=0)
    assert np.corrcoef(table["score"], ph[table["name"]])[0, 1] < -0.3
    assert np.corrcoef(table["score"], table["probability"])[0, 1] > 0.5


def test_the_ridge_learns_from_known_ph_alone(features, outcomes, splits):
    labels, ph = outcomes
    place = Place("", labels, ph, splits)
    names = [*place.partition.train, *place.partition.validation]
    partly = ph.copy()
    partly[names[40:]] = nan
    one = RIDGE.maker(features)(place, 0).fit(Place("", labels, partly, splits), 0)
    known = features.drop(index=names[40:])
    other = RIDGE.maker(known)(place, 0).fit(place, 0)
    assert isinstance(one, FittedModel)
    pd.testing.assert_series_equal(one.test, other.test)


def test_the_functions_of_one_line_give_the_same_with_a_warning(features, outcomes, splits):
    labels, ph = outcomes
    with pytest.warns(FutureWarning, match="is fhr.evaluation.cross_validate now"):
        raw = baseline_scores(MAD, features, labels, ph, splits, repeat=1)
    pd.testing.assert_frame_equal(raw, scores(MAD.maker(features), labels, ph, splits, repeat=1).reset_index(drop=True))
    with pytest.warns(FutureWarning, match="is fhr.evaluation.cross_validate now"):
        table = baseline_predictions(MAD, features, labels, ph, splits, repeat=1)
    assert list(table.columns) == ["name", "repeat", "fold", "label", "score", "probability"]
    with (
        pytest.warns(FutureWarning, match="cross_validate now"),
        pytest.raises(SplitError, match="repeat=10; this split has repeat 0 to 9"),
    ):
        baseline_predictions(MAD, features, labels, ph, splits, repeat=10)


def test_names_are_those_of_tables_and_of_the_command_line():
    names, slugs = ([getattr(baseline, field) for baseline in BASELINES] for field in ("name", "slug"))
    assert len(set(names)) == len(set(slugs)) == len(BASELINES)
    assert slugs == ["logistic", "ridge", "mad", "loss", "sparse", "deepctg", "stage2"]
    assert names[:4] == [
        "21 order statistics, logistic",
        "21 order statistics, ridge on pH",
        "MAD of the last 60 min alone",
        "signal loss of the last 60 min alone",
    ]
    assert Baseline("Two words, and 3 more", LOGISTIC.make).slug == "two-words-and-3-more"
    for baseline in BASELINES:
        assert set(baseline.columns) <= set(BASELINE_COLUMNS)
    assert [baseline.slug for baseline in BASELINES if "stage2_minutes" in baseline.columns] == ["stage2"]


def test_raw_scores_make_the_predictions(features, outcomes, splits):
    """By hand: one calibrator on the pooled held-out scores of a fold, applied to the average of the inner models."""
    labels, ph = outcomes
    raw = scores(LOGISTIC.maker(features), labels, ph, splits, repeat=0)
    assert list(raw.columns) == list(RAW_COLUMNS)
    held_out = raw[raw["use"] == "held_out"]
    assert len(held_out) == 4 * len(labels)
    assert not held_out.duplicated(["fold", "name"]).any()
    assert len(raw[raw["use"] == "test"]) == 4 * len(labels)
    table = predictions(LOGISTIC, features, labels, ph, splits, repeat=0).set_index("name")
    for fold, rows in raw.groupby("fold"):
        pooled, test = rows[rows["use"] == "held_out"], rows[rows["use"] == "test"]
        calibrator = RidgePlatt().fit(pooled["score"], labels[pooled["name"]])
        by_inner = test.pivot(index="inner", columns="name", values="score")
        known, y = pooled["score"].to_numpy(), labels[pooled["name"]].to_numpy()
        averaged = averaging(known, np.ones(len(y)), y, between_inner_folds(by_inner.to_numpy()), 4)
        expected = pd.Series(calibrator.predict(averaged(by_inner.to_numpy())), by_inner.columns)
        found = table[table["fold"] == fold]["probability"]
        np.testing.assert_allclose(found, expected[found.index], rtol=1e-3)


def test_quantiles_become_normal_deviates_as_in_scikit_learn():
    x = np.random.default_rng(0).exponential(size=(300, 4))
    x[:40, 1] = 0.0
    normal = QuantileTransformer(n_quantiles=50, output_distribution="normal", random_state=0).fit(x)
    ours = RIDGE.make()[1:3].fit(x)
    beyond = np.concatenate([x, x * 3 - 1])
    np.testing.assert_allclose(ours.transform(beyond), normal.transform(beyond), atol=1e-9)


def test_records_without_a_label_are_left_out(features, outcomes, splits):
    labels, ph = outcomes
    unknown = labels.reindex(features.index)
    assert unknown.isna().sum() == 2
    one, other = (predictions(MAD, features, y, ph, splits, repeat=0) for y in (labels, unknown))
    pd.testing.assert_frame_equal(one, other)


def test_a_feature_that_nobody_has_ranks_nobody(features, outcomes, splits):
    labels, ph = outcomes
    table = predictions(MAD, features.assign(mad_60=nan), labels, ph, splits, repeat=0)
    assert (table["score"] == 0).all()
    assert table["probability"].mean() == pytest.approx(labels.mean(), abs=0.02)


def test_a_table_without_the_columns_is_refused(features, outcomes, splits):
    labels, ph = outcomes
    with pytest.raises(FHRError, match=r"no column hurst_60; make it with fhr.evaluation.baseline_table"):
        predictions(BY_SLUG["sparse"], features.drop(columns="hurst_60"), labels, ph, splits, repeat=0)


@pytest.mark.parametrize("positives", [0, 1])
def test_too_few_positives_are_refused(features, outcomes, splits, positives):
    labels, ph = outcomes
    rare = labels * 0
    rare.iloc[:positives] = 1
    with pytest.raises(FHRError, match=r"none of \d+ training records has the label 1; a commoner label"):
        predictions(MAD, features, rare, ph, splits, repeat=0)


def test_a_regression_without_ph_is_refused(features, outcomes, splits):
    labels, ph = outcomes
    with pytest.raises(FHRError, match="ridge on pH: 0 training records of known pH"):
        predictions(RIDGE, features, labels, ph * nan, splits, repeat=0)


@pytest.mark.statistics
@pytest.mark.parametrize("target", REFERENCE["mad"])
@pytest.mark.parametrize("slug", REFERENCE)
def test_real_recordings_give_the_reference(ctu_uhb_database, real_features, slug, target):
    """Three repeats come within 0.02 of the ten of the reference."""
    values = aurocs(BY_SLUG[slug], ctu_uhb_database, real_features, target, n_repeats=3)
    assert np.mean(values) == pytest.approx(REFERENCE[slug][target], abs=0.02)


@pytest.mark.statistics
@pytest.mark.parametrize("target", RIDGE_REFERENCE)
def test_the_line_to_beat_is_refitted_from_the_recordings(ctu_uhb_database, real_features, target):
    """Three repeats of the ridge on pH; all ten are in benchmarks/crossval.csv."""
    values = aurocs(RIDGE, ctu_uhb_database, real_features, target, n_repeats=3)
    assert np.mean(values) == pytest.approx(RIDGE_REFERENCE[target], abs=0.012)


def aurocs(baseline: Baseline, database, features: pd.DataFrame, target: str, *, n_repeats: int) -> list[float]:
    """Of each repeat, by the scores of `predictions`, whose intervals nobody looks at here."""
    splits = make_splits(database, n_repeats=n_repeats)
    result = cross_validate(baseline.maker(features), database, target=target, splits=splits, repeats=n_repeats)
    folds = [(repeat, cross_fit(raw, result.labels).score) for (repeat, _), raw in result.raw.items()]
    of_repeats = [pd.concat(score for repeat, score in folds if repeat == one) for one in range(n_repeats)]
    return [auroc(result.labels[score.index], score) for score in of_repeats]


@pytest.fixture(scope="module")
def real_features(ctu_uhb_database) -> pd.DataFrame:
    """The order statistics, which are quick."""
    rows = {r.name: order_statistics(r.fhr, fs=r.fs) for r in ctu_uhb_database}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(ORDER_STATISTICS))


def test_lines_are_found_by_their_short_names():
    assert lines(["ridge", "mad"]) == [RIDGE, MAD]
    assert lines(["all"]) == [*BASELINES, *GROUP_LINES]
    with pytest.raises(FHRError, match="baseline 'svm'; there are logistic, ridge"):
        lines(["svm"])
