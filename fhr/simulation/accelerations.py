"""Accelerations: abrupt rises of 15 bpm and more, for 15 s and more (FIGO 2015, doi:10.1016/j.ijgo.2015.06.020)."""

from typing import NamedTuple

import numpy as np

from .decelerations import Decelerations
from .labour import FS, Labour
from .shape import drawn
from .truth import TrueEvents

__all__ = ["Accelerations", "draw_accelerations"]

# Chosen, so that a detector finds CTU-UHB's number (1 to 8 an hour), height and length of accelerations. There they do
# not grow fewer with acidosis (AUROC 0.49), and so they do not here.
RATE = (10.0, 0.9)  #: per hour of active sleep, median and spread of the logarithm over fetuses
HEIGHT = (14.0, 34.0)  #: bpm
RISE = (5.0, 20.0)  #: s, below the 30 s of NICHD 2008, doi:10.1097/AOG.0b013e3181841395
TOP = (14.0, 0.7)  #: s, median and spread of the logarithm
RETURN = (6.0, 25.0)  #: s
#: Share of variable decelerations that an acceleration follows ("overshoot"), and its height, bpm.
OVERSHOOT = 0.12
OVERSHOOT_HEIGHT = (15.0, 28.0)
APART = 15.0  #: s from a deceleration or another acceleration, at least


class Accelerations(NamedTuple):
    """Shapes of k accelerations: corners (k, 5) as of `drawn`, s, and height (k,), bpm."""

    corners: np.ndarray
    height: np.ndarray

    def wave(self, n: int) -> np.ndarray:
        """Rise of the heart rate, (n,), bpm."""
        return drawn(n, self.corners, self.height)

    def events(self) -> TrueEvents:
        """Convert to events."""
        kind = np.full(len(self.height), "acceleration", dtype=object)
        return TrueEvents(kind, self.corners[:, 0], self.corners[:, 4], self.corners[:, 2], self.height)


def draw_accelerations(
    labour: Labour, quiet: np.ndarray, falls: Decelerations, rng: np.random.Generator
) -> Accelerations:
    """Draw accelerations outside quiet sleep (n,), apart from decelerations and from each other, and overshoots."""
    count = rng.poisson(RATE[0] * rng.lognormal(0.0, RATE[1]) * labour.end / 3600)
    onset = rng.uniform(0.0, labour.end - 60.0, count)
    after = falls.corners[(falls.kind == "variable") & (rng.random(len(falls.kind)) < OVERSHOOT), 4]
    overshoot = np.repeat([False, True], [count, len(after)])
    onset, order = np.append(onset, after), np.argsort(np.append(onset, after), kind="stable")
    onset, overshoot, count = onset[order], overshoot[order], len(onset)
    rise, back = rng.uniform(*RISE, count), rng.uniform(*RETURN, count)
    # Long enough to be called one, whatever was drawn.
    top = np.maximum(TOP[0] * rng.lognormal(0.0, TOP[1], count), 16.0 - rise - back)
    peak = onset + rise + top * rng.uniform(0.2, 0.8, count)
    corners = np.stack([onset, onset + rise, peak, onset + rise + top, onset + rise + top + back], axis=1)
    awake = overshoot | ~quiet[np.clip((onset * FS).astype(np.intp), 0, labour.n - 1)]
    near = np.where(overshoot, 0.0, APART)[:, None]
    free = ~((corners[:, :1] < falls.corners[:, 4] + near) & (corners[:, 4:] > falls.corners[:, 0] - near)).any(axis=1)
    keep, last = awake & free, -np.inf
    for i in np.flatnonzero(keep):
        keep[i] = corners[i, 0] > last + APART
        last = corners[i, 4] if keep[i] else last
    height = np.where(overshoot, rng.uniform(*OVERSHOOT_HEIGHT, count), rng.uniform(*HEIGHT, count))
    return Accelerations(corners[keep], height[keep])
