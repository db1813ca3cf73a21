"""Probabilities under another prevalence: another hospital, or a training that saw the classes rebalanced.

All of it rests on label shift: P(y) differs, the distribution of the scores within each class does not. Where sensors,
case mix or care differ too, it does not hold, and only fresh labels help.
"""

from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.metrics.inputs import checked_labels, checked_scores

if TYPE_CHECKING:
    import torch

__all__ = ["prior_of_weights", "shift_prevalence"]


@overload
def shift_prevalence(probabilities: "torch.Tensor", from_prevalence: float, to_prevalence: float) -> "torch.Tensor": ...
@overload
def shift_prevalence(probabilities: ArrayLike, from_prevalence: float, to_prevalence: float) -> np.ndarray: ...
def shift_prevalence(
    probabilities: "ArrayLike | torch.Tensor", from_prevalence: float, to_prevalence: float
) -> "np.ndarray | torch.Tensor":
    """Shift probabilities to a prevalence: logit p' = logit p + logit(to_prevalence) - logit(from_prevalence).

    The ranking is kept; 0 and 1 stay.

    Brings back the probabilities of a training with rebalanced or weighted classes too, from the prevalence that
    `prior_of_weights` says it saw.

    Args:
        probabilities: any shape, in [0, 1]; calibrated where the prevalence is `from_prevalence`.
        from_prevalence: in (0, 1).
        to_prevalence: in (0, 1).

    Returns:
        float64 of the same shape; for a tensor a tensor of its dtype and device, and differentiable.

    Raises:
        FHRError: a probability that is NaN or outside [0, 1], a prevalence that is not strictly between 0 and 1.

    Source:
        Elkan 2001, IJCAI, 973; Saerens, Latinne, Decaestecker 2002, Neural Comput. 14:21,
        doi:10.1162/089976602753284446.

    Example:
        >>> shift_prevalence([0.09, 0.5, 1.0], from_prevalence=0.09, to_prevalence=0.02).round(3)
        array([0.02 , 0.171, 1.   ])
    """
    for name, value in (("from_prevalence", from_prevalence), ("to_prevalence", to_prevalence)):
        if not 0 < value < 1:
            raise FHRError(f"{name}={value}; give the share of positives, strictly between 0 and 1")
    tensor = hasattr(probabilities, "is_floating_point")  # torch is not imported for this
    p: Any = probabilities if tensor else np.asarray(probabilities, dtype=np.float64)
    if not bool(((p >= 0) & (p <= 1)).all()):
        raise FHRError("probabilities are NaN or outside [0, 1]; calibrate the scores first, leave out failed records")
    yes = p * (to_prevalence / from_prevalence)
    shifted = yes / (yes + (1 - p) * ((1 - to_prevalence) / (1 - from_prevalence)))
    return shifted if tensor else np.asarray(shifted)


def prior_of_weights(labels: ArrayLike, weights: ArrayLike) -> float:
    """Prevalence that a model sees in a training with weights, or with rebalanced sampling: sum(w y) / sum(w).

    `shift_prevalence` takes it as `from_prevalence` and brings the probabilities of such a training back. It is for
    whoever rebalances the classes; the package itself calibrates on records as they are.

    Args:
        labels: (n,), 0 or 1.
        weights: (n,), of each record in the loss, or proportional to how often it is drawn; not below 0.

    Returns:
        In [0, 1].

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: weights of another shape, not finite, below 0, or all 0.

    Source:
        Elkan 2001, IJCAI, 973.

    Example:
        A loss that counts positives nine times, in a sample with one in ten:

        >>> prior_of_weights([1] + [0] * 9, [9] + [1] * 9)
        0.5
    """
    y = checked_labels(labels)
    w = checked_scores(weights, len(y), name="weights")
    if w.min() < 0 or w.max() == 0:
        raise FHRError(f"weights range from {w.min():.4g} to {w.max():.4g}; give none below 0 and some above")
    return float(w @ y / w.sum())
