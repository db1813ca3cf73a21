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

    Derive a network from this class and give it arguments of plain types (numbers, text, lists), `n_channels` and
    `n_outputs` among them: the command line fills these in from the data.

    Attributes:
        specification: `{"class_path": ..., "init_args": {...}}`.
    """

    specification: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> "Network":
        """Remember the arguments, defaults included, before `__init__` runs."""
        self = super().__new__(cls)
        bound = inspect.signature(cls.__init__).bind(self, *args, **kwargs)
        bound.apply_defaults()
        arguments = {}
        for name, parameter in list(bound.signature.parameters.items())[1:]:
            if parameter.kind is parameter.VAR_KEYWORD:
                arguments.update(bound.arguments[name])
            elif parameter.kind is not parameter.VAR_POSITIONAL:  # nn.Module's own, which takes none
                arguments[name] = bound.arguments[name]
        init_args = {key: list(value) if isinstance(value, tuple) else value for key, value in arguments.items()}
        object.__setattr__(
            self, "specification", {"class_path": f"{cls.__module__}.{cls.__qualname__}", "init_args": init_args}
        )
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]:
        """What `__new__` needs when a copy or a pickle is made."""
        return (), dict(self.specification["init_args"])

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        """Scores (batch, n_outputs) of `signal` (batch, channel, time)."""
        raise NotImplementedError


def rebuild(specification: dict[str, Any]) -> Network:
    """The untrained network that a specification names.

    Raises:
        CheckpointError: the class cannot be found, is no `Network`, or does not take the arguments.
    """
    class_path, init_args = specification.get("class_path"), specification.get("init_args")
    if not isinstance(class_path, str) or not isinstance(init_args, dict):
        raise CheckpointError(f"{specification} names no network: `class_path` and `init_args` are needed; train anew")
    module, _, name = class_path.rpartition(".")
    try:
        cls = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        raise CheckpointError(
            f"network class {class_path!r} is not found; install the package that defines it"
        ) from None
    if not (isinstance(cls, type) and issubclass(cls, Network)):
        raise CheckpointError(f"{class_path} is no fhr.models.Network; a checkpoint may name nothing else")
    try:
        return cls(**init_args)
    except (TypeError, ValueError, RuntimeError) as error:  # unknown names, and values that make no layer
        raise CheckpointError(f"{class_path} does not take the checkpoint's arguments: {error}") from None
