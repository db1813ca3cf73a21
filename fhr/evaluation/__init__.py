"""Cross-validation by record, and the lines that every model stands beside."""

from .baselines import BASELINES, Baseline, baseline_predictions
from .cross_fit import FoldPrediction, MemberScores, cross_fit
from .summary import evaluate_predictions, summary_row

__all__ = [
    "BASELINES",
    "Baseline",
    "FoldPrediction",
    "MemberScores",
    "baseline_predictions",
    "cross_fit",
    "evaluate_predictions",
    "summary_row",
]
