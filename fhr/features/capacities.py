"""Capacities of acceleration and deceleration of fetal heart rate at six time scales, in nested parts of a window."""

import numpy as np

from fhr.preprocessing import block_mean

from .column import Column
from .nested_windows import filled, of_each_part, parts_of

__all__ = ["capacities", "capacities_columns"]

_SCALES = (1, 2, 4, 8, 15, 30)  # s
_LARGEST = 0.15  # of the mean: a step beyond it is no anchor
_LEAST = 5  # anchors
_STATISTICS = tuple(
    Column(f"{kind}_capacity_{scale}s", "bpm", f"phase-rectified averaging around {words} of means over {scale} s")
    for scale in _SCALES
    for kind, words in (("deceleration", "falls"), ("acceleration", "rises"))
)


def capacities_columns(minutes: float) -> tuple[Column, ...]:
    """Name, unit and meaning of each column of `capacities` of windows of `minutes`."""
    return of_each_part(_STATISTICS, parts_of(minutes))


def capacities(seconds: np.ndarray) -> np.ndarray:
    r"""Deceleration and acceleration capacity of means over 1, 2, 4, 8, 15 and 30 s.

    With y the means of successive blocks (half of a block measured), i is an anchor of falls if :math:`y_i < y_{i-1}`
    and of rises if it is above, by less than 15% of the mean; the capacity is the mean over anchors of

    .. math:: (y_i + y_{i+1} - y_{i-1} - y_{i-2}) / 4

    where all four are known: `prsa` with T = 1 and s = 2, of a coarser signal.

    Args:
        seconds: (window, n) cleaned FHR, one value a second, bpm; NaN is missing.

    Returns:
        float64 (window, column), see `capacities_columns`; the parts are the whole window and its last 60, 30 and 20
        min. What has less than 5 anchors in a part takes the next wider part's, with less in all the next finer
        scale's, for only long stretches of signal have anchors of long scales; NaN without them at any finer scale.

    Source:
        Bauer et al. 2006, Lancet 367:1674-1681, doi:10.1016/S0140-6736(06)68735-7; the scales are this package's.
    """
    parts = parts_of(seconds.shape[-1] / 60)
    values = np.full((len(seconds), len(parts), len(_STATISTICS)), np.nan)
    known = ~np.isnan(seconds)
    for k, scale in enumerate(_SCALES):
        y = block_mean(seconds, scale)
        y[block_mean(known.astype(np.float64), scale) < 0.5] = np.nan
        step = y[:, 2:-1] - y[:, 1:-2]
        change = (y[:, 2:-1] + y[:, 3:] - y[:, 1:-2] - y[:, :-3]) / 4
        anchor = ~np.isnan(change) & (np.abs(step) < _LARGEST * y[:, 1:-2])
        end = (np.arange(step.shape[1]) + 3) * scale + seconds.shape[1] % scale  # of the anchor's block, s
        for i, part in enumerate(parts):
            inside = anchor & (end > part.start * 60)
            for j, chosen in enumerate((inside & (step < 0), inside & (step > 0))):
                n = chosen.sum(axis=-1)
                total = np.where(chosen, change, 0.0).sum(axis=-1)
                values[:, i, 2 * k + j] = total / np.where(n < _LEAST, np.nan, n)
    whole = values[:, 0]
    for k in range(2, len(_STATISTICS)):
        whole[:, k] = np.where(np.isnan(whole[:, k]), whole[:, k - 2], whole[:, k])
    return filled(values, parts)
