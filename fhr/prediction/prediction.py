"""What is said of one recording."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

__all__ = ["COLUMNS", "Prediction", "to_frame"]

COLUMNS = ("name", "probability", "score", "loss", "warnings")  # only ever appended to


@dataclass(frozen=True)
class Prediction:
    """Risk of one recording; a field that was not computed is None.

    Attributes:
        name: of the recording.
        target: the label, with its inequality, that `probability` is of.
        probability: calibrated probability of the label, or None where the checkpoint holds no calibrator.
        score: uncalibrated risk score; larger is likelier.
        loss: fraction of the window's FHR that was missing or removed.
        warnings: what to know before trusting it.
    """

    name: str
    target: str
    probability: float | None
    score: float
    loss: float
    warnings: tuple[str, ...] = ()


def to_frame(predictions: Iterable[Prediction]) -> pd.DataFrame:
    """One row a recording; warnings joined with `; `."""
    rows = [(p.name, p.probability, p.score, p.loss, "; ".join(p.warnings)) for p in predictions]
    return pd.DataFrame(rows, columns=list(COLUMNS))
