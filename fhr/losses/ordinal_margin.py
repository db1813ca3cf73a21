"""Ordinal regression of pH with a margin: the right side of each threshold, and so far that some error leaves it."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError

__all__ = ["OrdinalMargin"]


class OrdinalMargin(nn.Module):
    r"""Soft hinge of the distance of a score from every threshold of pH, on the wrong side of it or within a margin.

    .. math:: \frac{1}{C} \sum_c \tau \log(1 + \exp((m - y_c (s - b_c)) / \tau)), \quad b_c = (7.20 - c) / 0.1

    with :math:`y_c = 1` where pH < c, else -1. A score is in units of 0.1 pH below 7.20, as of `PHRegression`, and one
    serves every label on pH. For a network whose score moves by at most g per bpm RMS (`fhr.models.LipschitzNet`,
    `gain`) a birth that is beyond the margin stays on its side under any error of up to m / g bpm RMS. Records of
    unknown pH carry no weight.

    Args:
        margin: m, units of score.
        softness: tau, units of score.
        thresholds: c of pH, in any order.

    Raises:
        FHRError: a margin below 0, a softness that is not above 0, or no threshold.

    Attributes:
        needs_label: False: the networks are the same whatever label they are calibrated for.

    Source:
        Margins at all thresholds: Rennie and Srebro 2005, IJCAI workshop on preference handling, 180-186; margins under
        a Lipschitz constant: Tsuzuku et al. 2018, arXiv:1802.04034.
    """

    needs_label = False
    cuts: torch.Tensor

    def __init__(
        self,
        margin: float = 0.5,
        softness: float = 0.5,
        thresholds: Sequence[float] = (7.05, 7.10, 7.15, 7.20, 7.25, 7.30),
    ) -> None:
        super().__init__()
        if not (margin >= 0 and softness > 0 and thresholds):
            raise FHRError(
                f"margin={margin}, softness={softness}, thresholds={list(thresholds)}; give a margin of 0 or more, a "
                "softness above 0 and one threshold at least"
            )
        self.margin, self.softness = margin, softness
        self.register_buffer("cuts", torch.tensor(sorted(thresholds)), persistent=False)

    def forward(
        self, scores: torch.Tensor, label: torch.Tensor, ph: torch.Tensor, weight: torch.Tensor
    ) -> torch.Tensor:
        """Weighted mean over the records of known pH (0 where there is none); scores (batch, 1), the rest (batch,)."""
        known = ~torch.isnan(ph)
        weight = torch.where(known, weight, 0.0)
        side = torch.where(ph[:, None] < self.cuts, 1.0, -1.0)
        beyond = side * (scores[:, :1] - (7.20 - self.cuts) / 0.1)
        cost = self.softness * F.softplus((self.margin - beyond) / self.softness).mean(1)
        return (cost * weight).sum() / weight.sum().clamp_min(1e-6)
