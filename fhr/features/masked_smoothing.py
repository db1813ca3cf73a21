"""Gaussian means of a signal by seconds over what was measured, at many widths at once, and the bands between them."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

__all__ = ["bands", "masked_smoothing"]

_LEAST = 0.2  # of the weight must lie on what was measured
_REACH = 6  # standard deviations, beyond which a weight is nothing


def masked_smoothing(x: np.ndarray, widths: Sequence[float]) -> np.ndarray:
    r"""Means of the measured samples around each one, with Gaussian weights: :math:`(g * xm) / (g * m)`, m the mask.

    Args:
        x: (..., n), NaN is missing.
        widths: standard deviations of the weights, in samples.

    Returns:
        (width, ..., n); NaN where less than a fifth of the weight lies on measured samples.
    """
    known = ~np.isnan(x)
    n = x.shape[-1]
    length = next_fast_len(n + int(np.ceil(_REACH * max(widths))), real=True)
    level = np.where(known, x, 0.0).sum(axis=-1, keepdims=True) / np.maximum(known.sum(axis=-1, keepdims=True), 1)
    both = np.stack([np.where(known, x - level, 0.0), known.astype(np.float64)])  # off a level: less to round
    total, weight = irfft(
        rfft(both, length, axis=-1)[:, None] * _transfer(tuple(widths), length, x.ndim), length, axis=-1
    )[..., :n]
    return np.divide(total, weight, out=np.full(total.shape, np.nan), where=weight >= _LEAST) + level


def bands(x: np.ndarray, widths: Sequence[float]) -> np.ndarray:
    """Differences of successive smoothings of x, where it was measured.

    Args:
        x: (..., n), NaN is missing.
        widths: ascending, in samples; 0 for the signal itself.

    Returns:
        (len(widths) - 1, ..., n); NaN where x is missing, or too little around it was measured.
    """
    smooth = masked_smoothing(x, [width for width in widths if width])
    if not widths[0]:
        smooth = np.concatenate([x[None], smooth])
    found: np.ndarray = smooth[:-1] - smooth[1:]
    found[:, np.isnan(x)] = np.nan
    return found


@lru_cache(maxsize=16)
def _transfer(widths: tuple[float, ...], length: int, ndim: int) -> np.ndarray:
    """Fourier transform of each Gaussian, (width, 1, ..., frequency)."""
    frequency = 2 * np.pi * np.arange(length // 2 + 1) / length
    response = np.exp(-0.5 * (np.array(widths)[:, None] * frequency) ** 2)
    return response.reshape(len(widths), *[1] * (ndim - 1), -1)
