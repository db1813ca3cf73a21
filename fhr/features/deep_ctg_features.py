"""The four features of DeepCTG 1.0: range of the baseline, and the areas of accelerations and of decelerations."""

from math import prod

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import SignalError
from fhr.recording import floating

from .inputs import checked_rate
from .morphology_columns import MORPHOLOGY_COLUMNS, morphology_features

__all__ = ["DEEP_CTG", "deep_ctg"]

DEEP_CTG = ("baseline_min_30", "baseline_max_30", "acceleration_area_30", "deceleration_area_30")
"""The columns of `deep_ctg`: bpm, bpm, bpm s/h, bpm s/h."""

_MINUTES = 30
_COLUMNS = [column.name for column in MORPHOLOGY_COLUMNS]
_CHOSEN = [_COLUMNS.index(name.removesuffix(f"_{_MINUTES}")) for name in DEEP_CTG]


def deep_ctg(fhr: ArrayLike, uc: ArrayLike, *, fs: float = 4.0) -> np.ndarray:
    r"""Lowest and highest baseline, and areas of accelerations and decelerations, of the last 30 min.

    .. math:: \min_t b(t), \quad \max_t b(t), \quad \frac1T \int_{acc} (x - b)\,dt, \quad
        \frac1T \int_{dec} (b - x)\,dt

    with x the FHR, b its baseline, and T the hours of known FHR. The window is read alone: nothing before it is looked
    at. A recording that is shorter is taken whole. They are four columns of the group `morphology` of `FeatureSet`.

    What differs from the paper: the baseline and the events are those of `fhr.morphology`, not the paper's; the areas
    are per hour of known FHR, since a sum over the window shrinks as signal is lost, and signal is lost where the
    outcome is poor; the paper's coefficients are not used.

    Args:
        fhr: (..., n) cleaned, bpm; NaN is missing.
        uc: (..., n), any unit; NaN is missing. Contractions only help to tell decelerations.
        fs: sampling rate, 1 Hz or more.

    Returns:
        float64 (..., 4), in the order of `DEEP_CTG`; NaN with less than 5 min of FHR.

    Raises:
        SignalError: signals without a time axis or of different shapes, a sampling rate below 1 Hz.

    Source:
        Ben M'Barek et al. 2023, Front Pediatr 11:1190441, doi:10.3389/fped.2023.1190441.

    Example:
        >>> deep_ctg(np.full(7200, 140.0), np.zeros(7200))
        array([140., 140.,   0.,   0.])
    """
    heart, uterus = floating(fhr).astype(np.float64, copy=False), floating(uc).astype(np.float64, copy=False)
    if heart.ndim == 0 or heart.shape != uterus.shape:
        raise SignalError(f"fhr has shape {heart.shape}, uc {uterus.shape}; give both as (n,) or (..., n)")
    if checked_rate(fs) < 1:
        raise SignalError(f"sampled at {fs:g} Hz; the baseline needs 1 Hz or more")
    batch, n = heart.shape[:-1], min(heart.shape[-1], round(_MINUTES * 60 * fs))
    shape = (prod(batch), n)
    heart, uterus = (signal[..., signal.shape[-1] - n :].reshape(shape) for signal in (heart, uterus))
    return morphology_features(heart, uterus, fs=fs)[:, _CHOSEN].reshape(*batch, len(DEEP_CTG))
