"""Latent hypoxia: oxygen debt, the decelerations it goes with, and the burden that the pH will be drawn from.

Each contraction interrupts the placental flow for a while, and a compressed cord (a variable deceleration) the more,
the deeper and longer. What is not made good before the next one adds up to stress. Stress makes late decelerations,
which are the fetus's answer to it and cost nothing, and prolonged ones, which cost in their turn. The mean stress, that
of the last minutes most, is the burden of acid. The fetus's reserve multiplies everything and shows only in part.
"""

from dataclasses import dataclass
from math import isnan

import numpy as np

from .decelerations import Decelerations, draw_cord_reflexes, draw_early, draw_late, draw_prolonged, joined
from .labour import Labour

__all__ = ["Hypoxia", "draw_hypoxia"]

# Chosen, not measured: so that over labours deceleration area, number of decelerations and median absolute deviation
# rank the pH about as well as in CTU-UHB, given the share of the pH that the severity explains (outcome.py).
VULNERABILITY = (-1.35, 0.15)  #: mean and standard deviation of its natural logarithm
PUSHING = 1.5  #: oxygen cost of a contraction with pushing, relative to one without
CORD = 2.0  #: cost of a variable deceleration of 1000 bpm s, relative to a typical contraction
LONG = 0.6  #: the same of a prolonged one, in which the heart still pumps a little
#: Contractions in 10 min for which the cost holds. Where they are more, each costs less: in CTU-UHB the detected rate
#: of contractions does not rank the pH (AUROC 0.49), though severe tachysystole would.
USUAL_RATE = 3.4
STRESS_RECOVERY = (180.0, 360.0)  #: time constant of recovery between contractions, s
BURDEN_WASHOUT = 1400.0  #: time constant at which old acid leaves the circulation, s
#: Share of sections that are decided for the heart rate, the others for want of progress. In CTU-UHB a third of the
#: sections end in a pH below 7.05, and decelerations rank their pH from the first half hour.
DISTRESS = 0.35
#: Time before the end of a recording without second stage at which a section is decided, s: the median time in CTU-UHB
#: from the last heart rate to the end. What comes after is not seen, and contractions are stopped.
DECISION = 1110.0
#: Mean and standard deviation of log(burden) over 4000 labours, with and without a second stage: each way of birth has
#: a law of the pH of its own (outcome.py).
BURDEN_SCALE = (0.68, 0.495)
BURDEN_SCALE_SECTION = (0.27, 0.65)


@dataclass(frozen=True, slots=True, eq=False)
class Hypoxia:
    """Stress and decelerations of one labour.

    Attributes:
        stress: oxygen debt after each contraction, (k,); about 1 is a fetus that has begun to decompensate.
        decelerations: of every kind.
        burden: mean stress at birth, arbitrary units, above 0.
        severity: the burden on a logarithmic scale with mean 0 and standard deviation 1 over labours.
    """

    stress: np.ndarray
    decelerations: Decelerations
    burden: float
    severity: float


def draw_hypoxia(labour: Labour, rng: np.random.Generator) -> Hypoxia:
    """Draw stress, decelerations and burden of one fetus in `labour`."""
    k = len(labour.peak)
    vulnerability = rng.lognormal(*VULNERABILITY)
    section = isnan(labour.stage2_start)
    cord, row = draw_cord_reflexes(labour, bool(rng.random() < DISTRESS) and section, rng)
    cost = labour.strength * np.where(labour.pushing, PUSHING, 1.0)
    np.add.at(cost, row, CORD * cord.area / 1000)
    cost *= vulnerability * USUAL_RATE / max(600.0 * k / labour.end, 1.0)
    recovery = rng.uniform(*STRESS_RECOVERY)
    stress = _accumulate(cost, labour.peak, recovery)

    free = np.ones(k, dtype=bool)
    free[row] = False
    late = draw_late(labour, stress, free, rng)
    # A late one takes the place of an early one with the same contraction.
    early = draw_early(labour, free & ~_has(labour, late), rng)
    long = draw_prolonged(labour, stress, rng)
    if k:
        after = np.minimum(np.searchsorted(labour.peak, long.corners[:, 0]), k - 1)
        np.add.at(cost, after, vulnerability * LONG * long.area / 1000)
        stress = _accumulate(cost, labour.peak, recovery)
    falls = joined(cord, late, early, long)
    since = labour.end - (DECISION if section else 0.0) - labour.peak
    kept = np.where(since >= 0, np.exp(-np.maximum(since, 0.0) / BURDEN_WASHOUT), 0.0)
    burden = float(np.sum(stress * kept) / np.sum(kept)) if kept.any() else 0.0
    centre, spread = BURDEN_SCALE_SECTION if section else BURDEN_SCALE
    return Hypoxia(stress, falls, burden, float((np.log(max(burden, 1e-3)) - centre) / spread))


def _has(labour: Labour, falls: Decelerations) -> np.ndarray:
    """Contractions in whose time, or soon after, one of `falls` begins, (k,) bool."""
    since = falls.corners[None, :, 0] - (labour.peak - labour.duration / 2)[:, None]
    near: np.ndarray = (since > 0) & (since < labour.duration[:, None] + 60.0)
    return np.any(near, axis=1)


def _accumulate(cost: np.ndarray, time: np.ndarray, recovery: float) -> np.ndarray:
    """Stress right after each contraction: what was left of the last one's, plus the new cost, (k,)."""
    stress = np.empty(len(cost))
    left = 0.0
    for i, decay in enumerate(np.exp(-np.diff(time, prepend=0.0) / recovery)):
        left = left * decay + cost[i]
        stress[i] = left
    return stress
