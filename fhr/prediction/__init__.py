"""Trained networks applied to recordings: `fhr.load(run_id_or_checkpoint)`."""

from .abstention import Abstention
from .false_signal import FalseSignalPredictor, FalseSignalProbability
from .levels import LEVELS
from .loading import load
from .prediction import Prediction, to_frame
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
