"""Metrics of risk scores, probabilities and prediction sets: pure functions over numpy arrays.

Over the batches of a training the tasks use the classes of torchmetrics.
"""

from .calibration_error import ECEReference, ece_reference, expected_calibration_error
from .calibration_power import CalibrationPower, cox_power
from .cox import CalibrationLine, calibration_intercept, calibration_line, calibration_slope
from .decision_curve import mean_net_benefit, net_benefit, net_benefit_at, net_benefit_of_treating_all
from .multiplicity import holm
from .net_benefit_table import net_benefit_table
from .pooled_samples import best_f1_threshold, evaluate_samples, pooled_metrics, score_counts
from .prediction_sets import Efficiency, conformal_coverage, efficiency, exact_interval
from .proper_scores import brier, brier_skill
from .ranking import auprc, auroc, sensitivity_at_specificity, tpr_at_fpr
from .reasons import undefined
from .resampling import Interval, bootstrap, resampled
from .retraining import flip_rate, flip_rate_of_average, retraining_spread
from .selective import RiskCoverage, augrc, aurc, risk_coverage
from .summary import evaluate, to_frame

__all__ = [
    "CalibrationLine",
    "CalibrationPower",
    "ECEReference",
    "Efficiency",
    "Interval",
    "RiskCoverage",
    "augrc",
    "auprc",
    "aurc",
    "auroc",
    "best_f1_threshold",
    "bootstrap",
    "brier",
    "brier_skill",
    "calibration_intercept",
    "calibration_line",
    "calibration_slope",
    "conformal_coverage",
    "cox_power",
    "ece_reference",
    "efficiency",
    "evaluate",
    "evaluate_samples",
    "exact_interval",
    "expected_calibration_error",
    "flip_rate",
    "flip_rate_of_average",
    "holm",
    "mean_net_benefit",
    "net_benefit",
    "net_benefit_at",
    "net_benefit_of_treating_all",
    "net_benefit_table",
    "pooled_metrics",
    "resampled",
    "retraining_spread",
    "risk_coverage",
    "score_counts",
    "sensitivity_at_specificity",
    "to_frame",
    "tpr_at_fpr",
    "undefined",
]
