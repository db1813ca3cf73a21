"""Continuous target of acidosis, from pH, base deficit and indicators of low pH, each record by itself."""

from collections.abc import Sequence

import torch
from torch import nn

from fhr.errors import FHRError

from .noise_of_ph import NOISE_OF_PH, checked_noise, checked_threshold, probability_below

__all__ = ["AcidosisTarget"]

_CENTRE, _SCALE, _PH = 7.20, 0.1, (6.95, 7.35)
_USUAL_DEFICIT, _SD_OF_DEFICIT, _BDECF = 4.0, 3.0, (-1.0, 16.0)
_SD_OF_INDICATOR = 0.3  # of an event of one birth in ten
_HALF = 0.5


class AcidosisTarget(nn.Module):
    r"""Target of a regression, larger for births at risk, by fixed constants alone.

    .. math:: t = \frac{7.20 - \mathrm{pH}}{0.1} + d\, \frac{\mathrm{BDecf} - 4}{3}
        + \frac{1}{2} \sum_c \frac{\Phi((c - \mathrm{pH}) / \sigma)}{0.3} + o\, \frac{\mathrm{label}}{0.3}

    with pH clipped to 6.95 to 7.35 in the first term and base deficit to -1 to 16 mmol/l. It is
    `fhr.models.learning_target` without statistics of the training records, so that a batch of any records gives each
    the same value. An unknown base deficit adds 0, as a deficit of 4 does. A record of unknown pH has no target.

    Each indicator is the probability that the true pH is below c, given the measured one and the SD of the
    measurement. A label that is not on pH, Apgar say, is learnt through pH, base deficit and, with `own`, itself.

    Args:
        deficit: d, weight of the base deficit; 0 for pH alone.
        indicators: thresholds c of pH, such as 7.05 and 7.10 for a label of pH below 7.05.
        noise: SD of the measurement of pH in the indicators; 0 for 1 where pH < c, else 0.
        own: o, weight of the label itself; 0.5 is the half weight of `fhr.models.learning_target` for a label that is
            not on pH.

    Attributes:
        needs_label: whether the values depend on the label; they do with `own` alone.

    Raises:
        FHRError: a weight or an SD below 0, or a threshold that is no pH.

    Shape:
        label, ph, bdecf (batch,) to values (batch,), 0 where unknown, and known (batch,), bool.

    Source:
        Constants of base deficit: a base excess of -4.0 +- 3.0 mmol/l in 15,073 births (Helwig et al. 1996, in table 1
        of Armstrong and Stenson 2007, doi:10.1136/adc.2006.099846). An indicator is divided by the SD of an event of
        one birth in ten.

    Example:
        >>> target = AcidosisTarget(deficit=0.5)
        >>> ph, bdecf = torch.tensor([7.2, 7.1, torch.nan]), torch.tensor([4.0, torch.nan, 4.0])
        >>> values, known = target(ph < 7.15, ph, bdecf)
        >>> values.numpy().round(3).tolist(), known.tolist()
        ([0.0, 1.0, 0.0], [True, True, False])
    """

    def __init__(
        self,
        deficit: float = 0.5,
        indicators: Sequence[float] = (),
        noise: float = NOISE_OF_PH,
        own: float = 0.0,
    ) -> None:
        super().__init__()
        for name, weight in {"deficit": deficit, "own": own}.items():
            if not 0 <= weight < float("inf"):
                raise FHRError(f"{name}={weight}; give a weight of 0 or more")
        self.deficit, self.own, self.needs_label = deficit, own, own > 0
        self.indicators = tuple(checked_threshold(c) for c in indicators)
        self.noise = checked_noise(noise)

    def forward(self, label: torch.Tensor, ph: torch.Tensor, bdecf: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Values and which of them are known; see the class for shapes."""
        known = ~torch.isnan(ph)
        values = (_CENTRE - ph.clamp(*_PH)) / _SCALE
        deficit = (bdecf.clamp(*_BDECF) - _USUAL_DEFICIT) / _SD_OF_DEFICIT
        # Replaced, not picked out: to pick out, the CPU would wait for a GPU to tell how many are known.
        values = values + self.deficit * torch.where(torch.isnan(deficit), 0.0, deficit)
        for threshold in self.indicators:
            values = values + _HALF / _SD_OF_INDICATOR * probability_below(threshold, ph, self.noise)
        if self.own:
            values = values + self.own / _SD_OF_INDICATOR * label
        return torch.where(known, values, 0.0), known
