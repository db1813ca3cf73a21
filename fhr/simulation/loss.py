"""What the sensors lose, and what they show instead: gaps in bursts, half and double counts, the mother's pulse."""

from math import isnan

import numpy as np

from .acidosis import Hypoxia
from .labour import FS, Labour

__all__ = ["lose_activity", "lose_heart_rate"]

# Gaps in CTU-UHB: median 2 s, 90 % below 13 s, a few of many minutes, which hold half of all lost time.
GAP = (0.9, 1.35)  #: mean and spread of the logarithm of the length, s
LONG_GAP = (5.2, 0.7)
LONG_SHARE = 0.4  #: of the lost time
LONGEST_GAP = 900.0  #: s
#: Target loss by sensor (1 ultrasound, 2 scalp electrode, 12 both): beta distributions, CTU-UHB's moments.
HEART_RATE_LOSS = {1: (2.0, 6.4), 2: (0.8, 5.6), 12: (1.1, 5.6)}
ACTIVITY_LOSS = (1.1, 4.3)
SEVERITY_LOSS = 0.14  #: relative rise per standard deviation of severity; chosen, CTU-UHB has more
SECOND_STAGE_LOSS = 2.5  #: how much likelier a gap is there
DECELERATION_LOSS = 1.5
MOST_LOSS = 0.55
ARTEFACTS = {1: 14.0, 2: 4.0, 12: 9.0}  #: short runs of wrong values, per hour


def lose_heart_rate(
    rate: np.ndarray, labour: Labour, hypoxia: Hypoxia, sensor: int, rng: np.random.Generator
) -> np.ndarray:
    """Heart rate with wrong counts and with NaN where the sensor lost it, (n,), bpm."""
    shown = rate.copy()
    share = rng.beta(*HEART_RATE_LOSS[sensor]) * (1 + SEVERITY_LOSS * np.clip(hypoxia.severity, -2.5, 2.5))
    weight = _stage_weight(labour)
    weight *= np.where(rate < np.median(rate) - 20, DECELERATION_LOSS, 1.0)
    lost = _gaps(weight, share, rng)
    mother = rng.uniform(70, 105)
    for _ in range(rng.poisson(ARTEFACTS[sensor] * labour.n / FS / 3600)):
        start = int(rng.integers(labour.n))
        run = slice(start, start + int(rng.integers(3, 20)))
        wrong = (rate[run] * 2, rate[run] / 2, np.full_like(rate[run], mother))[rng.choice(3, p=(0.3, 0.3, 0.4))]
        if wrong.min() >= 50 and wrong.max() <= 210:
            shown[run] = np.rint(wrong * 4) / 4
            # The monitor rejects the jumps to the wrong rate and back.
            before, after = rng.integers(2, 12, 2)
            lost[max(start - int(before), 0) : start] = True
            lost[run.stop : run.stop + int(after)] = True
    shown[lost] = np.nan
    return shown


def lose_activity(activity: np.ndarray, labour: Labour, rng: np.random.Generator) -> np.ndarray:
    """Uterine activity with NaN where the belt lost it, (n,)."""
    lost = _gaps(_stage_weight(labour), rng.beta(*ACTIVITY_LOSS), rng)
    return np.where(lost, np.nan, activity)


def _stage_weight(labour: Labour) -> np.ndarray:
    weight = np.ones(labour.n)
    if not isnan(labour.stage2_start):
        weight[int(labour.stage2_start * FS) :] = SECOND_STAGE_LOSS
    return weight


def _gaps(weight: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Mask of about `share` of the samples, in bursts that begin in proportion to `weight`, (n,) bool."""
    n = len(weight)
    # Gaps that fall on each other hide some of the loss: -log(1 - share) is what independent gaps must add up to.
    total = -np.log1p(-min(share, MOST_LOSS)) * n / FS
    long = rng.random() < 0.75
    length = np.concatenate(
        [
            _lengths(*LONG_GAP, LONG_SHARE * total if long else 0.0, rng),
            _lengths(*GAP, (1 - LONG_SHARE if long else 1.0) * total, rng),
        ]
    )
    cumulated = np.cumsum(weight)
    start = np.searchsorted(cumulated, rng.random(len(length)) * cumulated[-1])
    stop = np.minimum(start + np.maximum(np.rint(length * FS).astype(np.intp), 1), n)
    edges = np.bincount(start, minlength=n + 1) - np.bincount(stop, minlength=n + 1)
    return np.cumsum(edges)[:n] > 0


def _lengths(centre: float, spread: float, total: float, rng: np.random.Generator) -> np.ndarray:
    """Log-normal lengths that add up to no more than `total`, the last one cut to fit, s."""
    expected = np.exp(centre + spread**2 / 2)
    length = np.minimum(rng.lognormal(centre, spread, int(3 * total / expected) + 20), LONGEST_GAP)
    return np.diff(np.minimum(np.cumsum(length), total), prepend=0.0).clip(0.0)[np.cumsum(length) - length < total]
