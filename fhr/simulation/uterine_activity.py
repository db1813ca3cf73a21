"""Uterine activity as a belt that never slips would show it: bells on a resting tone, and the mother's pushes."""

from typing import NamedTuple

import numpy as np

from .labour import FS, Labour
from .truth import TrueEvents, stretches

__all__ = ["TONE", "UterineActivity", "draw_uterine_activity"]

# Chosen so that the percentiles of uterine activity, seen through belt.py, lie near those of CTU-UHB.
TONE = 10.0  #: resting tone, the same throughout: an external belt has no zero of its own
AMPLITUDE = (36.0, 0.38)  #: median of a typical contraction, and the spread of its logarithm over women
WITHIN = 0.22  #: spread of the logarithm within a labour, beside the strength
TALLEST = 110.0
SHARPNESS = 3.0  #: of the bell, which is 5 % of its height at onset and end
PUSH_PERIOD = 13.0  #: s between two bearing-down efforts
PUSHES = (0.2, 0.6)  #: height of a push, relative to the contraction's


class UterineActivity(NamedTuple):
    """True uterine activity (n,), and its events: contractions, pushing, tachysystole."""

    uc: np.ndarray
    events: list[TrueEvents]


def draw_uterine_activity(labour: Labour, rng: np.random.Generator) -> UterineActivity:
    """Draw uterine activity of `labour`, (n,), arbitrary units, and its events."""
    uc = np.full(labour.n, TONE)
    k = len(labour.peak)
    typical = rng.lognormal(np.log(AMPLITUDE[0]), AMPLITUDE[1])
    height = np.minimum(typical * labour.strength * rng.lognormal(0.0, WITHIN, k), TALLEST)
    pushes = rng.uniform(*PUSHES)
    for peak, duration, top, pushing in zip(labour.peak, labour.duration, height, labour.pushing, strict=True):
        first = max(int((peak - duration) * FS), 0)
        part = slice(first, int((peak + duration) * FS) + 1)
        offset = np.arange(labour.n)[part] / FS - peak
        bell = np.exp(-SHARPNESS * (2 * offset / duration) ** 2)
        if pushing:
            bell = bell * (1 + pushes * np.cos(2 * np.pi * offset / PUSH_PERIOD))
        uc[part] += top * bell
    half = labour.duration / 2
    kind = np.full(k, "contraction", dtype=object)
    contractions = TrueEvents(kind, labour.peak - half, labour.peak + half, labour.peak, height)
    late = labour.pushing
    fast = np.array([labour.tachysystole])[~np.isnan([labour.tachysystole[0]])]
    events = [
        contractions,
        stretches("pushing", (labour.peak - half)[late], (labour.peak + half)[late]),
        stretches("tachysystole", fast[:, 0], fast[:, 1]),
    ]
    return UterineActivity(uc, events)
