"""Covariates of a birth that are known before it, for models that take them beside what the trace says."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from fhr.errors import FHRError
from fhr.recording import Clinical

from .column import Column

__all__ = ["COVARIATES", "COVARIATE_GROUP", "checked_covariates", "covariates"]


COVARIATE_GROUP = "covariates"
"""The group of each of them among the features of a birth."""


def _nulliparity(clinical: Clinical) -> float:
    return clinical.parity if np.isnan(clinical.parity) else float(clinical.parity == 0)


_OF: Mapping[str, tuple[str, str, Callable[[Clinical], float]]] = {
    "nulliparity": ("1", "1 for a first birth, 0 for a later one", _nulliparity),
    "gestational_age": ("weeks", "completed weeks of gestation", lambda c: c.gestational_age),
    "maternal_age": ("years", "age of the mother", lambda c: c.maternal_age),
    "gravidity": ("1", "pregnancies, this one included", lambda c: c.gravidity),
    "diabetes": ("1", "1 with diabetes", lambda c: c.diabetes),
    "hypertension": ("1", "1 with hypertension", lambda c: c.hypertension),
    "preeclampsia": ("1", "1 with preeclampsia", lambda c: c.preeclampsia),
}
COVARIATES: Mapping[str, Column] = {
    name: Column(name, unit, f"{words}; known before birth") for name, (unit, words, _) in _OF.items()
}
"""What may be asked for. Sex and weight, Apgar, type of delivery and lengths of stages or recordings are not: they are
known only once the child is born, or tell how well it seemed to be."""


def checked_covariates(names: Sequence[str]) -> tuple[str, ...]:
    """Check names of covariates.

    Raises:
        FHRError: one that is not of `COVARIATES`, or that stands twice.
    """
    if unknown := [name for name in names if name not in COVARIATES]:
        raise FHRError(
            f"covariate {unknown[0]!r}; choose from {', '.join(COVARIATES)}: a model is given only what is known "
            "before birth, not sex, weight, Apgar, type of delivery or the length of a stage or recording"
        )
    if len(set(names)) < len(names):
        raise FHRError(f"covariates {tuple(names)}: one stands twice; name each once")
    return tuple(names)


def covariates(clinical: Clinical, names: Sequence[str]) -> np.ndarray:
    """Covariates (len(names),) of a birth; NaN where unknown.

    >>> covariates(Clinical(parity=2), ["nulliparity", "maternal_age"])
    array([ 0., nan])
    """
    return np.array([_OF[name][2](clinical) for name in names], dtype=np.float64)
