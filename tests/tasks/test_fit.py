"""A fit from data to finished checkpoint, and what that checkpoint is refused for."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint

from fhr.calibration import RidgePlatt, calibrator_from_dict
from fhr.calibration.reference import Reference
from fhr.calibration.typicality import Typicality, typical_statistics
from fhr.datamodules import CTUUHBDataModule
from fhr.errors import CheckpointError, FHRError
from fhr.losses import BinaryCrossEntropy, PHRegression
from fhr.models import InceptionNet, read_checkpoint
from fhr.preprocessing import Augmentation
from fhr.recording import developed_on
from fhr.tasks import Calibration, ClassificationTask, RunTracking, score_windows
from fhr.tasks.best_weights import best_weights


class Fit(NamedTuple):
    trainer: pl.Trainer
    task: ClassificationTask
    data: CTUUHBDataModule
    path: Path | None
    last: dict[str, torch.Tensor]


class Last(pl.Callback):
    """Remembers the weights at the end of the training, before the best ones are taken."""

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.weights = {key: value.clone() for key, value in pl_module.state_dict().items()}


def network(**options: object) -> InceptionNet:
    return InceptionNet(**{"n_filters": 2, "kernel_sizes": [5, 11], "depth": 2, "stride": 4, **options})


def data_of(folder: Path, **options: object) -> CTUUHBDataModule:
    given = {"target": "ph<7.20", "window_minutes": 20, "batch_size": 16, "augmentation": Augmentation(), "seed": 1}
    return CTUUHBDataModule(str(folder), **{**given, **options})


def trainer_of(*callbacks: pl.Callback, max_epochs: int = 2, **options: object) -> pl.Trainer:
    given = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    keeps = any(isinstance(callback, ModelCheckpoint) for callback in callbacks)
    return pl.Trainer(
        max_epochs=max_epochs, callbacks=list(callbacks), **{**given, "enable_checkpointing": keeps, **options}
    )


def fit(
    births: Path, folder: Path, *, calibrate: bool = True, max_epochs: int = 2, mode: str = "min", **options: object
) -> Fit:
    pl.seed_everything(1)
    calibration = Calibration(calibrate=calibrate)
    kept = ModelCheckpoint(folder, filename="best", monitor="val/loss", mode=mode, save_last=True)
    last = Last()
    trainer = trainer_of(calibration, kept, last, max_epochs=max_epochs, deterministic=True)
    task, data = ClassificationTask(network(), PHRegression(), learning_rate=0.01), data_of(births, **options)
    trainer.fit(task, datamodule=data)
    torch.use_deterministic_algorithms(False)
    return Fit(trainer, task, data, calibration.path, last.weights)


@pytest.fixture(scope="module")
def fitted(births, tmp_path_factory) -> Fit:
    return fit(births, tmp_path_factory.mktemp("fit"))


def test_the_card_says_what_was_learnt_from(fitted, births_database):
    card, _ = read_checkpoint(fitted.path)
    facts = fitted.data.facts
    digests = dict(zip(births_database.names, births_database.digests, strict=True))
    learnt = [*facts.partition.train, *facts.partition.validation, *facts.partition.calibration]
    assert len(card.learnt_from) == len(learnt) == 96
    assert set(card.learnt_from) == {digests[name] for name in learnt}
    assert not set(card.learnt_from) & {digests[name] for name in facts.partition.test}
    assert (card.format, card.kinds) == (6, {"simulated": 96})
    assert card.fitted_to == tuple(sorted(developed_on()))
    assert card.made_by == (next(iter(births_database)).provenance.made_by,)
    assert card.prevalence == pytest.approx(births_database.labels("ph<7.20")[learnt].mean())


def test_the_card_says_how_it_was_made(fitted, births_database):
    card, _ = read_checkpoint(fitted.path)
    assert card.network == network().specification
    assert card.pipeline == fitted.data.pipeline.to_dict()
    assert card.target == "ph<7.20"
    assert card.data == births_database.checksum
    assert card.splits == fitted.data.facts.splits.checksum
    assert card.fold == (0, 0, 0)
    assert card.epochs in (1, 2)


@pytest.mark.cuda
def test_a_fit_on_cuda_is_nearly_that_of_the_cpu(births, tmp_path):
    """As the shipped configurations train: with deterministic algorithms, which not every operation of CUDA has."""
    losses = []
    for accelerator in ("cpu", "cuda"):
        pl.seed_everything(1)
        trainer = trainer_of(max_epochs=1, accelerator=accelerator, devices=1, deterministic=True)
        task = ClassificationTask(network(dropout=0.0), PHRegression(), learning_rate=1e-3)
        try:
            trainer.fit(task, datamodule=data_of(births))
        finally:
            torch.use_deterministic_algorithms(False)
        losses.append([float(trainer.callback_metrics[name]) for name in ("train/loss", "val/loss")])
    np.testing.assert_allclose(losses[1], losses[0], atol=0.01)


def test_the_calibrator_is_that_of_the_held_out_inner_fold(fitted):
    scores, labels = score_windows(fitted.task, fitted.data.calibration_dataloader())
    assert len(scores) == len(fitted.data.facts.partition.calibration)
    calibrator = RidgePlatt().fit(scores, labels)
    card, _ = read_checkpoint(fitted.path)
    assert calibrator_from_dict(card.calibrator).predict(scores) == pytest.approx(calibrator.predict(scores))
    assert fitted.task.calibrator.to_dict() == card.calibrator
    assert card.calibrator["made_for"] == {"label": "ph<7.20", "model": [card.procedure]}


def test_confidence_rests_on_the_held_out_inner_fold_and_on_all_that_was_learnt_from(fitted):
    scores, labels = score_windows(fitted.task, fitted.data.calibration_dataloader())
    card, _ = read_checkpoint(fitted.path)
    assert card.format == 6
    reference = Reference.from_dict(card.confidence)
    ((inner, held_out),) = reference.held_out.items()
    assert (inner, held_out.members) == (0, 1)
    found, given = sorted(zip(held_out.scores, held_out.labels, strict=True)), sorted(zip(scores, labels, strict=True))
    np.testing.assert_allclose(found, given, atol=1e-6)
    assert reference.prevalence == labels.mean()
    facts = fitted.data.facts
    learnt_from = [facts.recordings[name] for name in facts.learnt_from]
    assert reference.typicality == Typicality.fit(typical_statistics(learnt_from))


def test_a_calibrator_of_another_label_is_refused(fitted):
    other = {**fitted.task.calibrator.to_dict(), "made_for": {"label": "ph<7.05", "model": []}}
    with pytest.raises(CheckpointError, match=r"a calibrator of ph<7\.05 was given where ph<7\.20 is predicted"):
        fitted.task.finish_from(other)


def test_no_confidence_without_a_calibrator(births, fitted, tmp_path):
    trained = fit(births, tmp_path, calibrate=False, max_epochs=1)
    assert read_checkpoint(trained.path)[0].confidence is None
    with pytest.raises(CheckpointError, match="no calibrator; the confidence of predictions rests on it"):
        trained.task.reference(trained.data)


@pytest.mark.parametrize("mode", ["min", "max"])
def test_the_finished_weights_are_those_of_the_best_epoch(births, tmp_path, mode):
    """The task itself, too, ends the fit with them, whether the best epoch was the first one or the last."""
    trained = fit(births, tmp_path, mode=mode)
    best, finished = (torch.load(tmp_path / f"{name}.ckpt", weights_only=True) for name in ("best", "finished"))
    assert finished["fhr"]["epochs"] == best["fhr"]["epochs"] == trained.task.epochs == (2 if mode == "min" else 1)
    for key, value in trained.task.state_dict().items():
        assert torch.equal(value, best["state_dict"][key])
        assert torch.equal(value, finished["state_dict"][key])
    same = [torch.equal(value, trained.last[key]) for key, value in best["state_dict"].items()]
    assert all(same) is (mode == "min")
    assert "optimizer_states" not in finished


def test_two_fits_of_one_seed_are_the_same_bit_for_bit(fitted, births, tmp_path):
    torch.rand(5)
    again = fit(births, tmp_path)
    for key, value in again.task.state_dict().items():
        assert torch.equal(value, fitted.task.state_dict()[key])
    assert again.trainer.callback_metrics == fitted.trainer.callback_metrics
    assert {"train/loss", "train/auroc", "val/loss", "val/auroc", "val/auprc"} <= set(again.trainer.callback_metrics)
    assert again.task.calibrator.to_dict() == fitted.task.calibrator.to_dict()
    assert read_checkpoint(again.path)[0] == read_checkpoint(fitted.path)[0]


def test_another_seed_is_another_fit(fitted, births, tmp_path):
    other = fit(births, tmp_path, seed=2)
    assert any(not torch.equal(value, fitted.task.state_dict()[key]) for key, value in other.task.state_dict().items())


def test_scores_do_not_depend_on_the_training_flag_and_leave_it_alone(fitted):
    loader = fitted.data.test_dataloader()
    expected, labels = score_windows(fitted.task.eval(), loader)
    scores, _ = score_windows(fitted.task.train(), loader)
    assert fitted.task.training
    np.testing.assert_array_equal(scores, expected)
    np.testing.assert_array_equal(labels, fitted.data.facts.labels[list(fitted.data.facts.partition.test)])


def test_a_fit_for_cross_fitting_has_no_calibrator_and_cannot_be_tested_alone(births, tmp_path):
    trained = fit(births, tmp_path, calibrate=False, max_epochs=1)
    assert read_checkpoint(trained.path)[0].calibrator is None
    with pytest.raises(CheckpointError, match="the checkpoint holds no calibrator; let `fhr fit` end"):
        trainer_of(RunTracking()).test(trained.task, datamodule=trained.data, verbose=False)


def test_a_held_out_fold_too_small_to_calibrate_is_refused_before_training(simulated_folder, tmp_path):
    with pytest.raises(FHRError, match=r"12 records, .* are too few to calibrate on"):
        fit(simulated_folder, tmp_path)
    assert list(tmp_path.iterdir()) == []


def run_test(fitted: Fit, births: Path, *, task: ClassificationTask | None = None, **options: object) -> RunTracking:
    """A fresh task and data module that take the weights from the finished checkpoint, as `fhr test` does."""
    record = RunTracking()
    task = task or ClassificationTask(network(), PHRegression())
    trainer_of(record).test(task, datamodule=data_of(births, **options), ckpt_path=fitted.path, verbose=False)
    return record


def test_a_test_takes_the_outer_fold_and_the_stored_calibrator(fitted, births, births_database):
    record = run_test(fitted, births)
    table = record.predictions
    assert list(table.columns) == ["name", "label", "score", "probability", "record", "path"]
    assert sorted(table["name"]) == sorted(fitted.data.facts.splits.folds[0][0])
    np.testing.assert_array_equal(table["label"], births_database.labels("ph<7.20")[table["name"]])
    calibrator = RidgePlatt.from_dict(read_checkpoint(fitted.path)[0].calibrator)
    np.testing.assert_allclose(table["probability"], calibrator.predict(table["score"]))
    expected, _ = score_windows(fitted.task, fitted.data.test_dataloader())
    np.testing.assert_allclose(table["score"], expected, atol=1e-6)
    assert 0 <= record.results["auroc"].low <= record.results["auroc"].value <= record.results["auroc"].high <= 1


@pytest.mark.parametrize("options", [{"fold": 1}, {"repeat": 3}])
def test_another_fold_would_test_on_training_records(fitted, births, options):
    message = r"of the 24 test records were used to train this checkpoint \(fold \(0, 0, 0\), asked for .*test it on"
    with pytest.raises(CheckpointError, match=message):
        run_test(fitted, births, **options)


def test_a_generator_that_was_fitted_to_test_records_has_shown_them(fitted, births, births_database, tmp_path):
    (name, *_) = fitted.data.facts.partition.test
    digest = dict(zip(births_database.names, births_database.digests, strict=True))[name]
    content = torch.load(fitted.path, weights_only=True)
    content["fhr"]["fitted_to"] = [digest]
    torch.save(content, tmp_path / "generated.ckpt")
    message = r"learnt from recordings of fhr.simulation .*, which was fitted to 1 of the 24 test records; test it on "
    with pytest.raises(CheckpointError, match=message):
        run_test(fitted._replace(path=tmp_path / "generated.ckpt"), births)


def test_another_inner_fold_has_the_same_test_records(fitted, births):
    assert len(run_test(fitted, births, inner=2).predictions) == 24


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("target", {"target": "ph<7.21"}),
        ("pipeline", {"window_minutes": 30}),
        ("pipeline", {"fs": 2}),
        ("pipeline", {"channels": ["fhr", "mask"]}),
    ],
)
def test_another_target_or_pipeline_is_refused(fitted, births, field, options):
    channels = {"channels": 2} if "channels" in options else {}
    task = ClassificationTask(network(**({"n_channels": 2} if channels else {})), PHRegression())
    expected = "network|pipeline" if channels else field
    with pytest.raises(CheckpointError, match=rf"trained with another ({expected}) than this configuration asks for"):
        run_test(fitted, births, task=task, **options)


def test_another_network_is_refused(fitted, births):
    task = ClassificationTask(network(n_filters=3), PHRegression())
    with pytest.raises(CheckpointError, match=r"another network .*'n_filters': 2.* there, .*'n_filters': 3.* here"):
        run_test(fitted, births, task=task)


def test_a_task_that_was_just_trained_is_tested_without_a_checkpoint(births):
    trainer, task, data = trainer_of(max_epochs=1), ClassificationTask(network(), PHRegression()), data_of(births)
    trainer.fit(task, datamodule=data)
    (metrics,) = trainer.test(task, datamodule=data, verbose=False)
    assert {"test/loss", "test/auroc", "test/auprc"} == set(metrics)


def test_untrained_weights_are_not_tested(births):
    task = ClassificationTask(network(), PHRegression())
    with pytest.raises(CheckpointError, match="the weights were never trained; test a run with `fhr test --run"):
        trainer_of().test(task, datamodule=data_of(births), verbose=False)


def test_a_checkpoint_of_something_else_is_refused(births, tmp_path):
    torch.save({"state_dict": {}, "pytorch-lightning_version": "2.6.0"}, tmp_path / "other.ckpt")
    with pytest.raises(CheckpointError, match="no checkpoint of this package"):
        trainer_of().test(
            ClassificationTask(network(), PHRegression()), datamodule=data_of(births), ckpt_path=tmp_path / "other.ckpt"
        )


def test_an_interrupted_fit_goes_on_where_it_stopped(births, tmp_path):
    class Interruption(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            trainer.should_stop = True

    def start(*callbacks: pl.Callback, **options: object) -> tuple[ClassificationTask, pl.Trainer]:
        task = ClassificationTask(network(dropout=0.0), PHRegression(), learning_rate=1e-3)
        trainer = trainer_of(ModelCheckpoint(tmp_path, save_last=True), *callbacks, max_epochs=3)
        trainer.fit(task, datamodule=data_of(births), **options)
        return task, trainer

    pl.seed_everything(1)
    _, stopped = start(Interruption())
    assert stopped.current_epoch == 1
    resumed, trainer = start(ckpt_path=tmp_path / "last.ckpt")
    assert trainer.current_epoch == 3
    assert trainer.global_step == 3 * 4
    pl.seed_everything(1)
    whole, _ = start()
    for key, value in whole.model.state_dict().items():
        torch.testing.assert_close(resumed.model.state_dict()[key], value)


def test_training_does_not_go_on_with_other_records(fitted, births):
    with pytest.raises(CheckpointError, match=r"training would go on with other records: the checkpoint is of fold "):
        trainer_of(max_epochs=3).fit(
            ClassificationTask(network(), PHRegression()),
            datamodule=data_of(births, fold=1),
            ckpt_path=fitted.path.with_name("last.ckpt"),
        )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("finished.ckpt", r"the checkpoint is finished, .*; take a `last.ckpt`, or start anew"),
        ("last.ckpt", r"planned for 8 steps, asked for are 12; go on with the same number of epochs"),
    ],
)
def test_training_goes_on_only_as_it_was_planned(fitted, births, name, message):
    with pytest.raises(CheckpointError, match=message):
        trainer_of(max_epochs=3).fit(
            ClassificationTask(network(), PHRegression()),
            datamodule=data_of(births),
            ckpt_path=fitted.path.with_name(name),
        )


def test_a_training_without_an_end_is_refused(births):
    with pytest.raises(FHRError, match=r"a training of inf steps; give `--trainer.max_epochs` of 1 or more"):
        trainer_of(max_epochs=-1).fit(ClassificationTask(network(), PHRegression()), datamodule=data_of(births))


def test_the_rate_rises_to_its_peak_and_falls_below_its_start(births):
    rates: list[float] = []

    class Spy(pl.Callback):
        def on_train_batch_start(self, trainer, *_):
            rates.append(trainer.optimizers[0].param_groups[0]["lr"])

    trainer_of(Spy(), max_epochs=5).fit(
        ClassificationTask(network(), BinaryCrossEntropy(), learning_rate=0.02), datamodule=data_of(births)
    )
    assert len(rates) == 5 * 4
    peak = int(np.argmax(rates))
    assert max(rates) == pytest.approx(0.02, rel=0.05)
    assert 2 <= peak <= 5
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < rates[0]


def test_early_stopping_ends_a_fit_that_learns_nothing(births):
    stopping = EarlyStopping("val/loss", patience=1, min_delta=1e6)
    task = ClassificationTask(network(), PHRegression())
    trainer = trainer_of(stopping, max_epochs=20)
    trainer.fit(task, datamodule=data_of(births))
    assert trainer.current_epoch == 2


@pytest.mark.parametrize(
    ("there", "message"),
    [({"val/loss"}, "no epoch was to be kept, though measured by val/loss"), ((), "no epoch was measured by val/loss")],
)
def test_the_last_weights_stand_for_those_of_no_epoch_or_of_another_fit(tmp_path, caplog, there, message):
    keeper = ModelCheckpoint(tmp_path / "here", monitor="val/loss")
    keeper.best_model_path = str(tmp_path / "best.ckpt")  # Lightning takes it from the checkpoint that is gone on from
    (tmp_path / "best.ckpt").touch()
    saved = []
    state = {"callbacks": [], "callback_metrics": dict.fromkeys(there, 1.0), "global_step": 3}
    trainer = SimpleNamespace(**state, save_checkpoint=saved.append)
    assert best_weights(trainer, torch.nn.Linear(1, 1), keeper, trained=True) == saved[0]
    assert saved == [tmp_path / "here" / "last_weights.ckpt"]
    assert message in caplog.text
    with pytest.raises(FHRError, match="nothing was left to train"):
        best_weights(trainer, torch.nn.Linear(1, 1), keeper, trained=False)


def test_a_fast_run_keeps_nothing_and_says_so(simulated_folder, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="fhr.tasks")
    calibration = Calibration()
    kept = ModelCheckpoint(tmp_path, monitor="val/loss")
    trainer_of(calibration, kept, fast_dev_run=True).fit(
        ClassificationTask(network(), PHRegression()), datamodule=data_of(simulated_folder)
    )
    assert calibration.path is None
    assert "no checkpoint was kept" in caplog.text
    assert list(tmp_path.iterdir()) == []
