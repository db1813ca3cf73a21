"""ModelCard: what a reader has to know before trusting a number of a model."""

from collections.abc import Mapping
from dataclasses import dataclass

from fhr.features import FeatureSet
from fhr.metrics import Interval, to_frame
from fhr.recording import Composition

__all__ = ["ModelCard", "records_line", "results_table"]


@dataclass(frozen=True)
class ModelCard:
    """A model card: what a model is, what it was tested on, and its results.

    Attributes:
        network: class path.
        target: the label with its inequality.
        origin: where the recordings come from.
        data_checksum: of the database.
        n_tested: records that the metrics are of.
        n_positive: those that meet the target.
        tested_on: in words: which folds, how the calibrator was made.
        results: metrics with 95% intervals.
        window_minutes: how much signal the model looks at.
        left_out: records that could not be used.
        features: what it takes beside the signal, or None.
        records: in words: kinds and makers of the records, where not all were measured; see `records_line`.
        window: in words, where it is another than the last minutes of the recording; see `Pipeline.window`.
    """

    network: str
    target: str
    origin: str
    data_checksum: str
    n_tested: int
    n_positive: int
    tested_on: str
    results: Mapping[str, Interval]
    window_minutes: float
    left_out: int
    features: FeatureSet | None = None
    records: str = ""
    window: str = ""

    def markdown(self) -> str:
        """The card as Markdown."""
        beside = ""
        if self.features is not None:
            names = ", ".join(self.features.names)
            of = "the last" if not self.window else "its last"
            beside = f";\n  beside it {names} of fetal heart rate in {of} {self.features.minutes:g} min"
        earlier = "The last minutes before birth are part of the input: the numbers say nothing about earlier warning."
        if self.window:
            earlier = "The window was placed after the birth, by when it was: nobody knows that at the bedside."
        return f"""# Model card

Research software, **not a medical device**: it must not guide the care of any patient.

- Network: `{self.network}`
- Label: `{self.target}` (umbilical artery pH or Apgar score at birth, with its inequality)
- Input: {self.window or f"the last {self.window_minutes:g} min"} of fetal heart rate and uterine activity{beside}
- Data: {self.origin} (checksum `{self.data_checksum[:16]}`)
{self.records}\
- Tested on: {self.tested_on}
- Records tested: {self.n_tested}, of which {self.n_positive} meet the label \
(prevalence {self.n_positive / max(self.n_tested, 1):.3f}); left out as unusable: {self.left_out}

## Results

Intervals are 95% percentile bootstrap intervals over records.

{results_table(self.results)}

## Limits

- The label is a threshold on a blood-gas or clinical score; most fetuses below it were not harmed.
- {earlier}
- Signal loss alone separates acidosis in real recordings; part of any score may be that shortcut.
- Nothing was tested on another hospital, monitor or population; a change of prevalence changes every probability.
"""


def records_line(learnt: Composition, tested: Composition) -> str:
    """A line of a card on the kinds of the records that a network learnt from and was tested on.

    Returns:
        The line with its end; empty where all records were measured, as a reader takes for granted.
    """
    if learnt.all_measured and tested.all_measured:
        return ""
    said = f"learnt from {learnt.words}; tested on {tested.words}"
    if not tested.all_measured:
        said += ". **The numbers here say nothing of real births**: a trace that was made is no evidence about fetuses"
    return f"- Records: {said}\n"


def results_table(results: Mapping[str, Interval]) -> str:
    """Metrics with their intervals as a table in Markdown."""
    rows = (
        f"| {name} | {row.value:.3f} | " + (f"{row.low:.3f} to {row.high:.3f} |" if row.low == row.low else "- |")
        for name, row in to_frame(results).iterrows()
    )
    return "\n".join(["| metric | value | 95% interval |", "|---|---|---|", *rows])
