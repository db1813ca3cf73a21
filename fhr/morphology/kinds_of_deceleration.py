"""Kinds of decelerations by shape and by contraction: early, late, variable, prolonged."""

from typing import NamedTuple

import numpy as np

from fhr.errors import SignalError

from .events import Events
from .overlap import overlap

__all__ = ["DecelerationKinds", "deceleration_kinds"]

# FIGO 2015: doi:10.1016/j.ijgo.2015.06.020; NICHD 2008 (Macones et al.): doi:10.1097/AOG.0b013e3181841395.
PROLONGED = 180.0  #: s; FIGO 2015: longer than 3 min (NICHD 2008: 2 min, and a change of baseline from 10 min on)
ABRUPT = 30.0  #: s; both: onset to (beginning of) nadir in less is variable
LATE_ONSET = 20.0  #: s; FIGO 2015: late ones start more than that after the onset of the contraction
# This package's choices, where the guidelines give no number.
WITH_THE_PEAK = 15.0  #: s; nadir and peak of the contraction coincide within that
SHALLOW = 30.0  #: bpm; an early deceleration is no deeper
FALL = (0.1, 0.9)  #: shares of the depth between which the fall is timed; the rest of it is extrapolated
SMOOTHING = 5.0  #: s; moving mean in which the fall is timed
BEFORE = 15.0  #: s by which a deceleration may seem to begin before its contraction
AFTER = 30.0  #: s by which it may begin after the contraction's end
SEEN = 2 / 3  #: share of the time from the contraction's onset to the nadir in which UC must be known


class DecelerationKinds(NamedTuple):
    """Kinds of m decelerations.

    Attributes:
        kind: (m,) "early", "late", "variable", "prolonged" or "unclassified".
        contraction: (m,) row of its contraction, -1 for none; several decelerations may have the same one.
        lag: (m,) s from the contraction's peak to the nadir, NaN without a contraction.
    """

    kind: np.ndarray
    contraction: np.ndarray
    lag: np.ndarray


def deceleration_kinds(
    decelerations: Events,
    contractions: Events,
    uc_uncertain: np.ndarray,
    fhr: np.ndarray,
    baseline: np.ndarray,
    fs: float,
) -> DecelerationKinds:
    """Classify each deceleration, in this order of precedence.

    - prolonged: longer than 3 min (FIGO 2015).
    - variable: abrupt, less than 30 s from onset to the beginning of the nadir, with or without a contraction.
    - late: gradual, nadir after the contraction's peak; it begins more than 20 s after the contraction's onset (FIGO
      2015), or else its nadir is more than 15 s after the peak and its end after the contraction's (NICHD 2008).
    - early: gradual, nadir within 15 s of the contraction's peak, no deeper than 30 bpm.
    - unclassified: gradual without a known contraction, or with one and none of these; or so much of the fall missing
      that it may be either abrupt or gradual.

    The fall is timed on the 5 s moving mean of `baseline - fhr`, from the last sample below 10 % of its largest value
    to the first above 90 %, and divided by 0.8: a slow drift before the fall and the floor of a U do not count. A
    deceleration belongs to the last contraction that began before it (or at most 15 s after its start) if it begins
    within 30 s of that contraction's end; else to the first that begins before its nadir; else to none. It belongs to
    none, too, where UC is uncertain in a third or more of the time from the contraction's onset to the nadir.

    In the second stage a contraction and its pushes are one event, its peak is that of the smoothed curve, and
    decelerations with the pushes are mostly abrupt, hence variable. Left out: FIGO's late deceleration by shape alone
    (gradual, or with reduced variability, where contractions are not monitored) is unclassified here; accelerations
    before and after ("shoulders"), the reduced variability within, and FIGO's 10 to 15 bpm in traces without
    accelerations are not looked at.

    Args:
        decelerations: m events, the peak being the nadir, s.
        contractions: events in order of time, s.
        uc_uncertain: (k, 2) disjoint stretches in which UC is not to be trusted, s; `UncertainActivity.ranges`.
        fhr: (n,) bpm, NaN is missing.
        baseline: (n,) bpm, NaN where it is not known.
        fs: sampling rate, Hz.

    Raises:
        SignalError: `fhr` and `baseline` are not of one length, or `uc_uncertain` is not (k, 2).

    Source:
        FIGO 2015, doi:10.1016/j.ijgo.2015.06.020; NICHD 2008, doi:10.1097/AOG.0b013e3181841395.
    """
    uc_uncertain = np.asarray(uc_uncertain, dtype=np.float64)
    if np.shape(fhr) != np.shape(baseline) or np.ndim(fhr) != 1:
        raise SignalError(f"fhr has shape {np.shape(fhr)}, baseline {np.shape(baseline)}; give both as (n,)")
    if uc_uncertain.ndim != 2 or uc_uncertain.shape[1] != 2:
        raise SignalError(f"uc_uncertain has shape {uc_uncertain.shape}; give (k, 2): start and end of each stretch, s")
    start, end, nadir = decelerations.start, decelerations.end, decelerations.peak
    row = _contraction_of(decelerations, contractions, uc_uncertain)
    matched = row >= 0
    # A last row of NaN stands for no contraction: -1 reaches it, and every comparison with it is false.
    onset, close, peak = (np.append(x, np.nan)[row] for x in (contractions.start, contractions.end, contractions.peak))
    lag = nadir - peak
    abrupt, gradual = _falls(start, end, fhr, baseline, fs)
    delayed = (lag > 0) & (start - onset > LATE_ONSET) | (lag > WITH_THE_PEAK) & (end > close) & (start >= onset)
    early = (np.abs(lag) <= WITH_THE_PEAK) & (decelerations.amplitude <= SHALLOW)
    kind = np.select(
        [end - start > PROLONGED, abrupt, matched & gradual & delayed, matched & gradual & early],
        ["prolonged", "variable", "late", "early"],
        "unclassified",
    )
    return DecelerationKinds(kind.astype(object), row, lag)


def _contraction_of(decelerations: Events, contractions: Events, uncertain: np.ndarray) -> np.ndarray:
    """Row of each deceleration's contraction (m,), -1 for none."""
    if not len(contractions.start):
        return np.full(len(decelerations.start), -1)
    start, nadir = decelerations.start, decelerations.peak
    row = np.searchsorted(contractions.start, start + BEFORE, side="right") - 1
    over = (row < 0) | (contractions.end[row] + AFTER < start)
    row = np.where(over, row + 1, row)
    begin = np.append(contractions.start, np.inf)[row]
    since = np.minimum(begin, start)
    unseen = overlap(since, nadir, uncertain) > (1 - SEEN) * (nadir - since)
    return np.where((begin > nadir) | unseen, -1, row)


def _falls(
    start: np.ndarray, end: np.ndarray, fhr: np.ndarray, baseline: np.ndarray, fs: float
) -> tuple[np.ndarray, np.ndarray]:
    """Which decelerations are surely abrupt and which surely gradual, (m,) bool each; neither where it is missing."""
    half = round(SMOOTHING * fs) // 2
    fall = baseline - fhr
    seen = ~np.isnan(fall)
    sums = np.concatenate([[0.0], np.cumsum(np.where(seen, fall, 0.0))])
    counts = np.concatenate([[0], np.cumsum(seen)])
    shortest, longest = np.full(len(start), np.nan), np.full(len(start), np.nan)
    for k in range(len(start)):
        at = np.arange(int(start[k] * fs), min(round(end[k] * fs), len(fall)))
        at = at[seen[at]]
        if not len(at):
            continue
        low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, len(fall))
        mean = (sums[high] - sums[low]) / (counts[high] - counts[low])
        bottom = int(np.argmax(mean >= FALL[1] * mean.max()))
        before = np.flatnonzero(mean[:bottom] <= FALL[0] * mean.max())
        # Without a sample at the level of the baseline the fall began at the start of the deceleration.
        first = at[before[-1]] if len(before) else int(start[k] * fs)
        known = counts[at[bottom]] - counts[first]
        shortest[k], longest[k] = known / fs, (at[bottom] - first) / fs
    scale = FALL[1] - FALL[0]
    return longest / scale < ABRUPT, shortest / scale >= ABRUPT
