"""Minutes of a recording, counted back from its end: baseline and bandwidth, of which longer periods are made."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from .blocks import medians
from .overlap import KNOWN

__all__ = ["PERIOD", "Minutes", "find_minutes", "minute_table"]

PERIOD = 10  # min, in which both guidelines estimate the baseline
AROUND = 9  # min, of the running median that tells how long variability is reduced or increased


class Minutes(NamedTuple):
    """Minutes in order of time, an array element each; the last one ends with the recording.

    Attributes:
        start: s from the start of the recording.
        loss: fraction of FHR that is missing.
        baseline: mean of the baseline where FHR is known, bpm; NaN with less than half of the minute known.
        bandwidth: bpm; NaN with less than half of it known outside accelerations and decelerations.
    """

    start: np.ndarray
    loss: np.ndarray
    baseline: np.ndarray
    bandwidth: np.ndarray

    def within(self, start: float, end: float) -> "Minutes":
        """The minutes that lie between two times by more than half, s."""
        keep = (self.start > start - 30) & (self.start < end - 30)
        return Minutes(*(column[keep] for column in self))

    @property
    def periods(self) -> np.ndarray:
        """Median baseline of each ten minutes (k,), one beginning at every minute, bpm; NaN with less than five known.

        Of less than ten minutes there is one period.
        """
        middle, known = medians(_on_end(self.baseline, min(PERIOD, len(self.baseline))))
        return np.where(known >= KNOWN * PERIOD, middle, np.nan)

    @property
    def variability(self) -> np.ndarray:
        """Running median (k,) of the bandwidth over nine minutes, bpm; NaN where none of them is known."""
        return medians(_on_end(np.pad(self.bandwidth, AROUND // 2, constant_values=np.nan), AROUND))[0]

    def variability_of(self, minutes: int) -> np.ndarray:
        """Median bandwidth of every `minutes` on end (k - minutes + 1,), bpm; NaN where none of them is known."""
        return medians(_on_end(self.bandwidth, minutes))[0]


def _on_end(values: np.ndarray, length: int) -> np.ndarray:
    """Every `length` values on end, a row each; no row where there are fewer."""
    if not 0 < length <= len(values):
        return np.empty((0, 1))
    return np.lib.stride_tricks.sliding_window_view(values, length)


def find_minutes(fhr: np.ndarray, baseline: np.ndarray, fs: float, bandwidth: np.ndarray) -> Minutes:
    """Cut a recording into minutes.

    Args:
        fhr: (n,) cleaned, bpm; NaN is missing.
        baseline: (n,) bpm; NaN where unknown.
        fs: sampling rate, Hz.
        bandwidth: (minutes,) of `bandwidths`.
    """
    length, count = max(1, round(60 * fs)), len(bandwidth)
    rate, level = (x[len(x) - count * length :].reshape(count, length) for x in (fhr, baseline))
    known = ~np.isnan(rate) & ~np.isnan(level)
    number = known.sum(axis=-1)
    mean = np.where(known, level, 0.0).sum(axis=-1) / np.maximum(number, 1)
    return Minutes(
        (len(fhr) - count * length + length * np.arange(count)) / fs,
        np.isnan(rate).mean(axis=-1) if count else np.empty(0),
        np.where(number >= KNOWN * length, mean, np.nan),
        bandwidth,
    )


def minute_table(minutes: Minutes) -> pd.DataFrame:
    """Tabulate `Morphology.minutes`."""
    return pd.DataFrame(
        {
            "start_s": minutes.start,
            "end_s": minutes.start + 60,
            "loss": minutes.loss,
            "baseline": minutes.baseline,
            "bandwidth": minutes.bandwidth,
        }
    )
