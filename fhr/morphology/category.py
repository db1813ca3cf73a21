"""Verdict of a guideline on a strip: a category and the criteria that fired."""

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["DETECTORS", "Category", "Criterion"]

#: Where baseline, accelerations and decelerations come from, whatever guideline judges them.
DETECTORS = "tuned on experts' marks of 33 recordings (FHRMA, doi:10.1016/j.softx.2020.100428)"


class Criterion(NamedTuple):
    """One rule of a guideline that applied to a strip.

    Attributes:
        name: short name, such as "bradycardia".
        category: the category that it asks for.
        value: the measured number, in the unit that `rule` names.
        rule: the threshold in words, with unit.
        source: guideline and DOI.
    """

    name: str
    category: str
    value: float
    rule: str
    source: str


@dataclass(frozen=True, slots=True)
class Category:
    """A guideline's verdict on one strip.

    Attributes:
        guideline: "FIGO 2015" or "NICHD 2008".
        label: "normal", "suspicious", "pathological"; "I", "II", "III"; "uninterpretable" where too little of the
            signal is known, "undetermined" (FIGO) where nothing fired and a rule could not be assessed.
        start_s: start of the judged strip, s from the start of the recording.
        end_s: its end.
        criteria: what fired, gravest first; then, on any strip, the rules that could not be assessed for want of UC,
            with category "not assessed".
    """

    guideline: str
    label: str
    start_s: float
    end_s: float
    criteria: tuple[Criterion, ...] = ()

    @property
    def basis(self) -> str:
        """The basis of the verdict in words: whose thresholds, and whose events; `thresholds` lists them."""
        return (
            f"thresholds and kinds of decelerations of {self.guideline}; baseline and events by detectors {DETECTORS}"
        )

    @property
    def words(self) -> str:
        """Label and criteria in words.

        >>> Category("NICHD 2008", "II", 0, 60, (Criterion("tachycardia", "II", 165, "above 160 bpm", "NICHD"),)).words
        'II (tachycardia)'
        """
        fired = ", ".join(
            f"{one.name} not assessed" if one.category == "not assessed" else one.name for one in self.criteria
        )
        return f"{self.label} ({fired})" if fired else self.label
