"""Signal loss: gaps in bursts, a monitor that is off for minutes, and the way to theatre.

"Measured" is measured on the 442 records of CTU-UHB that this package was developed on; "chosen" is not.
"""

from math import isnan

import numpy as np

from .labour import FS, Labour

__all__ = ["draw_gaps", "draw_pauses"]

# Measured: gaps below 60 s, by sensor (1 ultrasound, 2 scalp electrode, 12 both): their number an hour of the first
# stage has these means and the gamma shapes that give its spread over records; the second stage has so many times more.
RATE = {1: 66.0, 2: 19.0, 12: 16.0}
RATE_SHAPE = {1: 2.0, 2: 0.6, 12: 1.0}
SECOND_STAGE_RATE = {1: 1.8, 2: 2.9, 12: 2.5}
#: Uterine activity has many short ones, in some women only. Measured: 41 gaps an hour (12 to 80).
ACTIVITY_RATE = 58.0
ACTIVITY_RATE_SHAPE = 0.8
#: Measured: a gap's length less `SHORTEST`, s, is log-normal: centre in the first and in the second stage, spread of
#: both within a record, and of the centre over records. In the first stage what is longer than a minute is a pause.
SHORTEST = 0.75
LENGTH = (0.2, 0.56)
LENGTH_SPREAD = (1.45, 1.75)
LENGTH_SPREAD_OF_RECORDS = 0.4
LONGEST = (60.0, 300.0)
ACTIVITY_LENGTH = (0.0, 0.0)

#: Bursts: logarithm of the rate at knots so many s apart. Chosen; the loss of a minute and of the next one correlate at
#: 0.56 in CTU-UHB, five minutes apart at 0.2.
BURST = (180.0, 0.7)
#: A gap is so many times likelier while the heart beats `FALL` bpm or more below its median, for the sensor follows
#: falls badly; chosen.
DECELERATION_RATE = 1.5
FALL = 20.0
#: Gaps and pauses are likelier by these factors a standard deviation of severity: a woman in trouble is moved, examined
#: and turned. Chosen; in CTU-UHB signal loss ranks pH < 7.05 at AUROC 0.66 among vaginal births, too.
SEVERITY_RATE = 1.08
SEVERITY_PAUSES = 1.15

#: Pauses of the monitor in the first stage. Measured: their mean number, logarithm of the length (mean and spread, s),
#: their limits, and how many of them are at the very beginning. Chosen: the share that takes both channels; the others
#: take one or the other.
PAUSES = 0.85
PAUSE = (5.75, 1.05)
PAUSE_RANGE = (60.0, 1300.0)
PAUSE_AT_START = 0.4
PAUSE_OF_BOTH = 0.6
#: Measured: recordings of a section end so many s before its end, since the woman is taken to theatre (mean, spread,
#: range); a third of all pH below 7.05 are among those 7 %, so that signal loss alone ranks pH < 7.05 at AUROC 0.72.
THEATRE = (1110.0, 210.0)
THEATRE_RANGE = (750.0, 1750.0)
#: Measured: how often heart rate and activity end before a vaginal birth, and the logarithm of how long before, s.
END = {"fhr": (0.3, 4.5, 0.8), "uc": (0.5, 5.6, 1.0)}
END_LONGEST = 1300.0


def draw_pauses(labour: Labour, severity: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw the minutes in which the heart rate, and in which the uterine activity, is not recorded, (n,) bool each."""
    fhr, uc = np.zeros((2, labour.n), dtype=bool)
    section = isnan(labour.stage2_start)
    first = labour.n if section else round(labour.stage2_start * FS)
    theatre = round(float(np.clip(rng.normal(*THEATRE), *THEATRE_RANGE)) * FS)
    for lost, (share, centre, spread) in ((fhr, END["fhr"]), (uc, END["uc"])):
        ends, before = rng.random() < share, min(rng.lognormal(centre, spread), END_LONGEST)
        if section or ends:
            lost[-(theatre if section else max(round(before * FS), 1)) :] = True
    for _ in range(rng.poisson(PAUSES * SEVERITY_PAUSES ** np.clip(severity, -2.0, 2.0))):
        length = round(float(np.clip(rng.lognormal(*PAUSE), *PAUSE_RANGE)) * FS)
        start = 0 if rng.random() < PAUSE_AT_START else int(rng.integers(first))
        which = rng.random()
        if which < (1 + PAUSE_OF_BOTH) / 2:
            fhr[start : start + length] = True
        if which < PAUSE_OF_BOTH or which >= (1 + PAUSE_OF_BOTH) / 2:
            uc[start : start + length] = True
    return fhr, uc


def draw_gaps(
    labour: Labour, rng: np.random.Generator, *, rate: np.ndarray | None = None, sensor: int = 0, severity: float = 0.0
) -> np.ndarray:
    """Draw short gaps of the heart rate `rate` (n,), or of the uterine activity where there is none, (n,) bool.

    The number of gaps in a record is Poisson, their rate gamma distributed over records; within a record they come in
    bursts, more of them in the second stage and in decelerations.
    """
    n = labour.n
    an_hour, shape = (RATE[sensor], RATE_SHAPE[sensor]) if rate is not None else (ACTIVITY_RATE, ACTIVITY_RATE_SHAPE)
    weight = np.full(n, an_hour * rng.gamma(shape, 1 / shape) / (3600 * FS))
    second = n if isnan(labour.stage2_start) else round(labour.stage2_start * FS)
    if rate is not None:
        weight *= SEVERITY_RATE ** np.clip(severity, -2.0, 2.0)
        weight[second:] *= SECOND_STAGE_RATE[sensor]
        weight[rate < np.median(rate) - FALL] *= DECELERATION_RATE
    every, spread = BURST
    knots = np.arange(0.0, n / FS + every, every)
    weight *= np.exp(np.interp(np.arange(n) / FS, knots, spread * rng.standard_normal(len(knots))) - spread**2 / 3)

    cumulated = np.cumsum(weight)
    start = np.searchsorted(cumulated, np.sort(rng.random(rng.poisson(cumulated[-1]))) * cumulated[-1])
    late = (start >= second).astype(np.intp)
    centre = np.array(LENGTH if rate is not None else ACTIVITY_LENGTH)[late]
    centre += LENGTH_SPREAD_OF_RECORDS * rng.standard_normal()
    length = SHORTEST + np.exp(centre + np.array(LENGTH_SPREAD)[late] * rng.standard_normal(len(start)))
    stop = np.minimum(start + np.rint(np.minimum(length, np.array(LONGEST)[late]) * FS).astype(np.intp), n)
    edges = np.bincount(start, minlength=n + 1) - np.bincount(stop, minlength=n + 1)
    return np.cumsum(edges)[:n] > 0
