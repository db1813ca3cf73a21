"""Network: the base class of every network, which remembers its arguments and scales its features."""

import inspect
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from fhr.datasets import told_of_use
from fhr.errors import CheckpointError, FHRError
from fhr.features import FeatureScaling
from fhr.recording import Heritage

from .feature_scale import FeatureScale

__all__ = ["Network", "with_heritage"]

_HERITAGE = "heritage"  # among what PyTorch keeps beside the weights of each module


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
        heritage: what the weights had learnt from before they were trained in this process: that of the checkpoint
            they were read from. It goes with `state_dict` and `load_state_dict`, copies and pickles; weights that are
            copied tensor by tensor leave it behind.
    """

    specification: dict[str, Any]
    heritage: Heritage
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
        object.__setattr__(self, "heritage", Heritage())
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
        self._tell()
        scores: torch.Tensor
        if features is None or self.scaling_of_features is None:
            scores = self(signal)
        else:
            scores = self(signal, self.scaling_of_features(features).to(signal.dtype))
        return scores

    def _tell(self) -> None:
        if self.heritage:
            told_of_use(lambda: self.heritage.seen, f"the network {type(self).__name__}")

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        self._tell()
        beside = getattr(destination, "_metadata", {}).get(prefix[:-1])
        if self.heritage and beside is not None:
            beside[_HERITAGE] = self.heritage.plain()

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Any], prefix: str, local_metadata: Mapping[str, Any], *args: Any
    ) -> None:
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)
        loaded = _heritage(local_metadata.get(_HERITAGE))
        # Where some weights stay, so does what they have learnt from.
        whole = all(f"{prefix}{name}" in state_dict for name, _ in self.named_parameters())
        self.heritage = loaded if whole else self.heritage | loaded
        self._tell()

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


def _heritage(plain: Any) -> Heritage:
    try:
        return Heritage() if plain is None else Heritage.from_plain(plain)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"what its weights have learnt from is damaged ({error}); train anew") from None


def with_heritage(state: Mapping[str, Any], prefix: str, heritage: Heritage) -> dict[str, Any]:
    """Weights by name that say what they have learnt from to the network that loads them.

    Args:
        state: weights by name.
        prefix: of the names of the network's weights, such as `model.`.
        heritage: of the weights.
    """
    marked: OrderedDict[str, Any] = OrderedDict(state)
    known = dict(getattr(state, "_metadata", {}))
    module = prefix.removesuffix(".")
    known[module] = {**known.get(module, {"version": 1}), _HERITAGE: heritage.plain()}
    marked._metadata = OrderedDict(known)  # type: ignore[attr-defined]  # as PyTorch keeps it
    return marked
