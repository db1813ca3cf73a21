"""The only LightningModules, what they are fed, and what they leave behind."""

from .artifacts import write_evaluation
from .batch import Batch, DataFacts
from .calibrate import Calibration
from .classification import ClassificationTask
from .ensemble import EnsembleTask
from .false_signal import FalseSignalTask
from .members import FittedMember, fit_members
from .model_card import ModelCard, records_line
from .record import RunRecord, data_record, metric_values, parameters, run_tags
from .resume import Resumable
from .sample_batch import SampleBatch
from .scores import score_windows
from .task import Evaluation, Task
from .training import Training

__all__ = [
    "Batch",
    "Calibration",
    "ClassificationTask",
    "DataFacts",
    "EnsembleTask",
    "Evaluation",
    "FalseSignalTask",
    "FittedMember",
    "ModelCard",
    "Resumable",
    "RunRecord",
    "SampleBatch",
    "Task",
    "Training",
    "data_record",
    "fit_members",
    "metric_values",
    "parameters",
    "records_line",
    "run_tags",
    "score_windows",
    "write_evaluation",
]
