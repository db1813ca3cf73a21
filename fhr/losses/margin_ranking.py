"""Ranking of births by pH with a margin: an order that some error of the signal cannot turn round."""

import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError

__all__ = ["MarginRanking"]


class MarginRanking(nn.Module):
    r"""Soft hinge of the difference of two scores, over all pairs of a batch, by how far their pH is apart.

    .. math:: \frac{\sum_{i,j} d_{ij} \log(1 + e^{m - (s_i - s_j)})}{\sum_{i,j} d_{ij}}, \quad
        d_{ij} = \max(0, \mathrm{pH}_j - \mathrm{pH}_i)

    with pH clipped as by `PHRegression`. For a network whose score moves by at most g per bpm RMS
    (`fhr.models.LipschitzNet`, `gain`) a pair that is apart by the margin m keeps its order under any errors of up to
    m / (2 g) bpm RMS in both. A batch should hold many births. One score serves every label on pH.

    Args:
        margin: m, units of score.
        low: pH is clipped from below here.
        high: pH is clipped from above here.

    Raises:
        FHRError: a margin below 0.

    Attributes:
        needs_label: False: the networks are the same whatever label they are calibrated for.

    Source:
        Margins under a Lipschitz constant: Tsuzuku et al. 2018, arXiv:1802.04034; pairs: Burges et al. 2005,
        doi:10.1145/1102351.1102363.
    """

    needs_label = False

    def __init__(self, margin: float = 1.0, low: float = 6.95, high: float = 7.35) -> None:
        super().__init__()
        if not margin >= 0:
            raise FHRError(f"margin={margin}; give units of score of 0 or more")
        self.margin, self.low, self.high = margin, low, high

    def forward(
        self, scores: torch.Tensor, label: torch.Tensor, ph: torch.Tensor, weight: torch.Tensor
    ) -> torch.Tensor:
        """Weighted mean over the pairs of known pH (0 where there is none); scores (batch, 1), the rest (batch,)."""
        known = ~torch.isnan(ph)
        clipped, weight = ph.clamp(self.low, self.high), torch.where(known, weight, 0.0)
        clipped = torch.where(known, clipped, self.high)
        apart = (clipped[None, :] - clipped[:, None]).clamp_min(0) * weight[:, None] * weight[None, :]
        ahead = scores[:, 0][:, None] - scores[:, 0][None, :]
        return (apart * F.softplus(self.margin - ahead)).sum() / apart.sum().clamp_min(1e-6)
