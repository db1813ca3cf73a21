"""Cumulants of the log-leaders of fetal heart rate and of uterine activity, scale by scale, and of both together."""

from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from fhr.preprocessing import block_factor, block_mean

from .column import Column
from .inputs import checked_rate, some_signals

if TYPE_CHECKING:
    import torch

__all__ = [
    "CROSS_CHANNEL_COLUMNS",
    "SCALES",
    "SCALE_CUMULANT_COLUMNS",
    "SHORTEST_OF_SCALES",
    "cross_channel_features",
    "scale_cumulant_features",
    "scale_cumulants",
]

_RATE = 4.0  # Hz
_J1, _J2 = 3, 9
SCALES = tuple(range(_J1, _J2 + 1))
"""Scales j of the cumulants, at 4 Hz: j = 3 is 1 to 4 s, j = 9 is 64 to 256 s, in which contractions return."""
SHORTEST_OF_SCALES = ((6 + 2 + 4) * 2**_J2 - 4) / _RATE
"""Length, s, of a window in which the coarsest scale has six leaders of the wavelet db3."""
_ORDERS = ("first", "second", "third")

SCALE_CUMULANT_COLUMNS = tuple(
    column
    for channel, prefix in (("FHR", ""), ("UC", "uc_"))
    for column in (
        *(
            Column(f"{prefix}C{m}_{j}", "1", f"{order} cumulant of the log-leaders of {channel} at scale {j}")
            for m, order in enumerate(_ORDERS, start=1)
            for j in SCALES
        ),
        *(
            Column(f"{prefix}c{m}_of_scales", "1", f"{order} log-cumulant of {channel}, scales {_J1} to {_J2}")
            for m, order in enumerate(_ORDERS, start=1)
        ),
    )
)
"""Name, unit and description of each column of `scale_cumulant_features`."""

CROSS_CHANNEL_COLUMNS = (
    Column("c11", "1", "slope of the covariance of the log-leaders of FHR and UC"),
    *(
        Column(f"{kind}_{j}", "1", f"correlation of the {words} of FHR and UC at scale {j}")
        for kind, words in (("leader_correlation", "log-leaders"), ("wavelet_correlation", "wavelet coefficients"))
        for j in SCALES
    ),
)
"""Name, unit and description of each column of `cross_channel_features`."""


def scale_cumulants(x: ArrayLike, *, fs: float = 4.0) -> np.ndarray:
    r"""Cumulants :math:`C_m(j)` of the log-leaders, m = 1 to 3, at each of `SCALES`.

    Those of `fhr.multiscale.analyze` at 4 Hz, whose slopes over :math:`\ln 2^j` are the log-cumulants: a signal can
    have the slopes of another and none of its cumulants.

    Args:
        x: (..., time), bpm or units of UC; NaN is missing.
        fs: sampling rate, Hz; a multiple of 4. A faster signal is averaged in blocks.

    Returns:
        float64 (..., 3, len(SCALES)); NaN at a scale with fewer than six leaders, as in what is shorter than
        `SHORTEST_OF_SCALES`, constant or missing.

    Raises:
        SignalError: no time axis, an infinite sample, or a rate that is no multiple of 4 Hz.
    """
    rate = checked_rate(fs)
    block_factor(rate, _RATE)
    return some_signals(x, lambda rows: _cumulants(rows, rate, "cpu")[0], 3, len(SCALES))


def scale_cumulant_features(fhr: np.ndarray, uc: np.ndarray, *, fs: float, device: str = "cpu") -> np.ndarray:
    """Compute `SCALE_CUMULANT_COLUMNS` of each window: `scale_cumulants` of both channels, and their slopes.

    Args:
        fhr: (window, n) cleaned, bpm; NaN is missing.
        uc: (window, n) any unit; NaN is missing.
        fs: sampling rate, Hz; a multiple of 4.
        device: of torch, where they are computed, in float64.

    Returns:
        float64 (window, column); NaN as in `scale_cumulants`, a slope with too few leaders at any scale.
    """
    parts = (part for channel in (fhr, uc) for part in _cumulants(channel, fs, device))
    return np.concatenate([part.reshape(len(part), prod(part.shape[1:])) for part in parts], axis=-1)


def cross_channel_features(fhr: np.ndarray, uc: np.ndarray, *, fs: float, device: str = "cpu") -> np.ndarray:
    """Compute `CROSS_CHANNEL_COLUMNS` of each window with `fhr.multiscale.bivariate`.

    Args:
        fhr: (window, n) cleaned, bpm; NaN is missing.
        uc: (window, n) any unit; NaN is missing.
        fs: sampling rate, Hz; a multiple of 4.
        device: of torch, where they are computed, in float64.

    Returns:
        float64 (window, column), without a lag: what is coupled with one shows in `coupling_features`. NaN at a scale
        with fewer than six common leaders. The multifractal correlation is left out: without multifractality, as in two
        thirds of the records of CTU-UHB, it is not defined.
    """
    from fhr.multiscale import bivariate

    found = np.full((len(fhr), len(CROSS_CHANNEL_COLUMNS)), np.nan)
    x, y = (_at_rate(channel, fs) for channel in (fhr, uc))
    some = ~(np.isnan(x).all(axis=-1) | np.isnan(y).all(axis=-1))  # `bivariate` refuses a batch without a sample
    if _is_long(x) and some.any():
        joint = bivariate(_tensor(x[some], device), _tensor(y[some], device), fs=_RATE, j1=_J1, j2=_J2)
        parts = (joint.c11[:, None], joint.leader_correlation, joint.wavelet_correlation)
        found[some] = np.concatenate([part.cpu().numpy() for part in parts], axis=-1)
    return found


def _cumulants(x: np.ndarray, fs: float, device: str) -> tuple[np.ndarray, np.ndarray]:
    """Cumulants (window, 3, scale) and their slopes (window, 3)."""
    from fhr.multiscale import analyze

    signal = _at_rate(x, fs)
    found = np.full((len(x), 3, len(SCALES)), np.nan), np.full((len(x), 3), np.nan)
    some = ~np.isnan(signal).all(axis=-1)  # `analyze` refuses a batch without a sample
    if _is_long(signal) and some.any():
        result = analyze(_tensor(signal[some], device), fs=_RATE, j1=_J1, j2=_J2, n_cumulants=3)
        for all_of_them, part in zip(found, (result.cumulants, result.log_cumulants), strict=True):
            all_of_them[some] = part.cpu().numpy()
    return found


def _at_rate(x: np.ndarray, fs: float) -> np.ndarray:
    return block_mean(x, block_factor(fs, _RATE))


def _is_long(x: np.ndarray) -> bool:
    return x.shape[-1] >= SHORTEST_OF_SCALES * _RATE


def _tensor(x: np.ndarray, device: str) -> "torch.Tensor":
    import torch

    return torch.from_numpy(x).to(device)
