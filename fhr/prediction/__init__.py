"""Trained networks applied to recordings: `fhr.load(run_id_or_checkpoint)`."""

from fhr.confidence import LEVELS, Abstention, Prediction, to_frame

from .false_signal import FalseSignalPredictor, FalseSignalProbability
from .loading import checkpoint_paths, load
from .predictor import Predictor
from .written_cards import timelines, write_cards

__all__ = [
    "LEVELS",
    "Abstention",
    "FalseSignalPredictor",
    "FalseSignalProbability",
    "Prediction",
    "Predictor",
    "checkpoint_paths",
    "load",
    "timelines",
    "to_frame",
    "write_cards",
]
