"""RunTracking: the callback that keeps a run in MLflow, from its parameters to its model card."""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
from pytorch_lightning.loggers import MLFlowLogger

from fhr.features import FeatureSet
from fhr.metrics import Interval
from fhr.recording import Recording
from fhr.tracking import (
    METRICS_FILE,
    ask_once,
    environment,
    give_columns,
    headline,
    metrics_table,
    source_state,
    store_mistake,
)

from .averaging import planned_epochs
from .calibrate import Calibration
from .classification import ClassificationTask
from .data_facts import DataFacts
from .dataset_inputs import dataset_input
from .optimizer_settings import optimizer_settings
from .run_description import run_description
from .single_precision import in_single_precision
from .task import Task

__all__ = ["NOTE", "RunTracking", "metric_values", "mlflow_logger", "parameters", "plain_facts", "run_tags"]

NOTE = "mlflow.note.content"
"""Tag that MLflow shows as the description of a run."""

_LONGEST = 5000  # characters of a tag that any store of MLflow takes


Audit = Callable[[pd.DataFrame, Mapping[str, Recording]], Mapping[str, Interval]]


class RunTracking(pl.Callback):
    """A callback that keeps a run in MLflow; other loggers get its parameters and metrics.

    Without MLflow's logger it only keeps the results of the last test beside.

    Args:
        audit: of a tested classification: takes its predictions, and recordings by name; None for none.

    Attributes:
        results: metrics of the last test, with intervals.
        predictions: of the last test, one row a record.
    """

    def __init__(self, audit: Audit | None = None) -> None:
        self._audit = audit
        self.results: dict[str, Interval] = {}
        self.predictions: pd.DataFrame | None = None

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log everything that is known before the first step."""
        if not isinstance(pl_module, Task) or not pl_module.has_facts:
            return
        known = parameters(trainer, pl_module, pl_module.facts, trainer.datamodule)  # type: ignore[attr-defined]
        for each in trainer.loggers:
            each.log_hyperparams(known)
        logger = mlflow_logger(trainer)
        if logger is None or not trainer.is_global_zero:
            return
        client, run_id = logger.experiment, logger.run_id
        for key, value in run_tags(pl_module.facts).items():
            client.set_tag(run_id, key, value)
        client.log_dict(run_id, environment(), "environment.json")
        client.log_dict(run_id, plain_facts(pl_module.facts), "data.json")
        client.log_inputs(run_id, [dataset_input(pl_module.facts, pl_module.facts.learnt_from, "training")])
        if pl_module.headline:
            give_columns(client, str(logger.experiment_id), pl_module.headline)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the finished checkpoint and its calibrator."""
        logger = mlflow_logger(trainer)
        finished = next((c.path for c in trainer.callbacks if isinstance(c, Calibration)), None)  # type: ignore[attr-defined]
        if logger is None or finished is None or not isinstance(pl_module, Task):
            return
        logger.experiment.log_artifact(logger.run_id, str(finished), "checkpoints")
        if pl_module.calibrator is not None:
            logger.experiment.log_dict(logger.run_id, pl_module.calibrator.to_dict(), "calibrator.json")
        logger.log_metrics({"best_epoch": float(pl_module.epochs)})

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Ask a store that has failed only once more: the logger ends the run."""
        if store_mistake(exception) is not None:
            ask_once()

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log metrics with intervals, predictions and the task's files of the outer fold."""
        if not isinstance(pl_module, Task) or not pl_module.has_facts:
            return
        with in_single_precision(pl_module):
            evaluation = pl_module.evaluate(trainer.datamodule)  # type: ignore[attr-defined]
        facts = pl_module.facts
        self.results, self.predictions = evaluation.results, evaluation.predictions
        if not trainer.loggers:
            return
        audit: Mapping[str, Interval] = {}
        if self._audit is not None and isinstance(pl_module, ClassificationTask):
            audit = self._audit(self.predictions, facts.recordings)
        values = metric_values(self.results) | metric_values(audit, "audit/")
        for one in trainer.loggers:
            one.log_metrics(headline(values, pl_module.headline))
        logger = mlflow_logger(trainer)
        if logger is None:
            return
        client, run_id = logger.experiment, logger.run_id
        with tempfile.TemporaryDirectory() as folder:
            pl_module.report(evaluation, Path(folder))
            Path(folder, METRICS_FILE).write_text(metrics_table(values), encoding="utf-8")
            client.log_artifacts(run_id, folder)
            card = Path(folder, "model_card.md").read_text(encoding="utf-8")
        if isinstance(pl_module, ClassificationTask):
            card = run_description(pl_module.model_card(evaluation), audit)
        client.set_tag(run_id, NOTE, card[:_LONGEST])
        client.log_inputs(run_id, [dataset_input(facts, facts.partition.test, "test")])


def metric_values(results: Mapping[str, Interval], prefix: str = "test/") -> dict[str, float]:
    """Metrics and their interval's ends under the names that MLflow groups: `test/auroc`, `test/auroc_low`, ..."""
    values = {}
    for name, interval in results.items():
        for suffix, value in (("", interval.value), ("_low", interval.low), ("_high", interval.high)):
            if np.isfinite(value):
                values[f"{prefix}{name}{suffix}"] = float(value)
    return values


def run_tags(facts: DataFacts) -> dict[str, str]:
    """Tags of a run: its source and its data."""
    return {
        **source_state(),
        "data": facts.origin,
        "data_checksum": facts.data_checksum,
        "split_checksum": facts.splits.checksum,
        "target": facts.target,
        "kinds": ", ".join(f"{n} {kind}" for kind, n in facts.composition.kinds.items()),
    }


def plain_facts(facts: DataFacts) -> dict[str, Any]:
    """The facts of the data in plain types: records by use, kinds and makers, what was left out, the preprocessing."""
    return {
        "origin": facts.origin,
        "data_checksum": facts.data_checksum,
        "split_checksum": facts.splits.checksum,
        "fold": dict(zip(("repeat", "fold", "inner"), facts.fold, strict=True)),
        "records": {use: list(names) for use, names in vars(facts.partition).items()},
        "quarantined": dict(facts.quarantined),
        "without_outcome": list(facts.unlabelled),
        "preprocessing": facts.pipeline.to_dict(),
        "features": None if facts.features is None else _features(facts.features),
        **facts.composition.plain(),
    }


def _features(features: FeatureSet) -> dict[str, Any]:
    return {"names": list(features.names), "checksum": features.checksum, "set": features.to_dict()}


def parameters(trainer: pl.Trainer, task: Task, facts: DataFacts, data: Any) -> dict[str, Any]:
    """Parameters of a run for MLflow's comparison view: data, network, training, device."""
    network = task.model.specification
    return {
        "target": facts.target,
        "repeat": facts.fold[0],
        "fold": facts.fold[1],
        "inner": facts.fold[2],
        "network": network["class_path"],
        **{f"network/{key}": json.dumps(value) for key, value in network["init_args"].items()},
        "n_parameters": sum(p.numel() for p in task.model.parameters()),
        "loss": type(task.loss).__name__,
        **optimizer_settings(trainer, task),
        **data.settings,
        "max_epochs": planned_epochs(trainer),
        "precision": trainer.precision,
        "device": str(task.device),
        **{f"n_{use}": len(names) for use, names in vars(facts.partition).items()},
    }


def mlflow_logger(trainer: pl.Trainer) -> MLFlowLogger | None:
    """The first of the trainer's loggers that is MLflow's, or None."""
    return next((logger for logger in trainer.loggers if isinstance(logger, MLFlowLogger)), None)
