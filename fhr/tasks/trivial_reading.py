"""Trivial reading of a window: what can be said of its truth without a network, for a comparison."""

import numpy as np
from scipy.ndimage import median_filter

from fhr.losses import TruthLoss

__all__ = ["trivial_reading"]

_SLOW, _FAST = 600.0, 60.0  # s, of moving medians


def trivial_reading(rate: np.ndarray, activity: np.ndarray, step: float) -> np.ndarray:
    """Read every target off the recorded signals by a rule of one line.

    The rate, and the hidden rate, is the recorded one with straight lines across what is missing; the baseline its
    moving median over 10 min; a deceleration is the likelier, the farther the rate is below that; a contraction, the
    farther the activity of the uterus is above its own median over 10 min; an artefact, the farther the rate is from
    its median over a minute.

    Args:
        rate: (batch, steps) fetal heart rate, NaN where missing.
        activity: (batch, steps) of the uterus, nothing missing.
        step: s.

    Returns:
        (batch, 6, steps), rows of `fhr.losses.TruthLoss.targets`; of shares any score that rises with them.
    """
    bridged = np.stack([_bridged(row) for row in rate])
    slow, fast = (_median(bridged, seconds / step) for seconds in (_SLOW, _FAST))
    found = {
        "rate": bridged,
        "baseline": slow,
        "deceleration": slow - bridged,
        "contraction": activity - _median(activity, _SLOW / step),
        "artefact": np.abs(bridged - fast),
        "hidden": bridged,
    }
    return np.stack([found[name] for name in TruthLoss.targets], axis=1)


def _bridged(row: np.ndarray) -> np.ndarray:
    known = np.flatnonzero(~np.isnan(row))
    return np.interp(np.arange(len(row)), known, row[known]) if len(known) else np.zeros_like(row)


def _median(rows: np.ndarray, steps: float) -> np.ndarray:
    filtered: np.ndarray = median_filter(rows, size=(1, max(1, round(steps))), mode="nearest")
    return filtered
