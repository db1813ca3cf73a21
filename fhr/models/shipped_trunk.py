"""The pretrained trunk that comes with the package: its weights as arrays of numbers, with the card beside them."""

from pathlib import Path

import numpy as np
import torch

from fhr.errors import CheckpointError

from .array_checkpoint import ArrayCheckpoint
from .card import CheckpointCard
from .specification import rebuild
from .trunk import Trunk
from .trunk_weights import trunk_weights

__all__ = ["SHIPPED_TRUNK", "read_shipped_trunk", "write_shipped_trunk"]

SHIPPED_TRUNK = Path(__file__).with_name("shipped_trunk.npz")
"""File of the weights; what they learnt from and what they are worth stands beside it, with the same name and `.md`."""


def read_shipped_trunk(path: Path = SHIPPED_TRUNK) -> tuple[CheckpointCard, Trunk]:
    """Read the facts and the trunk, on the CPU, in evaluation mode; its ends are random.

    Args:
        path: a file of `write_shipped_trunk`.

    Raises:
        CheckpointError: no such file, a damaged one, or weights that do not fit the trunk it names.
    """
    stored = ArrayCheckpoint.load(path)
    trunk = rebuild(stored.card.network)
    if not isinstance(trunk, Trunk):
        raise CheckpointError(f"{path}: {type(trunk).__name__} is no trunk; install the package again")
    weights = trunk_weights(trunk)
    sizes = [{name: one.size for name, one in stored.arrays.items()}, {name: w.numel() for name, w in weights.items()}]
    if sizes[0] != sizes[1]:
        raise CheckpointError(f"{path}: weights that do not fit {type(trunk).__name__}; install the package again")
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(torch.tensor(stored.arrays[name]).reshape(weight.shape))
    trunk.heritage = stored.card.heritage
    return stored.card, trunk.eval()


def write_shipped_trunk(card: CheckpointCard, trunk: Trunk, out: Path) -> Path:
    """Write a pretrained trunk without its ends; the same one gives the same bytes.

    Args:
        card: its facts.
        trunk: pretrained.
        out: the file to write, whole or not at all.
    """
    # A file of arrays holds no single numbers, as the counters of a normalisation are.
    arrays = {name: np.atleast_1d(weight.numpy(force=True)) for name, weight in trunk_weights(trunk).items()}
    return ArrayCheckpoint(str(out), card, arrays).write(card, out)
