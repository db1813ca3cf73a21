"""Linear model of the features: the line that a network with features has to beat."""

import torch
from torch import nn

from fhr.errors import FHRError

from .network import Network

__all__ = ["LinearFeatures"]


class LinearFeatures(Network):
    """A linear score of the features; the signal is not looked at.

    With `fhr.losses.BinaryCrossEntropy` and the weight decay of the task it is ridge-penalised logistic regression,
    and with `fhr.losses.PHRegression` a penalised line on pH, fitted by the same optimiser, with the same stopping and
    calibration as any network.

    Args:
        n_features: scalar features of a window, 1 or more.
        n_outputs: scores a window.

    Raises:
        FHRError: no features.

    Shape:
        (batch, channel, time) and (batch, n_features) to (batch, n_outputs).
    """

    def __init__(self, n_features: int = 0, n_outputs: int = 1) -> None:
        super().__init__()
        if n_features < 1:
            raise FHRError(f"LinearFeatures with n_features={n_features}; name the features in `data.features`")
        self.line = nn.Linear(n_features, n_outputs)

    def forward(self, signal: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """Scores (batch, n_outputs) of `features` (batch, n_features)."""
        scores: torch.Tensor = self.line(features)
        return scores
