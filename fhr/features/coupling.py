"""Coupling of fetal heart rate to contractions: lag, strength, coherence and the mean response."""

import numpy as np

from fhr.morphology import find_contractions
from fhr.preprocessing import block_factor, block_mean

from .band_coherence import COHERENCE_BANDS, band_coherence
from .column import Column
from .lagged_correlation import EARLIEST, LATEST, PAIRS, response_lag
from .masked_smoothing import masked_smoothing

__all__ = ["COUPLING_COLUMNS", "SHORTEST_OF_COUPLING", "coupling_features"]

SHORTEST_OF_COUPLING = float(PAIRS)
"""Length, s, of a window in which the lag is looked for."""
_OFFSETS = np.arange(EARLIEST, LATEST + 1)  # s from the peak of a contraction
_SHOWN = (-30, 0, 30, 60, 90)  # s
_WIDTHS = (3.0, 150.0)  # s of the smoothings between which the response lies
_CONTRACTIONS = 3  # of which a mean is taken at the least

COUPLING_COLUMNS = (
    Column("response_lag", "s", "lag of the falls of FHR behind the rises of UC, where their correlation is strongest"),
    Column("response_strength", "1", "correlation of the falls of FHR with the rises of UC at that lag"),
    *(
        Column(f"coherence_{name}", "1", f"coherence of FHR and UC from {low:.2g} to {high:.2g} Hz, without its bias")
        for name, (low, high) in COHERENCE_BANDS.items()
    ),
    *(
        Column(
            f"response_{'minus_' * (at < 0)}{abs(at)}s", "bpm", f"mean of detrended FHR {at} s from contractions' peaks"
        )
        for at in _SHOWN
    ),
    Column("response_range", "bpm", "range of that mean from 30 s before to 120 s after the peaks"),
)
"""Name, unit and description of each column of `coupling_features`."""


def coupling_features(fhr: np.ndarray, uc: np.ndarray, *, fs: float) -> np.ndarray:
    """Compute `COUPLING_COLUMNS` of each window.

    - response_lag and response_strength: `response_lag`;
    - coherence: `band_coherence`, whatever the lag;
    - response: FHR between smoothings of 3 and 150 s, in the mean over the contractions that
      `fhr.morphology.find_contractions` finds and beside whose peaks it was measured.

    Args:
        fhr: (window, n) cleaned, bpm; NaN is missing.
        uc: (window, n) any unit; NaN is missing.
        fs: sampling rate, Hz; a multiple of 1.

    Returns:
        float64 (window, column); NaN with too little of either signal, or fewer than three contractions.

    Raises:
        SignalError: a rate that is no multiple of 1 Hz.
    """
    factor = block_factor(fs, 1.0)
    seconds, activity = block_mean(fhr, factor), block_mean(uc, factor)
    return np.concatenate(
        [response_lag(seconds, activity), band_coherence(seconds, activity), _responses(seconds, activity)], axis=-1
    )


def _responses(seconds: np.ndarray, activity: np.ndarray) -> np.ndarray:
    """FHR beside contractions (window, len(_SHOWN) + 1)."""
    fine, slow = masked_smoothing(seconds, _WIDTHS)
    detrended = np.where(np.isnan(seconds), np.nan, fine - slow)
    detrended = np.pad(detrended, ((0, 0), (-EARLIEST, LATEST)), constant_values=np.nan)
    mean = np.empty((len(seconds), len(_OFFSETS)))
    for row, x, uc in zip(mean, detrended, activity, strict=True):
        row[:] = _mean_response(x, find_contractions(uc, 1.0).peak)
    shown = mean[:, [at - EARLIEST for at in _SHOWN]]
    return np.concatenate([shown, np.ptp(mean, axis=-1, keepdims=True)], axis=-1)


def _mean_response(padded: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Mean over `peaks`, s, of a window with `EARLIEST` s before it and `LATEST` s after it, at `_OFFSETS`."""
    beside = padded[peaks.astype(np.intp)[:, None] + _OFFSETS - EARLIEST]
    known = ~np.isnan(beside)
    n = np.count_nonzero(known, axis=0)
    mean: np.ndarray = np.where(known, beside, 0.0).sum(axis=0) / np.where(n < _CONTRACTIONS, np.nan, n)
    return mean
