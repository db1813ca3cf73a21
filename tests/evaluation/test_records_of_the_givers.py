"""A control: whatever comes from a signal is of the record that gave it; labels stay where they are."""

from math import sqrt

import numpy as np
import pandas as pd
import pytest

from fhr.datamodules import PlaceDataModule
from fhr.datasets import Place, giver_positions, givers, permutation_of
from fhr.evaluation import OnTable, cross_validate, over_permutations
from fhr.evaluation.over_permutations import givers_by_repeat, permuted_audit, permuted_groups
from fhr.evaluation.shortcuts import shortcut_audit
from fhr.features import FeatureScaling, FeatureSet
from fhr.metrics import auroc

TARGET = "ph<7.20"


class Number:
    """Scores by the first feature, whatever it was fitted on."""

    def fit(self, x, y):
        return self

    def decision_function(self, x):
        return x[:, 0]


@pytest.fixture(scope="module")
def table(births_table):
    """A number for each record, and its signal loss."""
    return pd.DataFrame({"number": np.arange(len(births_table), dtype=float)}, births_table.index)


@pytest.fixture(scope="module")
def control(births_database, table):
    return cross_validate(
        lambda place, seed: OnTable(Number(), table), births_database, target=TARGET, permutations=3, seed=5
    )


def test_givers_depend_on_the_set_of_names_and_the_seed_alone():
    names = [f"r{i}" for i in range(50)]
    one, other = givers(names, 3), givers(names[::-1], 3)
    assert one == other
    assert sorted(one.values()) == sorted(names)
    assert sum(name == giver for name, giver in one.items()) < 10
    assert givers(names, 4) != one
    assert givers(names, None) == dict(zip(names, names, strict=True))
    assert giver_positions([], 0).tolist() == []


def test_every_seed_and_run_permutes_otherwise(control, births_database):
    assert control.permutations == {run: permutation_of(5, run) for run in range(3)}
    seeds = {permutation_of(seed, run) for seed in range(5) for run in range(20)}
    assert len(seeds) == 100


def test_a_line_is_given_the_rows_that_the_report_knows_of(control, table):
    for (repeat, _), raw in control.raw.items():
        by_repeat = givers_by_repeat(control.predictions, control.permutations)[repeat]
        found = raw[raw["use"] == "test"].set_index("name")["score"]
        wanted = table["number"].loc[[by_repeat[name] for name in found.index]]
        np.testing.assert_array_equal(found, wanted)


def test_a_network_is_given_the_signals_the_scaling_and_the_strips_of_the_same_records(births_database):
    place = Place.first(births_database, TARGET).at(0, 1, 2, permuted=True, seed=5)
    data = PlaceDataModule(place, window_minutes=5, features=FeatureSet(groups=("scalar",), minutes=5), batch_size=8)
    data.setup("fit")
    plain = PlaceDataModule(
        Place.first(births_database, TARGET).at(0, 1, 2),
        window_minutes=5,
        features=FeatureSet(groups=("scalar",), minutes=5),
        batch_size=200,
    )
    plain.setup("fit")
    giver = place.givers(data.facts.labels.index.tolist())
    assert len(giver) < 120  # some have no signal in the window: the others change places among themselves
    assert {name: one.name for name, one in data.facts.recordings.items()} == giver
    names = plain.facts.partition.train
    own = dict(zip(names, next(iter(plain._in_order(names))).features.numpy(), strict=True))
    given = [giver[name] for name in data.facts.partition.train]
    everybody = plain.facts.partition
    everybody = [*everybody.train, *everybody.validation, *everybody.calibration, *everybody.test]
    rows = dict(zip(everybody, next(iter(plain._in_order(everybody))).features.numpy(), strict=True))
    batch = next(iter(data._in_order(data.facts.partition.train[:8])))
    np.testing.assert_array_equal(batch.features, np.stack([rows[name] for name in given[:8]]))
    scaling = FeatureScaling.fit(pd.DataFrame([rows[name] for name in given], columns=plain.feature_names))
    assert data.facts.scaling.to_dict() == scaling.to_dict()
    assert data.facts.scaling.to_dict() != FeatureScaling.fit(pd.DataFrame(own).T).to_dict()


def test_the_audit_is_against_the_loss_that_came_with_the_signal(control, table):
    """A score that is the loss of the signal itself: correlation 1 with the givers' loss, about 0 with their own."""
    loss = table["number"] / 1000
    by_repeat = givers_by_repeat(control.predictions, control.permutations)
    audit = permuted_audit(control.predictions, loss, by_repeat)
    assert audit["loss_spearman"].value > 0.9  # scores are standardised within each fold
    own = shortcut_audit(control.predictions, loss, n_resamples=1)
    assert abs(own["loss_spearman"].value) < 0.2
    assert list(audit) == list(own)
    one = control.predictions[control.predictions["repeat"] == 0]
    single = permuted_audit(one, loss, {0: by_repeat[0]})
    assert single["loss_spearman"].low < single["loss_spearman"].value  # over records, of a single permutation


def test_intervals_of_several_permutations_are_those_of_their_mean(control, table):
    by_repeat = givers_by_repeat(control.predictions, control.permutations)
    audit = permuted_audit(control.predictions, table["number"] / 1000, by_repeat)
    over = over_permutations(control.predictions, control.permutations)
    assert audit["auroc"].value == pytest.approx(over.mean)
    assert audit["auroc"].high - over.mean == pytest.approx(4.303 * over.standard_error, rel=1e-3)  # t, 2 degrees
    values = [auroc(rows["label"], rows["score"]) for _, rows in control.predictions.groupby("repeat")]
    assert over.values == pytest.approx(tuple(values))
    assert over.standard_error == pytest.approx(np.std(values, ddof=1) / sqrt(3))
    assert (over.lowest, over.highest) == (min(over.values), max(over.values))


def test_repeats_of_one_permutation_are_one_run(control):
    over = over_permutations(control.predictions, dict.fromkeys(range(3), 7))
    assert len(over.values) == 1
    assert np.isnan(over.standard_error)
    assert np.isnan(over.standard_deviation)


def test_groups_by_signal_are_of_the_givers_and_by_delivery_of_the_birth(control, table):
    first = control.predictions[control.predictions["repeat"] == 0]
    giver = givers_by_repeat(first, {0: control.permutations[0]})
    names = sorted(table.index)
    half = set(names[::2])
    sensor = ["scalp electrode" if name in half else "ultrasound" for name in names]
    groups = pd.DataFrame({"delivery type": sensor, "sensor": sensor, "stage 2 in the window": "no"}, index=names)
    found = permuted_groups(first, groups, table["number"], giver).set_index(["grouping", "group"])
    labels = first.set_index("name")["label"]
    for grouping, inside in (
        ("delivery type", [name for name in names if name in half]),
        ("sensor", [name for name in names if giver[0][name] in half]),
    ):
        row = found.loc[(grouping, "scalp electrode")]
        assert (row["n"], row["positives"]) == (len(inside), labels.loc[inside].sum())
    several = permuted_groups(
        control.predictions, groups, table["number"], givers_by_repeat(control.predictions, control.permutations)
    )
    assert several.columns.tolist() == found.reset_index().columns.tolist()
    expected = control.predictions["probability"].sum() / control.predictions["repeat"].nunique()
    assert several["expected"].iloc[0] == pytest.approx(expected)
    assert several["auroc"].notna().all()
