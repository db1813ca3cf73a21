"""The mother's heart rate in the place of the child's: stretches in which FHR follows MHR."""

import numpy as np

from .true_runs import fill_runs, runs

__all__ = ["mothers_rate"]

_MINUTE, _SHARE, _LEAST = 60.0, 0.6, 10.0  # s of the window; share of it near MHR; s near MHR
# A Doppler sensor strews the mother's rate about what MHR says, with a standard deviation of 3 to 9.5 bpm: fewer of its
# values are near, but none is far, and they are on both sides.
_MINUTES, _FEWER, _LEAST_BOTH = 180.0, 0.4, 60.0  # s; share near MHR; s that hold both rates
_FAR, _NOT_FAR, _SIDE = 15.0, 0.9, 0.25  # bpm; share up to it; share on either side
_LOST, _BESIDE, _TOUCH = 300.0, 0.8, 5.0  # s of lost MHR; share of FHR in it that is not far; s from a stretch


def mothers_rate(fhr: np.ndarray, mhr: np.ndarray, fs: float, *, within: float = 5.0) -> np.ndarray:
    """Flag stretches in which FHR follows MHR.

    True fetal rate crosses the mother's, so that single samples within 5 bpm (`coincident`) say little. Here a sample
    counts where, of the samples around it that hold both rates,

    - in 1 min 60% are within `within` bpm of each other, and these fill 10 s; or
    - in 3 min 40% are within `within` bpm and 90% within 15 bpm, with a quarter or more on either side (the mother's
      rate as a noisy sensor gives it).

    A stretch reaches from its first to its last sample within `within` bpm, and takes what lies between. Where MHR was
    lost beside it or in its middle, for 5 min at most, it goes on if 80% of FHR there is within 15 bpm of the straight
    line between the MHR before and after.

    The numbers are this package's choice, by measurement on the 779 FHRMA false-signal recordings (Boudet et al. 2022,
    doi:10.3390/bios12090691). Of the Doppler samples in recordings with MHR it finds 56.2% of those that experts marked
    false and 0.77% of those that they marked true; `coincident` finds 48.0% and 2.50%. Left out: FHR at twice MHR,
    which is mostly true (0.3% of the false samples and 2% of the true ones are within 10 bpm of it for 80% of a
    minute), and the mother's rate where her own was not recorded.

    Args:
        fhr: (n,), bpm, NaN is missing.
        mhr: (n,), bpm.
        fs: sampling rate, Hz.
        within: bpm.

    Returns:
        A mask (n,), true on samples that hold FHR only.

    Example:
        >>> fhr = np.concatenate([np.full(200, 140.0), np.full(100, 82.0), np.full(200, 140.0)])
        >>> np.flatnonzero(mothers_rate(fhr, np.full(500, 80.0), fs=1.0))[[0, -1]].tolist()
        [200, 299]
    """
    n = len(fhr)
    held = ~np.isnan(fhr)
    difference = fhr - mhr
    both, distance = ~np.isnan(difference), np.abs(difference)
    near = distance <= within
    if near.sum() < _LEAST * fs:
        return np.zeros(n, dtype=bool)
    half = max(1, round(_MINUTE * fs / 2))
    number = _around(near, half)
    follows = (number >= _SHARE * _around(both, half)) & (number >= _LEAST * fs)
    half = max(1, round(_MINUTES * fs / 2))
    number = _around(both, half)
    above, below = (_around((distance <= _FAR) & side, half) for side in (difference > 0, difference < 0))
    strewn = (_around(near, half) >= _FEWER * number) & (_around(distance <= _FAR, half) >= _NOT_FAR * number)
    follows |= strewn & (np.minimum(above, below) >= _SIDE * number) & (number >= _LEAST_BOTH * fs)
    starts, ends = runs(follows)
    at = np.flatnonzero(near)
    first, last = np.searchsorted(at, starts), np.searchsorted(at, ends) - 1
    some = first <= last
    mask = fill_runs(at[first[some]], at[last[some]] + 1, n)
    return (mask | _where_lost(mask, fhr, mhr, both, fs)) & held


def _where_lost(mask: np.ndarray, fhr: np.ndarray, mhr: np.ndarray, both: np.ndarray, fs: float) -> np.ndarray:
    """Where the stretches of the mask go on beside lost MHR."""
    n, most, touch = len(fhr), round(_LOST * fs), round(_TOUCH * fs)
    more = np.zeros(n, dtype=bool)
    known = np.flatnonzero(~np.isnan(mhr))
    beside = _around(mask, touch) > 0
    starts, ends = runs(~both & ~mask)
    touching = beside[starts] | beside[ends - 1]
    for start, end in zip(starts[touching], ends[touching], strict=True):
        if end - start > most:
            if beside[start] and beside[end - 1]:
                continue
            start, end = (start, start + most) if beside[start] else (end - most, end)
        at = np.flatnonzero(~np.isnan(fhr[start:end])) + start
        if len(at) and np.mean(np.abs(fhr[at] - np.interp(at, known, mhr[known])) <= _FAR) >= _BESIDE:
            more[start:end] = True
    return more


def _around(flags: np.ndarray, half: int) -> np.ndarray:
    """Number of flags within `half` samples of each."""
    n = len(flags)
    total, at = np.concatenate([[0], np.cumsum(flags)]), np.arange(n)
    count: np.ndarray = total[np.minimum(at + half + 1, n)] - total[np.maximum(at - half, 0)]
    return count
