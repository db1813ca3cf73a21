import numpy as np
import pandas as pd
import pytest

from fhr.datasets import make_splits
from fhr.errors import FHRError
from fhr.evaluation.baseline_features import baseline_table
from fhr.evaluation.baselines import BASELINES
from fhr.evaluation.controls import permutation_control, permuted

BY_SLUG = {baseline.slug: baseline for baseline in BASELINES}


@pytest.fixture(scope="module")
def data(births_database):
    """Features, labels, pH and splits of 120 simulated labours."""
    ph = births_database.outcomes["ph"]
    return baseline_table(births_database), (ph < 7.20).astype(float), ph, make_splits(births_database)


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


@pytest.mark.parametrize("slug", ["logistic", "ridge"])
def test_there_is_nothing_to_learn_from_the_features_of_others(data, slug):
    """Eight means of 120 records: a standard error of 0.02, where the features themselves give about 0.75."""
    values = permutation_control(BY_SLUG[slug], *data, n_permutations=8)
    assert values.shape == (8,)
    assert len(set(values)) == 8
    assert values.mean() == pytest.approx(0.5, abs=0.06)


def test_the_same_seed_gives_the_same_runs(data):
    once, again, other = (permutation_control(BY_SLUG["mad"], *data, n_permutations=2, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(once, again)
    assert once[1] != other[1]


def test_a_model_that_has_seen_the_labels_of_the_test_fold_is_found_out(data):
    class Leak:
        def fit(self, features, labels, ph):
            return lambda rows: labels.loc[rows.index] + rows["mad_60"].fillna(0) / 100

    values = permutation_control(Leak(), *data, n_permutations=2)
    assert (values > 0.9).all()


def test_no_permutation_is_refused(data):
    with pytest.raises(FHRError, match="n_permutations=0; give at least 1"):
        permutation_control(BY_SLUG["mad"], *data, n_permutations=0)
