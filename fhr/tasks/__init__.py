"""Tasks: the only LightningModules, their callbacks, and the batches and facts that data modules give them."""

from fhr.deprecation import moved

from .artifacts import write_evaluation
from .batch import Batch
from .calibrate import Calibration
from .classification import ClassificationTask
from .data_facts import DataFacts
from .dataset_inputs import data_name, dataset_input, fold_name
from .ensemble import EnsembleTask
from .facts_handover import FactsHandover
from .false_signal import FalseSignalTask
from .kernel_task import KernelTask
from .measured import Measured, NotMeasuredError, is_validated
from .members import FittedMember, fit_members
from .model_card import ModelCard, records_line
from .pretraining import PretrainingTask
from .resume import Resumable
from .run_description import best_line, run_description
from .run_tracking import NOTE, RunTracking, metric_values, mlflow_logger, parameters, plain_facts, run_tags
from .sample_batch import SampleBatch
from .scores import score_windows
from .task import Evaluation, Task
from .training import Training
from .training_card import checkpoint_card
from .truth_batch import TruthBatch

__all__ = [
    "NOTE",
    "Batch",
    "Calibration",
    "ClassificationTask",
    "DataFacts",
    "EnsembleTask",
    "Evaluation",
    "FactsHandover",
    "FalseSignalTask",
    "FittedMember",
    "KernelTask",
    "Measured",
    "ModelCard",
    "NotMeasuredError",
    "PretrainingTask",
    "Resumable",
    "RunTracking",
    "SampleBatch",
    "Task",
    "Training",
    "TruthBatch",
    "best_line",
    "checkpoint_card",
    "data_name",
    "dataset_input",
    "fit_members",
    "fold_name",
    "is_validated",
    "metric_values",
    "mlflow_logger",
    "parameters",
    "plain_facts",
    "records_line",
    "run_description",
    "run_tags",
    "score_windows",
    "write_evaluation",
]

__getattr__ = moved("fhr.tasks", {"RunRecord": "fhr.tasks:RunTracking", "data_record": "fhr.tasks:plain_facts"})
