"""Bridging of short gaps; long ones stay missing."""

import numpy as np

from fhr.recording import floating

from .true_runs import fill_runs, runs

__all__ = ["interpolate_gaps"]


def interpolate_gaps(signal: np.ndarray, fs: float, *, longest: float = 15.0) -> np.ndarray:
    """Interpolate linearly across gaps of up to `longest` s that have signal on both sides.

    Never use it before a multiscale analysis: straight lines destroy its statistics. The mask of what was measured
    is taken before.

    Args:
        signal: (n,), NaN is missing.
        fs: sampling rate, Hz.
        longest: s.
    """
    signal = floating(signal)
    missing = np.isnan(signal)
    starts, ends = runs(missing)
    bridged = (ends - starts <= longest * fs) & (starts > 0) & (ends < len(signal))
    fill = fill_runs(starts[bridged], ends[bridged], len(signal))
    if not fill.any():
        return signal.copy()
    filled = signal.copy()
    filled[fill] = np.interp(np.flatnonzero(fill), np.flatnonzero(~missing), signal[~missing])
    return filled
