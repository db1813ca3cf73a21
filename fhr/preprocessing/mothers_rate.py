"""The mother's heart rate in the place of the child's: stretches in which FHR follows MHR."""

from typing import NamedTuple

import numpy as np

from fhr.errors import SignalError
from fhr.recording import floating

from .true_runs import fill_runs, runs

__all__ = ["mothers_rate"]


class _Shares(NamedTuple):
    """Shares of the samples around one that hold both rates.

    A Doppler sensor strews the mother's rate about what MHR says, with a standard deviation of 3 to 9.5 bpm: over a
    longer time fewer of its values are near, but hardly any is far.
    """

    near: float  # of a minute
    near_of_three: float  # of 3 min
    not_far: float  # of 3 min


_SHARES = _Shares(0.6, 0.4, 0.9)
_STRICT = _Shares(0.8, 0.7, 0.97)  # where the child's rate is about the mother's anyway
_ABOUT, _ELSEWHERE = 15.0, 60.0  # bpm between the two levels; s of FHR elsewhere that make a level
_MINUTE, _NEAR = 60.0, 10.0  # s of the window; s of it near MHR
_THREE, _BOTH = 180.0, 60.0  # s of the window; s of it that hold both rates
_FAR, _SIDE = 15.0, 0.25  # bpm; share on either side of MHR
_EDGE = 6.0  # s: what a window of a minute misses of a stretch that fills 60% of it
_LOST, _BESIDE, _TOUCH = 300.0, 0.8, 5.0  # s of lost MHR; share of FHR in it that is not far; s from a stretch


def mothers_rate(fhr: np.ndarray, mhr: np.ndarray, fs: float, *, within: float = 5.0) -> np.ndarray:
    """Flag stretches in which FHR follows MHR.

    True fetal rate crosses the mother's, so that single samples within 5 bpm (`coincident`) say little. Here a sample
    counts where, of the samples around it that hold both rates,

    - in 1 min 60% are within `within` bpm of each other, and these fill 10 s; or
    - in 3 min 40% are within `within` bpm and 90% within 15 bpm, with a quarter or more on either side (the mother's
      rate as a noisy sensor gives it).

    Where the median of FHR elsewhere is less than 15 bpm from that of MHR, the two meet by chance, and it takes 80%,
    70% and 97%. A stretch reaches from its first to its last sample within `within` bpm, and takes what lies between.
    Where MHR was lost beside it or in its middle, for 5 min at most, it goes on if 80% of FHR there is within 15 bpm of
    the straight line between the MHR before and after.

    The numbers are this package's choice, by measurement on the 779 FHRMA false-signal recordings (Boudet et al. 2022,
    doi:10.3390/bios12090691). Of the Doppler samples in recordings with MHR it finds 56.9% of those that experts marked
    false and 0.64% of those that they marked true; `coincident` finds 48.0% and 2.50%. Of the true samples of scalp
    recordings with MHR, of which hardly one is false, it finds 0.63%. Left out: FHR at twice MHR, which is mostly true
    (0.2% of the false samples and 1.5% of the true ones are within 10 bpm of it for 80% of a minute), and the mother's
    rate where her own was not recorded.

    Args:
        fhr: (n,), bpm, NaN is missing.
        mhr: (n,), bpm.
        fs: sampling rate, Hz.
        within: bpm.

    Returns:
        A mask (n,), true on samples that hold FHR only.

    Raises:
        SignalError: rates that are not of one length.

    Example:
        >>> fhr = np.concatenate([np.full(200, 140.0), np.full(100, 82.0), np.full(200, 140.0)])
        >>> np.flatnonzero(mothers_rate(fhr, np.full(500, 80.0), fs=1.0))[[0, -1]].tolist()
        [200, 299]
    """
    fhr, mhr = floating(fhr), floating(mhr)
    if np.ndim(fhr) != 1 or np.shape(fhr) != np.shape(mhr):
        raise SignalError(f"fhr has shape {np.shape(fhr)}, mhr {np.shape(mhr)}; give both as (n,)")
    held = ~np.isnan(fhr)
    difference = fhr - mhr
    if (np.abs(difference) <= within).sum() < _NEAR * fs:
        return np.zeros(len(fhr), dtype=bool)
    mask = _follows(difference, fs, within, _SHARES)
    elsewhere = fhr[held & ~mask]
    if len(elsewhere) >= _ELSEWHERE * fs and abs(np.median(elsewhere) - np.nanmedian(mhr)) < _ABOUT:
        mask = _follows(difference, fs, within, _STRICT)
    return (mask | _where_lost(mask, fhr, mhr, ~np.isnan(difference), fs)) & held


def _follows(difference: np.ndarray, fs: float, within: float, shares: _Shares) -> np.ndarray:
    both, distance = ~np.isnan(difference), np.abs(difference)
    near = distance <= within
    half = max(1, round(_MINUTE * fs / 2))
    number = _around(near, half)
    follows = (number >= shares.near * _around(both, half)) & (number >= _NEAR * fs)
    half = max(1, round(_THREE * fs / 2))
    number = _around(both, half)
    above, below = (_around((distance <= _FAR) & side, half) for side in (difference > 0, difference < 0))
    strewn = (_around(near, half) >= shares.near_of_three * number) & (number >= _BOTH * fs)
    strewn &= _around(distance <= _FAR, half) >= shares.not_far * number
    follows |= strewn & (np.minimum(above, below) >= _SIDE * number)
    # At an edge the window holds what lies beyond it, too.
    return _between_near(_around(_between_near(follows, near), round(_EDGE * fs)) > 0, near)


def _between_near(flags: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Every run of flags from its first to its last near sample."""
    starts, ends = runs(flags)
    at = np.flatnonzero(near)
    first, last = np.searchsorted(at, starts), np.searchsorted(at, ends) - 1
    some = first <= last
    return fill_runs(at[first[some]], at[last[some]] + 1, len(flags))


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
