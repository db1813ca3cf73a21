"""Metrics of risk scores, probabilities and prediction sets: pure functions over numpy arrays.

Over the batches of a training the tasks use the classes of torchmetrics.
"""

from .against_real import AgainstReal, Chosen, Indices, against_real, each_time
from .calibration_error import ECEReference, ece_reference, expected_calibration_error
from .calibration_power import CalibrationPower, cox_power
from .cox import CalibrationLine, calibration_intercept, calibration_line, calibration_slope
from .decision_curve import mean_net_benefit, net_benefit, net_benefit_at, net_benefit_of_treating_all
from .fidelity import frechet, marginal_distance, mmd2
from .fidelity_indices import fidelity_indices
from .fidelity_power import Defect, rejection_rates
from .fidelity_verdict import FidelityVerdict, fidelity_verdict
from .manifolds import Manifolds, manifolds
from .memorisation import Authenticity, Nearness, authenticity, data_copying, membership
from .multiplicity import (
    FDRMethod,
    benjamini_hochberg,
    benjamini_yekutieli,
    false_discovery_rate_at,
    holm,
)
from .net_benefit_table import net_benefit_table
from .pooled_samples import best_f1_threshold, evaluate_samples, pooled_metrics, score_counts
from .prediction_sets import Efficiency, conformal_coverage, efficiency, exact_interval
from .principal_axes import PrincipalAxes
from .proper_scores import brier, brier_skill
from .ranking import auprc, auroc, sensitivity_at_specificity, tpr_at_fpr
from .real_units import in_real_units
from .reasons import undefined
from .resampling import Interval, bootstrap, resampled
from .retraining import flip_rate, flip_rate_of_average, retraining_spread
from .selective import RiskCoverage, augrc, aurc, risk_coverage
from .separability import least_separation, separation_words, shape_separation, spectral_separation
from .shifted_difference import NearestWindows, nearest_windows, shifted_differences
from .summary import evaluate, to_frame

__all__ = [
    "AgainstReal",
    "Authenticity",
    "CalibrationLine",
    "CalibrationPower",
    "Chosen",
    "Defect",
    "ECEReference",
    "Efficiency",
    "FDRMethod",
    "FidelityVerdict",
    "Indices",
    "Interval",
    "Manifolds",
    "NearestWindows",
    "Nearness",
    "PrincipalAxes",
    "RiskCoverage",
    "against_real",
    "augrc",
    "auprc",
    "aurc",
    "auroc",
    "authenticity",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "best_f1_threshold",
    "bootstrap",
    "brier",
    "brier_skill",
    "calibration_intercept",
    "calibration_line",
    "calibration_slope",
    "conformal_coverage",
    "cox_power",
    "data_copying",
    "each_time",
    "ece_reference",
    "efficiency",
    "evaluate",
    "evaluate_samples",
    "exact_interval",
    "expected_calibration_error",
    "false_discovery_rate_at",
    "fidelity_indices",
    "fidelity_verdict",
    "flip_rate",
    "flip_rate_of_average",
    "frechet",
    "holm",
    "in_real_units",
    "least_separation",
    "manifolds",
    "marginal_distance",
    "mean_net_benefit",
    "membership",
    "mmd2",
    "nearest_windows",
    "net_benefit",
    "net_benefit_at",
    "net_benefit_of_treating_all",
    "net_benefit_table",
    "pooled_metrics",
    "rejection_rates",
    "resampled",
    "retraining_spread",
    "risk_coverage",
    "score_counts",
    "sensitivity_at_specificity",
    "separation_words",
    "shape_separation",
    "shifted_differences",
    "spectral_separation",
    "to_frame",
    "tpr_at_fpr",
    "undefined",
]
