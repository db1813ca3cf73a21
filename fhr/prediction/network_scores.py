"""Risk scores of a trained network, on the device where it runs."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from fhr.errors import CheckpointError
from fhr.models import Network, exactest

__all__ = ["NetworkScores", "fitting"]

_BATCH = 64


class NetworkScores:
    """A trained network, whose first output is the risk score of a window.

    Args:
        network: is moved to the device, in evaluation mode.
        device: where it runs.
    """

    def __init__(self, network: Network, device: str | torch.device) -> None:
        self.device = torch.device(device)
        self.network = network.eval().to(self.device)

    @torch.inference_mode()
    def scores(self, signal: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Risk scores float64 (n,) of `signal` (n, channel, time) and raw `features` (n, n_features), NaN is missing.

        Raises:
            FHRError: another number of features than the network takes.
            CheckpointError: a network that cannot take its input.
        """
        with fitting(self.network):
            scored = [self.network.scores(x, f)[:, 0].cpu() for x, f in self._batches(signal, features)]
        return torch.cat(scored).double().numpy()

    def gradients(self, signal: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Gradient float64 (n, channel, time) of each risk score in its signal; arguments and errors as of `scores`."""
        found = []
        with fitting(self.network):
            for x, f in self._batches(signal, features):
                score = self.network.scores(x.requires_grad_(), f)[:, 0]
                found.append(torch.autograd.grad(score.sum(), x)[0].cpu())
        return torch.cat(found).double().numpy()

    def _batches(self, signal: np.ndarray, features: np.ndarray) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        exact = exactest(self.device)
        for x, f in zip(*(torch.from_numpy(a).split(_BATCH) for a in (signal, features)), strict=True):
            yield x.to(self.device), f.to(self.device, exact)


@contextmanager
def fitting(*networks: Network) -> Iterator[None]:
    """Networks are given what the card of their checkpoint promises.

    Raises:
        CheckpointError: one cannot take it, or gives something else than scores.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, IndexError, ValueError, TypeError, ZeroDivisionError) as error:
        names = ", ".join(sorted({type(network).__name__ for network in networks}))
        said = str(error).partition("\n")[0]
        raise CheckpointError(f"{names} cannot take the input that its checkpoint names ({said}); train anew") from None
