"""FeatureScale: the scaling of features as a part of the network that takes them."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

import torch
from torch import nn

from fhr.errors import CheckpointError, FHRError
from fhr.features import FeatureScaling

__all__ = ["FeatureScale", "exactest", "with_scaling"]

NAME = "scaling_of_features"  # of the module in a network, and so of its entries in a checkpoint
# An infinite spread or limit is kept as a number, since an average of weights makes NaN of infinity; what exceeds the
# bound is infinite again.
_INFINITE, _BOUND = 2.0**1000, 2.0**999
_WANTED = {"centre": "finite number", "spread": "positive number", "limit": "positive number"}


class FeatureScale(nn.Module):
    """The scaling of raw features, kept as buffers: what a network sees of x is clip((x - centre) / spread, ±limit).

    A missing feature, NaN or infinite, is 0. Before a scaling is given (`take`) only the missing ones are replaced. The
    numbers are those of `fhr.features.FeatureScaling`, bit for bit: they are kept and computed in double precision,
    whatever the precision of the network, save on a device that has none.

    Args:
        n_features: scalar features of a window.

    Shape:
        (batch, n_features) to the same; of a stack of M, (M, batch, n_features).
    """

    centre: torch.Tensor
    spread: torch.Tensor
    limit: torch.Tensor

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(n_features, dtype=torch.float64))
        self.register_buffer("spread", torch.ones(n_features, dtype=torch.float64))
        self.register_buffer("limit", torch.full((1,), _INFINITE, dtype=torch.float64))

    @torch.no_grad()
    def take(self, scaling: FeatureScaling) -> None:
        """Scale by this from now on, in every row of a stack.

        Raises:
            FHRError: it is of another number of features.
        """
        if len(scaling.centre) != self.centre.shape[-1]:
            raise FHRError(
                f"a scaling of {len(scaling.centre)} features for a network that takes {self.centre.shape[-1]}; fit it "
                "on the features that the network is given"
            )
        for name, value in _buffers(scaling).items():
            getattr(self, name).copy_(value)

    @property
    def scaling(self) -> FeatureScaling:
        """The scaling in use."""
        centre, spread, (limit,) = (_with_infinity(getattr(self, name)) for name in ("centre", "spread", "limit"))
        return FeatureScaling(centre, spread, limit)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Scaled features, without gaps."""
        spread, limit = (x.masked_fill(x > _BOUND, inf) for x in (self.spread, self.limit))
        scaled = ((features - self.centre) / spread).clamp(-limit, limit)
        return torch.where(features.isfinite(), scaled, torch.zeros_like(scaled))

    @classmethod
    def stacked(cls, scales: Sequence["FeatureScale"]) -> "FeatureScale":
        """M scales as one, of features (M, batch, n_features)."""
        made = cls(scales[0].centre.shape[-1])
        for name in ("centre", "spread", "limit"):
            made.register_buffer(name, torch.stack([getattr(one, name) for one in scales])[:, None])
        return made

    @torch.no_grad()
    def take_member(self, stack: "FeatureScale", m: int) -> None:
        """Scale as member m of a stack does."""
        for name, buffer in self.named_buffers():
            buffer.copy_(getattr(stack, name)[m, 0])

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> "FeatureScale":
        """Follow the network to another device, but not to less precision."""
        for name, buffer in self.named_buffers():
            if buffer.is_meta:  # there is nothing to move
                self.register_buffer(name, fn(buffer))
                continue
            device = fn(buffer.float()).device
            self.register_buffer(name, buffer.to(device, exactest(device)))
        return self

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *args: Any) -> None:
        """Take the numbers of a state, if a scaling can have them.

        Raises:
            CheckpointError: it cannot.
        """
        for name in ("centre", "spread", "limit"):
            value = state_dict.get(prefix + name)
            if not isinstance(value, torch.Tensor) or value.is_meta:
                continue
            fits = value.isfinite() if name == "centre" else value > 0
            if not bool(fits.all()):
                raise CheckpointError(f"the {name} in the scaling of the features is no {_WANTED[name]}; train anew")
        super()._load_from_state_dict(state_dict, prefix, *args)


def exactest(device: torch.device) -> torch.dtype:
    """The most exact floating-point type of a device."""
    return torch.float32 if device.type == "mps" else torch.float64


def with_scaling(state: Mapping[str, Any], plain: Mapping[str, Any] | None, prefix: str) -> dict[str, Any]:
    """The weights of a checkpoint, with the scaling that its card holds where it is of format 2 or 4.

    Args:
        state: weights by name.
        plain: the scaling of the card in plain types; None leaves the weights as they are.
        prefix: of the names of the network's weights.

    Raises:
        FHRError: it is no scaling.
    """
    weights: OrderedDict[str, Any] = OrderedDict(state)
    if beside := getattr(state, "_metadata", None):  # what the weights have learnt from among it
        weights._metadata = beside  # type: ignore[attr-defined]
    if plain is not None:
        buffers = _buffers(FeatureScaling.from_dict(plain))
        weights.update({f"{prefix}{NAME}.{name}": value for name, value in buffers.items()})
    return weights


def _buffers(scaling: FeatureScaling) -> dict[str, torch.Tensor]:
    values = {"centre": scaling.centre, "spread": scaling.spread, "limit": (scaling.limit,)}
    return {
        name: torch.tensor([_INFINITE if x == inf else x for x in value], dtype=torch.float64)
        for name, value in values.items()
    }


def _with_infinity(values: torch.Tensor) -> tuple[float, ...]:
    return tuple(inf if x > _BOUND else x for x in values.tolist())
