"""Coverage and efficiency of prediction sets: the shares that hold the truth, and that say something."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from fhr.errors import FHRError

from .inputs import checked_labels
from .resampling import Interval

__all__ = ["Efficiency", "conformal_coverage", "efficiency", "exact_interval"]


class Efficiency(NamedTuple):
    """Shares of records by the content of their set; they add up to 1."""

    correct_singleton: float
    wrong_singleton: float
    empty: float
    both: float


def exact_interval(hits: float, n: int, confidence: float = 0.95) -> Interval:
    """Clopper-Pearson interval of a share: its ends are quantiles of Beta(h, n - h + 1) and Beta(h + 1, n - h).

    It holds the true share with at least the stated confidence for every n.

    Args:
        hits: successes, 0 to n; a mean over repeats need not be whole.
        n: trials.
        confidence: of the interval, in (0, 1).

    Returns:
        `Interval` of hits / n; NaN where n is 0.

    Raises:
        FHRError: hits outside 0 to n, or confidence outside (0, 1).

    Source:
        Clopper and Pearson 1934, Biometrika 26:404, doi:10.1093/biomet/26.4.404.

    Example:
        >>> [round(end, 3) for end in exact_interval(9, 10)]
        [0.9, 0.555, 0.997]
    """
    if not 0 <= hits <= n:
        raise FHRError(f"{hits} hits of {n}; give a count from 0 to n")
    if not 0 < confidence < 1:
        raise FHRError(f"confidence={confidence} is not in (0, 1); give a fraction such as 0.95")
    if n == 0:
        return Interval(np.nan, np.nan, np.nan)
    tail = (1 - confidence) / 2
    low = betaincinv(hits, n - hits + 1, tail) if hits > 0 else 0.0
    high = betaincinv(hits + 1, n - hits, 1 - tail) if hits < n else 1.0
    return Interval(hits / n, float(low), float(high))


def conformal_coverage(labels: ArrayLike, sets: ArrayLike, confidence: float = 0.95) -> tuple[Interval, Interval]:
    """Share of the records of each class whose set holds that class, with its exact binomial interval.

    With repeats the share is averaged over them, and the interval is that of one repeat with this mean: repeats are no
    further births.

    Args:
        labels: (n,), 0 or 1.
        sets: bool (n, 2) or (n_repeats, n, 2); the columns say whether a set holds class 0 and class 1.
        confidence: of the interval, in (0, 1).

    Returns:
        Of class 0 and of class 1; NaN for a class without records.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: sets of another shape or type, or confidence out of range.

    Example:
        >>> conformal_coverage([0, 0, 1], [[True, False], [False, True], [True, True]])[0].value
        0.5
    """
    y, held = _truth_held(labels, sets)
    first, second = (
        exact_interval(float(held[:, y == label, label].sum() / len(held)), int(np.sum(y == label)), confidence)
        for label in (0, 1)
    )
    return first, second


def efficiency(labels: ArrayLike, sets: ArrayLike) -> Efficiency:
    """Shares of records with the right class alone, the wrong class alone, no class, and both classes in the set.

    Arguments and errors as in `conformal_coverage`.

    Example:
        >>> efficiency([0, 0, 1, 1], [[True, False], [False, True], [True, True], [False, False]])
        Efficiency(correct_singleton=0.25, wrong_singleton=0.25, empty=0.25, both=0.25)
    """
    y, held = _truth_held(labels, sets)
    right = np.where(y == 1, held[..., 1], held[..., 0])
    wrong = np.where(y == 1, held[..., 0], held[..., 1])
    kinds = right & ~wrong, wrong & ~right, ~right & ~wrong, right & wrong
    return Efficiency(*(float(kind.mean()) for kind in kinds))


def _truth_held(labels: ArrayLike, sets: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Labels (n,) and sets as bool (n_repeats, n, 2)."""
    y, held = checked_labels(labels), np.asarray(sets)
    if held.dtype != bool or held.ndim not in (2, 3) or held.shape[-2:] != (len(y), 2) or held.size == 0:
        raise FHRError(
            f"sets have shape {held.shape} and dtype {held.dtype} beside {len(y)} labels; give bool ({len(y)}, 2) or "
            f"(n_repeats, {len(y)}, 2)"
        )
    return y, held.reshape(-1, len(y), 2)
