"""Network: the base class of every network, which remembers its arguments and scales its features."""

import inspect
from typing import Any

import torch
from torch import nn

from fhr.errors import FHRError
from fhr.features import FeatureScaling

from .feature_scale import FeatureScale

__all__ = ["Network"]


class Network(nn.Module):
    """An `nn.Module` that keeps its class path and its arguments as plain types.

    Derive a network from this class and give it arguments of plain types (numbers, text, lists), `n_channels` and
    `n_outputs` among them: the command line fills these in from the data. A network with an argument `n_features` is
    told how many scalar features the data give beside each window (0 for none); where there are some, its `forward`
    takes them, scaled and without gaps, as a second argument (batch, n_features): `scores` takes them as they were
    computed, and scales them as the training fold had them. The scaling is a part of the network's state.

    Attributes:
        specification: `{"class_path": ..., "init_args": {...}}`.
        n_features: features that `forward` takes beside the signal; 0 for none.
        scaling_of_features: of a network with features; None of another.
    """

    specification: dict[str, Any]
    n_features: int
    scaling_of_features: FeatureScale | None

    def __new__(cls, *args: Any, **kwargs: Any) -> "Network":
        """Remember the arguments, defaults included, before `__init__` runs."""
        self = super().__new__(cls)
        bound = inspect.signature(cls.__init__).bind(self, *args, **kwargs)
        bound.apply_defaults()
        arguments = {}
        for name, parameter in list(bound.signature.parameters.items())[1:]:
            if parameter.kind is parameter.VAR_KEYWORD:
                arguments.update(bound.arguments[name])
            elif parameter.kind is not parameter.VAR_POSITIONAL:
                arguments[name] = bound.arguments[name]
        init_args = {key: list(value) if isinstance(value, tuple) else value for key, value in arguments.items()}
        object.__setattr__(
            self, "specification", {"class_path": f"{cls.__module__}.{cls.__qualname__}", "init_args": init_args}
        )
        object.__setattr__(self, "n_features", init_args.get("n_features", 0))
        return self

    def __init__(self) -> None:
        super().__init__()
        self.scaling_of_features = FeatureScale(self.n_features) if self.n_features else None

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]:
        """What `__new__` needs when a copy or a pickle is made."""
        return (), dict(self.specification["init_args"])

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        """Scores (batch, n_outputs) of `signal` (batch, channel, time)."""
        raise NotImplementedError

    def scores(self, signal: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """Scores (batch, n_outputs), with the features where the network takes some.

        Args:
            signal: (batch, channel, time).
            features: (batch, n_features), as they were computed; NaN and infinite values are missing.

        Raises:
            FHRError: another number of features than the network takes.
        """
        self.check_features(0 if features is None else features.shape[1])
        scores: torch.Tensor
        if features is None or self.scaling_of_features is None:
            scores = self(signal)
        else:
            scores = self(signal, self.scaling_of_features(features).to(signal.dtype))
        return scores

    def take_scaling(self, scaling: FeatureScaling) -> None:
        """Scale the features by this from now on.

        Raises:
            FHRError: it is of another number of features than the network takes.
        """
        self.check_features(len(scaling.centre))
        if self.scaling_of_features is not None:
            self.scaling_of_features.take(scaling)

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
