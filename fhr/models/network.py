"""The base class of every network: it remembers its arguments, so that a checkpoint can rebuild it."""

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import torch
from torch import nn

from fhr.errors import CheckpointError, FHRError

__all__ = ["Network", "completed", "rebuild"]


class Network(nn.Module):
    """An `nn.Module` that keeps its class path and its arguments as plain types.

    Derive a network from this class and give it arguments of plain types (numbers, text, lists), `n_channels` and
    `n_outputs` among them: the command line fills these in from the data. A network with an argument `n_features` is
    told how many scalar features the data give beside each window (0 for none); where there are some, its `forward`
    takes them, scaled and without gaps, as a second argument (batch, n_features).

    Attributes:
        specification: `{"class_path": ..., "init_args": {...}}`.
        n_features: features that `forward` takes beside the signal; 0 for none.
    """

    specification: dict[str, Any]
    n_features: int

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
        object.__setattr__(self, "n_features", init_args.get("n_features", 0))
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]:
        """What `__new__` needs when a copy or a pickle is made."""
        return (), dict(self.specification["init_args"])

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        """Scores (batch, n_outputs) of `signal` (batch, channel, time)."""
        raise NotImplementedError

    def scores(self, signal: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """Scores (batch, n_outputs), with the features (batch, n_features) where the network takes some.

        Raises:
            FHRError: another number of features than the network takes.
        """
        self.check_features(0 if features is None else features.shape[1])
        scores: torch.Tensor = self(signal, features) if self.n_features else self(signal)
        return scores

    def check_features(self, n_features: int) -> None:
        """Refuse data with another number of features than the network takes.

        Raises:
            FHRError: these are not so many.
        """
        if n_features == self.n_features:
            return
        name = type(self).__name__
        if self.n_features == 0:
            raise FHRError(
                f"the data give {n_features} features a window and {name} takes none; leave `data.features` out, or "
                "choose a network with an argument `n_features`, such as fhr.models.InceptionNet"
            )
        raise FHRError(
            f"{name} takes {self.n_features} features a window and the data give {n_features}; name the features that "
            "it is meant for in `data.features`, and leave `n_features` to the data"
        )


def rebuild(specification: Mapping[str, Any]) -> Network:
    """The untrained network that a specification names.

    Raises:
        CheckpointError: the class cannot be found, is no `Network`, or does not take the arguments.
    """
    cls, init_args = _class_and_arguments(specification)
    try:
        return cls(**init_args)
    except (TypeError, ValueError, RuntimeError) as error:  # unknown names, and values that make no layer
        raise CheckpointError(
            f"{specification['class_path']} does not take the checkpoint's arguments: {error}"
        ) from None


def completed(specification: Mapping[str, Any]) -> dict[str, Any]:
    """The specification with the defaults of arguments that are newer than it; nothing is built.

    Raises:
        CheckpointError: as for `rebuild`.
    """
    cls, init_args = _class_and_arguments(specification)
    try:
        return cls.__new__(cls, **init_args).specification
    except TypeError as error:
        raise CheckpointError(
            f"{specification['class_path']} does not take the checkpoint's arguments: {error}"
        ) from None


def _class_and_arguments(specification: Mapping[str, Any]) -> tuple[type[Network], dict[str, Any]]:
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
    return cls, init_args
