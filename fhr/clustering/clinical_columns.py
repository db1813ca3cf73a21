"""Columns of a clinical table: their words and units, and which of them are read from no signal."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache, partial

from fhr.datasets import label_in_words
from fhr.features import COVARIATES, Column, FeatureSet, covariates
from fhr.recording import Clinical, Outcome

__all__ = ["CLINICAL", "described", "is_apart"]


def _covariate(name: str, clinical: Clinical) -> float:
    return float(covariates(clinical, [name])[0])


def _is(code: float, wanted: float) -> float:
    return code if code != code else float(code == wanted)


_OUTCOMES = {
    "ph": ("1", "umbilical artery pH"),
    "bdecf": ("mmol/l", "base deficit"),
    "be": ("mmol/l", "base excess"),
    "pco2": ("kPa", "pCO2"),
    "apgar1": ("1", "Apgar at 1 min"),
    "apgar5": ("1", "Apgar at 5 min"),
}
_CLINICAL: Mapping[str, tuple[str, str, Callable[[Clinical], float] | None]] = {  # None for a covariate's own
    "nulliparity": ("1", "first births", None),
    "maternal_age": ("years", "age of the mother", None),
    "gestational_age": ("weeks", "gestational age", None),
    "weight": ("g", "birth weight", lambda c: c.weight),
    "girl": ("1", "girls", lambda c: _is(c.sex, 1)),
    "diabetes": ("1", "diabetes", None),
    "hypertension": ("1", "hypertension", None),
    "preeclampsia": ("1", "preeclampsia", None),
    "pyrexia": ("1", "fever", lambda c: c.pyrexia),
    "meconium": ("1", "meconium", lambda c: c.meconium),
    "induced": ("1", "induced labours", lambda c: c.induced),
    "first_stage": ("min", "first stage of labour", lambda c: c.first_stage),
    "second_stage": ("min", "second stage of labour", lambda c: c.second_stage),
    "caesarean": ("1", "caesarean sections", lambda c: _is(c.delivery_type, 2)),
}
CLINICAL: Mapping[str, Callable[[Clinical], float]] = {
    name: number or partial(_covariate, name) for name, (_, _, number) in _CLINICAL.items()
}
"""What is told of a birth beside its outcome, by name; 1 and 0 for yes and no, NaN where unknown."""
_APART = {field.name for kind in (Outcome, Clinical) for field in fields(kind)} | set(CLINICAL) | set(COVARIATES)


@cache
def _known() -> dict[str, Column]:
    said = {name: (unit, words) for name, (unit, words, _) in _CLINICAL.items()} | _OUTCOMES
    features = {column.name: column for column in (*COVARIATES.values(), *FeatureSet().columns)}
    return features | {name: Column(name, unit, words) for name, (unit, words) in said.items()}


def described(name: str) -> Column:
    """Name, unit and words of a column; of a label such as `ph<=7.15` its words, and any other name as it is.

    >>> described("baseline_mean").description, described("ph<=7.15").description
    ('mean of the baseline', 'umbilical pH at most 7.15')
    """
    if name in _known():
        column = _known()[name]
        words = column.description.split(";")[0].split(":")[0].split(", outside")[0]
        return column._replace(description=words)
    return Column(name, "1", label_in_words(name).removesuffix(f" ({name})"))


def is_apart(name: str) -> bool:
    """Tell whether a column is an outcome, a label of outcomes or a covariate, for which no signal is read.

    >>> is_apart("ph<7.05"), is_apart("second_stage"), is_apart("baseline_mean")
    (True, True, False)
    """
    return name in _APART or label_in_words(name) != name
