"""A kernel line predicts with all that a network has: interval, sets, warnings, cards, timeline, retrainings."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_kernel_line import FEATURES, TARGET, bare_card, finished_card, kernel_line

from fhr.calibration import Recalibration, calibrator_from_dict
from fhr.confidence import Abstention
from fhr.datasets import Database, refusing_seen
from fhr.errors import CheckpointError, FHRError
from fhr.features import FeatureScaling
from fhr.models import InceptionNet
from fhr.prediction import FalseSignalPredictor, Predictor, to_frame
from fhr.recording import Provenance
from fhr.simulation import simulate


@pytest.fixture(scope="module")
def hospital():
    return list(simulate(6, seed=1))


def test_the_score_is_that_of_the_model_and_the_probability_of_its_calibrator(hospital):
    predictor = Predictor([(finished_card(), kernel_line())])
    predictions, unusable = predictor.predict_all(hospital)
    assert not unusable
    rows = np.stack([FEATURES(predictor.pipeline.cut(recording)) for recording in hospital])
    scores = [p.score for p in predictions]
    np.testing.assert_allclose(scores, kernel_line().scores(rows), rtol=1e-4, atol=1e-4)  # scores are rounded
    calibrator = calibrator_from_dict(finished_card().calibrator)
    np.testing.assert_allclose([p.probability for p in predictions], calibrator.predict(np.array(scores)), rtol=1e-3)
    for p in predictions:
        assert p.low < p.probability < p.high
        assert set(p.sets) == {0.8, 0.9, 0.95}
        assert 0 < p.distance <= 1
        assert TARGET in p.card()
        assert p.model.of == "out_of_fold_auroc"
    assert predictor.predict(hospital[2]) == predictions[2]


def test_recordings_are_warned_of(hospital):
    seen = replace(hospital[0], provenance=Provenance("synthetic", "made up"))
    (digest,) = Database([seen], origin="x").digests
    said = Predictor([(finished_card(learnt_from=(digest,)), kernel_line())]).predict(seen).warnings
    assert "this recording was used in training" in said
    assert any("no measured recording" in words for words in said)
    assert "not calibrated: no probability" in Predictor([(bare_card(), kernel_line())]).predict(hospital[0]).warnings


def test_a_timeline_and_abstention(hospital):
    predictor = Predictor([(finished_card(), kernel_line())], abstention=Abstention(distance=0.99))
    table = predictor.timeline(hospital[0])
    assert len(table) > 1
    assert table["to_end"].iloc[-1] == 0
    assert to_frame(predictor.predict_all(hospital)[0])["abstain"].any()


def test_retrainings_are_averaged_beside_each_other_and_beside_a_network(hospital):
    cards = [finished_card(inner=k) for k in range(2)]
    lines = [kernel_line(0), kernel_line(1)]
    both = Predictor(list(zip(cards, lines, strict=True)))
    signal = np.stack([both.pipeline(both.pipeline.cut(r)).signal for r in hospital])
    rows = np.stack([FEATURES(both.pipeline.cut(r)) for r in hospital])
    np.testing.assert_array_equal(both.scores(signal, rows), [line.scores(rows) for line in lines])
    assert both.predict(hospital[0]).spread is not None
    n = len(FEATURES.names)
    torch.manual_seed(0)
    network = InceptionNet(n_filters=2, kernel_sizes=(3,), depth=2, stride=4, n_features=n)
    network.take_scaling(FeatureScaling((140.0,) * n, (10.0,) * n))
    mixed = Predictor([(bare_card(), lines[0]), (bare_card(network=network.specification), network)])
    scores = mixed.scores(signal, rows)
    np.testing.assert_array_equal(scores[0], lines[0].scores(rows))
    np.testing.assert_array_equal(scores[1], Predictor([(bare_card(), network)]).scores(signal, rows)[0])


def test_probabilities_are_recalibrated_and_shifted(hospital):
    rng = np.random.default_rng(6)
    p = rng.uniform(0.05, 0.6, 80)
    made = Recalibration.fit((rng.random(80) < p).astype(int), p, seed=6)
    card = finished_card()
    plain = Predictor([(card, kernel_line())]).predict(hospital[0])
    local = Predictor([(replace(card, recalibration=made.to_dict()), kernel_line())]).predict(hospital[0])
    assert any("recalibrated on 80 births" in words for words in local.warnings)
    assert local.probability != plain.probability
    assert Predictor([(card, kernel_line())], prevalence=0.01).predict(hospital[0]).probability < plain.probability


def test_features_that_do_not_fit_are_refused(hospital):
    predictor = Predictor([(finished_card(features=None), kernel_line())])
    with pytest.raises(CheckpointError, match=r"FittedKernelLine takes \d+ features a window .* names 0"):
        predictor.predict(hospital[0])
    with pytest.raises(CheckpointError, match="kind classification"):
        FalseSignalPredictor([(finished_card(), kernel_line())])


def test_test_records_that_it_learnt_from_are_refused(hospital):
    database = Database(hospital, origin="x")
    card = finished_card(learnt_from=database.digests)
    predictor = Predictor([(card, kernel_line())])
    with refusing_seen(database, [hospital[0].name]), pytest.raises(FHRError, match="model FittedKernelLine"):
        predictor.predict(hospital[0])
