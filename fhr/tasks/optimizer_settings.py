"""Settings of the optimizer and the schedule that a training uses, for the parameters of its run."""

import inspect
from typing import Any

import pytorch_lightning as pl

from .task import Task

__all__ = ["optimizer_settings"]

_OF_ALL = ("self", "optimizer", "last_epoch")  # what every schedule is given or counts


def optimizer_settings(trainer: pl.Trainer, task: Task) -> dict[str, Any]:
    """Class of the optimizer, and what was chosen of it.

    Of the task's own these are `learning_rate` and `weight_decay`. Of an optimizer given in its place, by the command
    line for example, they are the arguments of optimizer and schedule, as `optimizer/lr` and `scheduler/step_size`;
    what the task would have used is not named then.
    """
    found: dict[str, Any] = {}
    own = "configure_optimizers" not in vars(task)  # the command line puts one on the task
    if own:
        found |= {"learning_rate": task.learning_rate, "weight_decay": task.weight_decay}
    for optimizer in trainer.optimizers[:1]:
        found["optimizer"] = type(optimizer).__name__
        found |= {} if own else {f"optimizer/{name}": _plain(x) for name, x in optimizer.defaults.items()}
    for config in trainer.lr_scheduler_configs[:1]:
        found["scheduler"] = type(config.scheduler).__name__
        found |= {} if own else {f"scheduler/{name}": _plain(x) for name, x in _arguments(config.scheduler).items()}
    return found


def _arguments(scheduler: Any) -> dict[str, Any]:
    """Arguments that the schedule keeps under their names; others are in the configuration of the run."""
    signatures = [
        inspect.signature(vars(one)["__init__"]) for one in type(scheduler).__mro__ if "__init__" in vars(one)
    ]
    named = dict.fromkeys(name for signature in signatures for name in signature.parameters)
    kept = {name: getattr(scheduler, name) for name in named if name not in _OF_ALL and hasattr(scheduler, name)}
    return {name: value for name, value in kept.items() if not callable(value)}


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | None) else str(value)
