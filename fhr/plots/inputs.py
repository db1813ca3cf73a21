"""Checked arguments of the figures of a score: one label and one finite score a record, both classes present."""

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError, OutcomeError

__all__ = ["checked", "checked_confidence", "checked_repeats"]


def checked(labels: ArrayLike, scores: ArrayLike, *, name: str = "scores") -> tuple[np.ndarray, np.ndarray]:
    """Check labels and scores; returns them as int64 (n,) and float64 (n,).

    Raises:
        OutcomeError: labels that are not 0 or 1, or of one class only: there is nothing to draw.
        FHRError: scores of another shape, or not finite.
    """
    y, s = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if y.ndim != 1 or not np.isin(y, (0, 1)).all():
        raise OutcomeError(f"labels of shape {y.shape} are not all 0 or 1; give one 0 or 1 for each record, shape (n,)")
    if len(np.unique(y)) < 2:
        raise OutcomeError(f"{len(y)} labels hold one class only; give records of both classes")
    if s.shape != y.shape or not np.isfinite(s).all():
        raise FHRError(f"{name} of shape {s.shape} beside {len(y)} labels; give one finite value for each record")
    return y.astype(np.int64), s


def checked_repeats(labels: ArrayLike, scores: ArrayLike, *, name: str = "scores") -> tuple[np.ndarray, np.ndarray]:
    """Check labels and scores of one or several repeats; returns them as int64 (n,) and float64 (n_repeats, n).

    Raises:
        OutcomeError: as `checked`.
        FHRError: as `checked`, or no repeat.
    """
    s = np.asarray(scores, dtype=np.float64)
    repeats = s if s.ndim == 2 else s[None]
    if not len(repeats):
        raise FHRError(f"{name} of shape {s.shape} are of no repeat; give (n,) or (n_repeats, n)")
    pairs = [checked(labels, repeat, name=name) for repeat in repeats]
    return pairs[0][0], np.stack([repeat for _, repeat in pairs])


def checked_confidence(confidence: float) -> float:
    """Check a confidence level, a fraction.

    Raises:
        FHRError: another number.
    """
    if not 0 < confidence < 1:
        raise FHRError(f"confidence={confidence} is not in (0, 1); give a fraction such as 0.95")
    return confidence
