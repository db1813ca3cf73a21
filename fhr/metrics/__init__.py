"""How good a risk score is, and how far its probabilities can be trusted: pure functions over numpy arrays."""

from .calibration_error import ECEReference, ece_reference, expected_calibration_error
from .cox import CalibrationLine, calibration_intercept, calibration_line, calibration_slope
from .pooled_samples import best_f1_threshold, evaluate_samples, pooled_metrics, score_counts
from .proper_scores import brier, brier_skill
from .ranking import auprc, auroc, sensitivity_at_specificity, tpr_at_fpr
from .resampling import Interval, bootstrap, resampled
from .summary import evaluate, to_frame

__all__ = [
    "CalibrationLine",
    "ECEReference",
    "Interval",
    "auprc",
    "auroc",
    "best_f1_threshold",
    "bootstrap",
    "brier",
    "brier_skill",
    "calibration_intercept",
    "calibration_line",
    "calibration_slope",
    "ece_reference",
    "evaluate",
    "evaluate_samples",
    "expected_calibration_error",
    "pooled_metrics",
    "resampled",
    "score_counts",
    "sensitivity_at_specificity",
    "to_frame",
    "tpr_at_fpr",
]
