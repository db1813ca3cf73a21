"""A training that was stopped and goes on is the unbroken one, bit for bit, whatever habits its trainer has."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import (
    EarlyStopping,
    EMAWeightAveraging,
    GradientAccumulationScheduler,
    StochasticWeightAveraging,
)
from pytorch_lightning.cli import LightningCLI, ReduceLROnPlateau
from torch.optim import LBFGS, SGD, Adam, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, StepLR

from fhr.datamodules import CTUUHBDataModule
from fhr.losses import PHRegression
from fhr.models import InceptionNet
from fhr.preprocessing import Augmentation
from fhr.tasks import ClassificationTask, Resumable


def momentum(weights: Any) -> Optimizer:
    return SGD(weights, lr=0.03, momentum=0.9)


def averages() -> StochasticWeightAveraging:
    return StochasticWeightAveraging(swa_lrs=0.01, swa_epoch_start=2)


# Optimizer, schedule, callbacks and settings of the trainer; None for the task's own optimizer and schedule.
HABITS: dict[str, tuple[Any, Any, list[Any], dict[str, Any]]] = {
    "plateau": (momentum, lambda one: ReduceLROnPlateau(one, monitor="val/loss", patience=0, factor=0.5), [], {}),
    "steps": (momentum, lambda one: StepLR(one, 1, 0.5), [], {"num_sanity_val_steps": 0}),
    "cosine": (Adam, lambda one: CosineAnnealingLR(one, 4), [], {"val_check_interval": 0.5}),
    "linear": (Adam, LinearLR, [], {"accumulate_grad_batches": 2}),
    "closure": (lambda weights: LBFGS(weights, lr=0.01, max_iter=2), None, [], {}),
    "reloaded": (None, None, [], {"reload_dataloaders_every_n_epochs": 1}),
    "reloaded_at_times": (None, None, [], {"reload_dataloaders_every_n_epochs": 3}),
    "max_steps": (None, None, [], {"max_steps": 11}),
    "max_steps_alone": (momentum, None, [], {"max_steps": 11, "max_epochs": -1, "gradient_clip_val": 0.1}),
    "validated_across_epochs": (None, None, [], {"val_check_interval": 2, "check_val_every_n_epoch": None}),
    "averaged": (momentum, lambda one: StepLR(one, 2), [averages], {}),
    "moving_average": (None, None, [lambda: EMAWeightAveraging(decay=0.7)], {"precision": "bf16-mixed"}),
    "accumulated_more": (None, None, [lambda: GradientAccumulationScheduler({0: 1, 2: 3})], {}),
    "double": (None, None, [], {"precision": "64-true", "max_time": "00:01:00:00"}),
}


class StopError(Exception):
    pass


class Stopped(pl.Callback):
    """Stops the training after a batch of an epoch, as a kill does."""

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if trainer.current_epoch == 2:
            raise StopError


@pytest.fixture(scope="module")
def data(births: Path, births_database: object) -> CTUUHBDataModule:
    options = {"target": "ph<7.20", "window_minutes": 10, "batch_size": 16, "augmentation": Augmentation(), "seed": 1}
    return CTUUHBDataModule(str(births), **options)


def train(data: CTUUHBDataModule, folder: Path, habit: str, *more: pl.Callback, go_on: bool = False) -> dict[str, Any]:
    """What a training leaves: the last epoch that it kept, and the metrics at its end."""
    optimizer, schedule, callbacks, settings = HABITS[habit]
    pl.seed_everything(3)
    network = InceptionNet(n_filters=2, kernel_sizes=[5], depth=1, stride=8, dropout=0.3)
    task = ClassificationTask(network, PHRegression(), learning_rate=0.01)
    if optimizer is not None:
        chosen = optimizer(task.parameters())
        follows = schedule(chosen) if schedule else None
        task.configure_optimizers = lambda: LightningCLI.configure_optimizers(task, chosen, follows)  # type: ignore[method-assign]
    last = folder / "last.ckpt"
    stopping = EarlyStopping("val/loss", patience=9, check_on_train_epoch_end=False)
    trainer = pl.Trainer(
        callbacks=[*(make() for make in callbacks), stopping, *more, Resumable(last)],
        **{
            **{"max_epochs": 4, "limit_train_batches": 3, "limit_val_batches": 1, "accelerator": "cpu"},
            **{"logger": False, "enable_progress_bar": False, "enable_model_summary": False},
            **{"enable_checkpointing": True, "log_every_n_steps": 1},
            **settings,
        },
    )
    trainer.fit(task, datamodule=data, ckpt_path=last if go_on else None)
    kept = torch.load(last, weights_only=True)
    return {key: kept[key] for key in ("epoch", "global_step", "state_dict", "optimizer_states", "lr_schedulers")} | {
        "metrics": trainer.callback_metrics
    }


def assert_same(a: Any, b: Any) -> None:
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, list | tuple):
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    else:
        assert a == b


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("habit", HABITS)
def test_a_stopped_training_goes_on_as_the_unbroken_one(data, tmp_path, habit):
    unbroken = train(data, tmp_path / "unbroken", habit)
    with pytest.raises(StopError):
        train(data, tmp_path / "stopped", habit, Stopped())
    assert_same(train(data, tmp_path / "stopped", habit, go_on=True), unbroken)
