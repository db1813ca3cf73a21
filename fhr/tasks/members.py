"""fit_members: several retrainings of one network, trained as one and kept one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint, StochasticWeightAveraging
from pytorch_lightning.callbacks.weight_averaging import WeightAveraging

from fhr.compute import seed_of
from fhr.errors import FHRError

from .classification import ClassificationTask
from .ensemble import MONITOR, EnsembleTask
from .scores import score_windows

__all__ = ["FittedMember", "fit_members"]


@dataclass(frozen=True)
class FittedMember:
    """A member of an ensemble after its training, with its scores of the records that it has not seen.

    Attributes:
        checkpoint: its file, without a calibrator.
        epochs: how many its weights were trained for.
        held_out: risk score by name, of the held-out inner fold.
        test: risk score by name, of the outer fold.
    """

    checkpoint: Path
    epochs: int
    held_out: pd.Series
    test: pd.Series


def fit_members(
    tasks: Sequence[ClassificationTask],
    data: pl.LightningDataModule,
    trainer: pl.Trainer,
    folder: Path,
    *,
    seed: int = 0,
    at_once: bool | None = None,
) -> list[FittedMember]:
    """Train M members as one training, and score what they have not seen.

    The trainer's `EarlyStopping` and `ModelCheckpoint` are followed for each member by itself, and taken off the
    trainer. There is one file a member, `member0.ckpt`, `member1.ckpt`, ..., of the content of a finished checkpoint.

    Args:
        tasks: the members, each with initial weights of its own.
        data: gives stacked training batches, see `fhr.datamodules.MembersDataModule`.
        trainer: of one device.
        folder: where the checkpoints go; it is made.
        seed: of dropout.
        at_once: see `fhr.models.StackedNetworks`.

    Raises:
        FHRError: tasks that cannot be stacked, several devices, a stopping or a checkpoint by another quantity than
            `val/loss`, or a callback that averages weights.
    """
    for task in tasks:
        task.begin()
    ensemble = EnsembleTask(tasks, at_once=at_once, **_own_callbacks(trainer))
    torch.manual_seed(seed_of(seed, "dropout of members"))  # not the stream that gave a member its first weights
    trainer.fit(ensemble, datamodule=data)
    folder.mkdir(parents=True, exist_ok=True)
    partition = data.facts.partition  # type: ignore[attr-defined]
    fitted = []
    for m, (task, step) in enumerate(zip(ensemble.members(), ensemble.steps, strict=True)):
        path = _write(task, step, folder / f"member{m}.ckpt")
        task.to(trainer.strategy.root_device)
        held_out, _ = score_windows(task, data.calibration_dataloader())  # type: ignore[attr-defined]
        test, _ = score_windows(task, data.test_dataloader())
        task.cpu()
        names = list(partition.calibration), list(partition.test)
        fitted.append(FittedMember(path, task.epochs, pd.Series(held_out, names[0]), pd.Series(test, names[1])))
    return fitted


def _write(task: ClassificationTask, step: int, path: Path) -> Path:
    checkpoint = {
        "state_dict": task.state_dict(),
        "epoch": task.epochs - 1,
        "global_step": step,
        "pytorch-lightning_version": version("pytorch-lightning"),
    }
    task.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, path)
    return path


def _own_callbacks(trainer: pl.Trainer) -> dict[str, Any]:
    """Patience and which weights to keep; the callbacks that would stop or keep all members alike are taken off.

    A trainer without a `ModelCheckpoint` by `val/loss` keeps the last weights, of one network as of several.
    """
    if trainer.world_size > 1:
        raise FHRError(f"members at once on {trainer.world_size} devices; give `--trainer.devices=1`")
    found: dict[str, Any] = {"patience": None, "keep": "last"}
    rest = []
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, WeightAveraging | StochasticWeightAveraging):
            raise FHRError(f"{type(callback).__name__} with members at once; train them one after another")
        if not isinstance(callback, EarlyStopping | ModelCheckpoint):
            rest.append(callback)
            continue
        wanted = {"monitor": callback.monitor, "mode": callback.mode}
        if isinstance(callback, EarlyStopping):
            found["patience"] = callback.patience
            ends = ("min_delta", "stopping_threshold", "divergence_threshold")
            wanted |= {end: value for end in ends if (value := getattr(callback, end))}
        elif callback.monitor is None:
            continue
        else:
            found["keep"] = "best"
        if wanted != {"monitor": MONITOR, "mode": "min"}:
            raise FHRError(
                f"{type(callback).__name__} by {wanted}; members at once know the minimum of {MONITOR!r} alone, train "
                "them one after another"
            )
    trainer.callbacks = rest  # type: ignore[attr-defined]
    return found
