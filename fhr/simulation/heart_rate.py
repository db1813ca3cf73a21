"""Fetal heart rate: baseline, variability, accelerations and decelerations, as an ideal monitor would write it."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .accelerations import draw_accelerations
from .acidosis import Hypoxia
from .baseline import draw_baseline, rate_episodes
from .labour import FS, Labour
from .truth import TrueEvents
from .variability import draw_variability

__all__ = ["HeartRate", "draw_heart_rate"]

BEAT_NOISE = 0.9  #: mean over fetuses of the standard deviation from beat to beat, bpm; chosen
#: Standard deviation of the monitor's averaging, s, uniform over recordings; chosen so that as many samples repeat the
#: one before (0.57) and changes of successive beats are as alike (correlation 0.1) as in CTU-UHB.
AVERAGING = (0.1, 0.4)
MISSED = 0.14  #: share of the beats that do not renew what is shown; chosen for the same two reasons
RANGE = (50.0, 210.0)  #: bpm, of a monitor
STEP = 0.25  #: bpm, of a monitor


class HeartRate(NamedTuple):
    """Fetal heart rate and its parts.

    Attributes:
        fhr: (n,) bpm, in steps of `STEP`.
        baseline: (n,) bpm.
        events: accelerations, decelerations, sleep, episodes of variability and of the baseline.
    """

    fhr: np.ndarray
    baseline: np.ndarray
    events: list[TrueEvents]


def draw_heart_rate(labour: Labour, hypoxia: Hypoxia, rng: np.random.Generator) -> HeartRate:
    """Draw the heart rate of the fetus in `labour`, held from beat to beat as monitors do."""
    n = labour.n
    baseline = draw_baseline(labour, hypoxia.severity, rng)
    falls = hypoxia.decelerations.above(baseline)
    fall = falls.wave(n)
    variability = draw_variability(labour, hypoxia.severity, fall, rng)
    rises = draw_accelerations(labour, variability.quiet, falls, rng)
    rate = baseline + variability.motion + rises.wave(n) - fall
    rate += rng.exponential(BEAT_NOISE) * rng.standard_normal(n)
    rate = gaussian_filter1d(rate, rng.uniform(*AVERAGING) * FS, mode="nearest")
    events = [rises.events(), falls.events(), *variability.events, *rate_episodes(baseline)]
    return HeartRate(np.rint(_held_by_beats(np.clip(rate, *RANGE), rng) / STEP) * STEP, baseline, events)


def _held_by_beats(rate: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each beat's rate, held until the next beat that counts: half of CTU-UHB's samples repeat the one before."""
    beat = np.floor(np.cumsum(rate) / (60 * FS)).astype(np.intp)
    first = np.flatnonzero(np.diff(beat, prepend=-1))
    counts = rng.random(len(first)) >= MISSED
    counts[0] = True
    first = first[counts]
    return np.repeat(rate[first], np.diff(first, append=len(rate)))
