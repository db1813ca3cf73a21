"""The latent part: oxygen debt, the decelerations it causes, and the burden that the pH will be drawn from.

Each contraction interrupts the placental flow for a while. What is not made good before the next one adds up to stress;
stress makes decelerations likelier, deeper, later and slower to recover; decelerations that have not recovered when the
next contraction comes add up to the burden of acid. Beside them every fetus may have cord reflexes that
look alike but recover quickly and cost nothing: part of why a trace cannot tell the pH exactly.
"""

from dataclasses import dataclass

import numpy as np

from .labour import FS, Labour

__all__ = ["Hypoxia", "draw_hypoxia"]

# These constants, and the numbers in `draw_hypoxia`, are chosen and not measured: so that the deceleration area of the
# last hour is near that of CTU-UHB (median 98 bpm s per min), and so that on 2000 labours the deceleration area and the
# median absolute deviation of the visible trace separate pH <= 7.15 at AUROC about 0.85 and 0.75.
VULNERABILITY = (-1.45, 0.62)  #: mean and standard deviation of its natural logarithm
PUSHING = 1.5  #: oxygen cost of a contraction with pushing, relative to one without
STRESS_RECOVERY = (180.0, 360.0)  #: time constant of recovery between contractions, s
BURDEN_WASHOUT = 3600.0  #: time constant at which old acid leaves the circulation, s
#: Mean and standard deviation of log(burden + BURDEN_FLOOR) over 4000 labours.
BURDEN_FLOOR = 0.5
BURDEN_CENTRE = 1.69
BURDEN_SPREAD = 0.81


@dataclass(frozen=True, slots=True, eq=False)
class Hypoxia:
    """Stress and decelerations, contraction by contraction.

    Attributes:
        stress: oxygen debt after each contraction, (k,); about 1 is a fetus that has begun to decompensate.
        nadir: time of the lowest point of each deceleration, (k,), s.
        depth: of each deceleration, (k,), bpm; 0 where the contraction had none.
        fall: time from the onset to the nadir, (k,), s.
        recovery: time from the nadir back to the baseline, (k,), s.
        burden: what the decelerations add up to at birth, arbitrary units, at least 0.
    """

    stress: np.ndarray
    nadir: np.ndarray
    depth: np.ndarray
    fall: np.ndarray
    recovery: np.ndarray
    burden: float

    @property
    def severity(self) -> float:
        """The burden on a logarithmic scale with mean 0 and standard deviation 1 over labours."""
        return float((np.log(self.burden + BURDEN_FLOOR) - BURDEN_CENTRE) / BURDEN_SPREAD)

    def stress_over_time(self, labour: Labour) -> np.ndarray:
        """Stress between the contractions, (n,)."""
        if not len(self.stress):
            return np.zeros(labour.n)
        return np.interp(labour.time, labour.peak, self.stress)


def draw_hypoxia(labour: Labour, rng: np.random.Generator) -> Hypoxia:
    """Stress, decelerations and burden of one fetus in `labour`."""
    k = len(labour.peak)
    vulnerability = rng.lognormal(*VULNERABILITY)
    cost = vulnerability * labour.strength * np.where(labour.pushing, PUSHING, 1.0)
    stress = _accumulate(cost, labour.peak, rng.uniform(*STRESS_RECOVERY))
    strain = stress / (1 + stress)

    late = rng.random(k) < 1 - np.exp(-1.6 * stress)
    late_depth = (10 + 50 * strain) * rng.lognormal(0, 0.2, k)
    late_lag = 8 + 25 * strain + rng.normal(0, 3, k)
    late_fall = rng.uniform(18, 32, k)
    late_recovery = (20 + 70 * strain) * rng.lognormal(0, 0.15, k)

    # Cord reflexes: abrupt, deep, quickly over, and in some fetuses with most contractions.
    reflex = ~late & (rng.random(k) < rng.beta(0.6, 2.2) + np.where(labour.pushing, 0.25, 0.0))
    depth = np.where(late, late_depth, np.where(reflex, rng.uniform(25, 65, k), 0.0))
    # A heart does not slow below about 60 bpm for long.
    depth = np.minimum(depth, 75.0)
    fall = np.where(late, late_fall, rng.uniform(6, 16, k))
    recovery = np.where(late, late_recovery, rng.uniform(8, 28, k))
    nadir = labour.peak + np.where(late, late_lag, rng.normal(0, 5, k))

    end = labour.n / FS
    rest = np.diff(labour.peak, append=end) if k else np.zeros(0)
    unrecovered = np.exp(-np.maximum(rest, 1.0) / recovery)
    area = np.where(late, depth, 0.0) * (fall + recovery) / 2 / 1000
    kept = np.exp(-(end - labour.peak) / BURDEN_WASHOUT)
    burden = float(np.sum(area * (0.5 + unrecovered) * kept))
    return Hypoxia(stress, nadir, depth, fall, recovery, burden)


def _accumulate(cost: np.ndarray, time: np.ndarray, recovery: float) -> np.ndarray:
    """Stress right after each contraction: what was left of the last one's, plus the new cost, (k,)."""
    stress = np.empty(len(cost))
    left = 0.0
    for i, decay in enumerate(np.exp(-np.diff(time, prepend=0.0) / recovery)):
        left = left * decay + cost[i]
        stress[i] = left
    return stress
