"""Artefacts of a monitor in the heart rate: half and double counts, the mother's pulse, scattered noise."""

from collections.abc import Iterator
from math import isnan

import numpy as np

from fhr.processes import fgn

from .labour import FS, Labour

__all__ = ["draw_artefacts"]

LIMITS = (50.0, 210.0)  #: bpm that the monitors of CTU-UHB show
#: Wrong stretches an hour of the first stage, by sensor (1 ultrasound, 2 scalp electrode, 12 both), how many times more
#: in the second stage, and the gamma shape of their spread over records: most have next to none, a few have many.
#: Chosen; in CTU-UHB a median record has no jump above 25 bpm between neighbouring samples, a quarter have 4.5 an hour.
RATE = {1: 5.0, 2: 2.0, 12: 4.0}
SECOND_STAGE_RATE = 4.0
RATE_SHAPE = 0.4
#: Of the wrong stretches, these shares are half or double counts, the mother's pulse, and noise; chosen. A scalp
#: electrode shows no maternal pulse.
SHARES = {"count": 0.35, "mother": 0.35, "noise": 0.3}
SHARES_OF_ELECTRODE = {"count": 0.4, "mother": 0.0, "noise": 0.6}
#: Logarithm of the length, s. The mother's: FHRMA's marked false stretches have a median of 22 s; they are three times
#: as frequent in the second stage (Boudet et al. 2022, doi:10.3390/bios12090691). The others are chosen.
LENGTH = {"count": (1.0, 0.8), "mother": (3.0, 1.0), "noise": (0.3, 0.6)}
LONGEST = 240.0
MOTHER_RATE = (85.0, 12.0)  #: bpm, mean and spread over women; chosen
MOTHER_PUSHING = 18.0  #: rise of her pulse in a contraction of the second stage, bpm; chosen
MOTHER_SPREAD = (3.0, 1.5)  #: of her pulse about its mean, slow and from beat to beat, bpm; chosen
#: Share of jumps to a wrong value, or back, that the monitor leaves blank, and for how long (0.5 to 3 s, beside noise
#: 2 to 12 s); chosen.
REJECTED = 0.92
BLANK = {"count": (2, 13), "mother": (2, 13), "noise": (8, 49)}


def draw_artefacts(
    rate: np.ndarray, labour: Labour, sensor: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the rate that a monitor shows for the true `rate` (n,), bpm, and its blanks beside jumps, (n,) bool.

    Monitors count half where they take two beats for one, and twice where they take both sounds of a beat; they
    follow the mother's pulse for seconds to minutes where the transducer has slid to her vessels. Left out: a scalp
    electrode on a dead fetus, which does show the mother.
    """
    shown, blank = rate.copy(), np.zeros(labour.n, dtype=bool)
    mother = None
    for run, kind in _runs(labour, sensor, rng):
        if kind == "mother":
            mother = _pulse(labour, rng) if mother is None else mother
            wrong = mother[run]
        elif kind == "noise":
            wrong = rng.uniform(*LIMITS) + 3.0 * rng.standard_normal(run.stop - run.start)
        else:
            wrong = rate[run] * (2.0 if rate[run].mean() < LIMITS[1] / 2 else 0.5)
        if wrong.min() < LIMITS[0] or wrong.max() > LIMITS[1]:
            continue
        shown[run] = np.rint(wrong * 4) / 4
        before, after = rng.integers(*BLANK[kind], 2) * (rng.random(2) < REJECTED)
        blank[max(run.start - before, 0) : run.start] = True
        blank[run.stop : run.stop + after] = True
    return shown, blank


def _runs(labour: Labour, sensor: int, rng: np.random.Generator) -> Iterator[tuple[slice, str]]:
    """Stretches of wrong values in no particular order, none of them empty."""
    weight = np.full(labour.n, RATE[sensor] * rng.gamma(RATE_SHAPE, 1 / RATE_SHAPE) / (3600 * FS))
    if not isnan(labour.stage2_start):
        weight[round(labour.stage2_start * FS) :] *= SECOND_STAGE_RATE
    cumulated = np.cumsum(weight)
    shares = SHARES_OF_ELECTRODE if sensor == 2 else SHARES
    for _ in range(rng.poisson(cumulated[-1])):
        kind = str(rng.choice(list(shares), p=list(shares.values())))
        start = min(int(np.searchsorted(cumulated, rng.random() * cumulated[-1])), labour.n - 1)
        length = max(round(min(rng.lognormal(*LENGTH[kind]), LONGEST) * FS), 2)
        yield slice(start, min(start + length, labour.n)), kind


def _pulse(labour: Labour, rng: np.random.Generator) -> np.ndarray:
    """Maternal heart rate, (n,), bpm: it rises as she pushes, which tells it from a fetus's that falls."""
    beats = np.arange(0.0, labour.n / FS, 0.75)  # a beat's rate is shown until the next one
    slow, fast = MOTHER_SPREAD
    pulse = rng.normal(*MOTHER_RATE) + fast * rng.standard_normal(len(beats))
    pulse += slow * np.interp(beats, beats[::20], fgn(len(beats[::20]), 0.8, seed=rng))
    for peak, duration in zip(labour.peak[labour.pushing], labour.duration[labour.pushing], strict=True):
        pulse += MOTHER_PUSHING * np.exp(-3.0 * (2 * (beats - peak) / duration) ** 2)
    return np.repeat(pulse, 3)[: labour.n]
