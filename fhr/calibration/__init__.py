"""Calibration of risk scores to probabilities, conformal sets and the references of a prediction."""

from fhr.deprecation import moved

from .beta import Beta
from .calibration_band import CalibrationBand
from .calibrator import Calibrator, calibrator_from_dict
from .conformal import ClassConditionalConformal
from .coverage import CoverageStatement, check_records, records_needed
from .cross_conformal import CrossConformal
from .prior_shift import prior_of_weights, shift_prevalence
from .recalibration import METHODS, Recalibration
from .reference import HeldOut, Reference, threshold_at_specificity
from .ridge_platt import RidgePlatt
from .thresholds import Thresholds
from .typicality import TYPICAL_STATISTICS, Typicality, typical_statistics
from .venn_abers import VennAbers

__all__ = [
    "METHODS",
    "TYPICAL_STATISTICS",
    "Beta",
    "CalibrationBand",
    "Calibrator",
    "ClassConditionalConformal",
    "CoverageStatement",
    "CrossConformal",
    "HeldOut",
    "Recalibration",
    "Reference",
    "RidgePlatt",
    "Thresholds",
    "Typicality",
    "VennAbers",
    "calibrator_from_dict",
    "check_records",
    "prior_of_weights",
    "records_needed",
    "shift_prevalence",
    "threshold_at_specificity",
    "typical_statistics",
]

__getattr__ = moved("fhr.calibration", {"OuterFold": "fhr.confidence"})
