"""Explanations: contributions add up to the score, and say in which unit of which statistic."""

from dataclasses import replace

import numpy as np
import pytest
from small_kernel_line import FEATURES, TARGET, bare_card, finished_card, kernel_line

from fhr.errors import CheckpointError, SignalError
from fhr.models import FittedKernelLine, InceptionNet
from fhr.prediction import EXPLAINED, Predictor, explain, shipped
from fhr.recording import Provenance
from fhr.simulation import simulate


@pytest.fixture(scope="module")
def birth():
    (recording,) = simulate(1, seed=3)
    return replace(recording, provenance=Provenance())


def score_beyond_usual(predictor: Predictor, features: np.ndarray) -> float:
    """Score of the features minus that of the median birth, averaged over the models."""
    found = []
    for model in predictor.networks:
        assert isinstance(model, FittedKernelLine)
        found.append(np.subtract(*model.scores(np.stack([features, model.scaling.median]))))
    return float(np.mean(found))


def test_contributions_are_the_score_beyond_that_of_the_median_birth(birth):
    for predictor in shipped().predictors_of(birth):
        table, (_, _, features) = explain(predictor, birth), predictor.prepare_one(birth)
        beyond = score_beyond_usual(predictor, features)
        # The integral is a sum over 32 points of a gradient that jumps.
        assert table["contribution"].sum() == pytest.approx(beyond, abs=0.02 * table["contribution"].abs().sum())
        assert (table["target"] == predictor.target).all()


def test_rows_are_the_features_in_their_units_the_largest_first(birth):
    predictor = shipped(labels=["ph<7.05"]).predictors_of(birth)[0]
    table, (_, _, features) = explain(predictor, birth), predictor.prepare_one(birth)
    assert list(table.columns) == list(EXPLAINED)
    assert (table["contribution"].abs().diff().dropna() <= 0).all()
    rows = table.set_index("feature").loc[list(predictor.features.names)]
    assert rows["unit"].tolist() == [column.unit for column in predictor.features.columns]
    assert rows["description"].tolist() == [column.description for column in predictor.features.columns]
    assert rows["group"].tolist() == list(predictor.features.column_groups)
    np.testing.assert_array_equal(rows["value"], features)
    medians = np.mean([model.scaling.median for model in predictor.networks], axis=0)
    np.testing.assert_array_equal(rows["usual"], medians)
    assert (table["name"] == birth.name).all()


def test_a_missing_statistic_adds_nothing(birth):
    predictor = Predictor([(finished_card(), kernel_line())])
    unknown = replace(birth, clinical=replace(birth.clinical, parity=np.nan))
    table = explain(predictor, unknown).set_index("feature")
    assert len(table) == len(FEATURES.names)
    assert np.isnan(table.loc["nulliparity", "value"])
    assert table.loc["nulliparity", "contribution"] == 0
    assert (table["target"] == TARGET).all()


def test_what_has_no_statistics_or_cannot_be_predicted_is_refused(birth):
    network = InceptionNet(n_filters=2, kernel_sizes=(3,), depth=2, stride=4, n_features=len(FEATURES.names))
    both = [(bare_card(), kernel_line()), (bare_card(1, network=network.specification), network)]
    with pytest.raises(CheckpointError, match="only kernel lines are explained, and networks, each by themselves"):
        explain(Predictor(both), birth)
    predictor = Predictor([(finished_card(), kernel_line())])
    with pytest.raises(SignalError, match="no valid FHR sample"):
        explain(predictor, replace(birth, fhr=np.full_like(birth.fhr, np.nan)))
    little = np.full_like(birth.fhr, np.nan)
    little[-100:-20] = 140 + np.arange(80) % 3
    with pytest.raises(SignalError, match=r"statistics cannot be computed from .* min of valid FHR in the last 20 min"):
        explain(predictor, replace(birth, fhr=little))
