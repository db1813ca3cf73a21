"""Variability of fetal heart rate: short- and long-term variation, with the median bandwidth.

Every length of time is counted back from the last sample. Missing samples, and what is left out, enter no number.
"""

from typing import NamedTuple

import numpy as np

from .bandwidth import bandwidths
from .blocks import NOWHERE, both, epoch_means, mean, median, range_mask, spread
from .events import Events

__all__ = ["EPOCH", "Variation", "dawes_redman", "short_term_variation", "variation"]

EPOCH = 3.75  # s, 1/16 min: Dawes and Redman
BEAT = 0.5  # s, about a beat: for the indices of de Haan


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
    *,
    bandwidth: np.ndarray | None = None,
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
        bandwidth: (minutes,) of `bandwidths`, if they were computed.

    Source:
        STV and LTV: Street, Dawes, Moulden and Redman 1991, Am J Obstet Gynecol 165:515-523; Pardey, Moulden and
        Redman 2002, Am J Obstet Gynecol 186:1095-1103, doi:10.1067/mob.2002.122447. Their rules for which minutes
        count are finer than "half known, no deceleration" here, and their LTV leaves out minutes of deceleration by
        rules of its own. STI and LTI: de Haan, van Bemmel, Versteeg et al. 1971, Eur J Obstet Gynecol 1:95-102.
    """
    kept, intervals = _kept(fhr, fs, decelerations, fhr_uncertain)
    beats, rates = epoch_means(intervals, fs, BEAT), epoch_means(kept, fs, EPOCH)
    stv_ms, ltv_ms = _short_and_long(epoch_means(intervals, fs, EPOCH))
    stv_bpm, ltv_bpm = _short_and_long(rates)
    pair = np.stack([beats[:-1], beats[1:]])
    angle, modulus = np.arctan(pair[1] / pair[0]), np.hypot(pair[0], pair[1])
    quartiles = (0.25, 0.75)
    per_minute = round(60 / max(BEAT, 1 / fs))
    return Variation(
        stv_ms=stv_ms,
        stv_bpm=stv_bpm,
        ltv_ms=ltv_ms,
        ltv_bpm=ltv_bpm,
        sti_mrad=1000 * mean(spread(angle, per_minute, quartiles)),
        lti_ms=mean(spread(modulus, per_minute, quartiles)),
        bandwidth_bpm=median(
            bandwidths(fhr, baseline, fs, accelerations, decelerations, fhr_uncertain)
            if bandwidth is None
            else bandwidth
        ),
    )


def dawes_redman(
    fhr: np.ndarray, fs: float, decelerations: Events, fhr_uncertain: np.ndarray = NOWHERE
) -> tuple[float, float]:
    """Short- and long-term variation, ms, as `variation` has them.

    Args:
        fhr: (n,) cleaned, bpm; NaN is missing.
        fs: sampling rate, Hz.
        decelerations: left out.
        fhr_uncertain: (k, 2) start and end of what is left out too, s.
    """
    _, intervals = _kept(fhr, fs, decelerations, fhr_uncertain)
    return _short_and_long(epoch_means(intervals, fs, EPOCH))


def _kept(
    fhr: np.ndarray, fs: float, decelerations: Events, fhr_uncertain: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The heart rate outside decelerations and uncertain stretches, bpm, and its intervals, ms, (n,) each."""
    kept = np.where(range_mask(both(decelerations, fhr_uncertain), len(fhr), fs), np.nan, fhr)
    with np.errstate(divide="ignore"):
        return kept, 60_000 / kept


def _short_and_long(epochs: np.ndarray) -> tuple[float, float]:
    """Short- and long-term variation of epochs (k,), in their unit."""
    return short_term_variation(epochs), mean(spread(epochs, round(60 / EPOCH), (0.0, 1.0)))


def short_term_variation(epochs: np.ndarray) -> float:
    """Mean absolute difference of successive known epochs (k,); NaN with less than a minute of pairs."""
    steps = np.abs(np.diff(epochs))
    known = ~np.isnan(steps)
    return float(steps[known].mean()) if known.sum() >= 60 / EPOCH else np.nan
