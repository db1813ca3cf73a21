"""The metrics of this room over the batches and processes of a training."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from .calibration_error import expected_calibration_error
from .proper_scores import brier
from .ranking import sensitivity_at_specificity

__all__ = ["BrierScore", "CalibrationError", "OverRecords", "SensitivityAtSpecificity"]


class OverRecords(Metric):
    """`metric(labels, scores)` of all records seen since the last reset, in all processes.

    The scores are kept, a few bytes a record: such metrics are no mean over batches. `update(scores, labels)` takes two
    tensors of one shape, as torchmetrics has them; `compute()` gives a float32 scalar on the device of the metric, NaN
    before the first record.

    Args:
        metric: a function of this room, such as `auroc`; with `functools.partial` for its arguments.

    Example:
        >>> from fhr.metrics import auroc
        >>> metric = OverRecords(auroc)
        >>> metric.update(torch.tensor([0.1, 0.4]), torch.tensor([0, 0]))
        >>> metric.update(torch.tensor([0.35, 0.8]), torch.tensor([1, 1]))
        >>> metric.compute()
        tensor(0.7500)
    """

    full_state_update = False
    scores: list[torch.Tensor]
    labels: list[torch.Tensor]

    def __init__(self, metric: Callable[[np.ndarray, np.ndarray], float]) -> None:
        super().__init__()
        self.metric = metric
        self.add_state("scores", default=[], dist_reduce_fx="cat")
        self.add_state("labels", default=[], dist_reduce_fx="cat")

    def update(self, scores: torch.Tensor, labels: torch.Tensor) -> None:
        """Add the records of a batch: risk scores or probabilities, and labels 0 or 1, of one shape."""
        self.scores.append(scores.detach().flatten())
        self.labels.append(labels.detach().flatten())

    def compute(self) -> torch.Tensor:
        """The metric of all records."""
        value = np.nan
        if len(self.scores):
            scores, labels = dim_zero_cat(self.scores), dim_zero_cat(self.labels)
            value = self.metric(labels.cpu().numpy(), scores.cpu().double().numpy())
        return torch.tensor(value, dtype=torch.float32, device=self.device)


class BrierScore(OverRecords):
    """`fhr.metrics.brier` of probabilities."""

    higher_is_better = False

    def __init__(self) -> None:
        super().__init__(brier)


class CalibrationError(OverRecords):
    """`fhr.metrics.expected_calibration_error` of probabilities, with bins of equal mass.

    torchmetrics' own has bins of equal width, of which few hold a record when probabilities are small.

    Args:
        bins: number of bins.
    """

    higher_is_better = False

    def __init__(self, bins: int = 10) -> None:
        super().__init__(partial(expected_calibration_error, bins=bins))


class SensitivityAtSpecificity(OverRecords):
    """`fhr.metrics.sensitivity_at_specificity` of risk scores, which torchmetrics' own passes through a sigmoid.

    Args:
        specificity: the level, in [0, 1].
    """

    higher_is_better = True

    def __init__(self, specificity: float = 0.9) -> None:
        super().__init__(partial(sensitivity_at_specificity, specificity=specificity))
