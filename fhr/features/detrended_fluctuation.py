"""Detrended fluctuation analysis, inside the measured stretches of a signal."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.preprocessing import runs

from .inputs import checked_count, some_signals

__all__ = ["dfa"]


def dfa(x: ArrayLike, *, scales: Sequence[int], order: int = 1, min_boxes: int = 4) -> np.ndarray:
    r"""Scaling exponent alpha of the fluctuation function, :math:`F(n) \sim n^\alpha`.

    The signal is summed up, :math:`y_t = \sum_{u \le t} (x_u - \bar x)`, cut into boxes of n samples, and freed of a
    polynomial of the given order in each box; F(n) is the root mean square of what remains, over all boxes, and alpha
    the least-squares slope of log F against log n. Fractional Gaussian noise has alpha = H, fractional Brownian motion
    alpha = H + 1.

    Boxes are laid from the start of each measured stretch and never touch a gap. The sum inside a box is then exact up
    to a constant, which the polynomial takes away, so that nothing is integrated across a gap; on a complete signal
    these are the usual boxes.

    Args:
        x: (..., time); NaN is missing.
        scales: n, in samples; two or more different ones, each at least order + 2.
        order: of the polynomial, at least 1.
        min_boxes: complete boxes that each scale must have.

    Returns:
        float64 (...); NaN where a scale has fewer than `min_boxes` boxes, or the signal is constant.

    Raises:
        SignalError: no time axis, or an infinite sample.
        FHRError: fewer than two scales, one that is too short, an order or number of boxes below 1.

    Source:
        Peng et al. 1994, Phys Rev E 49:1685-1689, doi:10.1103/PhysRevE.49.1685. Left out: overlapping boxes, weighted
        regression over scales.

    >>> round(dfa(np.random.default_rng(0).normal(size=20000), scales=(8, 16, 32, 64, 128)).item(), 1)
    0.5
    """
    order = checked_count("order", order)
    boxes = checked_count("min_boxes", min_boxes)
    sizes = sorted({checked_count("scale", n) for n in scales})
    if len(sizes) < 2:
        raise FHRError(f"scales={tuple(scales)}; a slope needs two or more different ones")
    if sizes[0] < order + 2:
        raise FHRError(f"scale {sizes[0]} with order {order}; a scale must be at least order + 2 = {order + 2} samples")
    trends = {n: _trends(n, order) for n in sizes}
    log_size = np.log(sizes) - np.mean(np.log(sizes))

    def some(rows: np.ndarray) -> np.ndarray:
        measured = ~np.isnan(rows)
        known, number = np.where(measured, rows, 0.0), np.maximum(measured.sum(axis=-1), 1)
        walk = np.cumsum(np.where(measured, rows - (known.sum(axis=-1) / number)[:, None], 0.0), axis=-1)
        # The signals one after another, with a gap between them.
        width = rows.shape[1] + 1
        starts, ends = runs(np.pad(measured, ((0, 0), (0, 1))).ravel())
        signal = starts // width
        walk = np.concatenate((np.pad(walk, ((0, 0), (0, 1))).ravel(), np.zeros(sizes[-1])))
        fluctuation = np.empty((len(rows), len(sizes)))
        for k, n in enumerate(sizes):
            count = (ends - starts) // n
            first = np.repeat(starts - n * (np.cumsum(count) - count), count) + n * np.arange(count.sum())
            box = np.lib.stride_tricks.sliding_window_view(walk, n)[first]
            box -= box[:, n // 2, None]  # keeps the digits that count
            box -= (box @ trends[n]) @ trends[n].T
            square = np.einsum("ij,ij->i", box, box) / n
            found = np.bincount(np.repeat(signal, count), minlength=len(rows))
            total = np.bincount(np.repeat(signal, count), square, minlength=len(rows))
            fluctuation[:, k] = total / np.where(found < boxes, np.nan, found)
        # Not above: rounding of a constant signal.
        fluctuation[~(fluctuation.min(axis=-1) > 1e-24 * np.square(known).sum(axis=-1) / number)] = np.nan
        return np.sum(np.log(fluctuation) * log_size, axis=-1) / 2 / (log_size @ log_size)

    return some_signals(x, some)


@lru_cache(maxsize=64)
def _trends(n: int, order: int) -> np.ndarray:
    """Orthonormal columns (n, order + 1) that span the polynomials of that order."""
    return np.linalg.qr(np.vander(np.linspace(-1, 1, n), order + 1))[0]
