"""Probabilities under another prevalence: another hospital, or a training that saw the classes rebalanced.

All of it rests on label shift: P(y) differs, the distribution of the scores within each class does not. Where sensors,
case mix or care differ too, it does not hold, and only fresh labels help.
"""

import logging
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import bisect

from fhr.errors import FHRError
from fhr.metrics.inputs import checked_labels, checked_probabilities, checked_scores

if TYPE_CHECKING:
    import torch

__all__ = ["estimate_prevalence", "prior_of_weights", "shift_prevalence"]

_log = logging.getLogger(__name__)


@overload
def shift_prevalence(probabilities: "torch.Tensor", from_prevalence: float, to_prevalence: float) -> "torch.Tensor": ...
@overload
def shift_prevalence(probabilities: ArrayLike, from_prevalence: float, to_prevalence: float) -> np.ndarray: ...
def shift_prevalence(
    probabilities: "ArrayLike | torch.Tensor", from_prevalence: float, to_prevalence: float
) -> "np.ndarray | torch.Tensor":
    """Odds times a constant: logit p' = logit p + logit(to_prevalence) - logit(from_prevalence).

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
    """sum(w y) / sum(w): the prevalence that a training with these weights, or this sampling, makes the model see.

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


def estimate_prevalence(probabilities: ArrayLike, from_prevalence: float) -> float:
    """The prevalence of a hospital without labels: maximises sum of log(r p / f + (1 - r)(1 - p) / (1 - f)) over r.

    This is where the EM of Saerens et al. converges to: the mean of the probabilities shifted to r is r. The
    likelihood is concave, so its one maximum is found by bisection, which does not stall as EM does where the classes
    overlap. Holds under label shift only, and for probabilities calibrated at `from_prevalence`; its error is large
    where the classes overlap, so bootstrap the records before using it. No test tells label shift from others.

    Args:
        probabilities: (n,), in [0, 1]; of records of the other hospital.
        from_prevalence: where they are calibrated, in (0, 1).

    Returns:
        In [0, 1], the ends included; NaN, with a warning in the log, where all probabilities equal `from_prevalence`:
        they say nothing.

    Raises:
        FHRError: no probabilities, one that is NaN or outside [0, 1], a prevalence not strictly between 0 and 1.

    Source:
        Saerens, Latinne, Decaestecker 2002, Neural Comput. 14:21, doi:10.1162/089976602753284446.

    Example:
        >>> round(estimate_prevalence([0.1] * 80 + [0.9] * 20, from_prevalence=0.5), 3)
        0.125
    """
    if not 0 < from_prevalence < 1:
        raise FHRError(f"from_prevalence={from_prevalence}; give the share of positives, strictly between 0 and 1")
    p = checked_probabilities(probabilities, np.size(probabilities))
    # Densities of the scores within the classes, up to a common factor.
    positive, negative = p / from_prevalence, (1 - p) / (1 - from_prevalence)
    difference = positive - negative
    if np.allclose(difference, 0, atol=1e-12):
        _log.warning("all %d probabilities equal %.3g: they say nothing about the prevalence", len(p), from_prevalence)
        return float("nan")

    def slope(r: float) -> float:
        with np.errstate(divide="ignore"):  # a certain record makes the end infinite, with the right sign
            return float((difference / (negative + r * difference)).sum())

    if slope(0.0) <= 0:
        return 0.0
    if slope(1.0) >= 0:
        return 1.0
    return float(bisect(slope, 0.0, 1.0, xtol=1e-12))
