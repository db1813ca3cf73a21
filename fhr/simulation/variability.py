"""Variability: a multifractal random walk that levels off, louder and softer with sleep and in episodes."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import uniform_filter1d

from fhr.processes import fgn, mrw

from .labour import FS, Labour
from .truth import TrueEvents, happening, stretches

__all__ = ["Variability", "draw_variability", "scale_free"]

#: Regularity (Hurst exponent of the walk) over fetuses, uniform: chosen so that the first log-cumulant of recordings,
#: which decelerations and the monitor raise, has CTU-UHB's quartiles (0.58, 0.66, 0.72).
REGULARITY = (0.50, 0.56)
#: Second log-cumulant over fetuses, uniform: intermittence. Chosen about the -0.013 measured on CTU-UHB; that it is
#: below 0 is found in Doret et al. 2015, doi:10.1371/journal.pone.0136661.
INTERMITTENCE = (-0.08, -0.02)
LEVEL_OFF = 25.0  #: s beyond which the walk does not grow; chosen, as mean differences of CTU-UHB flatten there

AMPLITUDE = (4.5, 0.35)  #: standard deviation, bpm, median and spread of its logarithm over fetuses; chosen
LOUDNESS = 0.25  #: spread of the logarithm of slow changes of the amplitude; chosen
LOUDNESS_KNOT = 300.0  #: s
AMPLITUDE_RISE = 0.09  #: of the logarithm per standard deviation of severity: CTU-UHB's sick vary a little more

#: Slower waves beside it, too fast for a baseline (Mayer waves and slower): standard deviation, as a share of the
#: amplitude, and s between their knots; both chosen, as mean differences of CTU-UHB go on growing beyond `LEVEL_OFF`.
WAVES = 0.75
WAVES_KNOT = 25.0

#: Quiet and active sleep alternate, quiet for up to 50 min (FIGO 2015, doi:10.1016/j.ijgo.2015.06.020); lengths, s,
#: and the amplitude in quiet sleep are chosen.
QUIET_SLEEP = (900.0, 2700.0)
ACTIVE_SLEEP = (1500.0, 4500.0)
QUIET = 0.62

#: Episodes: probability, length (s), factor of the amplitude. Reduced variability is a bandwidth below 5 bpm, increased
#: or saltatory one above 25 bpm (FIGO 2015; "marked", NICHD 2008, doi:10.1097/AOG.0b013e3181841395); the numbers here
#: are chosen.
REDUCED = (0.10, (900.0, 3000.0), 0.38)
MARKED = (0.10, (180.0, 900.0), 2.2)
WITHIN_DECELERATIONS = 0.05  #: relative rise of the amplitude per bpm of a deceleration; chosen by looking at CTU-UHB


class Variability(NamedTuple):
    """Variability of a labour.

    Attributes:
        motion: (n,) bpm, about 0.
        quiet: (n,) bool, quiet sleep.
        events: sleep states and episodes.
    """

    motion: np.ndarray
    quiet: np.ndarray
    events: list[TrueEvents]


def draw_variability(labour: Labour, severity: float, fall: np.ndarray, rng: np.random.Generator) -> Variability:
    """Draw variability under decelerations by `fall` (n,), bpm."""
    n = labour.n
    motion = scale_free(n, rng.uniform(*REGULARITY), rng.uniform(*INTERMITTENCE), rng)
    knots = np.arange(0.0, labour.end + 2 * LOUDNESS_KNOT, LOUDNESS_KNOT)
    louder = rng.normal(AMPLITUDE_RISE * np.clip(severity, -2.5, 2.5), AMPLITUDE[1])
    amplitude = AMPLITUDE[0] * np.exp(louder + np.interp(labour.time, knots, LOUDNESS * fgn(len(knots), 0.8, seed=rng)))
    knots = np.arange(0.0, labour.end + 2 * WAVES_KNOT, WAVES_KNOT)
    motion += WAVES * np.interp(labour.time, knots, fgn(len(knots), 0.7, seed=rng))
    sleep = _sleep(labour.end, rng)
    quiet = happening(sleep[0], n, FS)
    amplitude *= np.where(quiet, QUIET, 1.0)
    events = list(sleep)
    for kind, (probability, lasts, factor) in (("reduced variability", REDUCED), ("marked variability", MARKED)):
        some = int(rng.random() < probability)
        begin, length = rng.uniform(0.0, labour.end - 600.0, some), rng.uniform(*lasts, some)
        events.append(stretches(kind, begin, np.minimum(begin + length, labour.end)))
        amplitude *= np.where(happening(events[-1], n, FS), factor, 1.0)
    # A change of state takes some seconds.
    amplitude = uniform_filter1d(amplitude, int(10 * FS), mode="nearest")
    return Variability(motion * amplitude * (1 + WITHIN_DECELERATIONS * fall), quiet, events)


def scale_free(n: int, hurst: float, c2: float, rng: np.random.Generator) -> np.ndarray:
    """Draw a multifractal random walk, (n,), without its moving mean over `LEVEL_OFF`, of standard deviation 1."""
    motion = mrw(n, c2=c2, hurst=hurst, integral_scale=n, seed=rng)
    motion -= uniform_filter1d(motion, int(LEVEL_OFF * FS), mode="nearest")
    return motion / motion.std()


def _sleep(end: float, rng: np.random.Generator) -> tuple[TrueEvents, TrueEvents]:
    """Quiet and active sleep in turn; the recording begins somewhere in one of them."""
    m = int(end / (QUIET_SLEEP[0] + ACTIVE_SLEEP[0])) + 2
    lengths = np.stack([rng.uniform(*QUIET_SLEEP, m), rng.uniform(*ACTIVE_SLEEP, m)], axis=1).ravel()
    edges = np.concatenate([[0.0], np.cumsum(lengths)]) - rng.uniform(0.0, lengths[:2].sum())
    start, stop = np.clip(edges[:-1], 0.0, end), np.clip(edges[1:], 0.0, end)
    some = stop > start
    quiet = np.arange(2 * m) % 2 == 0
    return (
        stretches("quiet sleep", start[some & quiet], stop[some & quiet]),
        stretches("active sleep", start[some & ~quiet], stop[some & ~quiet]),
    )
