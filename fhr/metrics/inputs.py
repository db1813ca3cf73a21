"""Checked arguments of every metric: one label and one finite score a record, or several repeats of scores."""

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError, OutcomeError

__all__ = ["checked_labels", "checked_probabilities", "checked_scores"]


def checked_labels(labels: ArrayLike) -> np.ndarray:
    """Check labels; returns int64 (n,).

    Raises:
        OutcomeError: no record, another shape than (n,), a missing label, or a value that is neither 0 nor 1.
    """
    array = np.asarray(labels)
    if array.ndim != 1 or array.size == 0:
        raise OutcomeError(f"labels have shape {array.shape}; give one 0 or 1 for each record, shape (n,) with n > 0")
    if array.dtype.kind not in "buif":
        raise OutcomeError(f"labels have dtype {array.dtype}; give 0 or 1 for each record")
    if missing := int(np.isnan(array).sum()):
        raise OutcomeError(f"{missing} of {array.size} labels are NaN; drop the records whose outcome is unknown")
    if odd := sorted(set(array.tolist()) - {0, 1}):
        raise OutcomeError(f"labels hold {odd[:5]}; they must be 0 or 1: apply the label's rule to the outcome first")
    return array.astype(np.int64)


def checked_scores(scores: ArrayLike, n: int, *, name: str = "scores", repeats: bool = False) -> np.ndarray:
    """Check scores; returns float64 (n,), or (n_repeats, n) where `repeats` allows it.

    Raises:
        FHRError: a shape that does not go with n labels, or a value that is not finite.
    """
    array = np.asarray(scores)
    if array.dtype.kind not in "buif":
        raise FHRError(f"{name} have dtype {array.dtype}; give real numbers")
    if array.ndim not in ((1, 2) if repeats else (1,)) or array.shape[-1] != n or array.size == 0:
        wanted = f"({n},) or (n_repeats, {n})" if repeats else f"({n},)"
        raise FHRError(f"{name} have shape {array.shape} beside {n} labels; give shape {wanted}")
    if bad := int((~np.isfinite(array)).sum()):
        raise FHRError(
            f"{bad} of {array.size} {name} are NaN or infinite; find the records the model failed on "
            "and mend or leave them out, with their labels"
        )
    return array.astype(np.float64)


def checked_probabilities(probabilities: ArrayLike, n: int, *, repeats: bool = False) -> np.ndarray:
    """Check probabilities; returns float64, shaped as `checked_scores` says.

    Raises:
        FHRError: as `checked_scores`, or a value outside [0, 1].
    """
    array = checked_scores(probabilities, n, name="probabilities", repeats=repeats)
    if array.min() < 0 or array.max() > 1:
        raise FHRError(
            f"probabilities range from {array.min():.4g} to {array.max():.4g}; they must lie in [0, 1]: "
            "calibrate the scores first"
        )
    return array
