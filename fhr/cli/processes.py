"""Processes of a training: `fhr fit` has as many as the trainer says, every other verb one."""

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.strategies.launchers import _MultiProcessingLauncher

from fhr.compute import tell
from fhr.errors import FHRError

__all__ = ["check_processes", "one_process", "tell_of_processes"]


def one_process(verb: str | None, devices: Any, num_nodes: int) -> dict[str, Any]:
    """Settings of a trainer of one process, so that each record counts once.

    Args:
        verb: `test` or `validate`; None for a cross-validation, whose workers have a network each.
        devices: as the trainer's setting has it.
        num_nodes: likewise.

    Raises:
        FHRError: several asked for, for a cross-validation.
    """
    many = devices not in ("auto", "-1", -1, "1", 1)
    if isinstance(devices, list | tuple):
        devices, many = list(devices)[:1], len(devices) > 1
    elif not str(devices).isdecimal() or int(devices) > 0:  # 0 is refused by the trainer
        devices = 1
    if many or num_nodes > 1:
        if verb is None:
            raise FHRError(
                "--trainer.devices and --trainer.num_nodes: a cross-validation trains each network in one process; "
                "leave them at 1, and give `--workers N` for several networks at once"
            )
        tell("one process evaluates, so that each record counts once")
    return {"devices": devices, "num_nodes": 1, "strategy": "auto"}


def check_processes(trainer: pl.Trainer) -> None:
    """Refuse processes that keep the calibrator and the finished checkpoint to themselves.

    Raises:
        FHRError: a strategy that starts processes as copies of functions, not of the command.
    """
    if isinstance(trainer.strategy.launcher, _MultiProcessingLauncher):
        raise FHRError(
            "--trainer.strategy: what a fit ends with, calibrator and finished checkpoint, does not come back from "
            "processes that are spawned or forked; give `--trainer.strategy ddp`, which trains alike"
        )


def tell_of_processes(trainer: pl.Trainer, batch_size: int | None) -> None:
    """Say what several processes change."""
    if trainer.world_size > 1:
        each = "" if batch_size is None else f", a batch of {batch_size} each: {trainer.world_size * batch_size} a step"
        tell("%d processes train one network%s", trainer.world_size, each)
