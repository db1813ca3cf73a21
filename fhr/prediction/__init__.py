"""Trained networks applied to recordings: `fhr.load(run_id_or_checkpoint)`."""

from .false_signal import FalseSignalPredictor, FalseSignalProbability
from .load import load
from .prediction import Prediction, to_frame
from .predictor import Predictor

__all__ = ["FalseSignalPredictor", "FalseSignalProbability", "Prediction", "Predictor", "load", "to_frame"]
