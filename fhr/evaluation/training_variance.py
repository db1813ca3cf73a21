"""Variance of a paired difference: what other records would change, and what training once more would.

A bootstrap over records holds the trained models fixed. Repeats of a cross-validation, or fits with other seeds, hold
the records fixed and show what training adds.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from fhr.compute import stream

__all__ = ["Spread", "spread_of", "widened"]


class Spread(NamedTuple):
    """Standard error of a paired difference of procedures that are trained once.

    Let d_r be the difference in repeat r of R, V_r its bootstrap variance over records, V that of the mean over the
    repeats, and s^2 the variance of the d_r. Records add a, training adds b to all scores at once and c to the scores
    of single records:

        E V_r = a + c,    E V = a + c / R,    E s^2 = b + c,    so that    c = (mean V_r - V) R / (R - 1),

        total^2 = a + b + c = mean V_r + max(0, s^2 - c).

    It is the variance of one repeat, and training's part is not divided by R, for two reasons. Who takes over a
    procedure trains it once. And repeats share most of their training records: what other training records would have
    changed is in none of them, and a variance divided by R calls equal procedures different too often
    (`benchmarks/comparison.py`). So a test with `total` is careful where trainings differ much and repeats are many:
    the mean over the repeats is better known, by

        estimate^2 = V + max(0, s^2 - c) / R.

    Attributes:
        records: bootstrap standard deviation over records of the mean over the repeats.
        training: standard deviation s between the repeats; NaN of a single one.
        total: standard error of a procedure trained once; that of the records alone where `training` is NaN.
        estimate: standard error of the mean over the repeats, other training records left aside.
        freedom: Satterthwaite's degrees of freedom of `total`: those of t^2 = max(0, s^2 - c), as far as it weighs,
            total^4 (R - 1) / t^4; infinite where t is 0 or unknown.

    Source:
        Satterthwaite 1946, Biometrics Bull. 2:110, doi:10.2307/3002019. That repeats of a resampling share their
        training records, and what follows: Nadeau and Bengio 2003, Mach. Learn. 52:239, doi:10.1023/A:1024068626366.
    """

    records: float
    training: float
    total: float
    estimate: float
    freedom: float

    def detectable(self, confidence: float = 0.95, power: float = 0.8) -> float:
        """Smallest true difference that the mean over such repeats would show with this power.

        With t_q the q-quantile of Student's distribution with `freedom` degrees,

            t_{(1 + confidence) / 2} total + t_power estimate,

        the usual 2.8 standard errors where the two are equal, as of a single repeat.

        Args:
            confidence: 1 minus the two-sided level.
            power: share of the samples of records, and of trainings, that would show it.
        """
        if not np.isfinite(self.total):
            return float("nan")
        freedom = min(self.freedom, 1e9)
        return float(stdtrit(freedom, (1 + confidence) / 2) * self.total + stdtrit(freedom, power) * self.estimate)


def spread_of(differences: np.ndarray, draws: np.ndarray) -> Spread:
    """Standard error of the mean difference, and its parts.

    Args:
        differences: (R,) difference in each repeat that both models have.
        draws: (R, B) the same in each resample of the records; NaN where undefined.

    Returns:
        `Spread`; all NaN where a difference is undefined or fewer than two resamples are defined.
    """
    draws = draws[:, np.isfinite(draws).all(axis=0)]
    repeats = len(differences)
    if draws.shape[1] < 2 or not np.isfinite(differences).all():
        return Spread(*(float("nan"),) * 5)
    of_mean = float(draws.mean(axis=0).var(ddof=1))
    if repeats < 2:
        return Spread(of_mean**0.5, float("nan"), of_mean**0.5, of_mean**0.5, float("inf"))
    of_one = float(draws.var(axis=1, ddof=1).mean())
    between = float(differences.var(ddof=1))
    of_single_records = max(0.0, of_one - of_mean) * repeats / (repeats - 1)
    common = max(0.0, between - of_single_records)
    total = of_one + common
    freedom = total**2 * (repeats - 1) / common**2 if common**2 > 0 else float("inf")
    return Spread(of_mean**0.5, between**0.5, total**0.5, (of_mean + common / repeats) ** 0.5, freedom)


def widened(value: float, draws: np.ndarray, spread: Spread, *, seed: int) -> np.ndarray:
    """Draws of a difference that hold training's variance too.

    With e = draw - value, each becomes value + e (total / sd of e) sqrt(f / chi2_f), f the degrees of freedom: the
    shape that the records give is kept, a normal one becomes Student's. Draws stay as they are where training's
    variance is unknown.

    Args:
        value: difference on the records themselves.
        draws: (B,) differences on resamples of the records; NaN where undefined.
        spread: of the difference.
        seed: of the chi-squared deviates.
    """
    deviation = float(np.nanstd(draws, ddof=1)) if np.isfinite(draws).sum() > 1 else 0.0
    if not np.isfinite(spread.training) or not deviation > 0:
        return draws
    wider = np.full(len(draws), spread.total / deviation)
    if np.isfinite(spread.freedom):
        chi2 = stream(seed, "variance of training").chisquare(spread.freedom, len(draws))
        wider = wider * np.sqrt(spread.freedom / chi2)
    return np.asarray(value + (draws - value) * wider)
