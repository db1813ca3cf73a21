"""Cleaning of fetal heart rate: samples out of range, spikes and isolated islands become missing.

Each function takes one signal (n,) in bpm with NaN for missing and returns a new one; none of them invents a value.
"""

import numpy as np

from fhr.recording import floating

from .true_runs import fill_runs, runs

__all__ = ["remove_islands", "remove_out_of_range", "remove_spikes"]


def remove_out_of_range(fhr: np.ndarray, fs: float, *, low: float = 50.0, high: float = 210.0) -> np.ndarray:
    """Remove samples of `fhr` that are not strictly between `low` and `high` bpm.

    The limits are those of the clinical paper (FIGO 2015, doi:10.1016/j.ijgo.2015.06.020).
    """
    fhr = floating(fhr)
    return np.where((fhr > low) & (fhr < high), fhr, np.nan).astype(fhr.dtype)


def remove_spikes(fhr: np.ndarray, fs: float, *, jump: float = 25.0, longest: float = 5.0) -> np.ndarray:
    """Remove short excursions: pieces that the signal jumps to and jumps back from.

    The valid samples, gaps left out, are cut wherever neighbours differ by more than `jump`. A piece that holds
    less than `longest` of signal goes if the jumps at its two ends point opposite ways. A lasting change of level,
    and the steep flank of a deceleration, stay.

    Args:
        fhr: (n,), bpm.
        fs: sampling rate, Hz.
        jump: bpm between neighbouring valid samples; 25 bpm as in Bernardes et al. 1991, J Perinat Med 19:61-65.
        longest: s of valid signal; pieces of this length or more stay.
    """
    fhr = floating(fhr)
    valid = np.flatnonzero(~np.isnan(fhr))
    change = np.diff(fhr[valid])
    cuts = np.flatnonzero(np.abs(change) > jump) + 1
    short = np.diff(cuts) < longest * fs
    back = np.sign(change[cuts[:-1] - 1]) != np.sign(change[cuts[1:] - 1])
    spike = fill_runs(cuts[:-1][short & back], cuts[1:][short & back], len(valid))
    cleaned = fhr.copy()
    cleaned[valid[spike]] = np.nan
    return cleaned


def remove_islands(fhr: np.ndarray, fs: float, *, longest: float = 3.0, gap: float = 3.0) -> np.ndarray:
    """Remove short stretches of signal that stand alone between long gaps.

    Args:
        fhr: (n,), bpm.
        fs: sampling rate, Hz.
        longest: s; stretches of this length or more stay.
        gap: s; only stretches with a gap of at least this length on both sides go (beyond the recording's
            ends there is no signal).
    """
    fhr = floating(fhr)
    starts, ends = runs(~np.isnan(fhr))
    if len(starts) == 0:
        return fhr.copy()
    before = starts - np.concatenate(([-np.inf], ends[:-1]))
    after = np.concatenate((starts[1:], [np.inf])) - ends
    alone = (before >= gap * fs) & (after >= gap * fs)
    island = alone & (ends - starts < longest * fs)
    return np.where(fill_runs(starts[island], ends[island], len(fhr)), np.nan, fhr).astype(fhr.dtype)
