"""A fit with features beside the signal, and what its checkpoint does to other data."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging, ModelCheckpoint

from fhr.datamodules import CTUUHBDataModule, MembersDataModule
from fhr.datasets import Database
from fhr.errors import CheckpointError, FHRError
from fhr.features import FeatureScaling, FeatureSet
from fhr.losses import PHRegression
from fhr.models import InceptionNet, LinearFeatures, Network, read_checkpoint
from fhr.prediction import Predictor
from fhr.tasks import Calibration, ClassificationTask, RunTracking, fit_members, score_windows

FEATURES = FeatureSet(groups=("multiscale",), minutes=10, multiscale={"j2": 6})
N = len(FEATURES.names)


class Fit(NamedTuple):
    network: Callable[[], Network]
    task: ClassificationTask
    data: CTUUHBDataModule
    path: Path


def inception(**options: object) -> InceptionNet:
    return InceptionNet(**{"n_filters": 2, "kernel_sizes": [5], "depth": 2, "stride": 4, "n_features": N, **options})


def data_of(folder: Path, **options: object) -> CTUUHBDataModule:
    given = {"target": "ph<7.20", "window_minutes": 20, "batch_size": 32, "features": FEATURES}
    return CTUUHBDataModule(str(folder), **{**given, **options})


def trainer_of(*callbacks: pl.Callback, **options: object) -> pl.Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    keeps = any(isinstance(callback, ModelCheckpoint) for callback in callbacks)
    return pl.Trainer(max_epochs=2, callbacks=list(callbacks), enable_checkpointing=keeps, **quiet, **options)


@pytest.fixture(scope="module", params=[inception, lambda: LinearFeatures(N)], ids=["InceptionNet", "LinearFeatures"])
def fitted(request, births, tmp_path_factory) -> Fit:
    pl.seed_everything(1)
    calibration, kept = Calibration(), ModelCheckpoint(tmp_path_factory.mktemp("fit"), monitor="val/loss")
    task, data = ClassificationTask(request.param(), PHRegression(), learning_rate=0.01), data_of(births)
    trainer_of(calibration, kept).fit(task, datamodule=data)
    return Fit(request.param, task, data, calibration.path)


def run_test(fitted: Fit, data: CTUUHBDataModule) -> RunTracking:
    record = RunTracking()
    task = ClassificationTask(fitted.network(), PHRegression())
    trainer_of(record).test(task, datamodule=data, ckpt_path=fitted.path, verbose=False)
    return record


def test_the_card_holds_the_feature_set_and_the_network_the_scaling_of_the_training_fold(fitted):
    card, network = read_checkpoint(fitted.path)
    assert (card.format, card.scaling) == (6, None)
    assert FeatureSet.from_dict(card.features["set"]) == FEATURES
    assert card.features["checksum"] == FEATURES.checksum
    assert network.scaling_of_features.scaling == fitted.data.facts.scaling
    assert network.n_features == N


def test_what_trains_is_what_predicts_bit_for_bit(fitted, births_database):
    """The same 24 windows in one batch: the same score to the last bit, from the recordings alone."""
    names = fitted.data.facts.partition.test
    tested = run_test(fitted, data_of(births_database.origin)).predictions
    assert tested["name"].tolist() == list(names)
    scores, _ = score_windows(fitted.task, fitted.data.test_dataloader())
    predictor = Predictor([read_checkpoint(fitted.path)])
    predictions, unusable = predictor.predict_all(births_database[name] for name in names)
    assert unusable == {}
    assert scores.tolist() == tested["score"].tolist()
    assert predictor.scores(*_as_prepared(predictor, births_database, names))[0].tolist() == scores.tolist()
    assert [one.score for one in predictions] == pytest.approx(scores.tolist(), abs=1e-4)  # what is said is rounded
    assert [one.probability for one in predictions] == pytest.approx(tested["probability"].tolist(), abs=1e-4)
    assert len(set(scores)) > 12


def _as_prepared(predictor: Predictor, recordings: Database, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    windows = [predictor.pipeline(recordings[name]).signal for name in names]
    return np.stack(windows), np.stack([FEATURES(recordings[name]) for name in names])


def test_on_other_data_the_features_are_scaled_as_the_weights_know_them(fitted, simulated_folder, simulated_database):
    data = data_of(simulated_folder)
    data.setup()
    before = data.facts
    assert before.scaling != fitted.data.facts.scaling
    tested = run_test(fitted, data).predictions
    assert data.facts is before  # to load a checkpoint changes no data
    predictions, _ = Predictor([read_checkpoint(fitted.path)]).predict_all(
        simulated_database[n] for n in tested["name"]
    )
    assert [one.score for one in predictions] == pytest.approx(tested["score"].tolist(), abs=1e-4)


def test_other_features_are_refused(fitted, births):
    with pytest.raises(
        CheckpointError, match="was trained with another set of features than this configuration asks for"
    ):
        run_test(fitted, data_of(births, features=replace(FEATURES, minutes=15)))


def test_features_that_came_to_mean_something_else_are_refused(fitted, births, monkeypatch):
    """The names are the same, and so is the set; the numbers would not be those that the weights know."""
    monkeypatch.setattr("fhr.features.feature_set.VERSION", 10**6)
    with pytest.raises(CheckpointError, match=r"computes the features of the checkpoint otherwise than version \d"):
        Predictor([read_checkpoint(fitted.path)])
    with pytest.raises(CheckpointError, match="was trained with another set of features"):
        run_test(fitted, data_of(births))


def test_members_scale_the_same_features_each_in_its_own_way(fitted, births_database):
    card, network = read_checkpoint(fitted.path)
    wider, scaling = deepcopy(network), network.scaling_of_features.scaling
    wider.take_scaling(replace(scaling, spread=tuple(4 * s for s in scaling.spread)))
    # Where nothing could be computed every member takes the medians, and all scalings agree.
    recordings = [one for one in births_database if np.isfinite(FEATURES(one)).all()][:3]
    both = Predictor([(card, network), (card, wider)])
    alone = [Predictor([(card, one)]) for one in (network, wider)]
    signal = np.stack([both.pipeline(recording).signal for recording in recordings])
    features = np.stack([FEATURES(recording) for recording in recordings])
    scores = both.scores(signal, features)
    assert np.array_equal(scores, np.concatenate([one.scores(signal, features) for one in alone]))
    assert (scores[0] != scores[1]).all()
    predictions, _ = both.predict_all(recordings)
    np.testing.assert_allclose([one.score for one in predictions], scores.mean(axis=0), atol=1e-4)


def test_a_predictor_asks_for_the_features(fitted, births_database):
    predictor = Predictor([read_checkpoint(fitted.path)])
    signal = predictor.pipeline(births_database["s0001"]).signal[None]
    with pytest.raises(FHRError, match=rf"takes {N} features a window and the data give 0"):
        predictor.scores(signal)


def test_a_recording_too_short_for_the_features_is_named(fitted, births_database):
    card, network = read_checkpoint(fitted.path)
    longer = replace(FEATURES, minutes=30)
    card = replace(card, features={"set": longer.to_dict(), "checksum": longer.checksum}, calibrator=None)
    recording = births_database["s0001"]
    brief = replace(recording, fhr=recording.fhr[-25 * 240 :], uc=recording.uc[-25 * 240 :])
    predictions, unusable = Predictor([(card, network)]).predict_all([brief])
    assert predictions == []
    assert "25.0 min of signal, shorter than one window of 30 min" in unusable["s0001"]


@pytest.mark.parametrize(
    ("network", "features", "message"),
    [
        (
            lambda: inception(n_features=0),
            FEATURES,
            rf"the data give {N} features a window and InceptionNet takes none",
        ),
        (lambda: inception(n_features=N + 1), FEATURES, rf"takes {N + 1} features a window and the data give {N};"),
        (inception, None, rf"InceptionNet takes {N} features a window and the data give 0; name the features"),
    ],
)
def test_a_network_and_data_that_do_not_fit_are_refused(simulated_folder, network, features, message):
    task = ClassificationTask(network(), PHRegression())
    with pytest.raises(FHRError, match=message):
        trainer_of().fit(task, datamodule=data_of(simulated_folder, features=features))


def test_a_checkpoint_from_before_there_were_features_is_tested(births, tmp_path):
    """Its network names no `n_features`; a default that is newer does not make it another network."""
    calibration, kept = Calibration(), ModelCheckpoint(tmp_path, monitor="val/loss")
    task, data = ClassificationTask(inception(n_features=0), PHRegression()), data_of(births, features=None)
    trainer_of(calibration, kept).fit(task, datamodule=data)
    content = torch.load(calibration.path, weights_only=True)
    for argument in ("n_features", "feature_width"):
        del content["fhr"]["network"]["init_args"][argument]
    torch.save(content, calibration.path)
    fitted = Fit(lambda: inception(n_features=0), task, data, calibration.path)
    expected, _ = score_windows(task, data.test_dataloader())
    assert run_test(fitted, data_of(births, features=None)).predictions["score"].tolist() == expected.tolist()


def older(path: Path, scaling: FeatureScaling, out: Path) -> Path:
    """The checkpoint as a version wrote it that kept the scaling in the card: format 4, or 2 of a training."""
    content = torch.load(path, weights_only=True)
    card = content["fhr"]
    for state in ("state_dict", "current_model_state"):
        for name in [name for name in content.get(state, ()) if "scaling_of_features" in name]:
            del content[state][name]
    for field in ("kinds", "made_by", "fitted_to", "ranking", "recalibration", "out_of_fold"):
        card.pop(field, None)
    if card["confidence"] is not None:  # which compared no uterine activity
        card["confidence"] = {**card["confidence"], "typicality": None}
    card |= {"scaling": scaling.to_dict(), "format": 2 if card["confidence"] is None else 4}
    if card["format"] == 2:
        del card["kind"], card["confidence"], card["member"]
    torch.save(content, out)
    return out


def test_an_older_checkpoint_is_tested_and_predicts_as_before(fitted, simulated_folder, tmp_path):
    """With the scaling of its card, also on other data."""
    path = older(fitted.path, fitted.data.facts.scaling, tmp_path / "older.ckpt")
    assert read_checkpoint(path)[0].format == 4
    expected = run_test(fitted, data_of(simulated_folder)).predictions
    found = run_test(fitted._replace(path=path), data_of(simulated_folder)).predictions
    assert found["score"].tolist() == expected["score"].tolist()
    weights, others = (read_checkpoint(one)[1].state_dict() for one in (fitted.path, path))
    assert all(torch.equal(weights[name], others[name]) for name in weights)


@pytest.mark.parametrize("averaged", [False, True])
def test_a_training_with_features_goes_on_as_if_it_had_not_stopped(births, tmp_path, averaged):
    """From a checkpoint of now, and from one of before, best epoch included; averaged weights have a scaling, too."""

    class Interruption(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            trainer.should_stop = True

    def fit(folder: Path, *callbacks: pl.Callback, **options: object) -> dict[str, torch.Tensor]:
        pl.seed_everything(1)
        more = [EMAWeightAveraging(decay=0.7, update_starting_at_step=4)] if averaged else []
        task = ClassificationTask(inception(dropout=0.0), PHRegression(), learning_rate=0.01)
        kept = ModelCheckpoint(folder, filename="best", monitor="val/loss", mode="max", save_last=True)
        trainer_of(*more, Calibration(), kept, *callbacks).fit(task, datamodule=data_of(births), **options)
        assert task.model.scaling_of_features.scaling.spread == pytest.approx(scaling.spread, rel=1e-12)
        return task.state_dict()

    data = data_of(births)
    data.setup()
    scaling = data.facts.scaling
    whole = fit(tmp_path / "whole")
    fit(tmp_path / "stopped", Interruption())
    (tmp_path / "stopped" / "finished.ckpt").unlink()
    kept = {path: path.read_bytes() for path in (tmp_path / "stopped").iterdir()}
    for form in (5, 2):
        for path, content in kept.items():
            path.write_bytes(content)
            if form == 2:
                older(path, scaling, path)
        resumed = fit(tmp_path / "stopped", ckpt_path=tmp_path / "stopped" / "last.ckpt")
        assert [name for name, value in whole.items() if not torch.equal(resumed[name], value)] == []
        finished, _ = read_checkpoint(tmp_path / "stopped" / "finished.ckpt")
        assert finished.format == 6


def test_trained_weights_keep_the_scaling_that_they_know(simulated_folder, fitted):
    task, scaling = deepcopy(fitted.task), fitted.data.facts.scaling
    other = data_of(simulated_folder)
    trainer_of().test(task, datamodule=other, verbose=False)
    assert task.facts is other.facts
    assert task.model.scaling_of_features.scaling == scaling != other.facts.scaling
    fresh = ClassificationTask(read_checkpoint(fitted.path)[1], PHRegression())
    trainer_of().validate(fresh, datamodule=other, verbose=False)
    assert fresh.model.scaling_of_features.scaling == scaling
    trainer_of().fit(fresh, datamodule=other)  # which is a training of its own
    assert fresh.model.scaling_of_features.scaling == other.facts.scaling


def test_members_are_scaled_by_their_training_fold(births, tmp_path):
    data = MembersDataModule(data_of(births), (1, 2))
    tasks = [ClassificationTask(inception(), PHRegression()) for _ in range(2)]
    for member in fit_members(tasks, data, trainer_of(), tmp_path):
        card, network = read_checkpoint(member.checkpoint)
        assert card.format == 5
        assert network.scaling_of_features.scaling == data.facts.scaling
        scores, _ = score_windows(ClassificationTask(network, PHRegression()), data.test_dataloader())
        assert member.test.tolist() == scores.tolist()
