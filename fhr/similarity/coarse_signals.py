"""Both signals as means of stretches on one scale, bpm: what is compared where windows are compared as signals."""

import numpy as np

from fhr.preprocessing import block_factor, block_mean

from .labour_windows import LabourWindows

__all__ = ["UC_WEIGHT", "coarse_signals"]

UC_WEIGHT = 0.2
"""Beats per minute that one unit of uterine activity counts as: a contraction of 50 units is as far from none as a rate
is from one 10 bpm lower."""


def coarse_signals(windows: LabourWindows, fs: float) -> np.ndarray:
    """Means of stretches of 1 / fs, float32 (n, channel, *time) in bpm: UC is multiplied by `UC_WEIGHT`.

    A stretch of which less than half was measured is missing.

    Args:
        windows: at `fs` or a multiple of it.
        fs: rate of the means, Hz.

    Raises:
        SignalError: a rate that does not divide that of the windows.
    """
    factor = block_factor(windows.fs, fs)
    known = block_mean((~np.isnan(windows.signal)).astype(np.float32), factor)
    means = np.where(known >= 0.5, block_mean(windows.signal, factor), np.nan)
    weight = np.array([UC_WEIGHT if name == "uc" else 1.0 for name in windows.channels], dtype=np.float32)
    return means * weight.reshape(-1, *[1] * (means.ndim - 2))
