"""External tocometer: a belt that slips, is set anew, picks up breathing, and saturates."""

import numpy as np

from fhr.processes import fgn

from .labour import FS, Labour
from .uterine_activity import TONE

__all__ = ["shown_by_belt"]

# Chosen, by looking at CTU-UHB and so that percentiles of uterine activity lie near its own (5 %: 2, 50 %: 19,
# 95 %: 57, 99 %: 79).
SET_ANEW = 1.3  #: times an hour that the belt is moved: its zero and its gain change
ZERO = (0.0, 25.0)  #: what is shown for no contraction, uniform
GAIN = 0.35  #: spread of its logarithm
LOOSE = (0.15, 0.12)  #: how often a newly set belt hardly feels the uterus, and its gain then
DRIFT = 7.0  #: of the zero, standard deviation
DRIFT_KNOT = 120.0  #: s
WANDER = 5.0  #: standard deviation of the irregular movement between contractions
WANDER_KNOT = 12.0  #: s
BREATHING = 0.9  #: mean amplitude over women, where the belt picks it up
BREATHING_PERIOD = (3.0, 5.0)  #: s
NOISE = 0.7  #: standard deviation, mean over women
TOPS = (100.0, 127.0)  #: where monitors saturate
TOP_SHARE = 0.8  #: of monitors with the first
LOWEST, STEP = 0.5, 0.5  #: 0 is written for no signal


def shown_by_belt(uc: np.ndarray, labour: Labour, rng: np.random.Generator) -> np.ndarray:
    """The activity `uc` (n,) as shown, (n,), in steps of `STEP`; nothing is lost here."""
    n, end = labour.n, labour.end
    edges = np.sort(rng.uniform(0.0, end, rng.poisson(SET_ANEW * end / 3600)))
    setting = np.searchsorted(edges, labour.time)
    m = len(edges) + 1
    loose = rng.random(m) < LOOSE[0]
    gain = np.where(loose, LOOSE[1], rng.lognormal(0.0, GAIN, m))[setting]
    knots = np.arange(0.0, end + 2 * DRIFT_KNOT, DRIFT_KNOT)
    zero = rng.uniform(*ZERO, m)[setting] + np.interp(labour.time, knots, DRIFT * fgn(len(knots), 0.9, seed=rng))
    turns = np.arange(0.0, end + 2 * WANDER_KNOT, WANDER_KNOT)
    restless = np.interp(labour.time, turns, rng.gamma(2.0, 0.5) * WANDER * fgn(len(turns), 0.8, seed=rng))
    # The pitch of breathing changes slowly, and so does how much of it reaches the belt.
    slow = np.interp(labour.time, knots, np.exp(0.6 * fgn(len(knots), 0.8, seed=rng)))
    pitch = 2 * np.pi * np.cumsum(1 + 0.1 * (slow - 1)) / FS / rng.uniform(*BREATHING_PERIOD)
    breathing = rng.exponential(BREATHING) * slow * np.sin(pitch)
    noise = rng.gamma(2.0, NOISE / 2) * fgn(n, 0.8, seed=rng) * (1 + uc / 40)
    shown = zero + gain * (uc - TONE + restless + breathing + noise)
    top = TOPS[0] if rng.random() < TOP_SHARE else TOPS[1]
    return np.rint(np.clip(shown, LOWEST, top) / STEP) * STEP
