"""Words of the confidence card on a prediction, as rows of text in three columns."""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from fhr.datasets import label_in_words

from .ctg_paper import NOTICE
from .palette import ORANGE

__all__ = ["BAR_CM", "ROW_CM", "ConfidenceFields", "Row", "doubts", "looks", "risk", "sets", "wrapped"]

BAR_CM, ROW_CM = 1.2, 0.4  # height of the bar of probability, and of a row at 8 pt
_LETTER_CM = 0.148  # at 8 pt
_HEAD: dict[str, Any] = {"fontsize": 10, "weight": "bold"}
_NOTE: dict[str, Any] = {"fontsize": 7, "color": "0.35"}


class ConfidenceFields(Protocol):
    """Fields of a prediction that are drawn; None where not computed. `fhr.confidence.Prediction` has them all."""

    @property
    def name(self) -> str:
        """Name of the recording."""

    @property
    def target(self) -> str:
        """The label, with its inequality."""

    @property
    def probability(self) -> float | None:
        """Calibrated probability of the label."""

    @property
    def score(self) -> float:
        """Uncalibrated score; shown where there is no probability."""

    @property
    def loss(self) -> float:
        """Fraction of the fetal heart rate in the model's window that was missing."""

    @property
    def low(self) -> float | None:
        """Lower end of the interval of the probability."""

    @property
    def high(self) -> float | None:
        """Upper end of the interval of the probability."""

    @property
    def prevalence(self) -> float | None:
        """Prevalence of the label among the births that the probability is for."""

    @property
    def spread(self) -> float | None:
        """Standard deviation of the probability over retrainings."""

    @property
    def flip_rate(self) -> float | None:
        """Probability that two averages of as many networks disagree about the decision."""

    @property
    def decision(self) -> bool | None:
        """Decision, at risk or not, at the predictor's threshold."""

    @property
    def sets(self) -> Mapping[float, Sequence[str] | None] | None:
        """Outcomes that cannot be ruled out, in words, by level; None for a level that needs more records."""

    @property
    def warnings(self) -> Sequence[str]:
        """Warnings to heed before trusting the prediction."""

    @property
    def abstain(self) -> bool | None:
        """True if the answer is withheld."""

    @property
    def reasons(self) -> Sequence[str]:
        """Reasons for withholding the answer."""

    @property
    def looked(self) -> Sequence[str]:
        """Stretches that mattered most to the networks, in words; empty where it was not asked."""


class Row(NamedTuple):
    """One row of text, with its keywords and the space that stays free below it."""

    text: str
    style: Mapping[str, Any] = MappingProxyType({})
    below: float = 0.0  # cm left free


def risk(prediction: ConfidenceFields, n_networks: int) -> list[Row]:
    """Rows of the probability; the first heading leaves room for its bar, where there is one."""
    if prediction.probability is None:
        return [
            Row(f"{prediction.target}: no probability", _HEAD, 0.1),
            Row(f"score {prediction.score:.3g}; the model was not calibrated"),
        ]
    rows = [
        Row(f"Risk of {label_in_words(prediction.target)}: {_percent(prediction.probability)}", _HEAD, BAR_CM + 0.85)
    ]
    if prediction.low is not None and prediction.high is not None:
        rows += [
            Row(f"bar: 95% interval of the calibration, {_percent(prediction.low)} to {_percent(prediction.high)}")
        ]
    if prediction.spread is not None:
        each = f"ticks: {n_networks} networks; " if n_networks else ""
        points = _percent(prediction.spread).removesuffix("%")
        rows += [Row(f"{each}retrainings differ by {points} points (SD)")]
    if prediction.flip_rate is not None:
        rows += [Row(f"two averages of as many would disagree: {_percent(prediction.flip_rate)}")]
    if prediction.prevalence is not None:
        rows += [Row(f"dotted: prevalence, {_percent(prediction.prevalence)}")]
    return rows


def sets(prediction: ConfidenceFields) -> list[Row]:
    """Rows of the conformal sets, one a level."""
    rows = [Row("What cannot be ruled out", _HEAD, 0.1)]
    if prediction.sets is None:
        return [*rows, Row("not computed: no held-out records in the checkpoint")]
    for level, labels in sorted(prediction.sets.items()):
        if labels is None:
            said = "too few records to say"
        elif len(labels) == 1:
            said = labels[0]
        else:
            said = "both: the score does not tell" if labels else "neither: unlike the births with either outcome"
        rows.append(Row(f"{100 * level:g}%: {said}"))
    meant = "A level is the share of births, of each outcome alike, whose own outcome is meant to be in the set."
    return [*rows, Row(meant, _NOTE, 0.25 if prediction.looked else 0.0)]


def looks(prediction: ConfidenceFields) -> list[Row]:
    """Rows of the stretches that mattered most to the networks; none where it was not asked."""
    if not prediction.looked:
        return []
    rows = [Row("Where the network looked", _HEAD, 0.1)]
    rows += [Row(f"\N{BULLET} {said}") for said in prediction.looked]
    meant = "What a stretch adds to the score; it describes the network, and no cause of anything in the child."
    return [*rows, Row(meant, _NOTE)]


def doubts(prediction: ConfidenceFields) -> list[Row]:
    """Rows of the decision, or of the reasons for none, and of the warnings."""
    said = {None: "No decision threshold", True: "Above the decision threshold", False: "Below the decision threshold"}
    if prediction.abstain:
        rows = [Row("No answer: the model abstains", {**_HEAD, "color": ORANGE}, 0.1)]
        rows += [Row(f"\N{BULLET} {reason}", {"color": ORANGE}) for reason in prediction.reasons]
        rows += [Row(said[prediction.decision])]
    else:
        rows = [Row(said[prediction.decision], _HEAD, 0.1)]
    if prediction.abstain is None:
        rows += [Row("No confidence was computed: nothing else speaks for this answer")]
    rows += [Row(f"\N{BULLET} {warning}") for warning in prediction.warnings if warning not in prediction.reasons]
    rows += [Row(f"Signal loss in what the model read: {_percent(prediction.loss)}")]
    return [*rows, Row(f"{NOTICE.capitalize()}.", _NOTE)]


def wrapped(rows: list[Row], width: float) -> list[Row]:
    """Break the rows to a width in cm."""
    lines = []
    for row in rows:
        letters = int(width / _LETTER_CM * 8 / row.style.get("fontsize", 8))
        hang = "  " if row.text.startswith("\N{BULLET}") else ""
        lines += [Row(line, row.style) for line in wrap(row.text, letters, subsequent_indent=hang)]
        lines[-1] = lines[-1]._replace(below=row.below)
    return lines


def _percent(value: float | None) -> str:
    """Two digits at most, and never a certainty that nobody has."""
    percent = 100 * (value or 0.0)
    if percent in (0, 100):
        return f"{percent:.0f}%"
    if 0 < percent < 0.1 or 99.9 < percent < 100:
        return "<0.1%" if percent < 1 else ">99.9%"
    return f"{percent:.1f}%" if percent < 10 or percent > 99 else f"{percent:.0f}%"
