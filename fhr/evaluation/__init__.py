"""Cross-validation by record, and the lines that every model stands beside."""

from .baselines import BASELINES, Baseline, baseline_predictions
from .cross_fit import RAW_COLUMNS, FoldPrediction, MemberScores, cross_fit, inner_scores, raw_scores
from .summary import evaluate_predictions, summary_row

__all__ = [
    "BASELINES",
    "RAW_COLUMNS",
    "Baseline",
    "FoldPrediction",
    "MemberScores",
    "baseline_predictions",
    "cross_fit",
    "evaluate_predictions",
    "inner_scores",
    "raw_scores",
    "summary_row",
]
