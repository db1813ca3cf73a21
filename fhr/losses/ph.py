"""Loss of pH itself: a threshold would throw away how far from it a labour ended."""

import torch
from torch import nn

from .smooth_absolute import smooth_absolute

__all__ = ["PHRegression"]


class PHRegression(nn.Module):
    """Smooth absolute error of the predicted pH; the score is minus the predicted pH, in `scale` about `centre`.

    pH is clipped first, so that neither a severe acidosis nor an alkaline value rules the fit. One score then
    serves every label on pH. Records of unknown pH carry no weight.

    Args:
        centre: pH at score 0.
        scale: pH units of one unit of score.
        low: pH is clipped from below here.
        high: pH is clipped from above here.

    Attributes:
        needs_label: False: the networks are the same whatever label they are calibrated for.
    """

    needs_label = False

    def __init__(self, centre: float = 7.20, scale: float = 0.1, low: float = 6.95, high: float = 7.35) -> None:
        super().__init__()
        self.centre, self.scale, self.low, self.high = centre, scale, low, high

    def forward(
        self, scores: torch.Tensor, label: torch.Tensor, ph: torch.Tensor, weight: torch.Tensor
    ) -> torch.Tensor:
        """Weighted mean over the records of known pH (0 where there is none); scores (batch, 1), the rest (batch,)."""
        known = ~torch.isnan(ph)
        risk = (self.centre - ph.clamp(self.low, self.high)) / self.scale
        return smooth_absolute(scores[:, 0], risk, known, weight)
