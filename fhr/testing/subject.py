"""Subject of the checks: a way to make a network, and the made-up windows and features that its networks get."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from inspect import Parameter, isclass, signature
from typing import Any

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from fhr.errors import FHRError
from fhr.formats.files.regular_file import reason
from fhr.models import Network

__all__ = ["Subject", "arguments_of", "is_close", "name_of", "one_line", "seed_everything", "training_steps"]

_SHAPES = ("n_channels", "n_outputs", "n_features")


@dataclass(frozen=True)
class Subject:
    """A factory of networks with the shapes that they are checked with.

    Attributes:
        factory: makes a network from those of `n_channels`, `n_outputs` and `n_features` that it takes.
        n_channels: of a window; the last one is the mask where there is more than one.
        n_outputs: scores a window.
        n_times: samples a window.
        n_features: beside each window; 0 for none.
    """

    factory: Callable[..., Any]
    n_channels: int
    n_outputs: int
    n_times: int
    n_features: int

    def make(self, *, n_outputs: int | None = None, seed: int = 0) -> Network:
        """A new network of this seed; as the command line does, one without an argument is not told of it."""
        shapes = (self.n_channels, self.n_outputs if n_outputs is None else n_outputs, self.n_features)
        taken = arguments_of(self.factory)
        seed_everything(seed)
        made: Network = self.factory(**{name: n for name, n in zip(_SHAPES, shapes, strict=True) if name in taken})
        return made

    @cached_property
    def trained(self) -> Network:
        """A network after a few steps, in evaluation mode: normalisation has seen windows, no layer is still at zero.

        Every check sees this same one; who changes a network takes a `twin`.
        """
        network = self.make()
        for _ in training_steps(network, self.windows(8), self.features(8), n=3):
            pass
        return network.eval()

    def twin(self) -> Network:
        """A network of its own with the weights of `trained`, in evaluation mode."""
        network = self.make()
        network.load_state_dict(self.trained.state_dict())
        return network.eval()

    def windows(self, n: int, n_times: int | None = None, seed: int = 0) -> torch.Tensor:
        """Scaled signals (n, channel, time) as a `Pipeline` makes them: gaps are 0 in every channel, the mask is last.

        Each varies by another amount, and has one gap of a fifth of its time.
        """
        n_times = self.n_times if n_times is None else n_times
        generator = torch.Generator().manual_seed(seed)
        signal = torch.randn(n, self.n_channels, n_times, generator=generator)
        signal[:, 0] *= torch.linspace(0.3, 1.5, n)[:, None]
        if self.n_channels > 1:
            signal[:, -1] = 1.0
            for window, start in zip(signal, torch.randint(0, n_times // 2, (n,), generator=generator), strict=True):
                window[:, start : start + n_times // 5] = 0.0
        return signal

    def features(self, n: int, seed: int = 0) -> torch.Tensor:
        """Scaled features (n, n_features)."""
        return torch.randn(n, self.n_features, generator=torch.Generator().manual_seed(seed))

    @torch.no_grad()
    def scores(self, network: Network, signal: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """Scores of `signal`, with made-up features where none are given."""
        return network.scores(signal, self.features(len(signal)) if features is None else features)


def training_steps(network: Network, signal: torch.Tensor, features: torch.Tensor, *, n: int) -> Iterator[None]:
    """`n` steps of AdamW towards made-up labels; pauses where the gradients of a step are known."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=0.01) if parameters else None
    label = torch.arange(len(signal)) % 2.0
    network.train()
    for _ in range(n if optimizer is not None else 0):
        network.zero_grad()
        scores = network.scores(signal, features)
        wanted = label.reshape(-1, *[1] * (scores.dim() - 1)).expand_as(scores)
        binary_cross_entropy_with_logits(scores, wanted).backward()
        yield
        optimizer.step()  # type: ignore[union-attr]


def arguments_of(factory: Callable[..., Any]) -> set[str]:
    """Arguments among `n_channels`, `n_outputs` and `n_features` that a factory takes.

    A class that passes on what it does not know (`**options`) takes what its base classes take; a function that does
    so is told of the channels and outputs, which most networks take.
    """
    if isinstance(factory, partial):
        return arguments_of(factory.func)
    chain = [vars(c)["__init__"] for c in factory.__mro__ if "__init__" in vars(c)] if isclass(factory) else [factory]
    names: set[str] = set()
    for one in chain:
        parameters = signature(one).parameters
        names |= set(parameters)
        if all(parameter.kind is not Parameter.VAR_KEYWORD for parameter in parameters.values()):
            return names & set(_SHAPES)
    return names & set(_SHAPES) if isclass(factory) else (names & set(_SHAPES)) | {"n_channels", "n_outputs"}


def name_of(factory: Callable[..., Any]) -> str:
    """Name of the network in a message."""
    return name_of(factory.func) if isinstance(factory, partial) else getattr(factory, "__name__", repr(factory))


def seed_everything(seed: int) -> None:
    """Seed every global generator that a network may draw its weights from."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  # the global one, for a network that uses it
    torch.manual_seed(seed)


def is_close(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Compare two tensors of scores: the same but for rounding in float32."""
    return a.shape == b.shape and torch.allclose(a, b, atol=1e-5, rtol=1e-4)


def one_line(error: Exception) -> str:
    """An exception in one line; ours speak for themselves."""
    said = reason(error)
    return said if isinstance(error, FHRError) and said else f"{type(error).__name__}: {said}".rstrip(": ")
