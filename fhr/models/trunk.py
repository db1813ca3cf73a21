"""Trunk: the base class of networks that read a window into a sequence of features, pool it, and score that."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError

from .nested_pooling import NestedPooling
from .network import Network

__all__ = ["FeatureSequence", "Trunk", "validity"]


class FeatureSequence(NamedTuple):
    """Features of a window in time, as a trunk gives them.

    Attributes:
        values: (batch, width, steps); the last step ends where the window ends.
        weight: (batch, 1, steps), 0 where nothing was measured, up to 1.
    """

    values: torch.Tensor
    weight: torch.Tensor


class Trunk(Network):
    """A network in three parts: a sequence of features, its pooling, and a linear layer that scores.

    A derived class says what the sequence is, and ends its `__init__` with `end_in`; pooling and layer can be taken
    away and others put there, as `fhr.models.OnTrunk` does.

    Attributes:
        ends: names of the modules behind the sequence, which pretrained weights leave out.
        end_arguments: of `__init__`, which may differ between networks that share the weights of their trunks.
        kinds: channels of each kind, in order, for heads that weigh kinds by themselves; one kind by default.
    """

    pool: nn.Module
    head: nn.Module
    ends: ClassVar[frozenset[str]] = frozenset({"pool", "head", "scaling_of_features"})
    end_arguments: ClassVar[frozenset[str]] = frozenset({"n_outputs", "dropout", "parts", "quantiles"})
    kinds: tuple[int, ...]

    @property
    def width(self) -> int:
        """Channels of the sequence."""
        return sum(self.kinds)

    @property
    def last_block(self) -> nn.Module:
        """The last layer, or block of layers, of the sequence: all that learns where only the end of the trunk does."""
        layers = [child for name, child in self.named_children() if name not in self.ends]
        with_weights = [child for child in layers if any(True for _ in child.parameters())]
        if not with_weights:
            raise FHRError(f"{type(self).__name__} has no weights to fine-tune; train its head alone")
        last = with_weights[-1]
        return last[-1] if isinstance(last, nn.ModuleList) else last

    def end_in(
        self,
        width: int,
        n_outputs: int,
        *,
        kinds: tuple[int, ...] = (),
        parts: Sequence[float] = (1.0,),
        quantiles: Sequence[float] = (),
        dropout: float = 0.2,
    ) -> None:
        """Make pooling and linear layer.

        Args:
            width: channels of the sequence.
            n_outputs: scores a window.
            kinds: channels of each kind; none for one kind.
            parts: of `NestedPooling`; the window alone by default.
            quantiles: of `NestedPooling`.
            dropout: of the pooled features.
        """
        self.kinds = kinds or (width,)
        self.pool = NestedPooling(parts, quantiles)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.pool.n_pooled(width), n_outputs))

    def sequence(self, signal: torch.Tensor) -> FeatureSequence:
        """Features in time of `signal` (batch, channel, time)."""
        raise NotImplementedError

    def embed(self, signal: torch.Tensor) -> torch.Tensor:
        """Embedding (batch, d) of `signal` (batch, n_channels, time): its sequence, pooled."""
        pooled: torch.Tensor = self.pool(*self.sequence(signal))
        return pooled

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        """Scores (batch, n_outputs) of `signal` (batch, n_channels, time)."""
        scores: torch.Tensor = self.head(self.embed(signal))
        return scores


def validity(signal: torch.Tensor, steps: int | None = None) -> torch.Tensor:
    """Share of measured time (batch, 1, steps) of each step of a signal (batch, channel, time).

    Measured is where the last channel, the mask, is above 0; a signal of one channel has no mask and is measured
    throughout.

    Args:
        signal: (batch, channel, time).
        steps: of equal length over the window; None for its samples.
    """
    valid = (signal[:, -1:] > 0).to(signal.dtype) if signal.shape[1] > 1 else torch.ones_like(signal)
    return valid if steps is None else F.adaptive_avg_pool1d(valid, steps)
