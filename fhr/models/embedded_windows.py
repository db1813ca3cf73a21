"""Embedding of windows by a network, in evaluation mode and a few at a time."""

import numpy as np
import torch

from fhr.errors import FHRError

from .network import Network

__all__ = ["embed_windows"]

_BATCH = 32  # windows at once


def embed_windows(network: Network, signal: np.ndarray) -> np.ndarray:
    """Embedding float32 (n, d) of windows, on the device where the network is.

    Args:
        network: with a method `embed`, as a `Trunk`, `OnTrunk` or `DeepKernel` has; it is put into evaluation mode.
        signal: float32 (n, channel, time), prepared as the network was trained.

    Raises:
        FHRError: a network without an embedding.
    """
    embed = getattr(network, "embed", None)
    if embed is None:
        raise FHRError(
            f"{type(network).__name__} gives no embedding; take a fhr.models.Trunk, or a network with a method `embed` "
            "from (batch, channel, time) to (batch, d)"
        )
    network.eval()
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    with torch.inference_mode():
        parts = [embed(x.to(device)).cpu().numpy() for x in torch.from_numpy(signal).split(_BATCH)]
    return np.concatenate(parts)
