"""Binary labels, written with their inequality: `ph<7.05`, `ph<=7.15`, `ph<7.20`, `apgar1<7`, `ph<7.05 & bdecf>=12`."""

import operator
import re
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from fhr.errors import OutcomeError
from fhr.recording import Outcome

__all__ = ["Target", "label_in_words", "label_slug"]

_OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_CONDITION = re.compile(r"([a-z]+\d?)\s*(<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)")
_WORDS = {
    "ph": "umbilical pH",
    "bdecf": "base deficit",
    "be": "base excess",
    "pco2": "pCO2",
    "apgar1": "Apgar at 1 minute",
    "apgar5": "Apgar at 5 minutes",
    "<": "below",
    "<=": "at most",
    ">": "above",
    ">=": "at least",
}
_IN_FILES = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "&": "and"}
_MEASURES = tuple(field.name for field in fields(Outcome))


@dataclass(frozen=True)
class Target:
    """A label defined by one inequality on the outcome, or by several joined with `&`.

    Args:
        name: for example `ph<=7.15`; measures are ph, bdecf, be, pco2, apgar1 and apgar5.

    Raises:
        OutcomeError: a name that is not of this form.

    >>> Target("ph<=7.15")(pd.DataFrame({"ph": [7.15, 7.16, np.nan]})).tolist()
    [1.0, 0.0, nan]
    """

    name: str

    def __post_init__(self) -> None:
        for part in self.name.split("&"):
            match = _CONDITION.fullmatch(part.strip())
            if match is None or match[1] not in _MEASURES:
                raise OutcomeError(
                    f"target {self.name!r} is not defined; write a measure ({', '.join(_MEASURES)}) with its "
                    "inequality, such as 'ph<7.05', 'ph<=7.15', 'ph<7.20' or 'apgar1<7'"
                )

    def __str__(self) -> str:
        return self.name

    @property
    def conditions(self) -> tuple[tuple[str, str, float], ...]:
        """Measure, inequality and threshold of each part.

        >>> Target("ph<7.05 & bdecf>=12").conditions
        (('ph', '<', 7.05), ('bdecf', '>=', 12.0))
        """
        found = (_CONDITION.fullmatch(part.strip()) for part in self.name.split("&"))
        return tuple((match[1], match[2], float(match[3])) for match in found if match is not None)

    def __call__(self, outcomes: pd.DataFrame) -> pd.Series:
        """1 where the outcome meets the target, 0 where not, NaN where a measure it needs is unknown.

        Args:
            outcomes: one row a record, one column a measure.
        """
        label = pd.Series(1.0, index=outcomes.index, name=self.name)
        for measure, relation, threshold in self.conditions:
            values = outcomes[measure]
            met = _OPERATORS[relation](values, threshold).astype(float)
            label *= met.where(values.notna(), np.nan)
        return label


def label_in_words(name: str) -> str:
    """Words of a label, with its inequality in brackets; a name that is no label of this package as it is.

    >>> label_in_words("ph<7.05"), label_in_words("ph<7.05 & bdecf>=12")
    ('umbilical pH below 7.05 (ph<7.05)', 'umbilical pH below 7.05 and base deficit at least 12 (ph<7.05 & bdecf>=12)')
    """
    said = []
    for part in name.split("&"):
        match = _CONDITION.fullmatch(part.strip())
        if match is None or match[1] not in _WORDS:
            return name
        said.append(f"{_WORDS[match[1]]} {_WORDS[match[2]]} {match[3]}")
    return f"{' and '.join(said)} ({name})"


def label_slug(name: str) -> str:
    """Name of a label in the name of a file.

    >>> label_slug("ph<=7.15"), label_slug("ph<7.05 & bdecf>=12")
    ('ph-le-7.15', 'ph-lt-7.05-and-bdecf-ge-12')
    """
    spelt = re.sub("[<>]=?|&", lambda match: f" {_IN_FILES[match[0]]} ", name)
    return re.sub(r"[^a-z0-9.]+", "-", spelt.lower()).strip("-.")
