"""The course of one labour: stage lengths and contractions."""

from dataclasses import dataclass
from math import isnan, nan

import numpy as np

__all__ = ["FS", "Labour", "draw_labour"]

#: Sampling rate of CTU-UHB and of every simulated recording, Hz.
FS = 4.0

#: Measured on CTU-UHB: lengths of the second stage, min, and how often each occurs; 0 is a labour without one.
SECOND_STAGE = (0, 5, 10, 15, 20, 25, 30)
SECOND_STAGE_FREQUENCY = (0.075, 0.21, 0.29, 0.16, 0.14, 0.055, 0.07)

#: Measured on CTU-UHB: records hold 60 min of the first stage, but for a few (2.5 %) that hold up to 20 min more.
FIRST_STAGE_RECORDED = 60
LONGER_FIRST_STAGE = 0.025

#: Contractions per 10 min: median and spread of the logarithm over labours. Chosen so that what a detector finds has
#: CTU-UHB's quartiles (2.6, 3.3, 4.1); active labour has 2 to 5 (FIGO 2015, doi:10.1016/j.ijgo.2015.06.020).
CONTRACTION_RATE = (3.4, 0.25)
CONTRACTION_RATE_RANGE = (2.0, 5.0)
REGULARITY = 20.0  #: shape of the gamma law of the intervals; chosen: their coefficient of variation is 0.22
SECOND_STAGE_RATE = 1.15  #: relative rise of the rate in the second stage; chosen

#: More than 5 contractions in 10 min, for 30 min: FIGO 2015 and NICHD 2008 (doi:10.1097/AOG.0b013e3181841395). How
#: often, how long (s) and how many are chosen.
TACHYSYSTOLE = 0.07
TACHYSYSTOLE_LASTS = (1800.0, 2700.0)
TACHYSYSTOLE_RATE = (5.6, 7.0)

#: Median of a labour and its spread, and the spread within a labour, s; chosen so that a detector finds CTU-UHB's
#: 67 to 82 s.
CONTRACTION_DURATION = (74.0, 9.0, 7.0)
CONTRACTION_DURATION_RANGE = (45.0, 110.0)
LONGEST_SHARE = 0.8  #: of the interval, that a contraction may take; the rest is relaxation. Chosen
STRENGTH_SPREAD = 0.25  #: of the logarithm; chosen


@dataclass(frozen=True, slots=True, eq=False)
class Labour:
    """Stages and contractions of one labour.

    Attributes:
        n: samples at `FS`.
        stage2_start: s from the start; NaN where there was no second stage.
        second_stage: min; NaN where there was none.
        peak: time of each contraction's peak, (k,), s, ascending.
        duration: from onset, half of it before the peak, to end, (k,), s.
        strength: work of each contraction relative to a typical one, (k,).
        tachysystole: start and end of a time of too many contractions, s; NaN where there was none.
    """

    n: int
    stage2_start: float
    second_stage: float
    peak: np.ndarray
    duration: np.ndarray
    strength: np.ndarray
    tachysystole: tuple[float, float]

    @property
    def time(self) -> np.ndarray:
        """Time of each sample, (n,), s."""
        return np.arange(self.n) / FS

    @property
    def end(self) -> float:
        """Length of the recording, s."""
        return self.n / FS

    @property
    def pushing(self) -> np.ndarray:
        """True for the contractions of the second stage, (k,)."""
        if isnan(self.stage2_start):
            return np.zeros(len(self.peak), dtype=bool)
        return self.peak >= self.stage2_start


def draw_labour(rng: np.random.Generator) -> Labour:
    """Draw a labour with CTU-UHB's stage lengths and 2 to 5 contractions in 10 min, but for tachysystole.

    Left out: contractions that come in pairs, and any change of their rate in the first stage but tachysystole.
    """
    second_stage = int(rng.choice(SECOND_STAGE, p=SECOND_STAGE_FREQUENCY))
    extra = int(rng.integers(1, 21))
    longer = rng.random() < LONGER_FIRST_STAGE
    # Without a second stage the end is the decision for a section, at no particular minute.
    first = FIRST_STAGE_RECORDED + (extra if longer else 0) if second_stage else int(rng.integers(65, 91))
    first = min(first, 90 - second_stage)
    stage2_start = first * 60.0 if second_stage else nan
    end = (first + second_stage) * 60.0

    rate = np.clip(CONTRACTION_RATE[0] * rng.lognormal(0.0, CONTRACTION_RATE[1]), *CONTRACTION_RATE_RANGE)
    tachysystole = (nan, nan)
    if rng.random() < TACHYSYSTOLE:
        begin = rng.uniform(0.0, first * 60.0 - TACHYSYSTOLE_LASTS[0])
        tachysystole = (begin, min(begin + rng.uniform(*TACHYSYSTOLE_LASTS), end))
    peak, gap = _peaks(rate, rng.uniform(*TACHYSYSTOLE_RATE), tachysystole, stage2_start, end, rng)
    typical = rng.normal(*CONTRACTION_DURATION[:2])
    duration = rng.normal(typical, CONTRACTION_DURATION[2], len(peak))
    duration = np.minimum(np.clip(duration, *CONTRACTION_DURATION_RANGE), LONGEST_SHARE * gap)
    strength = rng.lognormal(0.0, STRENGTH_SPREAD, len(peak)) * duration / CONTRACTION_DURATION[0]
    return Labour(
        n=round(end * FS),
        stage2_start=stage2_start,
        second_stage=float(second_stage) if second_stage else nan,
        peak=peak,
        duration=duration,
        strength=strength,
        tachysystole=tachysystole,
    )


def _peaks(
    rate: float,
    fast: float,
    tachysystole: tuple[float, float],
    stage2_start: float,
    end: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Peaks of the contractions and the shorter of the intervals beside each, (k,) each, s."""
    gamma = rng.gamma(REGULARITY, 1 / REGULARITY, size=int(end / 60) + 10)
    times, time = [], -rng.uniform(0, 600.0 / rate)
    for share in gamma:
        now = rate * SECOND_STAGE_RATE if time > stage2_start else rate
        if tachysystole[0] <= time < tachysystole[1]:
            now = fast
        time += 600.0 / now * share
        times.append(time)
    every = np.array(times)
    gaps = np.diff(every)
    shorter = np.minimum(np.append(gaps, np.inf), np.insert(gaps, 0, np.inf))
    inside = (every > 0) & (every < end)
    return every[inside], shorter[inside]
