"""Bounds of the order statistics and the line of samples of which some move and some go missing."""

from dataclasses import dataclass
from math import inf, isfinite

import numpy as np

__all__ = ["SampleChange", "line_bounds", "line_without", "quantile_bounds", "spread_bounds"]

_MEDIANS = 9  # places of a median that deviations are bounded from


@dataclass(frozen=True)
class SampleChange:
    """Largest changes of samples.

    Attributes:
        peak: largest change of one that stays, bpm.
        square: largest sum of the squares of all these changes, bpm².
        lost: most samples that go missing, any ones.
        moving: most samples that stay and are changed, any ones; None for all.
    """

    peak: float = inf
    square: float = inf
    lost: int = 0
    moving: int | None = None

    def norm(self, n: int) -> float:
        """Largest l2 norm of the change of n samples."""
        return float(np.sqrt(min(self.square, n * self.peak**2)))

    def of_sum(self, weights: np.ndarray) -> float:
        """Largest change of a weighted sum of samples (n,): by the norms of both, or the largest weights at a peak."""
        largest = _largest(np.abs(weights), len(weights) if self.moving is None else self.moving)
        return min(largest * self.peak, float(np.linalg.norm(weights)) * self.norm(len(weights)))


def quantile_bounds(ordered: np.ndarray, fraction: float, change: SampleChange) -> tuple[float, float]:
    r"""Lowest and highest quantile of changed samples, on straight lines between them as `numpy.quantile` has it.

    The m-th smallest of n samples reaches a level q only if n - m + 1 of them do, for which those at places m and
    after have to be lifted as far as they are below: :math:`\sum_{j \ge m} (q - x_j)_+^2` is the least sum of squares.
    The largest q for which that is not more than `square`, which is not more than `peak` above :math:`x_m`, and not
    above the sample `moving` places further, is the bound.
    Of samples of which some go missing a quantile is highest where these are the smallest, lowest where they are the
    largest.

    Args:
        ordered: (n,), ascending, more than `change.lost`.
        fraction: 0 to 1.
        change: of the samples.
    """
    n = len(ordered) - change.lost
    high = _highest(ordered[change.lost :], fraction, change)
    return -_highest(-ordered[:n][::-1], 1 - fraction, change), high


def spread_bounds(t: np.ndarray, residual: np.ndarray, change: SampleChange, slope: float) -> tuple[float, float]:
    """Lowest and highest median absolute deviation about the median of the residuals of changed samples.

    Residuals move as the samples do and against the line, whose level the median takes away: its slope is left, by
    which each moves beside. The median comes to lie somewhere within its bounds: deviations are bounded from some
    places between these, and from others by no more than the way to the next of them.

    Args:
        t: (n,), times of the samples.
        residual: (n,), about the line of all samples.
        change: of the samples.
        slope: largest move of that of the line, a unit of t, see `line_bounds`.
    """
    if slope == inf:
        return 0.0, inf
    beside = slope * np.abs(t - (t.min() + t.max()) / 2)
    low = quantile_bounds(np.sort(residual - beside), 0.5, change)[0]
    high = quantile_bounds(np.sort(residual + beside), 0.5, change)[1]
    if not isfinite(high - low):
        return 0.0, inf
    least, most = inf, 0.0
    for median in np.linspace(low, high, _MEDIANS):
        deviation = np.abs(residual - median)
        least = min(least, quantile_bounds(np.sort(deviation - beside), 0.5, change)[0])
        most = max(most, quantile_bounds(np.sort(deviation + beside), 0.5, change)[1])
    away = (high - low) / (_MEDIANS - 1) / 2
    return max(least - away, 0.0), most + away


def line_bounds(t: np.ndarray, x: np.ndarray, at: np.ndarray, change: SampleChange) -> tuple[np.ndarray, float]:
    r"""Largest move of the least-squares line of changed samples at some times, and of its slope.

    The line is linear in the samples, and what goes missing moves it as `line_without` tells.

    Args:
        t: (n,), times of the samples, of which two differ.
        x: (n,), samples.
        at: (k,), times.
        change: of the samples.

    Returns:
        Moves (k,) at the times, and that of the slope a unit of t; infinite where too much is lost.
    """
    off = t - t.mean()
    slope = off / (off @ off)
    weights = (*(1 / len(t) + np.outer(at - t.mean(), slope)), slope)
    middle, unit = (t.min() + t.max()) / 2, (t.max() - t.min()) / 2
    by_loss = line_without(t, x, change) * np.append(np.hypot(1, (at - middle) / unit), 1 / unit)
    moves = by_loss + [change.of_sum(w) for w in weights]
    return moves[:-1], float(moves[-1])


def line_without(t: np.ndarray, x: np.ndarray, change: SampleChange) -> float:
    r"""Largest norm of what the loss of samples adds to the least-squares line, as numbers (b, c) of b + c s.

    s is the time from -1 at the first to 1 at the last sample. With A the normal matrix of all samples, A' that of
    those that went and r' their residuals about the line of all, the line moves by the solution of
    :math:`(A - A') (b, c) = -\sum r' (1, s)`. Its norm is at most that of the largest right side, over the smallest
    eigenvalue of A less the largest trace of A'; an error moves the residuals by no more than its own norm.

    Args:
        t: (n,), times of the samples, of which two differ.
        x: (n,), samples.
        change: of the samples.
    """
    if not change.lost:
        return 0.0
    off = t - t.mean()
    s = (2 * t - t.min() - t.max()) / (t.max() - t.min())
    residual = np.abs(x - x.mean() - (off @ x) / (off @ off) * off)
    moved = np.sqrt(change.lost) * change.norm(len(t))
    right = np.hypot(_largest(residual, change.lost) + moved, _largest(residual * np.abs(s), change.lost) + moved)
    normal = np.array([[len(s), s.sum()], [s.sum(), s @ s]])
    least = np.linalg.eigvalsh(normal)[0] - _largest(1 + s**2, change.lost)
    return float(right / least) if least > 0 else inf


def _highest(ordered: np.ndarray, fraction: float, change: SampleChange) -> float:
    place = fraction * (len(ordered) - 1)
    below = min(int(place), len(ordered) - 1)
    above = min(below + 1, len(ordered) - 1)
    low, high = (
        min(_lifted(ordered[m:], change.square), ordered[m] + change.peak, _passed(ordered[m:], change.moving))
        for m in (below, above)
    )
    return float(low + (place - below) * (high - low))


def _passed(ordered: np.ndarray, moving: int | None) -> float:
    """Highest level of the smallest of samples (n,), ascending, of which some pass all others."""
    return inf if moving is None or moving >= len(ordered) else float(ordered[moving])


def _lifted(ordered: np.ndarray, square: float) -> float:
    """Highest level to which samples (n,), ascending, can be lifted for a sum of squares."""
    if square == inf:
        return inf
    x = ordered - ordered[0]
    number, total, squares = np.arange(1, len(x) + 1), np.cumsum(x), np.cumsum(x**2)
    to_next = number[:-1] * x[1:] ** 2 - 2 * x[1:] * total[:-1] + squares[:-1]
    m = int(np.searchsorted(to_next, square, side="right"))  # of these, one after the other, the next is not reached
    k, s, q = number[m], total[m], squares[m]
    return float(ordered[0] + (s + np.sqrt(max(s**2 - k * (q - square), 0.0))) / k)


def _largest(x: np.ndarray, n: int) -> float:
    """Sum of the n largest."""
    return float(np.sort(x)[max(len(x) - n, 0) :].sum())
