"""Gaussian means of a signal by seconds over what was measured, at many widths at once, and the bands between them."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from .nested_windows import ENOUGH

__all__ = ["bands", "masked_smoothing"]

_LEAST = 0.2  # of the weight must lie on what was measured
_OF_ONE = 1 / np.sqrt(2 * np.pi)  # weight of a sample at its own place, of a width of 1
_REACH = 6  # standard deviations, beyond which a weight is nothing


def masked_smoothing(x: np.ndarray, widths: Sequence[float], *, least: float = _LEAST) -> np.ndarray:
    r"""Means of the measured samples around each one, with Gaussian weights: :math:`(g * xm) / (g * m)`, m the mask.

    Args:
        x: (..., n), NaN is missing.
        widths: standard deviations of the weights, in samples.
        least: share of the weight that must lie on measured samples; with 0, a mean is known at every measured sample.

    Returns:
        (width, ..., n); NaN where less than `least` of the weight lies on measured samples.
    """
    known = ~np.isnan(x)
    n = x.shape[-1]
    length = next_fast_len(n + int(np.ceil(_REACH * max(widths))), real=True)
    level = np.where(known, x, 0.0).sum(axis=-1, keepdims=True) / np.maximum(known.sum(axis=-1, keepdims=True), 1)
    both = np.stack([np.where(known, x - level, 0.0), known.astype(np.float64)])  # off a level: less to round
    total, weight = irfft(
        rfft(both, length, axis=-1)[:, None] * _transfer(tuple(widths), length, x.ndim), length, axis=-1
    )[..., :n]
    own = _OF_ONE / np.reshape(widths, (-1, *[1] * x.ndim))
    enough = weight >= (least or own / 2)  # half: transforms round
    return np.divide(total, weight, out=np.full(total.shape, np.nan), where=enough) + level


def bands(x: np.ndarray, widths: Sequence[float]) -> np.ndarray:
    """Differences of successive smoothings of x, where it was measured.

    A signal of which a band has less than 60 samples where a fifth of the weight was measured is smoothed at every
    measured sample: little signal gives rough numbers and not none, which would tell how little it was.

    Args:
        x: (..., n), NaN is missing.
        widths: ascending, in samples; 0 for the signal itself.

    Returns:
        (len(widths) - 1, ..., n); NaN where x is missing, or too little around it was measured.
    """
    found = _differences(x, widths, _LEAST)
    few = (np.count_nonzero(~np.isnan(found), axis=-1) < ENOUGH).any(axis=0) & ~np.isnan(x).all(axis=-1)
    if few.any():
        found[:, few] = _differences(x[few], widths, 0.0)
    return found


def _differences(x: np.ndarray, widths: Sequence[float], least: float) -> np.ndarray:
    smooth = masked_smoothing(x, [width for width in widths if width], least=least)
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
