"""Loss of what a network reads off a window, beside the truth behind it: several targets with fixed weights."""

from math import inf
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import FHRError
from fhr.simulation import TRUTH_SIGNALS

from .ph import PHRegression

__all__ = ["TruthLoss"]


class TruthLoss(nn.Module):
    """Weighted sum of one loss a target: absolute error of levels, cross-entropy of shares, `PHRegression` of the pH.

    Each is the mean over what is known of its target; a target of which nothing is known costs nothing.

    Args:
        rate: weight of the heart rate.
        baseline: of its baseline.
        deceleration: of decelerations.
        contraction: of contractions.
        artefact: of artefacts.
        hidden: of the heart rate that was hidden.
        ph: of the pH, where the data give one.

    Raises:
        FHRError: a weight that is negative or infinite, or none above 0.

    Attributes:
        targets: rows of a reading: `fhr.simulation.TRUTH_SIGNALS`, and the recorded heart rate where it was hidden.
        shares: those that are shares of time, whose reading is a logit; the others are levels, in units of the input.
        weights: by name.
    """

    targets: ClassVar[tuple[str, ...]] = (*TRUTH_SIGNALS, "hidden")
    shares: ClassVar[tuple[str, ...]] = ("deceleration", "contraction", "artefact")
    _weight: torch.Tensor
    _is_share: torch.Tensor

    def __init__(
        self,
        rate: float = 1.0,
        baseline: float = 1.0,
        deceleration: float = 1.0,
        contraction: float = 0.5,
        artefact: float = 0.5,
        hidden: float = 1.0,
        ph: float = 1.0,
    ) -> None:
        super().__init__()
        given = (rate, baseline, deceleration, contraction, artefact, hidden, ph)
        self.weights = dict(zip((*self.targets, "ph"), given, strict=True))
        if not all(0 <= weight < inf for weight in given) or not any(given):
            said = ", ".join(f"{name}={weight}" for name, weight in self.weights.items())
            raise FHRError(f"weights of a loss: {said}; give 0 or more each, and one of them above 0")
        self.outcome = PHRegression()
        # Of the network's device, so that no step waits for a copy; settings, not state.
        self.register_buffer("_weight", torch.tensor(given[:-1]), persistent=False)
        is_share = torch.tensor([[name in self.shares] for name in self.targets])
        self.register_buffer("_is_share", is_share, persistent=False)

    def forward(
        self, reading: torch.Tensor, truth: torch.Tensor, scores: torch.Tensor, ph: torch.Tensor
    ) -> torch.Tensor:
        """Loss of a batch.

        Args:
            reading: (batch, 6, steps), rows of `targets`; of shares, logits.
            truth: the same of what is true, of shares between 0 and 1; NaN where it is not known.
            scores: (batch, n_outputs), of which the first rises as pH falls.
            ph: (batch,), NaN where unknown.
        """
        known = ~torch.isnan(truth)
        truth = torch.where(known, truth, 0.0)
        of_share = F.binary_cross_entropy_with_logits(reading, truth.clamp(0, 1), reduction="none")
        each = torch.where(self._is_share, of_share, (reading - truth).abs())
        means = torch.where(known, each, 0.0).sum((0, 2)) / known.sum((0, 2)).clamp_min(1)
        total: torch.Tensor = (means * self._weight).sum()
        if self.weights["ph"]:
            total = total + self.weights["ph"] * self.outcome(scores, ph, ph, torch.ones_like(ph))
        return total
