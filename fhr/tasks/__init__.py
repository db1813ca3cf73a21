"""The only LightningModules, what they are fed, and what they leave behind."""

from .artifacts import write_evaluation
from .batch import Batch
from .calibrate import Calibration
from .classification import ClassificationTask
from .data_facts import DataFacts
from .ensemble import EnsembleTask
from .facts_handover import FactsHandover
from .false_signal import FalseSignalTask
from .members import FittedMember, fit_members
from .model_card import ModelCard, records_line
from .record import RunRecord, data_record, metric_values, parameters, run_tags
from .resume import Resumable
from .sample_batch import SampleBatch
from .scores import score_windows
from .task import Evaluation, Task
from .training import Training
from .training_card import checkpoint_card

__all__ = [
    "Batch",
    "Calibration",
    "ClassificationTask",
    "DataFacts",
    "EnsembleTask",
    "Evaluation",
    "FactsHandover",
    "FalseSignalTask",
    "FittedMember",
    "ModelCard",
    "Resumable",
    "RunRecord",
    "SampleBatch",
    "Task",
    "Training",
    "checkpoint_card",
    "data_record",
    "fit_members",
    "metric_values",
    "parameters",
    "records_line",
    "run_tags",
    "score_windows",
    "write_evaluation",
]
