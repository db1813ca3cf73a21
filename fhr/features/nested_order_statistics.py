"""Order statistics of nested last minutes, without those that say how much signal was lost, and these alone."""

import numpy as np

from .column import Column
from .nested_windows import filled, of_each_part, parts_of, whole_minutes
from .robust_statistics import is_valid, order_statistics

__all__ = ["nested_order_statistics", "nested_order_statistics_columns", "signal_loss", "signal_loss_columns"]

_STATISTICS = (
    Column("mad", "log bpm", "log(0.5 + median absolute deviation) about the least-squares line"),
    Column("start", "bpm", "least-squares line at the start"),
    Column("end", "bpm", "least-squares line at the end"),
    Column("loss", "1", "fraction of the signal that is missing"),
    Column("p5", "bpm", "5th percentile minus the median"),
    Column("p95", "bpm", "95th percentile minus the median"),
    Column("median", "bpm", "median"),
)
_LOSS = 3  # place of the loss
_OTHERS = [i for i in range(len(_STATISTICS)) if i != _LOSS]


def nested_order_statistics_columns(minutes: float) -> tuple[Column, ...]:
    """Name, unit and meaning of each column of `nested_order_statistics` of windows of `minutes`."""
    return of_each_part([_STATISTICS[i] for i in _OTHERS], parts_of(minutes))


def signal_loss_columns(minutes: float) -> tuple[Column, ...]:
    """Name, unit and meaning of each column of `signal_loss` of windows of `minutes`."""
    return of_each_part([_STATISTICS[_LOSS]], parts_of(minutes))


def nested_order_statistics(fhr: np.ndarray, *, fs: float) -> np.ndarray:
    """Six of the seven `order_statistics` of the whole window and its last 60, 30 and 20 min.

    The fraction of lost signal is left out, and a part with less than 50 s of signal takes the next wider part's, so
    that nothing says where signal was lost.

    Args:
        fhr: (window, n) cleaned, bpm; NaN is missing.
        fs: sampling rate, Hz.

    Returns:
        float64 (window, column), see `nested_order_statistics_columns`; NaN with less than 50 s in all.
    """
    parts = parts_of(whole_minutes(fhr.shape[-1], fs))
    found = order_statistics(fhr, fs=fs, minutes=[part.end - part.start for part in parts])
    return filled(found.reshape(len(fhr), len(parts), len(_STATISTICS))[..., _OTHERS], parts)


def signal_loss(fhr: np.ndarray, *, fs: float) -> np.ndarray:
    """The fraction of lost signal of the whole window and its last 60, 30 and 20 min.

    Signal is lost where the outcome is poor, on the way to the theatre above all: what learns from these columns
    ranks births by decisions that were taken. They are a group of their own, to be left out.

    Args:
        fhr: (window, n) cleaned, bpm; NaN is missing.
        fs: sampling rate, Hz.

    Returns:
        float64 (window, column), see `signal_loss_columns`.
    """
    valid = is_valid(fhr)
    lengths = (round((part.end - part.start) * 60 * fs) for part in parts_of(whole_minutes(fhr.shape[-1], fs)))
    return np.stack([1 - np.count_nonzero(valid[:, -n:], axis=-1) / n for n in lengths], axis=-1)
