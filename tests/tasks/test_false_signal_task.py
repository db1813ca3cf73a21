"""What a batch costs, where thresholds come from, and that all of it is over marked samples alone."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging, ModelCheckpoint
from sklearn.metrics import f1_score, roc_auc_score
from torch.nn import functional

from fhr.datamodules import FalseSignalDataModule
from fhr.errors import CheckpointError, FHRError, SplitError
from fhr.losses import BinaryCrossEntropy
from fhr.models import Network, read_checkpoint
from fhr.preprocessing import FalseSignalAugmentation
from fhr.tasks import Calibration, FalseSignalTask, RunTracking, SampleBatch


class Weighted(Network):
    """Logits are weighted sums of the channels at the same sample."""

    def __init__(self, n_channels: int = 4, n_outputs: int = 2) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(n_channels)
        self.layer = torch.nn.Conv1d(n_channels, n_outputs, 1)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return self.layer(self.norm(signal))


def data_of(folder: Path) -> FalseSignalDataModule:
    data = FalseSignalDataModule(str(folder), crop_minutes=3, batch_size=4, augmentation=FalseSignalAugmentation())
    data.setup()
    return data


def trainer_of(*callbacks: pl.Callback, **options: object) -> pl.Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    keeps = any(isinstance(callback, ModelCheckpoint) for callback in callbacks)
    return pl.Trainer(max_epochs=2, callbacks=list(callbacks), enable_checkpointing=keeps, **{**quiet, **options})


def task_of(**options: object) -> FalseSignalTask:
    torch.manual_seed(0)
    return FalseSignalTask(Weighted(), BinaryCrossEntropy(), learning_rate=0.05, **options)


def batch_of(group: str = "mixed", seed: int = 0) -> SampleBatch:
    generator = torch.Generator().manual_seed(seed)
    weight = (torch.rand(3, 2, 50, generator=generator) < 0.4).float()
    target = (torch.rand(3, 2, 50, generator=generator) < 0.5).float() * weight
    return SampleBatch(torch.randn(3, 4, 50, generator=generator), target, weight, ("a", "b", "c"), group)


def scored(task: FalseSignalTask, data: FalseSignalDataModule, part: str, group: str, row: int) -> tuple:
    """Labels and logits of all marked samples, pooled, in a plain loop."""
    labels, logits = [], []
    with torch.no_grad():
        for batch in getattr(data, f"{part}_dataloader")():
            if batch.group == group:
                used = batch.weight[0, row] > 0
                labels.append(batch.target[0, row][used])
                logits.append(task.eval()(batch.signal)[0, row][used])
    return torch.cat(labels).numpy(), torch.cat(logits).numpy()


@pytest.fixture(scope="module")
def fitted(false_signal_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit")
    data, calibration = data_of(false_signal_folder), Calibration()
    kept = ModelCheckpoint(folder, filename="best", monitor="val/loss")
    task, trainer = task_of(), trainer_of(calibration, kept)
    trainer.fit(task, datamodule=data)
    return task, data, calibration.path, dict(trainer.callback_metrics)


def test_validation_costs_the_mean_over_marked_samples():
    task, batch = task_of(), batch_of("scalp")
    loss, n = task.cost(batch, "val")
    used = batch.weight > 0
    assert n == used.sum()
    torch.testing.assert_close(
        loss, functional.binary_cross_entropy_with_logits(task(batch.signal)[used], batch.target[used])
    )


def test_training_costs_the_sum_over_the_length_of_the_crops_mhr_for_less():
    task, batch = task_of(mhr_weight=0.25), batch_of()
    loss, n = task.cost(batch, "fitting")
    each = (
        functional.binary_cross_entropy_with_logits(task(batch.signal), batch.target, reduction="none") * batch.weight
    )
    torch.testing.assert_close(loss, (each[:, 0].sum() + 0.25 * each[:, 1].sum()) / 150)
    assert n == 1


def test_unmarked_samples_cost_nothing_and_move_nothing():
    task, batch = task_of(), batch_of()
    other = batch._replace(target=torch.where(batch.weight > 0, batch.target, 1 - batch.target))
    assert torch.equal(task.cost(batch, "fitting")[0], task.cost(other, "fitting")[0])
    nothing = batch._replace(weight=torch.zeros_like(batch.weight))
    for stage, size in (("fitting", 1), ("val", 0)):
        loss, n = task.cost(nothing, stage)
        assert (loss.item(), n) == (0, size)
        loss.backward()
    assert all((p.grad == 0).all() for p in task.parameters() if p.grad is not None)


def test_mhr_that_does_not_count_leaves_a_finite_cost():
    batch = batch_of()
    weight = batch.weight.clone()
    weight[:, 0] = 0
    loss, _ = task_of(mhr_weight=0).cost(batch._replace(weight=weight), "fitting")
    assert float(loss) == 0
    with pytest.raises(FHRError, match="mhr_weight=-1; give 0 or more"):
        task_of(mhr_weight=-1)


@pytest.mark.parametrize("kept", [",true,", ",false,"])
def test_a_slice_that_cannot_give_a_threshold_is_refused_before_training(kept, false_signal_folder, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(false_signal_folder, folder)
    header, *rows = (folder / "annotations.csv").read_text().splitlines()
    rows = [row for row in rows if ",mhr," in row or kept in row]
    (folder / "annotations.csv").write_text("\n".join([header, *rows]) + "\n")
    task, trainer = task_of(), trainer_of(Calibration(), ModelCheckpoint(tmp_path / "kept", monitor="val/loss"))
    with pytest.raises(SplitError, match=r"early-stopping slice holds .* both are needed, take another slice"):
        trainer.fit(task, datamodule=data_of(folder))
    assert trainer.global_step == 0


def test_weight_decay_spares_biases_and_normalisation():
    decayed, spared = task_of().parameter_groups()
    assert "weight_decay" not in decayed
    assert spared["weight_decay"] == 0
    assert [p.ndim for p in decayed["params"]] == [3]
    assert [p.ndim for p in spared["params"]] == [1, 1, 1]


@pytest.mark.parametrize(
    ("name", "group", "row"),
    [
        ("fhr", "doppler", 0),
        ("fhr_without_mhr", "doppler_without_mhr", 0),
        ("scalp", "scalp", 0),
        ("mhr", "doppler", 1),
    ],
)
def test_metrics_of_validation_are_those_of_the_pooled_samples(fitted, false_signal_folder, name, group, row):
    task, data, *_ = fitted
    trainer = trainer_of()
    (found,) = trainer.validate(task, datamodule=data, verbose=False)
    labels, logits = scored(task, data, "val", group, row)
    if 0 < labels.sum() < len(labels):
        assert found[f"val/auroc_{name}"] == pytest.approx(roc_auc_score(labels, logits), abs=1e-3)
        assert found[f"val/f1_{name}"] == pytest.approx(f1_score(labels, logits >= 0), abs=0.01)
    else:
        assert f"val/auroc_{name}" not in found


def test_thresholds_are_the_best_of_the_early_stopping_slice(fitted):
    task, data, path, _ = fitted
    labels, logits = scored(task, data, "val", "doppler", 0)
    chosen = np.log(task.calibrator.fhr / (1 - task.calibrator.fhr))
    best = max(f1_score(labels, logits >= cut) for cut in np.quantile(logits, np.linspace(0, 1, 200)))
    assert f1_score(labels, logits >= chosen) >= best - 0.01
    assert read_checkpoint(path)[0].calibrator == task.calibrator.to_dict()


def test_the_card_says_what_was_learnt_from(fitted):
    task, data, path, _ = fitted
    card, network = read_checkpoint(path)
    facts = data.facts
    learnt = [*facts.partition.train, *facts.partition.validation]
    assert set(card.learnt_from) == {facts.recordings[name].source.sha256 for name in learnt}
    assert card.prevalence == pytest.approx(facts.labels[learnt].mean())
    assert card.pipeline == data.encoding.to_dict()
    signal = torch.randn(1, 4, 30)
    with torch.no_grad():
        assert torch.equal(network(signal), task.eval()(signal))


def test_a_test_pools_the_outer_fold_at_the_thresholds_of_the_fit(fitted, false_signal_folder):
    task, data, path, _ = fitted
    record, fresh = RunTracking(), task_of()
    trainer_of(record).test(fresh, datamodule=data_of(false_signal_folder), ckpt_path=path, verbose=False)
    assert fresh.calibrator == task.calibrator
    labels, logits = scored(task, data, "test", "doppler", 0)
    chosen = np.log(task.calibrator.fhr / (1 - task.calibrator.fhr))
    assert record.results["auroc_fhr"].value == pytest.approx(roc_auc_score(labels, logits), abs=1e-3)
    assert record.results["f1_fhr"].value == pytest.approx(f1_score(labels, logits >= chosen), abs=0.01)
    assert record.results["auroc_fhr"].low < record.results["auroc_fhr"].high
    doppler = record.predictions[record.predictions["measured"] == "fhr"]
    assert doppler["n"].sum() == len(labels)
    assert set(record.predictions["name"]) == set(data.facts.partition.test)


def test_training_learns_where_the_rates_meet(fitted):
    """False FHR stands at the level of MHR, 85 bpm, true FHR at 140."""
    task, data, _, metrics = fitted
    labels, logits = scored(task, data, "test", "doppler", 0)
    assert roc_auc_score(labels, logits) > 0.95
    assert np.isfinite(float(metrics["train/loss"]))


def test_two_fits_of_one_seed_are_the_same(fitted, false_signal_folder):
    task = task_of()
    trainer_of().fit(task, datamodule=data_of(false_signal_folder))
    again = task_of()
    trainer_of().fit(again, datamodule=data_of(false_signal_folder))
    for key, value in again.state_dict().items():
        assert torch.equal(value, task.state_dict()[key])


def test_an_interrupted_fit_with_averaged_weights_goes_on_where_it_stopped(false_signal_folder, tmp_path):
    class Interruption(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            trainer.should_stop = True

    def start(*callbacks: pl.Callback, **options: object) -> FalseSignalTask:
        task, data = task_of(), data_of(false_signal_folder)
        kept = ModelCheckpoint(tmp_path, save_last=True, enable_version_counter=False)
        trainer_of(kept, EMAWeightAveraging(decay=0.7), *callbacks).fit(
            task, datamodule=data, weights_only=True, **options
        )
        return task

    assert start(Interruption()).epochs == 1
    resumed = start(ckpt_path=tmp_path / "last.ckpt")
    whole = start()
    assert resumed.epochs == whole.epochs == 2
    for key, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[key], value)


def test_without_thresholds_there_is_no_test(false_signal_folder):
    task, data = task_of(), data_of(false_signal_folder)
    task.epochs = 1
    with pytest.raises(CheckpointError, match=r"the checkpoint holds no thresholds; let `fhr fit` end"):
        trainer_of(RunTracking()).test(task, datamodule=data, verbose=False)
