"""Baseline: a level that wanders, changes at times, and rises with the severity of the hypoxia."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from fhr.processes import fgn

from .labour import FS, Labour
from .truth import TrueEvents, stretches

__all__ = ["draw_baseline", "rate_episodes"]

#: Mean and spread over fetuses, bpm; chosen so that the visible median has CTU-UHB's quartiles (130, 138, 147).
LEVEL = (139.5, 10.5)
LEVEL_RANGE = (105.0, 178.0)
#: bpm per standard deviation of severity, for tachycardia is a sign of stress (FIGO 2015): chosen so that the baseline
#: ranks the pH as in CTU-UHB (AUROC 0.57 for pH <= 7.15).
LEVEL_RISE = 3.5
#: Slow drift: spread in a recording, bpm, median and spread of its logarithm over fetuses; chosen so that the detected
#: baseline's range over 10-min segments is CTU-UHB's (9, 14, 20 bpm).
DRIFT = (6.5, 0.35)
DRIFT_RISE = 0.2  #: of the logarithm per standard deviation of severity; chosen
DRIFT_KNOT = 160.0  #: s between the knots; chosen
PERSISTENCE = 0.8  #: Hurst exponent of the drift's increments from knot to knot; chosen
TREND = (-2.0, 4.0)  #: bpm over the recording, mean and spread; chosen, CTU-UHB's is -3 (-10 to 4) in all
CHANGES = 1.0  #: number of lasting changes of level in an hour, bpm spread and seconds they take: all chosen
CHANGE_SIZE = 7.0
CHANGE_TAKES = (45.0, 180.0)

#: FIGO 2015: below 110 bpm or above 160 bpm for more than 10 min, doi:10.1016/j.ijgo.2015.06.020.
NORMAL = (110.0, 160.0)
EPISODE = 600.0  #: s


def draw_baseline(labour: Labour, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Draw the true baseline, (n,), bpm.

    Left out: a baseline that rises minute by minute with the stress; it is higher throughout where the severity is.
    """
    knots = np.arange(0.0, labour.end + 2 * DRIFT_KNOT, DRIFT_KNOT)
    spread = DRIFT[0] * np.exp(rng.normal(DRIFT_RISE * np.clip(severity, -2.5, 2.5), DRIFT[1]))
    drift = spread * fgn(len(knots), PERSISTENCE, seed=rng)
    drift += rng.normal(*TREND) * (knots / labour.end - 0.5)
    level = np.clip(rng.normal(*LEVEL) + LEVEL_RISE * severity, *LEVEL_RANGE)
    baseline = level + PchipInterpolator(knots, drift)(labour.time)
    for _ in range(rng.poisson(CHANGES * labour.end / 3600)):
        begin, takes = rng.uniform(0.0, labour.end), rng.uniform(*CHANGE_TAKES)
        share = np.clip((labour.time - begin) / takes, 0.0, 1.0)
        baseline += rng.normal(0.0, CHANGE_SIZE) * (0.5 - 0.5 * np.cos(np.pi * share))
    return np.clip(baseline, 90.0, 190.0)


def rate_episodes(baseline: np.ndarray) -> list[TrueEvents]:
    """Tachycardia and bradycardia: stretches of the baseline (n,) beyond `NORMAL` for more than `EPISODE`."""
    found = []
    for kind, beyond in (("tachycardia", baseline > NORMAL[1]), ("bradycardia", baseline < NORMAL[0])):
        edges = np.flatnonzero(np.diff(beyond.astype(np.int8), prepend=0, append=0)) / FS
        start, end = edges[::2], edges[1::2]
        long = end - start > EPISODE
        found.append(stretches(kind, start[long], end[long]))
    return found
