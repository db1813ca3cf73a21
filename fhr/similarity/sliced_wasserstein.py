"""Sliced Wasserstein distance between windows as clouds of points, by vectors whose Euclidean distance it is."""

from functools import partial
from typing import Any

import numpy as np

from fhr.compute import stream
from fhr.errors import FHRError

from .coarse_signals import UC_WEIGHT, coarse_signals
from .embedding import Embedding
from .labour_windows import LabourWindows

__all__ = ["sliced_wasserstein"]


def sliced_wasserstein(
    minutes: float,
    *,
    delays: tuple[float, ...] = (0.0, 30.0),
    every: float = 1.0,
    n_projections: int = 16,
    n_quantiles: int = 16,
    least: float = 0.25,
) -> Embedding:
    r"""Quantiles of the projections of a window's points, bpm: which values occur together, wherever in the window.

    A point is all channels at one time and at each delay before it, such as FHR(t), FHR(t - 30 s), UC(t), UC(t - 30 s)
    in bpm (UC times `UC_WEIGHT`); it counts where all of them were measured. Projected on a direction, a window's
    points have quantiles :math:`F^{-1}`; the root mean square difference of two windows' vectors is

    .. math:: SW_2 = \Big( \frac{1}{L Q} \sum_{l=1}^{L} \sum_{i=1}^{Q}
              \big( F_l^{-1}(\tfrac{i - 1/2}{Q}) - G_l^{-1}(\tfrac{i - 1/2}{Q}) \big)^2 \Big)^{1/2},

    the sliced 2-Wasserstein distance (Bonneel et al. 2015, doi:10.1007/s10851-014-0506-3) on L fixed directions,
    orthonormal in groups of as many as a point has coordinates (Rowland et al. 2019, arXiv:1903.03784), with its
    integral over ranks taken at Q of them; that is exact for windows of Q points. Where one window's points are the
    other's displaced by v, in D coordinates, it is :math:`|v| / \sqrt{D}`.

    Args:
        minutes: length of the windows.
        delays: of the coordinates, s, each a multiple of `every`.
        every: length of the means that are points, s.
        n_projections: L.
        n_quantiles: Q.
        least: share of a window's points below which all of its vector is NaN.

    Raises:
        FHRError: delays that are negative, stand twice, reach beyond half of the window or are no multiples of
            `every`; numbers below 1; or a share that is none.
    """
    if not every > 0 or not np.isfinite([every, *delays]).all():
        raise FHRError(f"delays={delays}, every={every:g}; give seconds")
    lags = [round(delay / every) for delay in delays]
    whole = np.allclose([lag * every for lag in lags], delays, rtol=0, atol=1e-9)
    if not (lags and whole and len(set(lags)) == len(lags) and min(lags) >= 0 and max(delays) <= minutes * 30):
        raise FHRError(
            f"delays={delays}, every={every:g}; give different multiples of `every` from 0 to {minutes * 30:g} s, half "
            "of the window"
        )
    if n_projections < 1 or n_quantiles < 1 or not 0 < least <= 1:
        raise FHRError(
            f"n_projections={n_projections}, n_quantiles={n_quantiles}, least={least:g}; give 1 or more, and a share "
            "above 0"
        )
    given: dict[str, Any] = {"lags": tuple(lags), "every": every, "shape": (n_projections, n_quantiles), "least": least}
    settings = (*given.items(), ("uc_weight", UC_WEIGHT))
    return Embedding(partial(_quantiles, **given), "sliced_wasserstein", "bpm", missing=True, settings=settings)


def _quantiles(
    windows: LabourWindows, lags: tuple[int, ...], every: float, shape: tuple[int, int], least: float
) -> np.ndarray:
    """Quantiles (n, projection, quantile) of each window."""
    signals = coarse_signals(windows, 1 / every)
    n, channels = signals.shape[:2]
    signals = signals.reshape(n, channels, -1)
    longest, length = max(lags), signals.shape[-1]
    later = [signals[..., longest - lag : length - lag] for lag in lags]
    directions = _directions(shape[0], channels * len(lags))
    ranks = (np.arange(shape[1]) + 0.5) / shape[1]
    found = np.full((n, *shape), np.nan, dtype=np.float32)
    for k in range(n):
        points = np.concatenate([part[k] for part in later])
        measured = points[:, ~np.isnan(points).any(axis=0)]
        if measured.shape[1] >= least * points.shape[1]:
            found[k] = np.quantile(directions @ measured, ranks, axis=1, method="hazen").T
    return found


def _directions(n: int, dimensions: int) -> np.ndarray:
    """Unit vectors (n, dimensions), always the same; bases one after another."""
    rng = stream(0, "directions of projections")
    groups = rng.standard_normal((-(-n // dimensions), dimensions, dimensions))
    bases, _ = np.linalg.qr(groups)
    directions: np.ndarray = bases.reshape(-1, dimensions)[:n]
    return directions.astype(np.float32)
