"""The prediction for one birth: its fields, its row in a table and its confidence card."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from fhr.datasets import label_in_words

from .card_display import card_html
from .card_words import (
    decision_words,
    guarantee_words,
    heading,
    looked_words,
    network_words,
    probability_words,
    set_words,
    signal_words,
    verdict,
)
from .model_facts import ModelFacts
from .prediction_columns import COLUMNS, SET_COLUMNS

__all__ = ["Prediction", "to_frame"]


@dataclass(frozen=True)
class Prediction:
    """Risk of one recording, and how far to trust it; a field that was not computed is None.

    Attributes:
        name: of the recording.
        target: the label, with its inequality, that `probability` is of.
        probability: calibrated probability of the label, or None where the checkpoint holds no calibrator.
        score: uncalibrated risk score; larger is likelier.
        loss: fraction of the window's FHR that was missing or removed.
        warnings: what to know before trusting it.
        low: lower end of the 95% interval of the calibration curve, always around `probability`: how far the curve
            would move with other held-out births, see `fhr.calibration.CalibrationBand`. It is about the mean outcome
            of births with such scores, no range for the risk of this one child.
        high: upper end.
        prevalence: of the label among the births that `probability` is for.
        decision: at risk or not, at the threshold below which 90% of the held-out records without the label are.
        spread: standard deviation of the probability over the networks of the predictor. Those of a cross-validation
            differ in their training records too, not only in their random start.
        flip_rate: probability that two averages of as many networks disagree on the decision, see
            `fhr.metrics.flip_rate_of_average`.
        sets: for each level of 0.80, 0.90 and 0.95, what the score cannot rule out, such as ("not ph<7.05", "ph<7.05");
            () where it is unlike either, None where there are too few records for that level, or some networks lack.
        guarantees: for each level, what is proven of its set, or why there is none.
        distance: fraction of the training records that are as far from the others as this one, see
            `fhr.calibration.Typicality`.
        abstain: whether there is a reason not to rely on it; None where its confidence was not computed.
        reasons: these reasons, see `Abstention`.
        minutes: length of the window that the networks read, the last one of the recording, of which `loss` is.
        kind: of the recording, see `fhr.recording.Provenance`.
        model: how well the model ranks and what it learnt from; None where nothing is known of it.
        least_distance: least value of `distance` that so many training records allow, of what is further away than all
            of them.
        looked: stretches of the signal that added most to the score of networks or took most from it, in words, see
            `fhr.prediction.Attribution.words`; empty where it was not asked.
        path: where the recording was read from, which two equal answers may differ in; None without a file.
    """

    name: str
    target: str
    probability: float | None
    score: float
    loss: float
    warnings: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    prevalence: float | None = None
    decision: bool | None = None
    spread: float | None = None
    flip_rate: float | None = None
    sets: Mapping[float, tuple[str, ...] | None] | None = field(default=None, hash=False)
    guarantees: Mapping[float, str] | None = field(default=None, hash=False)
    distance: float | None = None
    abstain: bool | None = None
    reasons: tuple[str, ...] = ()
    minutes: float | None = None
    kind: str = "measured"
    model: ModelFacts | None = field(default=None, hash=False)
    least_distance: float | None = None
    looked: tuple[str, ...] = ()
    path: str | None = field(default=None, compare=False)

    @property
    def record(self) -> str:
        """The name, as the key of tables is called."""
        return self.name

    @property
    def label(self) -> str:
        """The label in words, with its inequality in brackets."""
        return label_in_words(self.target)

    def card(self) -> str:
        """The confidence card of this birth: everything above in Markdown that a clinician can read.

        In the order in which a reader needs it: what the model is worth, whether to rely on it, the answer, its doubts,
        what is proven.
        """
        lines = [*self._answer(), *looked_words(self.looked), *guarantee_words(self.guarantees)]
        return "\n".join(lines) + "\n"

    def _answer(self) -> list[str]:
        """The lines of the card down to the warnings."""
        facts = tuple(self.model.words()) if self.model is not None else ()
        # A fact of the model, or a reason to abstain, stands above already.
        warnings = [warning for warning in self.warnings if warning not in (*facts, *self.reasons)]
        return [
            *heading(self.name, self.target, facts),
            *verdict(self.abstain, self.reasons),
            *probability_words(self.target, self.probability, self.low, self.high, self.prevalence),
            *decision_words(self.decision),
            *set_words(self.target, self.sets),
            *network_words(self.spread, self.flip_rate),
            *signal_words(self.loss, self.minutes, self.distance, warnings),
        ]

    def _repr_html_(self) -> str:
        """The card down to its warnings, as a notebook shows it: without script, all texts escaped."""
        rest = "Where the network looked, and what is proven: `card()`." if self.looked or self.guarantees else ""
        return card_html([*self._answer(), rest])

    def row(self) -> tuple[Any, ...]:
        """The fields in the order of `COLUMNS`.

        Texts are joined with `; `, those of a set with ` or `; `neither` is ().
        """
        sets = self.sets or {}
        joined = {"warnings": "; ".join(self.warnings), "reasons": "; ".join(self.reasons)}
        named = {column: _set(sets.get(level)) for level, column in SET_COLUMNS.items()}
        facts = self.model or ModelFacts()
        value, low, high = facts.auroc or (None, None, None)
        area = {"auroc": value, "auroc_low": low, "auroc_high": high, "auroc_of": facts.of if facts.auroc else None}
        learnt = {"learnt_from": None if self.model is None else " and ".join(sorted(facts.kinds))}
        own = joined | named | area | learnt
        return tuple(own[c] if c in own else getattr(self, c) for c in COLUMNS)


def to_frame(predictions: Iterable[Prediction]) -> pd.DataFrame:
    """A table of predictions: one row a recording, with the columns `COLUMNS`; what was not computed is missing."""
    return pd.DataFrame([p.row() for p in predictions], columns=list(COLUMNS))


def _set(held: tuple[str, ...] | None) -> str | None:
    return None if held is None else " or ".join(held) or "neither"
