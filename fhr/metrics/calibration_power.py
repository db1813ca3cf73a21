"""Power of calibration tests on external data: the chance that a sample of this size shows a given miscalibration."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from fhr.errors import FHRError

from .calibration_error import calibration_errors, ece_reference
from .cox import calibration_p_values, log_odds
from .inputs import checked_probabilities

__all__ = ["CalibrationPower", "cox_power"]


class CalibrationPower(NamedTuple):
    """Chance of finding miscalibration of the given slope, by the joint Cox test and by the calibration error."""

    cox: float
    ece: float


def cox_power(
    probabilities: ArrayLike,
    slope: float = 0.7,
    *,
    bins: int = 10,
    n_simulations: int = 1000,
    seed: int = 0,
) -> CalibrationPower:
    """Power to find that log-odds should be multiplied by `slope`, for a model that gives these probabilities.

    For births that had no part in model and calibrator. Out-of-fold probabilities of a cross-validation have another
    null, and another power: `benchmarks/calibration_null.py`.

    Labels are drawn from expit(a + slope logit(p)), a such that the mean probability stays: a model that is too extreme
    (slope below 1) or too timid, but right about the prevalence. Found means a p-value of `calibration_line` below
    0.05, or an expected calibration error above `p95` of `ece_reference`. At slope 1 both are the rate of false alarms.
    A draw without a finite calibration line counts as not found.

    Args:
        probabilities: (n,), in [0, 1]; clipped to [1e-6, 1 - 1e-6].
        slope: the true calibration slope, finite.
        bins: of the calibration error.
        n_simulations: how many times the labels are drawn; the standard error is 0.016 at most for 1,000.
        seed: of the draws.

    Returns:
        `CalibrationPower`; cox is NaN for a constant probability, which has no line.

    Raises:
        FHRError: probabilities not finite or outside [0, 1], a slope that is not finite, fewer than one simulation.

    Example:
        >>> power = cox_power(np.linspace(0.01, 0.5, 400), slope=0.3, n_simulations=200)
        >>> power.cox > 0.9
        True
    """
    from scipy.optimize import brentq  # slow to import, and a prediction does without

    if not np.isfinite(slope):
        raise FHRError(f"slope={slope}; give a finite number such as 0.7")
    p = checked_probabilities(probabilities, np.size(probabilities))
    limit = ece_reference(p, bins, n_simulations, seed).p95
    x = log_odds(p)
    bound = 20 * (1 + abs(slope))  # log-odds are clipped at 13.8
    shift = brentq(lambda a: np.mean(expit(a + slope * x)) - np.mean(expit(x)), -bound, bound)
    # another stream than the one the limit was simulated with
    drawn = np.random.default_rng([seed, 1]).random((n_simulations, len(p))) < expit(shift + slope * x)
    cox = np.nan if np.ptp(x) == 0 else float(np.mean(calibration_p_values(drawn, p) < 0.05))
    return CalibrationPower(cox, float(np.mean(calibration_errors(drawn, p, bins) > limit)))
