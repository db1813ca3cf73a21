"""The base class of every network: it remembers its arguments, so that a checkpoint can rebuild it."""

import inspect
from importlib import import_module
from typing import Any

import torch
from torch import nn

from fhr.errors import CheckpointError

__all__ = ["Network", "rebuild"]


class Network(nn.Module):
    """An `nn.Module` that keeps its class path and its arguments as plain types.

    Derive a network from this class and give it arguments of plain types (numbers, text, lists); take `n_channels`,
    `n_times`, `n_outputs` and `fs` where it needs them, the command line fills them in from the data.

    Attributes:
        specification: `{"class_path": ..., "init_args": {...}}`.
    """

    specification: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> "Network":
        """Remember the arguments, defaults included, before `__init__` runs."""
        self = super().__new__(cls)
        bound = inspect.signature(cls).bind(*args, **kwargs)
        bound.apply_defaults()
        init_args = {key: list(value) if isinstance(value, tuple) else value for key, value in bound.arguments.items()}
        object.__setattr__(
            self, "specification", {"class_path": f"{cls.__module__}.{cls.__qualname__}", "init_args": init_args}
        )
        return self

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        """Scores (batch, n_outputs) of `signal` (batch, channel, time)."""
        raise NotImplementedError


def rebuild(specification: dict[str, Any]) -> Network:
    """The untrained network that a specification names.

    Raises:
        CheckpointError: the class cannot be found, is no `Network`, or does not take the arguments.
    """
    class_path = specification["class_path"]
    module, _, name = class_path.rpartition(".")
    try:
        cls = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        raise CheckpointError(f"network class {class_path!r} is not found; install the package that defines it") from None
    if not (isinstance(cls, type) and issubclass(cls, Network)):
        raise CheckpointError(f"{class_path} is no fhr.models.Network; a checkpoint may name nothing else")
    try:
        return cls(**specification["init_args"])
    except TypeError as error:
        raise CheckpointError(f"{class_path} does not take the checkpoint's arguments: {error}") from None
