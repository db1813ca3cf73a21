"""Loss of the whole cord blood: pH, base deficit and indicators of low pH in one target."""

from collections.abc import Sequence

import torch
from torch import nn

from .acidosis_target import AcidosisTarget
from .noise_of_ph import NOISE_OF_PH
from .smooth_absolute import smooth_absolute

__all__ = ["AcidosisRegression"]


class AcidosisRegression(nn.Module):
    """Smooth absolute error of the score from `AcidosisTarget`. Records of unknown pH carry no weight.

    Args:
        deficit: weight of the base deficit, see `AcidosisTarget`.
        indicators: thresholds of pH.
        noise: SD of the measurement of pH.
        own: weight of the label itself.

    Raises:
        FHRError: see `AcidosisTarget`.

    Attributes:
        takes_bdecf: True: a task hands the base deficit over, too.
        needs_label: whether the networks depend on the label that they are calibrated for; they do with `own` alone.
    """

    takes_bdecf = True

    def __init__(
        self,
        deficit: float = 0.5,
        indicators: Sequence[float] = (),
        noise: float = NOISE_OF_PH,
        own: float = 0.0,
    ) -> None:
        super().__init__()
        self.target = AcidosisTarget(deficit, indicators, noise, own)
        self.needs_label = self.target.needs_label

    def forward(
        self,
        scores: torch.Tensor,
        label: torch.Tensor,
        ph: torch.Tensor,
        weight: torch.Tensor,
        bdecf: torch.Tensor,
    ) -> torch.Tensor:
        """Weighted mean over the records of known pH (0 where there is none); scores (batch, 1), the rest (batch,)."""
        target, known = self.target(label, ph, bdecf)
        return smooth_absolute(scores[:, 0], target, known, weight)
