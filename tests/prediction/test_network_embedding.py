from dataclasses import replace

import numpy as np
import pytest
import torch
from small_kernel_line import bare_card, kernel_line
from tiny_predictor import tiny_predictor

from fhr.datasets import refusing_seen
from fhr.errors import CheckpointError
from fhr.features import FeatureSet
from fhr.models import LinearFeatures, embed_windows
from fhr.prediction import Predictor, network_embedding
from fhr.preprocessing import Pipeline
from fhr.similarity import LabourWindows, similar

PIPELINE = Pipeline(minutes=20, interpolate=15)


def tiny(seed, pipeline=PIPELINE, features=None):
    return tiny_predictor(seed, pipeline, features, calibrator=None)


def joined(*predictors, **facts):
    """One predictor of the members of several."""
    members = [
        (replace(card, **facts), network)
        for one in predictors
        for card, network in zip(one.cards, one.networks, strict=True)
    ]
    return Predictor(members)


def test_a_window_has_the_features_that_the_network_pools_from_its_own_preparation(simulated_database):
    predictor = tiny(1)
    recordings = list(simulated_database)[:3]
    windows = LabourWindows.joined([LabourWindows.of(one, minutes=20) for one in recordings])
    embedding = network_embedding(predictor)
    prepared = np.stack([PIPELINE(one).signal for one in recordings])
    np.testing.assert_allclose(embedding(windows), embed_windows(predictor.networks[0], prepared), rtol=1e-5)
    assert (embedding.minutes, embedding.fs, embedding.notes) == (20, 4, ())


def test_members_stand_one_behind_the_other_and_equal_trunks_once(simulated_database):
    first, second = (tiny(seed) for seed in (1, 2))
    window = LabourWindows.of(simulated_database.recordings[0], minutes=20)
    alone = [network_embedding(one)(window) for one in (first, second)]
    both = network_embedding(joined(first, second))
    assert both.notes == ("the features of 2 networks stand one behind the other",)
    assert sorted(both(window)[0].tolist()) == sorted(np.concatenate(alone, axis=1)[0].tolist())
    again = tiny(1)
    with torch.no_grad():
        again.networks[0].head[-1].bias += 1  # another head
    assert network_embedding(joined(first, again)).identity == network_embedding(first).identity
    assert network_embedding(second).identity != network_embedding(first).identity


def test_what_the_network_learnt_from_is_known(simulated_database):
    predictor = joined(tiny(1), learnt_from=simulated_database.digests[:5])
    embedding = network_embedding(predictor, minutes=15)
    query = simulated_database.recordings[0]
    warnings = similar(query, simulated_database, embedding=embedding, minutes=15, step=30).facts["warnings"]
    assert "its networks learnt from windows of 20 min, not 15" in warnings
    assert any("learnt from 5 of the 60 labours" in said for said in warnings)
    with (
        refusing_seen(simulated_database, simulated_database.names[:2]),
        pytest.raises(CheckpointError, match="2 of 2 test records"),
    ):
        embedding(LabourWindows.of(query, minutes=15))


def test_other_steps_and_features_beside_the_signal_are_said():
    features = FeatureSet(groups=("scalar",), minutes=20)
    notes = network_embedding(tiny(1, replace(PIPELINE, steps=()), features)).notes
    assert ["by other steps" in notes[0], "not compared" in notes[1]] == [True, True]


def test_a_kernel_line_gives_its_groups_without_covariates(simulated_database):
    embedding = network_embedding(Predictor([(bare_card(), kernel_line())]))
    vectors = embedding(LabourWindows.of(simulated_database.recordings[0], minutes=20, fs=1.0))
    assert vectors.shape == (1, sum(embedding.blocks))
    assert len(embedding.blocks) == 2
    assert embedding.learnt_from == frozenset()


def test_a_network_that_pools_nothing_is_refused_by_name():
    features = FeatureSet(groups=("scalar",), minutes=20)
    one = tiny(1, PIPELINE, features)
    network = LinearFeatures(n_features=len(features.names))
    with pytest.raises(CheckpointError, match="LinearFeatures pools no features"):
        network_embedding(Predictor([(replace(one.cards[0], network=network.specification), network)]))
    with pytest.raises(CheckpointError, match="single samples"):
        network_embedding(object())
