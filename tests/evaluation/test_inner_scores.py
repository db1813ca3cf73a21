"""Scores by inner folds alone: nothing of the outer fold enters, and what the noise of a best one is."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from fhr.compute import stream
from fhr.datasets import Place, make_splits
from fhr.evaluation import InnerScore, OnTable, inner_aurocs, inner_score, search_noise
from fhr.evaluation.inner_scores import _expected_maximum

TARGET = "ph<7.20"


@pytest.fixture(scope="module")
def first(births_database) -> Place:
    return Place.first(births_database, TARGET, make_splits(births_database))


@pytest.fixture(scope="module")
def table(first) -> pd.DataFrame:
    draws = stream(0, "signals of synthetic recordings").normal(size=(len(first.labels), 3))
    return pd.DataFrame(draws + first.labels.to_numpy()[:, None] * [0.5, 0.2, 0.0], first.labels.index, list("abc"))


def test_the_score_is_that_of_each_held_out_fold(first, table):
    score = inner_score(lambda place, seed: OnTable(LogisticRegression(), table), first, [(0, 1)], inner=4, seed=0)
    expected = []
    for inner in range(4):
        place = first.at(0, 1, inner)
        learnt = [*place.partition.train, *place.partition.validation]
        line = LogisticRegression().fit(table.loc[learnt], first.labels[learnt])
        held_out = list(place.partition.calibration)
        expected.append(roc_auc_score(first.labels[held_out], line.decision_function(table.loc[held_out])))
    assert score.values == pytest.approx(expected)
    assert score.mean == pytest.approx(np.mean(expected))
    assert score.standard_error == pytest.approx(np.std(expected, ddof=1) / 2)
    assert np.isnan(InnerScore((0.5,)).standard_error)


def test_what_the_outer_fold_holds_changes_no_score(first, table):
    """A planted leak: a column that knows the label of test records alone, and features that are far off there."""
    test = list(first.at(0, 2).partition.test)
    planted = table.copy()
    planted.loc[test, "a"] = 100.0 * first.labels[test]
    planted.loc[test, "c"] = -50.0
    spoilt = Place(TARGET, first.labels.copy(), first.ph, first.splits, first.database)
    spoilt.labels[test] = 1 - spoilt.labels[test]
    scores = [
        inner_score(lambda place, seed, rows=rows: OnTable(LogisticRegression(), rows), at, [(0, 2)], inner=4, seed=0)
        for at, rows in ((first, table), (first, planted), (spoilt, planted))
    ]
    assert scores[0] == scores[1] == scores[2]
    # the same columns are seen where these records are held out, so that the plant is one
    other = inner_score(lambda place, seed: OnTable(LogisticRegression(), planted), first, [(0, 0)], inner=4, seed=0)
    assert max(other.values) > max(scores[0].values)


def test_inner_folds_of_one_class_rank_nobody():
    rows = pd.DataFrame(
        {
            "name": list("abcdef"),
            "repeat": 0,
            "fold": 0,
            "inner": [0, 0, 0, 1, 1, 1],
            "member": 0,
            "use": "held_out",
            "score": [1.0, 2.0, 3.0, 1.0, 2.0, 3.0],
        }
    )
    labels = pd.Series([0, 1, 1, 1, 1, 1], list("abcdef"))
    assert inner_aurocs(rows, labels) == [1.0]
    assert inner_aurocs(rows.assign(score=1.0), labels) == [0.5]


def test_luck_is_the_expected_maximum_of_equally_good_ones():
    assert _expected_maximum(2) == pytest.approx(1 / np.sqrt(np.pi), abs=1e-6)
    assert _expected_maximum(10) == pytest.approx(1.53875, abs=1e-4)


def test_noise_is_what_configurations_and_folds_leave():
    """Effects of folds cancel; noise of 0.02 a fold and configuration is found, and the luck that it gives."""
    rng = stream(1, "signals of synthetic recordings")
    folds = rng.normal(0.7, 0.1, 8)
    table = folds + rng.normal(0, 0.02, (400, 8))
    noise = search_noise([InnerScore(tuple(row)) for row in table])
    error = 0.02 / np.sqrt(8)
    assert noise.difference == pytest.approx(np.sqrt(2) * error, rel=0.05)
    assert noise.luck == pytest.approx(2.97 * error, rel=0.05)
    assert noise.found == pytest.approx(table.mean(axis=1).max() - table.mean(), abs=1e-12)
    assert noise.found == pytest.approx(noise.luck, rel=0.3)
    table[7] += 0.5
    outstanding = search_noise([InnerScore(tuple(row)) for row in table])
    assert outstanding.untold == 0
    assert outstanding.found > 10 * outstanding.luck


@pytest.mark.parametrize("scores", [[(0.5, 0.6)], [(0.5,), (0.6,)], [(0.5, 0.6), (0.7,)], []])
def test_too_few_scores_tell_no_noise(scores):
    assert search_noise([InnerScore(values) for values in scores]) is None
