"""Rounding of scores: differences that only a processor or a batch makes must decide nothing.

The score of one recording differs in the last digits from one batch size, processor or device to another. Ranks,
decisions and step functions jump at known scores, so that such a difference would decide between two answers.
"""

from math import ceil, log10

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["rounded", "score_decimals", "significant"]

_UNIT = 1e-4  # of the standard deviation of the known scores: no reader can tell probabilities so near apart
_NOISE = 64 * float(np.finfo(np.float32).eps)  # of a sum over some layers, relative to the largest score, with room


def score_decimals(known: ArrayLike) -> int:
    """Decimals to which scores are told apart, beside known ones.

    The unit 10^-d is about 1e-4 standard deviations of the known scores, and larger where these are far from 0, so that
    it is some hundred times what float32 leaves open.

    Args:
        known: (k,), k of 1 or more.

    Example:
        >>> score_decimals([-1.0, 0.0, 1.0]), score_decimals([-7.25, -7.2, -7.15])
        (4, 4)
    """
    x = np.asarray(known, dtype=np.float64)
    spread, size = float(x.std()), float(np.abs(x).max())
    if size == 0:
        return round(-log10(_UNIT))
    of_spread = round(log10(spread * _UNIT)) if spread > 1e-12 * size else -(2**31)
    return -max(of_spread, ceil(log10(size * _NOISE)))


def rounded(scores: ArrayLike, known: ArrayLike) -> np.ndarray:
    """Round each score to the unit of `score_decimals`; one within half a unit of a known score becomes that one.

    A known record that is scored anew thus gets its own score again, on whichever side of a step or of a rounding
    boundary it lies. Known scores within half a unit of the next cannot be told apart and become the highest of them.
    The order of two scores is never reversed.

    Args:
        scores: of any shape.
        known: (k,), k of 1 or more.

    Example:
        >>> rounded([0.5 + 4e-8, 0.123449], [-0.5, 0.5]).tolist()
        [0.5, 0.1234]
    """
    x, ordered = np.asarray(scores, dtype=np.float64), np.unique(np.asarray(known, dtype=np.float64))
    decimals = score_decimals(known)
    half = 0.5 * 10.0**-decimals
    last = np.append(np.diff(ordered) > half, True)  # of those that cannot be told apart
    told = ordered[last][np.cumsum(last) - last]
    right = np.searchsorted(ordered, x).clip(max=len(ordered) - 1)
    left = (right - 1).clip(min=0)
    nearest = np.where(np.abs(x - ordered[left]) <= np.abs(x - ordered[right]), left, right)
    return np.where(np.abs(x - ordered[nearest]) <= half, told[nearest], np.round(x, decimals))


def significant(values: ArrayLike, digits: int = 4) -> np.ndarray:
    """Round numbers to significant digits; 0, infinite and missing ones stay.

    Example:
        >>> significant([0.123456, -7.23456, 0.0]).tolist()
        [0.1235, -7.235, 0.0]
    """
    x = np.asarray(values, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = digits - 1 - np.floor(np.log10(np.abs(x)))
    places = np.where(np.isfinite(places), places, 0)
    found = [round(float(value), int(place)) for value, place in zip(x.ravel(), places.ravel(), strict=True)]
    return np.where(np.isfinite(x), np.reshape(found, x.shape), x)
