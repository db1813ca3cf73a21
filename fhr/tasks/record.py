"""What a run leaves in MLflow: parameters, environment, data, folds, checkpoint, figures, model card."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
from pytorch_lightning.loggers import MLFlowLogger

from fhr.errors import CheckpointError
from fhr.features import FeatureSet
from fhr.metrics import Interval, evaluate
from fhr.tracking import environment, source_state

from .artifacts import write_evaluation
from .batch import DataFacts
from .calibrate import Calibration, score_windows
from .classification import ClassificationTask
from .model_card import ModelCard

__all__ = ["RunRecord", "data_record", "metric_values", "parameters", "run_tags"]


class RunRecord(pl.Callback):
    """Records a run in MLflow; does nothing where another logger is used.

    Attributes:
        results: metrics of the last test, with intervals.
        predictions: of the last test, one row a record.
    """

    def __init__(self) -> None:
        self.results: dict[str, Interval] = {}
        self.predictions: pd.DataFrame | None = None

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Everything that is known before the first step."""
        logger = _mlflow(trainer)
        if logger is None or not isinstance(pl_module, ClassificationTask):
            return
        client, run_id = logger.experiment, logger.run_id
        logger.log_hyperparams(parameters(trainer, pl_module, pl_module.facts, trainer.datamodule))  # type: ignore[attr-defined]
        for key, value in run_tags(pl_module.facts).items():
            client.set_tag(run_id, key, value)
        client.log_dict(run_id, environment(), "environment.json")
        client.log_dict(run_id, data_record(pl_module.facts), "data.json")

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The finished checkpoint and its calibrator."""
        logger = _mlflow(trainer)
        finished = next((c.path for c in trainer.callbacks if isinstance(c, Calibration)), None)  # type: ignore[attr-defined]
        if logger is None or finished is None or not isinstance(pl_module, ClassificationTask):
            return
        logger.experiment.log_artifact(logger.run_id, str(finished), "checkpoints")
        if pl_module.calibrator is not None:
            logger.experiment.log_dict(logger.run_id, pl_module.calibrator.to_dict(), "calibrator.json")
        logger.log_metrics({"best_epoch": float(pl_module.epochs)})

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Metrics with intervals, predictions, figures and the model card of the outer fold."""
        if not isinstance(pl_module, ClassificationTask):
            return
        facts = pl_module.facts
        scores, labels = score_windows(pl_module, trainer.datamodule.test_dataloader())  # type: ignore[attr-defined]
        if pl_module.calibrator is None:
            raise CheckpointError("the checkpoint holds no calibrator; let `fhr fit` end, or test its `finished.ckpt`")
        probabilities = pl_module.calibrator.predict(scores)
        names = list(facts.partition.test)
        self.predictions = pd.DataFrame(
            {"name": names, "label": labels.astype(int), "score": scores, "probability": probabilities}
        )
        self.results = evaluate(labels, probabilities, scores)
        logger = _mlflow(trainer)
        if logger is None:
            return
        with tempfile.TemporaryDirectory() as folder:
            write_evaluation(Path(folder), self._model_card(pl_module, labels), self.predictions, facts.recordings)
            logger.experiment.log_artifacts(logger.run_id, folder)
        logger.log_metrics(metric_values(self.results))

    def _model_card(self, task: ClassificationTask, labels: np.ndarray) -> ModelCard:
        facts = task.facts
        return ModelCard(
            network=task.model.specification["class_path"],
            target=facts.target,
            origin=facts.origin,
            data_checksum=facts.data_checksum,
            n_tested=len(labels),
            n_positive=int(labels.sum()),
            tested_on="repeat {}, outer fold {}; one network, calibrated on the held-out inner fold {}".format(
                *facts.fold
            ),
            results=self.results,
            window_minutes=facts.pipeline.minutes,
            features=facts.features,
            left_out=len(facts.quarantined),
        )


def metric_values(results: dict[str, Interval]) -> dict[str, float]:
    """Metrics and their interval's ends under the names that MLflow groups: `test/auroc`, `test/auroc_low`, ..."""
    values = {}
    for name, interval in results.items():
        for suffix, value in (("", interval.value), ("_low", interval.low), ("_high", interval.high)):
            if np.isfinite(value):
                values[f"test/{name}{suffix}"] = float(value)
    return values


def run_tags(facts: DataFacts) -> dict[str, str]:
    """Tags that say of what source and data a run is."""
    return {
        **source_state(),
        "data": facts.origin,
        "data_checksum": facts.data_checksum,
        "split_checksum": facts.splits.checksum,
        "target": facts.target,
    }


def data_record(facts: DataFacts) -> dict[str, Any]:
    """Records by use, what was left out, and the preprocessing."""
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
    }


def _features(features: FeatureSet) -> dict[str, Any]:
    return {"names": list(features.names), "checksum": features.checksum, "set": features.to_dict()}


def parameters(trainer: pl.Trainer, task: ClassificationTask, facts: DataFacts, data: Any) -> dict[str, Any]:
    """What MLflow's comparison view shows of a run: data, network, training, device."""
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
        "learning_rate": task.learning_rate,
        "weight_decay": task.weight_decay,
        "batch_size": data.batch_size,
        "augmentation": str(data.augmentation),
        "class_weights": data.class_weights,
        "window_minutes": facts.pipeline.minutes,
        "fs": facts.pipeline.fs,
        "features": ", ".join(facts.features.groups) if facts.features else "none",  # their names are in data.json
        "features_checksum": facts.features.checksum if facts.features else "none",
        "seed": data.seed,
        "max_epochs": trainer.max_epochs,
        "device": str(task.device),
        **{f"n_{use}": len(names) for use, names in vars(facts.partition).items()},
    }


def _mlflow(trainer: pl.Trainer) -> MLFlowLogger | None:
    return trainer.logger if isinstance(trainer.logger, MLFlowLogger) else None
