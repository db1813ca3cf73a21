"""Multiscale entropy: the sample entropy of a signal averaged over ever longer blocks."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.preprocessing import block_mean
from fhr.recording import floating

from .entropy_of_matches import checked_tolerance, deviation, template_entropy
from .inputs import checked_count, some_signals

__all__ = ["coarse_grain", "multiscale_entropy"]


def multiscale_entropy(
    x: ArrayLike, *, scales: Sequence[int] = (1, 2, 3, 4, 5), m: int = 2, r: float = 0.2
) -> np.ndarray:
    """Sample entropy of `coarse_grain(x, scale)` for each scale, at the tolerance r * sd(x) of the original signal.

    Args:
        x: (..., time); NaN is missing.
        scales: block lengths in samples, at least 1.
        m: samples of a template, at least 1.
        r: tolerance as a fraction of the standard deviation of the measured samples of x, at least 0.

    Returns:
        float64 (..., len(scales)), nats; NaN as in `sample_entropy`, scale by scale.

    Raises:
        SignalError: no time axis, or an infinite sample.
        FHRError: no scale, a scale or m below 1, or r that is negative or not finite.

    Source:
        Costa, Goldberger and Peng 2002, Phys Rev Lett 89:068102, doi:10.1103/PhysRevLett.89.068102.

    >>> white = np.random.default_rng(0).normal(size=3000)
    >>> multiscale_entropy(white, scales=(1, 2, 4)).round(1).tolist()  # falls for white noise
    [2.2, 1.8, 1.5]
    """
    if not scales:
        raise FHRError("no scale was given; give one or more, such as (1, 2, 3, 4, 5)")
    blocks = [checked_count("scale", scale) for scale in scales]
    m, r = checked_count("m", m), checked_tolerance(r)

    def some(rows: np.ndarray) -> np.ndarray:
        tolerance = r * deviation(rows)
        return np.stack([template_entropy(coarse_grain(rows, block), m, tolerance) for block in blocks], axis=-1)

    return some_signals(x, some, len(blocks))


def coarse_grain(x: np.ndarray, scale: int) -> np.ndarray:
    """Means of blocks of `scale` samples, NaN where less than half of the block was measured.

    Blocks are counted back from the end, as everywhere in this package (Costa et al. count from the start).

    Args:
        x: (..., time); NaN is missing.
        scale: samples a block, at least 1.

    Returns:
        float64 (..., time // scale)

    Raises:
        FHRError: a scale that is no whole number of at least 1.

    >>> coarse_grain(np.array([1.0, 3.0, np.nan, 4.0, np.nan, np.nan]), 2).tolist()
    [2.0, 4.0, nan]
    """
    scale = checked_count("scale", scale)
    signal = floating(x).astype(np.float64, copy=False)
    missing = block_mean(np.isnan(signal).astype(np.float64), scale)
    return np.where(missing <= 0.5, block_mean(signal, scale), np.nan)
