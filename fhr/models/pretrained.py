"""Pretrained weights: the trunk of a checkpoint put into a network with the same trunk."""

from pathlib import Path
from typing import Any

import torch

from fhr.errors import CheckpointError
from fhr.formats.regular_file import cut

from .card import CheckpointCard
from .checkpoint import read_checkpoint
from .network import Network
from .trunk import Trunk

__all__ = ["take_pretrained"]

_SHOWN = 3  # differences in a message


def take_pretrained(network: Network, path: str | Path) -> CheckpointCard:
    """Put the weights of a checkpoint's trunk into the trunk of a network, in place.

    What gives the sequence of features is taken; pooling, heads and branches (`Trunk.ends`) stay as they are. The
    network remembers what the weights have learnt from, so that tests on these records are refused.

    Args:
        network: a `Trunk`, or one that holds a `Trunk`.
        path: a checkpoint of a pretraining, or of any other training of such a trunk.

    Returns:
        The card of the checkpoint, whose pipeline says which windows the weights know.

    Raises:
        CheckpointError: as for `read_checkpoint`, or a trunk of another architecture; nothing is changed then.

    Example:
        >>> from fhr.models import InceptionNet
        >>> take_pretrained(InceptionNet(depth=2), "nowhere.ckpt")
        Traceback (most recent call last):
        fhr.errors.CheckpointError: nowhere.ckpt: no such file...
    """
    card, given = read_checkpoint(path)
    source = _trunk(given, f"{path}: its model")
    trunk = _trunk(network, f"{path}: the network to begin with these weights")
    if differences := _differences(source, trunk):
        more = f"; {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
        raise CheckpointError(
            f"{path}: weights of another architecture: {'; '.join(differences[:_SHOWN])}{more}. Make the network as "
            "the pretrained one was made, or pretrain this one (`fhr fit --config pretrain`)"
        )
    trunk.load_state_dict(_without_ends(source), strict=False)
    network.heritage = network.heritage | card.heritage
    return card


def _trunk(network: Any, name: str) -> Trunk:
    """The outermost trunk of a network."""
    modules = network.modules() if isinstance(network, Network) else ()
    trunk = next((module for module in modules if isinstance(module, Trunk)), None)
    if trunk is None:
        raise CheckpointError(
            f"{name}, {type(network).__name__}, has no trunk; give a fhr.models.Trunk, or a network around one"
        )
    return trunk


def _without_ends(trunk: Trunk) -> dict[str, torch.Tensor]:
    state = trunk.state_dict()
    for name in [name for name in state if name.split(".")[0] in trunk.ends]:
        del state[name]  # in place: beside the weights it holds what they have learnt from
    return state


def _differences(there: Trunk, here: Trunk) -> list[str]:
    """Whatever of class, arguments and weights tells two trunks apart, in words."""
    if type(there) is not type(here):
        return [f"{type(there).__name__} there, {type(here).__name__} here"]
    theirs, ours = ({**one.specification["init_args"]} for one in (there, here))
    names = [name for name in {**theirs, **ours} if name not in here.end_arguments]
    found = [
        f"{name}={cut(str(theirs.get(name)))} there, {cut(str(ours.get(name)))} here"
        for name in names
        if theirs.get(name) != ours.get(name)
    ]
    if not found:  # arguments that are alike make weights alike, unless the class was changed since
        shapes = [{name: tuple(x.shape) for name, x in _without_ends(one).items()} for one in (there, here)]
        if shapes[0] != shapes[1]:
            found.append("other layers, made by the same arguments")
    return found
