"""Weights of simulated labours that give them the law of a training fold, by exponential tilting."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from fhr.errors import FHRError

__all__ = ["Tilt", "fit_tilt", "scaled"]

#: Penalties of the squared coefficients, in units of one record's log-likelihood, of features in robust standard
#: deviations: of what all births share, and of what goes with the outcome. The latter is drawn harder towards nothing:
#: a fold has some dozen births with the label. Chosen beforehand; 1 to 200 give nearly the same ranking.
SHARED, OF_OUTCOME = 1.0, 20.0
LIMIT = 3.0  #: robust standard deviations from the median beyond which a feature counts no more
_IQR = 1.349  # of a standard normal
_STEPS = 300


class Tilt(NamedTuple):
    """Weights of labours, given each distinct outcome.

    Attributes:
        log_weights: natural logarithm of the weights (outcome, labour), which sum to 1 along the second axis.
        converged: whether the optimum was reached.
    """

    log_weights: np.ndarray
    converged: bool


def scaled(rows: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Put features in robust standard deviations of the training records, clipped at `LIMIT`; missing is their median.

    Args:
        rows: (n, feature); NaN is missing.
        like: (record, feature) of the training records, which give median and interquartile range.

    Returns:
        float64 (n, kept feature); features that are the same in all training records, or unknown, are left out.
    """
    known = np.isfinite(like).any(axis=0)
    low, centre, high = np.nanpercentile(like[:, known], (25, 50, 75), axis=0)
    spread = (high - low) / _IQR
    spread = np.where(spread > 0, spread, np.nanstd(like[:, known], axis=0))  # of a share such as sections
    varied = spread > 0
    z = (rows[:, known][:, varied] - centre[varied]) / spread[varied]
    return np.clip(np.nan_to_num(z, nan=0.0), -LIMIT, LIMIT)


def fit_tilt(labours: np.ndarray, records: np.ndarray, outcomes: np.ndarray, which: np.ndarray) -> Tilt:
    r"""Fit the law of a labour's features given the outcome, as a tilt of the bank's.

    With features x, and y the terms of an outcome after a constant 1,

        p(x | y) = bank(x) exp(y^T A x) / sum over the bank,

    A by penalised maximum likelihood over the training records. At the optimum, but for the penalties, the weighted
    labours have the records' mean of each feature, and its product with each term of the outcome (entropy balancing).
    No outcome of the bank enters: without training records every labour would weigh the same, whatever the outcome, so
    that nothing of what the simulator was tuned to ranks births.

    Args:
        labours: (labour, feature), scaled.
        records: (record, feature) of the training records, scaled alike.
        outcomes: (outcome, term) terms of each distinct outcome, of mean 0 over the records.
        which: (record,) row of `outcomes` that each record has.

    Raises:
        FHRError: no feature, no record or no labour.

    Source:
        Qin 1998, Biometrika 85:619-630, doi:10.1093/biomet/85.3.619 (density ratios of this form); Hainmueller 2012,
        Political Analysis 20:25-46, doi:10.1093/pan/mpr025 (entropy balancing).
    """
    if 0 in (*labours.shape, *records.shape):
        raise FHRError(
            f"{len(labours)} labours, {len(records)} training records and {records.shape[1]} features that differ "
            "between them; a bank is refitted with some of each"
        )
    n, d = records.shape
    terms = np.column_stack([np.ones(len(outcomes)), outcomes])
    share = np.bincount(which, minlength=len(outcomes)) / n
    observed = terms[which].T @ records / n  # (term, feature)
    penalty = np.full((terms.shape[1], 1), OF_OUTCOME / n)
    penalty[0] = SHARED / n
    floor = np.log(len(labours))

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        a = flat.reshape(-1, d)
        weights = (terms @ a) @ labours.T
        highest = weights.max(axis=1, keepdims=True)
        np.exp(np.subtract(weights, highest, out=weights), out=weights)
        sums = weights.sum(axis=1)
        normaliser = np.log(sums) + highest[:, 0]
        expected = weights @ labours / sums[:, None]  # (outcome, feature)
        value = share @ (normaliser - floor) - np.sum(observed * a) + 0.5 * np.sum(penalty * a**2)
        slope = (share[:, None] * terms).T @ expected - observed + penalty * a
        return float(value), slope.ravel()

    start = np.zeros(terms.shape[1] * d)
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    logits = (terms @ found.x.reshape(-1, d)) @ labours.T
    return Tilt(logits - logsumexp(logits, axis=1)[:, None], bool(found.success))
