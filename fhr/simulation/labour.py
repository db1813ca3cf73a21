"""The course of one labour: stage lengths and contractions."""

from dataclasses import dataclass
from math import isnan, nan

import numpy as np

__all__ = ["FS", "Labour", "draw_labour"]

#: Sampling rate of CTU-UHB and of every simulated recording, Hz.
FS = 4.0

#: Lengths of the second stage in CTU-UHB, min, and how often each occurs there; 0 is a labour that never reached it.
SECOND_STAGE = (0, 5, 10, 15, 20, 25, 30)
SECOND_STAGE_FREQUENCY = (0.075, 0.21, 0.29, 0.16, 0.14, 0.055, 0.07)

#: CTU-UHB records hold 60 min of the first stage, but for a few (2.5 %) that hold up to 20 min more.
FIRST_STAGE_RECORDED = 60
LONGER_FIRST_STAGE = 0.025

#: Contractions per 10 min in the first stage: active labour has 2 to 5 (FIGO 2015, doi:10.1016/j.ijgo.2015.06.020).
CONTRACTION_RATE = (2.4, 4.5)
#: The second stage has more of them; chosen so that most stay below the 5 per 10 min that FIGO calls tachysystole.
SECOND_STAGE_RATE = 1.2
CONTRACTION_DURATION = (60.0, 90.0)


@dataclass(frozen=True, slots=True, eq=False)
class Labour:
    """Stages and contractions of one labour.

    Attributes:
        n: samples at `FS`.
        stage2_start: s from the start; NaN where there was no second stage.
        second_stage: min; NaN where there was none.
        peak: time of each contraction's peak, (k,), s, ascending.
        duration: from onset to end, (k,), s.
        strength: work of each contraction relative to a typical one, (k,).
    """

    n: int
    stage2_start: float
    second_stage: float
    peak: np.ndarray
    duration: np.ndarray
    strength: np.ndarray

    @property
    def time(self) -> np.ndarray:
        """Time of each sample, (n,), s."""
        return np.arange(self.n) / FS

    @property
    def pushing(self) -> np.ndarray:
        """True for the contractions of the second stage, (k,)."""
        if isnan(self.stage2_start):
            return np.zeros(len(self.peak), dtype=bool)
        return self.peak >= self.stage2_start


def draw_labour(rng: np.random.Generator) -> Labour:
    """A labour with CTU-UHB's stage lengths and 2 to 5 contractions in 10 min."""
    second_stage = int(rng.choice(SECOND_STAGE, p=SECOND_STAGE_FREQUENCY))
    extra = int(rng.integers(1, 21))
    longer = rng.random() < LONGER_FIRST_STAGE
    # Without a second stage the end is the decision for a section, at no particular minute.
    first = FIRST_STAGE_RECORDED + (extra if longer else 0) if second_stage else int(rng.integers(65, 91))
    first = min(first, 90 - second_stage)
    stage2_start = first * 60.0 if second_stage else nan
    end = (first + second_stage) * 60.0

    interval = 600.0 / rng.uniform(*CONTRACTION_RATE)
    gaps = interval * rng.gamma(30.0, 1 / 30.0, size=int(2 * end / interval) + 8)
    peak = np.cumsum(gaps) - rng.uniform(0, interval)
    if second_stage:
        late = peak > stage2_start
        peak[late] = stage2_start + (peak[late] - stage2_start) / SECOND_STAGE_RATE
    peak = peak[(peak > 0) & (peak < end)]
    duration = np.clip(rng.normal(rng.uniform(65, 85), 6.0, len(peak)), *CONTRACTION_DURATION)
    strength = rng.lognormal(0.0, 0.25, len(peak)) * duration / np.mean(CONTRACTION_DURATION)
    return Labour(
        n=round(end * FS),
        stage2_start=stage2_start,
        second_stage=float(second_stage) if second_stage else nan,
        peak=peak,
        duration=duration,
        strength=strength,
    )
