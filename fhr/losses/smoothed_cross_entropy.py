"""Cross-entropy of a label on pH that knows how well pH is measured."""

import torch
from torch import nn

from fhr.datasets import Target
from fhr.errors import FHRError

from .cross_entropy import BinaryCrossEntropy
from .noise_of_ph import NOISE_OF_PH, checked_noise, probability_below

__all__ = ["SmoothedCrossEntropy"]


class SmoothedCrossEntropy(nn.Module):
    r"""Cross-entropy of the probability of a label on pH, given the measured pH, with the score as a logit.

    For `ph<c` the probability is :math:`\Phi((c - \mathrm{pH}) / \sigma)`: a birth at the threshold is half of each
    class, and one far from it is of its class as ever. Where pH is unknown the label counts as it is.

    Args:
        label: one inequality on pH, such as `ph<7.05`; None for the label of the data, which a task tells.
        noise: sigma, SD of the measurement of pH; 0 for the label as it is.

    Raises:
        FHRError: a noise below 0, or a label that is not one inequality on pH.

    Attributes:
        needs_label: True.

    Source:
        Noise: see `fhr.losses.AcidosisTarget`, whose indicators are the same probabilities.
    """

    needs_label = True

    def __init__(self, label: str | None = None, noise: float = NOISE_OF_PH) -> None:
        super().__init__()
        self.label, self.noise = label, checked_noise(noise)
        self._entropy = BinaryCrossEntropy()
        self._inequality = None if label is None else _inequality_on_ph(label)

    def take_label(self, label: str) -> None:
        """Smooth this label from now on; a task calls it with the label of its data.

        Raises:
            FHRError: a label that is not one inequality on pH, or another one than the loss was made for.
        """
        if self.label not in (None, label):
            raise FHRError(
                f"SmoothedCrossEntropy was made for {self.label}, the data have {label}; leave its `label` out, and it "
                "takes that of the data"
            )
        self._inequality = _inequality_on_ph(label)

    def forward(
        self, scores: torch.Tensor, label: torch.Tensor, ph: torch.Tensor, weight: torch.Tensor
    ) -> torch.Tensor:
        """Weighted mean (0 of no weight); scores (batch, 1), the rest (batch,).

        Raises:
            FHRError: nobody told the label.
        """
        if self._inequality is None:
            raise FHRError("SmoothedCrossEntropy does not know the label; give it, SmoothedCrossEntropy('ph<7.05')")
        if self.noise:
            threshold, below = self._inequality
            probability = probability_below(threshold, ph, self.noise)
            label = torch.where(torch.isnan(ph), label, probability if below else 1 - probability)
        loss: torch.Tensor = self._entropy(scores, label, ph, weight)
        return loss


def _inequality_on_ph(label: str) -> tuple[float, bool]:
    """The threshold, and whether the label is below it."""
    (measure, relation, threshold), *more = Target(label).conditions
    if more or measure != "ph":
        raise FHRError(
            f"SmoothedCrossEntropy of {label}; it knows the noise of pH alone: take a label such as 'ph<7.05', or "
            "BinaryCrossEntropy"
        )
    return threshold, relation.startswith("<")
