"""Uterine activity as an external tocometer shows it: bells on a drifting resting tone."""

import numpy as np

from fhr.processes import fgn

from .labour import FS, Labour

__all__ = ["draw_uterine_activity"]

# Chosen so that the percentiles of uterine activity lie near those of CTU-UHB (5 %: 8, 50 %: 20, 95 %: 70).
AMPLITUDE = (36.0, 0.4)  #: median of a typical contraction, and the spread of its logarithm over women
RESTING_TONE = (5.0, 24.0)
TONE_DRIFT = 3.0
WANDER = 2.2  #: standard deviation of the irregular activity between contractions
TALLEST = 100.0
BELT_NOISE = 0.9
RANGE = (0.5, 127.0)  #: of the monitor
PUSH_PERIOD = 13.0  #: s between two bearing-down efforts
BREATHING_PERIOD = (3.0, 5.0)  #: s; visible where the belt picks up the mother's breathing


def draw_uterine_activity(labour: Labour, rng: np.random.Generator) -> np.ndarray:
    """Uterine activity without loss, (n,), arbitrary units in steps of 0.5."""
    time = labour.time
    knots = np.arange(0.0, time[-1] + 240.0, 120.0)
    tone = rng.uniform(*RESTING_TONE) + TONE_DRIFT * fgn(len(knots), 0.9, seed=rng)
    activity = np.interp(time, knots, tone)
    typical = rng.lognormal(np.log(AMPLITUDE[0]), AMPLITUDE[1])
    height = np.minimum(typical * labour.strength * rng.lognormal(0.0, 0.2, len(labour.peak)), TALLEST)
    pushes = rng.uniform(0.2, 0.6)
    for peak, duration, top, pushing in zip(labour.peak, labour.duration, height, labour.pushing, strict=True):
        first = max(int((peak - duration) * FS), 0)
        part = slice(first, int((peak + duration) * FS) + 1)
        offset = time[part] - peak
        # A bell that is 5 % of its height at onset and end.
        bell = np.exp(-3.0 * (2 * offset / duration) ** 2)
        if pushing:
            bell = bell * (1 + pushes * np.cos(2 * np.pi * offset / PUSH_PERIOD))
        activity[part] += top * bell
    turns = np.arange(0.0, time[-1] + 24.0, 12.0)
    activity += np.interp(time, turns, np.abs(rng.gamma(2.0, 0.5) * WANDER * fgn(len(turns), 0.8, seed=rng)))
    breathing = rng.exponential(0.6) * np.sin(2 * np.pi * time / rng.uniform(*BREATHING_PERIOD))
    activity += breathing + BELT_NOISE * fgn(labour.n, 0.8, seed=rng) * (1 + activity / 40)
    return np.rint(np.clip(activity, *RANGE) * 2) / 2
