"""A control has nothing to learn: whole rows change hands, and nothing is found but where something leaks."""

import numpy as np
import pandas as pd
import pytest

from fhr.datasets import FittedModel
from fhr.evaluation import BASELINES, cross_validate, permuted
from fhr.metrics import auroc

BY_SLUG = {baseline.slug: baseline for baseline in BASELINES}


@pytest.fixture(scope="module")
def table(births_table):
    return births_table


def areas(make, database, n: int) -> np.ndarray:
    result = cross_validate(make, database, target="ph<7.20", permutations=n)
    return np.array([auroc(rows["label"], rows["score"]) for _, rows in result.predictions.groupby("repeat")])


def test_whole_rows_change_hands():
    generator = np.random.default_rng(0)
    table = pd.DataFrame(generator.normal(size=(50, 3)), index=[f"r{i}" for i in range(50)], columns=list("xyz"))
    found = permuted(table, seed=3)
    assert found.index.equals(table.index)
    assert found.columns.equals(table.columns)
    rows = {tuple(row) for row in table.to_numpy()}
    assert {tuple(row) for row in found.to_numpy()} == rows
    assert (found["x"] != table["x"]).mean() > 0.8
    pd.testing.assert_frame_equal(found, permuted(table, seed=3))
    assert not found.equals(permuted(table, seed=4))


@pytest.mark.statistics
@pytest.mark.parametrize("slug", ["logistic", "ridge"])
def test_there_is_nothing_to_learn_from_the_features_of_others(births_database, table, slug):
    """Four means of 120 records: a standard error of 0.03, where the features themselves give about 0.75."""
    values = areas(BY_SLUG[slug].maker(table), births_database, 4)
    assert values.shape == (4,)
    assert len(set(values)) == 4
    assert values.mean() == pytest.approx(0.5, abs=0.09)


def test_a_model_that_has_seen_the_labels_of_the_test_fold_is_found_out(births_database):
    class Leak:
        def fit(self, place, seed):
            noise = np.random.default_rng([seed, place.inner]).normal(scale=0.3, size=len(place.labels))
            scores = place.labels + noise
            return FittedModel(scores[list(place.partition.calibration)], scores[list(place.partition.test)])

    assert (areas(lambda place, seed: Leak(), births_database, 2) > 0.9).all()
