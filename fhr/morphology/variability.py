"""Variability of fetal heart rate: short- and long-term variation, and the bandwidth of each minute.

Every length of time is counted back from the last sample. Missing samples, and what is left out, enter no number.
"""

from typing import NamedTuple

import numpy as np

from fhr.preprocessing import fill_runs

from .events import Events

__all__ = [
    "Variation",
    "bandwidth_of_decelerations",
    "bandwidths",
    "both",
    "epoch_means",
    "median",
    "range_mask",
    "short_term_variation",
    "variation",
]

EPOCH = 3.75  # s, 1/16 min: Dawes and Redman
BEAT = 0.5  # s, about a beat: for the indices of de Haan
BAND = (0.025, 0.975)  # quantiles of a minute that its bandwidth lies between: this package's choice
NOWHERE = np.empty((0, 2))
FLAT = 180.0  # s: FIGO's "more than 3 minutes during decelerations"


class Variation(NamedTuple):
    """Variability of one recording or window; NaN where too little of it is known.

    Attributes:
        stv_ms: short-term variation, ms.
        stv_bpm: the same of heart rate, bpm.
        ltv_ms: long-term variation, the mean range of a minute, ms.
        ltv_bpm: the same of heart rate, bpm.
        sti_mrad: short-term index of de Haan, mrad.
        lti_ms: long-term index of de Haan, ms.
        bandwidth_bpm: median bandwidth of a minute outside accelerations and decelerations, bpm.
    """

    stv_ms: float
    stv_bpm: float
    ltv_ms: float
    ltv_bpm: float
    sti_mrad: float
    lti_ms: float
    bandwidth_bpm: float


def variation(
    fhr: np.ndarray,
    baseline: np.ndarray,
    fs: float,
    accelerations: Events,
    decelerations: Events,
    fhr_uncertain: np.ndarray = NOWHERE,
) -> Variation:
    """Compute short-term variation, long-term variation, their indices, and the bandwidth.

    With T_k the mean pulse interval 60,000 / FHR of the k-th epoch of 3.75 s (sixteen a minute), decelerations out::

        STV = mean |T_k+1 - T_k|          LTV = mean over minutes of (max T_k - min T_k)

    With T_i the mean pulse interval of 0.5 s, for each minute, then averaged over the minutes::

        STI = interquartile range of atan(T_i+1 / T_i)          LTI = that of sqrt(T_i^2 + T_i+1^2)

    An epoch or a minute counts with half of it known. The recordings here hold rates and not beats: an epoch weighs
    each beat by how long it lasts, and STI and LTI are those of de Haan of half-second means, not of beats
    (at 1 Hz, of seconds), so that they compare within one sampling rate only.

    Args:
        fhr: (n,) cleaned, bpm; NaN is missing.
        baseline: (n,) bpm; NaN where unknown. It enters the bandwidth alone.
        fs: sampling rate, Hz.
        accelerations: left out of the bandwidth.
        decelerations: left out of everything.
        fhr_uncertain: (k, 2) start and end of where there may be an event that cannot be told, s; left out of
            everything.

    Source:
        STV and LTV: Street, Dawes, Moulden and Redman 1991, Am J Obstet Gynecol 165:515-523; Pardey, Moulden and
        Redman 2002, Am J Obstet Gynecol 186:1095-1103, doi:10.1067/mob.2002.122447. Their rules for which minutes
        count are finer than "half known, no deceleration" here, and their LTV leaves out minutes of deceleration by
        rules of its own. STI and LTI: de Haan, van Bemmel, Versteeg et al. 1971, Eur J Obstet Gynecol 1:95-102.
    """
    kept = np.where(range_mask(both(decelerations, fhr_uncertain), len(fhr), fs), np.nan, fhr)
    with np.errstate(divide="ignore"):
        interval = 60_000 / kept
    epochs, rates = epoch_means(interval, fs, EPOCH), epoch_means(kept, fs, EPOCH)
    beats = epoch_means(interval, fs, BEAT)
    pair = np.stack([beats[:-1], beats[1:]])
    angle, modulus = np.arctan(pair[1] / pair[0]), np.hypot(pair[0], pair[1])
    quartiles = (0.25, 0.75)
    per_minute, epochs_per_minute = round(60 / max(BEAT, 1 / fs)), round(60 / EPOCH)
    return Variation(
        stv_ms=short_term_variation(epochs),
        stv_bpm=short_term_variation(rates),
        ltv_ms=_mean(_spread(epochs, epochs_per_minute, (0.0, 1.0))),
        ltv_bpm=_mean(_spread(rates, epochs_per_minute, (0.0, 1.0))),
        sti_mrad=1000 * _mean(_spread(angle, per_minute, quartiles)),
        lti_ms=_mean(_spread(modulus, per_minute, quartiles)),
        bandwidth_bpm=median(bandwidths(fhr, baseline, fs, accelerations, decelerations, fhr_uncertain)),
    )


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
    decelerations left out. The percentiles are this package's choice in place of the guidelines' highest peak and
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
    left_out = np.concatenate([both(accelerations, fhr_uncertain), both(decelerations, NOWHERE)])
    out = range_mask(left_out, len(fhr), fs)
    return _spread(np.where(out, np.nan, fhr - baseline), max(1, round(60 * fs)), BAND)


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
    minute = max(3, round(60 * fs))
    time = np.arange(minute) - (minute - 1) / 2
    for k in np.flatnonzero(decelerations.end - decelerations.start >= FLAT):
        piece = fhr[max(0, round(decelerations.start[k] * fs)) : round(decelerations.end[k] * fs)]
        starts = np.arange(0, len(piece) - minute + 1, max(1, round(15 * fs)))
        if len(starts) == 0:
            continue
        rows = np.asarray(piece[starts[:, None] + np.arange(minute)], np.float64)
        known = ~np.isnan(rows)
        n = np.maximum(known.sum(axis=1, keepdims=True), 1)
        at = np.where(known, time, 0.0)
        at = np.where(known, at - at.sum(axis=1, keepdims=True) / n, 0.0)
        square = np.maximum((at**2).sum(axis=1, keepdims=True), 1e-9)
        rows = rows - at * (at * np.where(known, rows, 0.0)).sum(axis=1, keepdims=True) / square
        width = _spread(rows.ravel(), minute, BAND)
        if len(width) > 8:
            three = (width[:-8] + width[4:-4] + width[8:]) / 3
            found[k] = np.nanmin(three) if np.isfinite(three).any() else np.nan
    return found


def short_term_variation(epochs: np.ndarray) -> float:
    """Mean absolute difference of successive known epochs (k,); NaN with less than a minute of pairs."""
    steps = np.abs(np.diff(epochs))
    known = ~np.isnan(steps)
    return float(steps[known].mean()) if known.sum() >= 60 / EPOCH else np.nan


def epoch_means(signal: np.ndarray, fs: float, seconds: float) -> np.ndarray:
    """Means over epochs of `seconds` counted back from the end, in order of time; NaN with less than half known.

    An epoch need not be a whole number of samples: a sample belongs to the epoch that it begins in.
    """
    n = len(signal)
    length = max(1.0, float(fs) * seconds)
    count = int(n / length + 1e-9)
    epoch = ((np.arange(n - 1, -1, -1) + 1e-9) / length).astype(np.int64)
    known = ~np.isnan(signal)
    # One more than the whole epochs: it takes what is left over at the start.
    number = np.bincount(epoch[known], minlength=count + 1)[:count]
    total = np.bincount(epoch[known], weights=signal[known], minlength=count + 1)[:count]
    enough = number >= max(1, 0.5 * length - 0.5)
    return np.divide(total, number, out=np.full(count, np.nan), where=enough)[::-1]


def both(events: Events, ranges: np.ndarray) -> np.ndarray:
    """Concatenate start and end (k, 2) of the events and the ranges."""
    return np.concatenate([np.stack([events.start, events.end], axis=1), ranges])


def range_mask(ranges: np.ndarray, n: int, fs: float) -> np.ndarray:
    """Flags of the samples (n,) that lie in one of the ranges (k, 2), s."""
    edges = np.clip(np.round(ranges * fs), 0, n).astype(np.int64)
    return fill_runs(edges[:, 0], edges[:, 1], n)


def _spread(signal: np.ndarray, length: int, quantiles: tuple[float, float]) -> np.ndarray:
    """Distance between two quantiles of each block of `length`, counted back from the end; half must be known."""
    count = len(signal) // length
    rows = np.sort(signal[len(signal) - count * length :].reshape(count, length), axis=1)  # NaN goes last
    known = (~np.isnan(rows)).sum(axis=1)
    enough = known >= max(2, length / 2)
    spread = np.full(count, np.nan)
    row = np.flatnonzero(enough)

    def at(quantile: float) -> np.ndarray:
        position = quantile * (known[row] - 1)
        below = position.astype(np.int64)
        above = np.minimum(below + 1, known[row] - 1)
        part: np.ndarray = rows[row, below] + (position - below) * (rows[row, above] - rows[row, below])
        return part

    spread[row] = at(quantiles[1]) - at(quantiles[0])
    return spread


def median(values: np.ndarray) -> float:
    """Median of the known values; NaN for none. Many times as fast as `numpy.nanmedian`."""
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else np.nan


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan
