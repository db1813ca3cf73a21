"""Trained networks applied to recordings: `fhr.load(run_id_or_checkpoint)`."""

from fhr.confidence import LEVELS, Abstention, Prediction, to_frame

from .false_signal import FalseSignalPredictor, FalseSignalProbability
from .loading import load
from .predictor import Predictor

__all__ = [
    "LEVELS",
    "Abstention",
    "FalseSignalPredictor",
    "FalseSignalProbability",
    "Prediction",
    "Predictor",
    "load",
    "to_frame",
]
