"""The weights of a trunk, without its ends and without adapters: what one trunk hands to another."""

import re

import torch

from .trunk import Trunk

__all__ = ["trunk_weights"]

# Names that PyTorch gives to a parametrised weight, and to what stands beside it.
_ADAPTED = re.compile(r"\.parametrizations\.(\w+)\.original$")
_ADAPTER = re.compile(r"\.parametrizations\.\w+\.\d+\.")


def trunk_weights(trunk: Trunk) -> dict[str, torch.Tensor]:
    """The weights in front of the ends, each of an adapted layer by the name that it has without its adapter."""
    return {
        _ADAPTED.sub(r".\1", name): weight
        for name, weight in trunk.state_dict().items()
        if name.split(".")[0] not in trunk.ends and not _ADAPTER.search(name)
    }
