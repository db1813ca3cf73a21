"""Expected calibration error, and its size for a perfectly calibrated model."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .inputs import checked_labels, checked_probabilities

__all__ = ["ECEReference", "calibration_errors", "ece_reference", "expected_calibration_error"]


class ECEReference(NamedTuple):
    """Mean and 95th percentile of the calibration error of a perfectly calibrated model at this n."""

    mean: float
    p95: float


def expected_calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error: sum over bins of (n_b / n) |mean y in b - mean p in b|, with bins of equal mass.

    Bins cut the ranks of p, not p itself: the bin of a record is floor(bins (rank - 1/2) / n). Equal probabilities
    share their mean rank and so their bin; the order of the records does not matter. The value is biased upwards in
    small samples: read it beside `ece_reference`. Defined for one class and for a constant probability too.

    Args:
        labels: (n,), 0 or 1.
        probabilities: (n,), in [0, 1].
        bins: number of bins.

    Returns:
        In [0, 1]; 0 is best.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: probabilities of another shape, not finite, or outside [0, 1]; fewer than one bin.

    Source:
        Naeini et al. 2015, AAAI; equal mass: Nixon et al. 2019, CVPR Workshops, arXiv:1904.01685.

    Example:
        >>> round(expected_calibration_error([0, 1, 1, 1], [0.2, 0.2, 0.9, 0.9], bins=2), 3)
        0.2
    """
    y = checked_labels(labels)
    p = checked_probabilities(probabilities, len(y))
    return float(calibration_errors(y[None], p, bins)[0])


def ece_reference(probabilities: ArrayLike, bins: int = 10, n_simulations: int = 1000, seed: int = 0) -> ECEReference:
    """ECE that a perfectly calibrated model with these probabilities would show: labels are drawn from them.

    Args:
        probabilities: (n,), in [0, 1].
        bins: number of bins.
        n_simulations: how many times the labels are drawn.
        seed: of the draws.

    Returns:
        `ECEReference`: an observed ECE above `p95` speaks against calibration at about the 5% level.

    Raises:
        FHRError: probabilities not finite or outside [0, 1]; fewer than one bin or simulation.

    Source:
        Consistency resampling, Bröcker and Smith 2007, Weather Forecast. 22:651, doi:10.1175/WAF993.1.
    """
    if not np.size(probabilities):
        raise FHRError("no probabilities; give one for each record")
    p = checked_probabilities(probabilities, np.size(probabilities))
    if n_simulations < 1:
        raise FHRError(f"n_simulations={n_simulations}; give at least 1")
    drawn = np.random.default_rng(seed).random((n_simulations, len(p))) < p
    errors = calibration_errors(drawn, p, bins)
    return ECEReference(float(errors.mean()), float(np.percentile(errors, 95)))


def calibration_errors(labels: np.ndarray, p: np.ndarray, bins: int) -> np.ndarray:
    """`expected_calibration_error` of each row of labels (m, n), (m,); probabilities (n,), or (m, n) of each row."""
    from scipy.stats import rankdata  # slow to import, and a prediction does without

    if bins < 1:
        raise FHRError(f"bins={bins}; give at least 1")
    # the 1e-9 settles on one side the ranks that fall on a cut but for rounding
    n = p.shape[-1]
    bin_of = np.floor(bins * (rankdata(p, axis=-1) - 0.5) / n + 1e-9).astype(np.int64)
    membership = bin_of[..., None] == np.arange(bins)
    away = labels - p
    sums = away @ membership if p.ndim == 1 else np.einsum("mn,mnb->mb", away, membership)
    return np.asarray(np.abs(sums).sum(axis=1) / n)
