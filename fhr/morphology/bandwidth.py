"""Bandwidth of fetal heart rate: its swing about the baseline in a minute, and inside decelerations."""

import numpy as np

from .blocks import NOWHERE, both, range_mask, spread
from .events import Events
from .shape_of_event import whole_of_both

__all__ = ["bandwidth_of_decelerations", "bandwidths", "bandwidths_outside", "flattest_minute"]

BAND = (0.025, 0.975)  # quantiles of a minute that its bandwidth lies between: this package's choice
FLAT = 180.0  # s: FIGO's "more than 3 minutes during decelerations"


def bandwidths(
    fhr: np.ndarray,
    baseline: np.ndarray,
    fs: float,
    accelerations: Events,
    decelerations: Events,
    fhr_uncertain: np.ndarray = NOWHERE,
) -> np.ndarray:
    """The bandwidth of each minute: how far FHR swings about the baseline, peak to trough.

    The range of FHR minus baseline between its 2.5th and 97.5th percentile in a minute, accelerations and
    decelerations left out from where the signal leaves the baseline to where it is back (`shape_of_event`): their
    slopes are no variability. The percentiles are this package's choice in place of the guidelines' highest peak and
    lowest trough: 1.5 s of spikes at either side change nothing, a sine loses 0.3% and white noise about a third.

    Args:
        fhr: (n,) cleaned, bpm; NaN is missing.
        baseline: (n,) bpm; NaN where unknown.
        fs: sampling rate, Hz.
        accelerations: left out.
        decelerations: left out.
        fhr_uncertain: (k, 2) start and end of where there may be an event that cannot be told, s; left out.

    Returns:
        (minutes,) bpm in order of time, the last minute ending with the recording; a minute with less than half of
        it known and kept is NaN.

    Source:
        "The average bandwidth amplitude of the signal in one-minute segments": FIGO 2015,
        doi:10.1016/j.ijgo.2015.06.020. "The amplitude of peak-to-trough", outside accelerations and decelerations:
        NICHD 2008, doi:10.1097/AOG.0b013e3181841395.

    >>> from fhr.morphology.events import no_events
    >>> sine = 140 + 5 * np.sin(np.arange(480) / 4)
    >>> bandwidths(sine, np.full(480, 140.0), 4.0, no_events(), no_events()).round(1)
    array([10., 10.])
    """
    rises, falls = whole_of_both(accelerations, decelerations, fhr, baseline, fs)
    return bandwidths_outside(fhr, baseline, fs, rises, falls, fhr_uncertain)


def bandwidths_outside(
    fhr: np.ndarray,
    baseline: np.ndarray,
    fs: float,
    rises: Events,
    falls: Events,
    fhr_uncertain: np.ndarray,
) -> np.ndarray:
    """The same, events from their true beginning to their true end."""
    out = range_mask(np.concatenate([both(rises, fhr_uncertain), both(falls, NOWHERE)]), len(fhr), fs)
    return spread(np.where(out, np.nan, fhr - baseline), max(1, round(60 * fs)), BAND)


def bandwidth_of_decelerations(fhr: np.ndarray, fs: float, decelerations: Events) -> np.ndarray:
    """The mean bandwidth over the flattest 3 min inside each deceleration, bpm; NaN for one that is shorter.

    For three successive minutes, 15 s apart, a line is taken out of each minute before its bandwidth.

    Args:
        fhr: (n,) cleaned, bpm; NaN is missing.
        fs: sampling rate, Hz.
        decelerations: m of them.

    Returns:
        (m,) bpm.

    Source:
        FIGO 2015 calls variability reduced where the bandwidth is below 5 bpm for more than 3 min during
        decelerations, doi:10.1016/j.ijgo.2015.06.020. How it is to be measured there is this package's choice.
    """
    found = np.full(len(decelerations.start), np.nan)
    for k, width in _minutes_within(fhr, fs, decelerations, FLAT):
        if len(width) > 8:
            three = (width[:-8] + width[4:-4] + width[8:]) / 3
            found[k] = np.fmin.reduce(three)
    return found


def flattest_minute(fhr: np.ndarray, fs: float, decelerations: Events) -> np.ndarray:
    """The bandwidth of the flattest minute inside each deceleration, bpm; NaN for one that is shorter.

    Minutes begin 15 s apart; a line is taken out of each.

    Args:
        fhr: (n,) cleaned, bpm; NaN is missing.
        fs: sampling rate, Hz.
        decelerations: m of them.
    """
    found = np.full(len(decelerations.start), np.nan)
    for k, width in _minutes_within(fhr, fs, decelerations, 60.0):
        found[k] = np.fmin.reduce(width)
    return found


def _minutes_within(fhr: np.ndarray, fs: float, decelerations: Events, shortest: float) -> list[tuple[int, np.ndarray]]:
    """Row, and bandwidths of the minutes inside, 15 s apart, of each deceleration of `shortest` s or more."""
    minute, step = max(3, round(60 * fs)), max(1, round(15 * fs))
    each, begins = [], []
    for k in np.flatnonzero(decelerations.end - decelerations.start >= shortest).tolist():
        first, last = max(0, round(decelerations.start[k] * fs)), min(round(decelerations.end[k] * fs), len(fhr))
        if last - first >= minute:
            each.append(k)
            begins.append(np.arange(first, last - minute + 1, step))
    if not each:
        return []
    # All minutes of all decelerations at once.
    rows = np.asarray(np.lib.stride_tricks.sliding_window_view(fhr, minute)[np.concatenate(begins)], np.float64)
    time, known = np.arange(minute) - (minute - 1) / 2, ~np.isnan(rows)
    n = np.maximum(known.sum(axis=1, keepdims=True), 1)
    at = np.where(known, time, 0.0)
    at = np.where(known, at - at.sum(axis=1, keepdims=True) / n, 0.0)
    square = np.maximum((at**2).sum(axis=1, keepdims=True), 1e-9)
    rows = rows - at * (at * np.where(known, rows, 0.0)).sum(axis=1, keepdims=True) / square
    width = spread(rows.ravel(), minute, BAND)
    return list(zip(each, np.split(width, np.cumsum([len(b) for b in begins])[:-1]), strict=True))
