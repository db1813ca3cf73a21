"""Trained models applied to recordings: `fhr.load(run_id_or_checkpoint)`.

What only networks need, and with it torch, is imported when it is first used; so is what compares labours.
"""

from typing import TYPE_CHECKING

from fhr.compute import late_names
from fhr.confidence import LEVELS, Abstention, Prediction, to_frame

from .attribution import STRETCHES, Attribution
from .explanation import EXPLAINED, EXPLAINED_COLUMNS, explain
from .loading import checkpoint_contents, checkpoint_paths, load, model_checksum
from .logged_model import beside_the_run, log_model, log_test
from .predictor import Predictor
from .shipped import ShippedModel, shipped
from .timeline import TIMELINE_COLUMNS
from .where_it_looked import METHODS, where_it_looked
from .written_cards import CardNames, timelines, write_cards

if TYPE_CHECKING:
    from .false_signal import FalseSignalPredictor, FalseSignalProbability
    from .pooled_features import network_embedding

__all__ = [
    "EXPLAINED",
    "EXPLAINED_COLUMNS",
    "LEVELS",
    "METHODS",
    "STRETCHES",
    "TIMELINE_COLUMNS",
    "Abstention",
    "Attribution",
    "CardNames",
    "FalseSignalPredictor",
    "FalseSignalProbability",
    "Prediction",
    "Predictor",
    "ShippedModel",
    "beside_the_run",
    "checkpoint_contents",
    "checkpoint_paths",
    "explain",
    "load",
    "log_model",
    "log_test",
    "model_checksum",
    "network_embedding",
    "shipped",
    "timelines",
    "to_frame",
    "where_it_looked",
    "write_cards",
]

__getattr__, __dir__ = late_names(
    __name__,
    {
        "false_signal": ("FalseSignalPredictor", "FalseSignalProbability"),
        "pooled_features": ("network_embedding",),
    },
)
