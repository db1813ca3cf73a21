"""Pretrained weights: the trunk of a checkpoint put into a network with the same trunk."""

from operator import attrgetter
from pathlib import Path
from typing import Any

import torch

from fhr.errors import CheckpointError
from fhr.formats.files.regular_file import cut

from .card import CheckpointCard
from .checkpoint import read_checkpoint
from .network import Network
from .shipped_trunk import read_shipped_trunk
from .trunk import Trunk
from .trunk_weights import trunk_weights

__all__ = ["take_pretrained"]

SHIPPED = "shipped"
"""In place of a file, the weights that come with the package."""

_SHOWN = 3  # differences in a message


def take_pretrained(network: Network, path: str | Path) -> CheckpointCard:
    """Put the weights of a checkpoint's trunk into the trunk of a network, in place.

    What gives the sequence of features is taken; pooling, heads and branches (`Trunk.ends`) stay as they are. The
    network remembers what the weights have learnt from, so that tests on these records are refused.

    Args:
        network: a `Trunk`, or one that holds a `Trunk`.
        path: a checkpoint of a pretraining, or of any other training of such a trunk; `shipped` for the weights that
            come with the package, which learnt from simulated labours alone (`fhr/models/shipped_trunk.md`).

    Returns:
        The card of the checkpoint, whose pipeline says which windows the weights know.

    Raises:
        CheckpointError: as for `read_checkpoint`, or a trunk of another architecture; nothing is changed then.

    Example:
        >>> from fhr.models import InceptionNet
        >>> take_pretrained(InceptionNet(depth=2), "nowhere.ckpt")
        Traceback (most recent call last):
        fhr.errors.CheckpointError: checkpoint nowhere.ckpt does not exist; give a .ckpt file or an MLflow run id
    """
    card, model = read_shipped_trunk() if str(path) == SHIPPED else read_checkpoint(path)
    source = _trunk(model, f"{path}: its model")
    trunk = _trunk(network, f"{path}: the network to begin with these weights")
    if differences := _differences(source, trunk):
        more = f"; {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
        raise CheckpointError(
            f"{path}: weights of another architecture: {'; '.join(differences[:_SHOWN])}{more}. Make the network as "
            "the pretrained one was made, or pretrain this one (`fhr fit --config pretrain`)"
        )
    with torch.no_grad():
        for name, weight in trunk_weights(trunk).items():
            weight.copy_(attrgetter(name)(source))  # of an adapted layer, with what its adapter adds
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
        shapes = [{name: tuple(x.shape) for name, x in trunk_weights(one).items()} for one in (there, here)]
        if shapes[0] != shapes[1]:
            found.append("other layers, made by the same arguments")
    return found
