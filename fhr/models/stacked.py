"""Stacked networks of one architecture: one set of weights for all, computed at once or in turn."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import nn
from torch.func import functional_call, stack_module_state
from torch.nn.modules.batchnorm import _BatchNorm

from fhr.datasets import told_of_use
from fhr.errors import FHRError
from fhr.features import FeatureScaling

from .feature_scale import NAME, FeatureScale
from .network import Network

__all__ = ["StackedNetworks", "at_once_hindrance"]


class StackedNetworks(nn.Module):
    """M independent networks of one architecture, to be trained by one optimiser.

    Every weight and every running statistic of the members is one tensor with a first axis of length M. A loss that
    is the sum of the members' losses has, for each member, the gradient that it would have alone; so has every
    optimiser that works element by element (SGD, Adam, AdamW) its steps.

    At once, the members are one batched computation (`torch.vmap`; convolutions become grouped ones), which a GPU runs
    in little more time than one member. In turn, each computes on its own part of the same storage: the members are
    then what they would be alone, bit for bit on the CPU, and this is the faster way there.

    Args:
        networks: the members; they are copied.
        at_once: True or False; None takes it on CUDA where the architecture allows.

    Attributes:
        n_members: M.
        n_features: features that each member takes beside the signal.

    Raises:
        FHRError: no networks, networks of several architectures, or `at_once=True` for one that cannot.

    Shape:
        (M, batch, channel, time) and, where n_features is not 0, (M, batch, n_features) to (M, batch, n_outputs).

    Source:
        torch.func, "Model ensembling", https://docs.pytorch.org/tutorials/intermediate/ensembling.html.
        Left out: members that share a part of their weights.

    Example:
        >>> from fhr.models import InceptionNet
        >>> stacked = StackedNetworks([InceptionNet(depth=2) for _ in range(3)])
        >>> stacked(torch.zeros(3, 4, 3, 600)).shape
        torch.Size([3, 4, 1])
        >>> [type(network).__name__ for network in stacked.unstack()]
        ['InceptionNet', 'InceptionNet', 'InceptionNet']
    """

    def __init__(self, networks: Sequence[Network], at_once: bool | None = None) -> None:
        super().__init__()
        if not networks:
            raise FHRError("no networks to stack; give one or more")
        first = networks[0]
        for network in networks[1:]:
            if network.specification != first.specification:
                raise FHRError(
                    f"networks of several architectures cannot be stacked: {first.specification} and "
                    f"{network.specification}; stack those of one, or train them one after another"
                )
        hindrance = at_once_hindrance(first)
        if at_once and hindrance is not None:
            raise FHRError(f"{type(first).__name__} cannot run at once: {hindrance}; leave `at_once` out")
        self.n_members, self.n_features = len(networks), first.n_features
        self._at_once = False if hindrance is not None else at_once
        # In a tuple: a submodule's own weights would be trained, moved and saved beside the stacked ones.
        self._one = (deepcopy(first),)
        for network in networks[1:]:  # one for all: they are trained on the same place
            self._one[0].heritage |= network.heritage
        told_of_use(lambda: self._one[0].heritage.seen, f"the network {type(first).__name__}")
        parameters, buffers = stack_module_state(list(networks))
        buffers = {name: buffer for name, buffer in buffers.items() if not name.startswith(f"{NAME}.")}
        scales = [one.scaling_of_features for one in networks if one.scaling_of_features is not None]
        self.scaling_of_features = FeatureScale.stacked(scales) if scales else None
        for name, parameter in parameters.items():
            self.register_parameter(_key(name), nn.Parameter(parameter.detach(), parameter.requires_grad))
        for name, buffer in buffers.items():
            self.register_buffer(_key(name), buffer)
        self._names = tuple(parameters), tuple(buffers)
        self.train(first.training)

    @property
    def runs_at_once(self) -> bool:
        """True if the members are computed at once where the weights are now."""
        if self._at_once is not None:
            return self._at_once
        return next(self.parameters()).is_cuda

    def stacked(self, name: str) -> torch.Tensor:
        """The weight or statistic of all members, (M, ...), by its name in one of them."""
        tensor: torch.Tensor = getattr(self, _key(name))
        return tensor

    def forward(self, signal: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """Scores (M, batch, n_outputs) of `signal` (M, batch, channel, time) and scaled `features` (M, batch, k)."""
        self._one[0].train(self.training)  # here, since Lightning sets modes without a call of `train`
        inputs = (signal,) if features is None else (signal, features)
        parameters, buffers = ({name: self.stacked(name) for name in names} for names in self._names)
        if self.runs_at_once:
            run = torch.vmap(self._member, randomness="different")
            scores: torch.Tensor = run(parameters, buffers, inputs)
            return scores
        parts = {name: tensor.unbind() for name, tensor in parameters.items()}  # one node of the graph for all members
        rows = [
            self._member(
                {name: part[m] for name, part in parts.items()},
                {name: buffer[m] for name, buffer in buffers.items()},  # a view: what a member updates is kept
                tuple(x[m] for x in inputs),
            )
            for m in range(self.n_members)
        ]
        return torch.stack(rows)

    def _member(
        self,
        parameters: dict[str, torch.Tensor],
        buffers: dict[str, torch.Tensor],
        inputs: tuple[torch.Tensor, ...],
    ) -> torch.Tensor:
        scores: torch.Tensor = functional_call(self._one[0], (parameters, buffers), inputs)
        return scores

    def scores(self, signal: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """Scores (M, batch, n_outputs), with the features (M, batch, n_features) where the members take some.

        Each member scales the features in its own way.

        Raises:
            FHRError: another number of members, or of features, than there are.
        """
        if signal.shape[0] != self.n_members:
            raise FHRError(f"signals of {signal.shape[0]} members for {self.n_members} networks; give (M, batch, ...)")
        self._one[0].check_features(0 if features is None else features.shape[-1])
        if features is None or self.scaling_of_features is None:
            scores: torch.Tensor = self(signal)
        else:
            scores = self(signal, self.scaling_of_features(features).to(signal.dtype))
        return scores

    def take_scaling(self, scaling: FeatureScaling) -> None:
        """Scale the features of every member by this from now on.

        Raises:
            FHRError: it is of another number of features than the members take.
        """
        self._one[0].check_features(len(scaling.centre))
        if self.scaling_of_features is not None:
            self.scaling_of_features.take(scaling)

    @torch.no_grad()
    def unstack(self) -> list[Network]:
        """Split into networks of their own, of the device and precision of the stacked ones."""
        networks = []
        for m in range(self.n_members):
            network = deepcopy(self._one[0]).to(next(self.parameters())).train(self.training)
            for name, tensor in (*network.named_parameters(), *network.named_buffers()):
                if not name.startswith(f"{NAME}."):
                    tensor.copy_(self.stacked(name)[m])
            if network.scaling_of_features is not None and self.scaling_of_features is not None:
                network.scaling_of_features.take_member(self.scaling_of_features, m)
            networks.append(network)
        return networks


def at_once_hindrance(network: nn.Module) -> str | None:
    """Reason why members like `network` cannot be computed at once, or None where none is known."""
    for name, module in network.named_modules():
        if isinstance(module, nn.RNNBase | nn.RNNCellBase):
            return f"`{name}` is recurrent, which torch.vmap cannot batch over weights"
        if isinstance(module, _BatchNorm) and module.track_running_stats and module.momentum is None:
            return f"`{name}` averages its statistics over all batches, by a count that torch.vmap cannot read"
        if isinstance(module, nn.SyncBatchNorm):
            return f"`{name}` gathers its statistics from several devices"
    return None


def _key(name: str) -> str:
    return name.replace(".", "/")  # PyTorch allows no dot in the name of a weight
