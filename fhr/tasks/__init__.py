"""The only LightningModules, what they are fed, and what they leave behind."""

from .artifacts import write_evaluation
from .batch import Batch, DataFacts
from .calibrate import Calibration, score_windows
from .classification import ClassificationTask
from .model_card import ModelCard
from .record import RunRecord, data_record, metric_values, parameters, run_tags

__all__ = [
    "Batch",
    "Calibration",
    "ClassificationTask",
    "DataFacts",
    "ModelCard",
    "RunRecord",
    "data_record",
    "metric_values",
    "parameters",
    "run_tags",
    "score_windows",
    "write_evaluation",
]
