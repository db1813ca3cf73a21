"""Fetal heart rate: baseline, scale-free variability, accelerations and decelerations, as a monitor would show them."""

import numpy as np
from scipy.ndimage import uniform_filter1d

from fhr.processes import fbm, fgn

from .acidosis import Hypoxia
from .labour import FS, Labour

__all__ = ["draw_heart_rate"]

#: Median and spread of the baselines in CTU-UHB, bpm. FIGO 2015 (doi:10.1016/j.ijgo.2015.06.020): 110 to 160 is normal.
BASELINE = (136.0, 9.5)
BASELINE_RANGE = (108.0, 165.0)
BASELINE_DRIFT = 3.0  #: bpm; chosen so that the drift over an hour looks like CTU-UHB's
TACHYCARDIA = 4.0  #: rise of the baseline per unit of stress, bpm; chosen

#: Mean absolute differences of CTU-UHB grow as lag^0.3 to lag^0.45 from 1 s to 1 min, then level off.
ROUGHNESS = (0.30, 0.42)
ROUGHNESS_RISE = 0.06  #: smoother in hypoxic fetuses, cf. Doret et al. 2015, doi:10.1371/journal.pone.0136661
LEVEL_OFF = 60.0  #: s
VARIABILITY = (4.2, 0.26)  #: standard deviation, bpm, and its logarithm's spread over fetuses; chosen
VARIABILITY_LOSS = 0.35  #: fall of the variability with stress; chosen
BEAT_NOISE = 0.35  #: mean over fetuses of the standard deviation from beat to beat, bpm; chosen

ACCELERATIONS = 22.0  #: per hour without stress; chosen
ACCELERATION_LOSS = 1.3  #: exponential fall of their rate with stress; chosen


def draw_heart_rate(labour: Labour, hypoxia: Hypoxia, rng: np.random.Generator) -> np.ndarray:
    """Heart rate without loss, held from beat to beat as monitors do, (n,), bpm, in steps of 0.25 bpm."""
    time = labour.time
    stress = hypoxia.stress_over_time(labour)
    rate = _baseline(time, stress, rng)
    rate += _variability(time, stress, rng)
    rate += _accelerations(time, stress, rng)
    rate -= _decelerations(time, hypoxia)
    rate += rng.exponential(BEAT_NOISE) * rng.standard_normal(labour.n)
    return np.rint(_held_by_beats(np.clip(rate, 50.0, 210.0)) * 4) / 4


def _baseline(time: np.ndarray, stress: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    knots = np.arange(0.0, time[-1] + 240.0, 120.0)
    drift = BASELINE_DRIFT * fgn(len(knots), 0.9, seed=rng)
    level = np.clip(rng.normal(*BASELINE), *BASELINE_RANGE)
    slow_stress = uniform_filter1d(stress, int(600 * FS), mode="nearest")
    return np.interp(time, knots, level + drift) + TACHYCARDIA * np.minimum(slow_stress, 3.0)


def _variability(time: np.ndarray, stress: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fractional Brownian motion that levels off at `LEVEL_OFF`; quiet and active states alternate."""
    n = len(time)
    hurst = rng.uniform(*ROUGHNESS) + ROUGHNESS_RISE * min(float(stress.mean()), 2.0)
    motion = fbm(n, hurst, seed=rng)
    motion -= uniform_filter1d(motion, int(LEVEL_OFF * FS), mode="nearest")
    amplitude = VARIABILITY[0] * rng.lognormal(0.0, VARIABILITY[1]) / motion.std()
    knots = np.arange(0.0, time[-1] + 600.0, 300.0)
    state = np.interp(time, knots, np.exp(0.25 * fgn(len(knots), 0.8, seed=rng)))
    slow_stress = uniform_filter1d(stress, int(300 * FS), mode="nearest")
    return amplitude * state / (1 + VARIABILITY_LOSS * slow_stress) * motion


def _accelerations(time: np.ndarray, stress: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rises of 15 to 35 bpm over 15 s to 2 min (the definition of an acceleration: FIGO 2015)."""
    lively = rng.gamma(2.0, 0.5)
    count = rng.poisson(ACCELERATIONS * lively * time[-1] / 3600)
    peak = rng.uniform(0, time[-1], count)
    allowed = rng.random(count) < np.exp(-ACCELERATION_LOSS * np.interp(peak, time, stress))
    height = rng.uniform(12, 32, count) * allowed
    return _bumps(time, peak, height, rng.uniform(8, 30, count), rng.uniform(10, 50, count))


def _decelerations(time: np.ndarray, hypoxia: Hypoxia) -> np.ndarray:
    return _bumps(time, hypoxia.nadir, hypoxia.depth, hypoxia.fall, hypoxia.recovery)


def _bumps(time: np.ndarray, peak: np.ndarray, height: np.ndarray, rise: np.ndarray, fall: np.ndarray) -> np.ndarray:
    """The highest of flat-topped bumps at each time; `rise` and `fall` are the times from foot to peak and back, s."""
    total = np.zeros(len(time))
    for centre, top, up, down in zip(peak, height, rise, fall, strict=True):
        if top > 0:
            first = max(int((centre - 1.5 * up) * FS), 0)
            part = slice(first, max(int((centre + 1.5 * down) * FS) + 1, first))
            offset = time[part] - centre
            scaled = 1.6 * offset / np.where(offset < 0, up, down)
            np.maximum(total[part], top * np.exp(-(np.abs(scaled) ** 2.5)), out=total[part])
    return total


def _held_by_beats(rate: np.ndarray) -> np.ndarray:
    """Each beat's rate, held until the next beat: about half of CTU-UHB's samples repeat the one before."""
    beat = np.floor(np.cumsum(rate) / (60 * FS)).astype(np.intp)
    first = np.flatnonzero(np.diff(beat, prepend=-1))
    return np.repeat(rate[first], np.diff(first, append=len(rate)))
