"""Pattern of lost signal: how much, in how many gaps of what length, when, and at what heart rate."""

import numpy as np

from fhr.preprocessing import runs

from .column import Column

__all__ = ["GAP_PATTERN_COLUMNS", "gap_pattern"]

_LAST = 1200.0  # s
_LONG = 60.0  # s
_BEFORE = 5.0  # s
_GAPS = 3  # of which a mean is taken at the least

_OF_CHANNEL = (
    Column("loss", "1", "share of {} that is missing"),
    Column("loss_at_end", "1", "share of the last 20 min of {} that is missing"),
    Column("loss_in_long_gaps", "1", "share of the window in gaps of {} of 60 s and more"),
    Column("gaps", "1/h", "gaps of {} per hour"),
    Column("longest_gap", "log s", "log(1 + longest gap) of {}"),
    Column("gap_length", "log s", "mean logarithm of the lengths of the gaps of {}"),
    Column("gap_length_spread", "1", "standard deviation of the logarithm of the lengths of the gaps of {}"),
)

GAP_PATTERN_COLUMNS = (
    *(
        Column(f"{channel.lower()}_{name}", unit, words.format(channel))
        for channel in ("FHR", "UC")
        for name, unit, words in _OF_CHANNEL
    ),
    Column("loss_of_both", "1", "share of the window in which FHR and UC are missing together"),
    Column("level_before_gaps", "bpm", "mean FHR of the 5 s before gaps minus the median of all FHR"),
)
"""Name, unit and description of each column of `gap_pattern`."""


def gap_pattern(fhr: np.ndarray, uc: np.ndarray, *, fs: float) -> np.ndarray:
    """Compute `GAP_PATTERN_COLUMNS` of each window.

    Signal is lost where the outcome is poor, see `signal_loss`: these columns compare recordings, and are not for a
    model of the outcome.

    Args:
        fhr: (window, n) cleaned, bpm; NaN is missing.
        uc: (window, n) any unit; NaN is missing.
        fs: sampling rate, Hz.

    Returns:
        float64 (window, column). Means over gaps, and what stands before them, are NaN with fewer than three gaps.
    """
    lost = np.isnan(fhr), np.isnan(uc)
    each = zip(fhr, *lost, strict=True)
    rows = [
        [*_of_channel(heart, fs), *_of_channel(uterus, fs), (heart & uterus).mean(), _level_before(x, heart, fs)]
        for x, heart, uterus in each
    ]
    return np.array(rows, dtype=np.float64).reshape(len(fhr), len(GAP_PATTERN_COLUMNS))


def _of_channel(lost: np.ndarray, fs: float) -> list[float]:
    """`_OF_CHANNEL` of one channel of one window, (n,) bool."""
    start, end = runs(lost)
    length = (end - start) / fs
    log = np.log(length) if len(length) >= _GAPS else np.array([np.nan])
    duration = len(lost) / fs
    return [
        lost.mean(),
        lost[-round(_LAST * fs) :].mean(),
        length[length >= _LONG].sum() / duration,
        len(length) * 3600 / duration,
        np.log1p(length.max(initial=0.0)),
        log.mean(),
        log.std(),
    ]


def _level_before(x: np.ndarray, lost: np.ndarray, fs: float) -> float:
    start, _ = runs(lost)
    n = max(round(_BEFORE * fs), 1)
    start = start[start >= n]
    before = x[start[:, None] - 1 - np.arange(n)]
    known = ~np.isnan(before)
    if known.any(axis=-1).sum() < _GAPS:
        return np.nan
    return float(before[known].mean() - np.median(x[~lost]))
