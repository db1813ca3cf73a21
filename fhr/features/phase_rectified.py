"""Phase-rectified signal averaging: the average course of a signal around its rises and its falls."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .inputs import checked_count, some_signals

__all__ = ["PRSA", "prsa"]

_MIN_ANCHORS = 20


class PRSA(NamedTuple):
    """Result of `prsa`.

    Attributes:
        acceleration_capacity: (...), in the unit of the signal; positive where rises are real.
        deceleration_capacity: (...), negative where falls are real.
        acceleration_curve: (..., 2 * L), the average around rises at the lags -L, ..., L - 1.
        deceleration_curve: (..., 2 * L), the same around falls.
    """

    acceleration_capacity: np.ndarray
    deceleration_capacity: np.ndarray
    acceleration_curve: np.ndarray
    deceleration_curve: np.ndarray


def prsa(x: ArrayLike, *, T: int = 1, s: int = 2, L: int | None = None, coverage: float = 1.0) -> PRSA:
    r"""Phase-rectified signal averaging, acceleration and deceleration capacity.

    A sample t is an anchor of rises if the mean of :math:`x_t, ..., x_{t+T-1}` is above that of
    :math:`x_{t-T}, ..., x_{t-1}`, and of falls if it is below. X(k) is the mean of :math:`x_{t+k}` over anchors, and

    .. math:: C = \frac{1}{2s} \Big( \sum_{k=0}^{s-1} X(k) - \sum_{k=1}^{s} X(-k) \Big)

    of either curve its capacity. Heart rate in bpm rises in an acceleration (RR intervals, of which the first paper
    speaks, fall). T suppresses what is faster than about T samples, s picks the time scale of the capacity.

    An anchor counts if its 2T samples were all measured and at least `coverage` of its window of 2L samples, all
    inside the signal. Below a coverage of 1, each lag averages another set of anchors.

    Args:
        x: (..., time); NaN is missing.
        T: samples of either mean of the anchor's criterion, at least 1.
        s: samples of either mean of the capacity, at least 1.
        L: half the length of the curve, at least the larger of T and s, which is the default.
        coverage: smallest measured fraction of an anchor's window, above 0 and up to 1.

    Returns:
        `PRSA`; capacity and curve are NaN with fewer than 20 anchors of their kind.

    Raises:
        SignalError: no time axis, or an infinite sample.
        FHRError: T or s below 1, L that is shorter than either, or a coverage outside (0, 1].

    Source:
        Bauer et al. 2006, Physica A 364:423-434, doi:10.1016/j.physa.2005.08.080; capacity with T = 1 and s = 2: Bauer
        et al. 2006, Lancet 367:1674-1681, doi:10.1016/S0140-6736(06)68735-7; in labour: Georgieva et al. 2014, BJOG
        121:889-894, doi:10.1111/1471-0528.12568. Left out: the limit of 5% on the change at an anchor, meant for
        ectopic beats; clean the signal first.

    >>> prsa(np.tile([140.0, 140.0, 142.0, 142.0], 30)).acceleration_capacity.item()
    1.0
    """
    T, s = checked_count("T", T), checked_count("s", s)
    half = max(T, s) if L is None else checked_count("L", L)
    if half < max(T, s):
        raise FHRError(f"L={L} with T={T} and s={s}; the curve must be at least as long, L >= {max(T, s)}")
    if not 0 < coverage <= 1:
        raise FHRError(f"coverage={coverage}; give a fraction above 0 and up to 1")

    def some(rows: np.ndarray) -> np.ndarray:
        curves = np.full((len(rows), 2, 2 * half), np.nan)
        n = rows.shape[1] - 2 * half + 1  # windows
        if n < 1:
            return curves
        views = np.lib.stride_tricks.sliding_window_view
        means = views(rows[:, half - T : rows.shape[1] - half + T], T, axis=-1).mean(axis=-1)
        rise = means[:, T : T + n] - means[:, :n]  # NaN at a gap
        held = ~np.isnan(rows)
        number = np.concatenate((np.zeros((len(rows), 1)), np.cumsum(held, axis=-1)), axis=-1)
        whole = (number[:, 2 * half :] - number[:, : -2 * half]) / (2 * half) >= coverage
        anchors = np.stack([whole & (rise > 0), whole & (rise < 0)], axis=1)
        measured, known, chosen = held.astype(np.float64), np.where(held, rows, 0.0), anchors.astype(np.float64)
        for lag in range(2 * half):
            here = slice(lag, lag + n)
            number, total = (np.matmul(chosen, each[:, here, None])[..., 0] for each in (measured, known))
            curves[..., lag] = total / np.where(number > 0, number, np.nan)
        curves[anchors.sum(axis=-1) < _MIN_ANCHORS] = np.nan
        return curves

    curves = some_signals(x, some, 2, 2 * half)
    capacity = (curves[..., half : half + s].sum(axis=-1) - curves[..., half - s : half].sum(axis=-1)) / (2 * s)
    return PRSA(capacity[..., 0], capacity[..., 1], curves[..., 0, :], curves[..., 1, :])
