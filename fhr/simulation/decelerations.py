"""Decelerations of four kinds, with the lags and shapes that the guidelines tell them apart by.

Variable: onset to nadir in less than 30 s. Early: gradual, a mirror of the contraction. Late: gradual, begins more than
20 s after the contraction, nadir after its peak. Prolonged: 2 min and more (NICHD 2008), 3 min (FIGO 2015). Sources:
FIGO 2015, doi:10.1016/j.ijgo.2015.06.020; NICHD 2008, doi:10.1097/AOG.0b013e3181841395.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from .labour import FS, Labour
from .shape import drawn
from .truth import TrueEvents

__all__ = ["Decelerations", "draw_cord_reflexes", "draw_early", "draw_late", "draw_prolonged", "joined"]

# All constants are chosen: so that a detector finds CTU-UHB's number, depth and area of decelerations in its first
# half hour, its last one and its second stage.

#: Compression of the cord, a variable deceleration: log-odds with a contraction, mean and spread over fetuses; its
#: rise over the recording as the head descends; its rise with pushing.
REFLEX = (-0.75, 1.2)
REFLEX_RISE = 2.3
REFLEX_PUSHING = 1.3
REFLEX_DISTRESS = 3.2  #: and its rise where a section is decided for the heart rate
REFLEX_DEPTH = (23.0, 0.36, 0.30)  #: median, bpm, and spread of its logarithm over fetuses and within one
DEPTH_RISE = 0.8  #: of the logarithm of the depth, over the recording
DEPTH_PUSHING = 0.25  #: and with pushing
DEPTH_DISTRESS = 0.6  #: and where a section is decided for the heart rate
LOWEST = 58.0  #: bpm; a heart seldom beats more slowly
REFLEX_FALL = (5.0, 18.0)  #: s, onset to bottom, uniform
REFLEX_BOTTOM = (17.0, 0.35, 0.45)  #: s, median, spread of its logarithm over fetuses and within one
BOTTOM_PUSHING = 0.5  #: rise of that logarithm with pushing
BOTTOM_DISTRESS = 0.5  #: and where a section is decided for the heart rate
REFLEX_RECOVERY = (6.0, 26.0)  #: s, uniform
REFLEX_LAG = 9.0  #: s, spread of the middle of the bottom about the contraction's peak

#: With pushing a second one may follow: probability, s from the first.
AGAIN = 0.5
AGAIN_AFTER = (28.0, 50.0)

EARLY = (0.6, 6.0)  #: beta law over fetuses of the probability with a contraction, before pushing
EARLY_DEPTH = (12.0, 26.0)  #: bpm
EARLY_SPAN = 0.5  #: half its length, as a share of the contraction's

LATE_STRESS = (0.7, 0.6)  #: stress from which late ones come, and the rate at which their probability saturates
LATE_DEPTH = (15.0, 28.0, 0.25)  #: bpm without strain, more with full strain, spread of the logarithm
LATE_LAG = (14.0, 24.0, 4.0)  #: s from peak to nadir without strain, more with full strain, spread
LATE_FALL = (32.0, 50.0)  #: s, onset to nadir, uniform
LATE_RECOVERY = (34.0, 45.0)  #: s without strain, more with full strain

PROLONGED = (0.003, 0.012)  #: probability with a contraction, and its rise with strain
PROLONGED_LASTS = (190.0, 420.0)  #: s
PROLONGED_DEPTH = (28.0, 65.0)  #: bpm
#: Half of CTU-UHB's vaginal births end in a fall that does not recover: probability, its rise with strain, and the
#: time before birth at which it begins, s.
TERMINAL = (0.25, 0.45)
TERMINAL_BEFORE = (120.0, 480.0)


class Decelerations(NamedTuple):
    """Shapes of k decelerations.

    Attributes:
        kind: (k,) "early", "late", "variable" or "prolonged".
        corners: (k, 5) s: onset, beginning of the bottom, nadir, end of the bottom, end.
        depth: (k,) bpm, at the nadir.
    """

    kind: np.ndarray
    corners: np.ndarray
    depth: np.ndarray

    @property
    def area(self) -> np.ndarray:
        """Approximate area of each, (k,), bpm s."""
        onset, bottom, _, rise, end = self.corners.T
        return self.depth * (0.5 * (end - onset) + 0.5 * (rise - bottom))

    def wave(self, n: int) -> np.ndarray:
        """Fall of the heart rate, (n,), bpm."""
        return drawn(n, self.corners, self.depth)

    def where(self, keep: np.ndarray) -> "Decelerations":
        """Choose those that `keep` (k,) flags."""
        return Decelerations(*(column[keep] for column in self))

    def above(self, baseline: np.ndarray) -> "Decelerations":
        """Limit them so that the rate stays above `LOWEST` under this `baseline` (n,)."""
        at = np.clip(np.rint(self.corners[:, 2] * FS).astype(np.intp), 0, len(baseline) - 1)
        return self._replace(depth=np.minimum(self.depth, baseline[at] - LOWEST))

    def events(self) -> TrueEvents:
        """Convert to events."""
        return TrueEvents(self.kind, self.corners[:, 0], self.corners[:, 4], self.corners[:, 2], self.depth)


def joined(*parts: Decelerations) -> Decelerations:
    """Join all of `parts` in order of time, none over another.

    What touches a prolonged one is part of that, and is left out; of others that touch, the earlier one recovers before
    the later one begins, which is left out if the bottom of the earlier has not ended.
    """
    kind, corners, depth = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    corners = corners.copy()
    kept: list[int] = []
    # Prolonged ones first, then in order of time.
    for i in np.lexsort((corners[:, 0], kind != "prolonged")):
        over = [j for j in kept if corners[i, 0] < corners[j, 4] and corners[j, 0] < corners[i, 4]]
        if all(kind[j] != "prolonged" and corners[j, 3] < corners[i, 0] for j in over):
            corners[over, 4] = corners[i, 0]
            kept.append(i)
    order = sorted(kept, key=lambda i: corners[i, 0])
    return Decelerations(kind[order], corners[order], depth[order])


def draw_cord_reflexes(labour: Labour, distress: bool, rng: np.random.Generator) -> tuple[Decelerations, np.ndarray]:
    """Draw variable decelerations, more and deeper ones in `distress`, and for each the row of its contraction."""
    progress = labour.peak / labour.end - 0.5
    odds = rng.normal(*REFLEX) + REFLEX_DISTRESS * distress + REFLEX_RISE * progress + REFLEX_PUSHING * labour.pushing
    one = np.flatnonzero(rng.random(len(odds)) < expit(odds))
    two = one[labour.pushing[one] & (rng.random(len(one)) < AGAIN)]
    row, k = np.append(one, two), len(one) + len(two)
    after = np.append(np.zeros(len(one)), rng.uniform(*AGAIN_AFTER, len(two)))
    pushing = labour.pushing[row]
    deeper = DEPTH_RISE * progress[row] + DEPTH_PUSHING * pushing + DEPTH_DISTRESS * distress
    depth = REFLEX_DEPTH[0] * rng.lognormal(0.0, REFLEX_DEPTH[1]) * rng.lognormal(deeper, REFLEX_DEPTH[2], k)
    fall, recovery = rng.uniform(*REFLEX_FALL, k), rng.uniform(*REFLEX_RECOVERY, k)
    bottom = REFLEX_BOTTOM[0] * rng.lognormal(0.0, REFLEX_BOTTOM[1]) * rng.lognormal(0.0, REFLEX_BOTTOM[2], k)
    bottom *= np.exp(BOTTOM_PUSHING * pushing + BOTTOM_DISTRESS * distress)
    middle = labour.peak[row] + after + rng.normal(0.0, REFLEX_LAG, k)
    corners = _corners(middle - bottom / 2 - fall, fall, bottom, recovery, rng.uniform(0.2, 0.8, k))
    return _of("variable", corners, depth), row


def draw_early(labour: Labour, free: np.ndarray, rng: np.random.Generator) -> Decelerations:
    """Draw early decelerations with some of the contractions that are `free` (k,) of any other."""
    k = len(labour.peak)
    chosen = free & ~labour.pushing & (rng.random(k) < rng.beta(*EARLY))
    half = np.maximum(EARLY_SPAN * labour.duration, 33.0)  # slower than the 30 s of a variable one
    nadir = labour.peak + rng.normal(0.0, 3.0, k)
    corners = np.stack([nadir - half, nadir - 1.5, nadir, nadir + 1.5, nadir + half], axis=1)
    return _of("early", corners, rng.uniform(*EARLY_DEPTH, k)).where(chosen)


def draw_late(labour: Labour, stress: np.ndarray, free: np.ndarray, rng: np.random.Generator) -> Decelerations:
    """Draw late decelerations with those of the `free` (k,) contractions that left `stress` (k,) enough."""
    k = len(labour.peak)
    over = np.maximum(stress - LATE_STRESS[0], 0.0)
    chosen = free & (rng.random(k) < 1 - np.exp(-LATE_STRESS[1] * over))
    strain = over / (1 + over)
    depth = (LATE_DEPTH[0] + LATE_DEPTH[1] * strain) * rng.lognormal(0.0, LATE_DEPTH[2], k)
    nadir = labour.peak + LATE_LAG[0] + LATE_LAG[1] * strain + rng.normal(0.0, LATE_LAG[2], k)
    fall = rng.uniform(*LATE_FALL, k)
    # Onset more than 20 s after that of the contraction, whatever was drawn.
    onset = np.maximum(nadir - fall, labour.peak - labour.duration / 2 + 21.0)
    nadir = np.maximum(nadir, onset + LATE_FALL[0])
    recovery = (LATE_RECOVERY[0] + LATE_RECOVERY[1] * strain) * rng.lognormal(0.0, 0.15, k)
    corners = np.stack([onset, nadir - 1.5, nadir, nadir + 1.5, nadir + recovery], axis=1)
    return _of("late", corners, depth).where(chosen)


def draw_prolonged(labour: Labour, stress: np.ndarray, rng: np.random.Generator) -> Decelerations:
    """Draw prolonged decelerations that begin with a contraction, and the fall before a vaginal birth."""
    k = len(labour.peak)
    strain = stress / (1 + stress)
    chosen = rng.random(k) < PROLONGED[0] + PROLONGED[1] * strain
    onset = labour.peak + rng.uniform(-15.0, 15.0, k)
    lasts = rng.uniform(*PROLONGED_LASTS, k)
    before = rng.uniform(*TERMINAL_BEFORE)
    last_strain = strain[-1] if k else 0.0
    if labour.pushing.any() and rng.random() < TERMINAL[0] + TERMINAL[1] * last_strain:
        onset, chosen = np.append(onset, labour.end - before), np.append(chosen, True)
        lasts = np.append(lasts, before + rng.uniform(0.0, 240.0))
    lasts = np.maximum(lasts, PROLONGED_LASTS[0])
    m = len(onset)
    fall, recovery = rng.uniform(15.0, 60.0, m), lasts * rng.uniform(0.15, 0.4, m)
    corners = _corners(onset, fall, lasts - fall - recovery, recovery, rng.uniform(0.1, 0.9, m))
    return _of("prolonged", corners, rng.uniform(*PROLONGED_DEPTH, m)).where(chosen)


def _corners(
    onset: np.ndarray, fall: np.ndarray, bottom: np.ndarray, recovery: np.ndarray, nadir: np.ndarray
) -> np.ndarray:
    """Corners (k, 5) from lengths (k,), the nadir at a share of the bottom."""
    start = onset + fall
    return np.stack([onset, start, start + nadir * bottom, start + bottom, start + bottom + recovery], axis=1)


def _of(kind: str, corners: np.ndarray, depth: np.ndarray) -> Decelerations:
    return Decelerations(np.full(len(depth), kind, dtype=object), corners, depth)
