"""ClassificationTask: training, validation and test of one risk score for one label."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn
from torchmetrics.classification import BinaryAUROC, BinaryAveragePrecision

from fhr.calibration import Calibrator, RidgePlatt, calibrator_from_dict
from fhr.calibration.reference import Reference
from fhr.calibration.typicality import UC_STATISTICS, typical_statistics
from fhr.errors import CheckpointError
from fhr.metrics import auroc, bootstrap, evaluate
from fhr.models import Network, ranking_of
from fhr.preprocessing import Pipeline
from fhr.tracking import HEADLINE

from .artifacts import write_evaluation
from .batch import Batch
from .data_facts import DataFacts
from .model_card import ModelCard, records_line
from .scores import score_windows
from .task import Evaluation, Task

__all__ = ["ClassificationTask"]


class ClassificationTask(Task):
    """A network with one score for each window: the larger, the likelier the label.

    The fit ends with a calibrator, fitted on the held-out inner fold, which the confidence of predictions rests on too.

    Args:
        model: the network; its first output is the risk score.
        loss: takes scores, label, pH and weight, and base deficit where it has an attribute `takes_bdecf`; one that has
            a method `take_label` is told the label of the data.
        learning_rate: peak of the schedule.
        weight_decay: of AdamW.
        weights: a checkpoint whose trunk the network begins with, see `Task`; None for none.
    """

    kind = "classification"
    headline = HEADLINE
    calibrator: Calibrator | None

    def __init__(
        self,
        model: Network,
        loss: nn.Module,
        learning_rate: float = 3e-3,
        weight_decay: float = 0.05,
        weights: str | None = None,
    ) -> None:
        super().__init__(model, loss, learning_rate, weight_decay, weights)
        self.metrics = nn.ModuleDict({stage: _metrics() for stage in ("fitting", "val", "test")})

    def forward(self, signal: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """Risk score (batch,) of `signal` (batch, channel, time) and raw `features` (batch, n_features)."""
        return self.model.scores(signal, features)[:, 0]

    def predict_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """Risk scores (batch,) of a batch of windows, its offset included."""
        scores: torch.Tensor = self(batch.signal, batch.features) + batch.offset
        return scores

    def cost(self, batch: Batch, stage: str) -> tuple[torch.Tensor, int]:
        """Loss of the windows of a batch, and their number."""
        scores = self.model.scores(batch.signal, batch.features)
        self.log_ranking(scores[:, 0] + batch.offset, batch, stage)
        return batch.cost(self.loss, scores), len(batch.label)

    def log_ranking(self, scores: torch.Tensor, batch: Batch, stage: str) -> None:
        """Log how risk scores (batch,) rank the labels of a batch."""
        prefix, metrics = ("train" if stage == "fitting" else stage), self.metrics[stage]
        for name, metric in metrics.items():  # type: ignore[operator]
            metric.update(scores.detach(), batch.label.int())
            self.log(f"{prefix}/{name}", metric, on_epoch=True, on_step=False)

    def take(self, facts: DataFacts | None) -> None:
        """Remember the facts of the data, and tell their label to a loss that asks for it."""
        super().take(facts)
        tell = getattr(self.loss, "take_label", None)
        if facts is not None and tell is not None:
            tell(facts.target)

    def check_finish(self, data: Any) -> None:
        """Refuse a held-out fold that is too small for a calibrator."""
        facts = self.facts
        RidgePlatt.check_sample(facts.labels.loc[list(facts.partition.calibration)])

    def finish(self, data: Any) -> RidgePlatt:
        """The calibrator of the held-out inner fold, bound to this label and network."""
        calibrator = RidgePlatt().fit(*score_windows(self, data.calibration_dataloader()))
        return calibrator.bind(label=self.facts.target, model=self.card().procedure)

    def finish_from(self, plain: Mapping[str, Any]) -> Calibrator:
        """The calibrator of a checkpoint.

        Raises:
            CheckpointError: it was made for another label.
        """
        calibrator = calibrator_from_dict(plain)
        calibrator.check(label=self.facts.target)
        return calibrator

    def reference(self, data: Any) -> Reference:
        """Reference of the confidence of predictions: the held-out inner fold, and what is typical of all others.

        Raises:
            CheckpointError: there is no calibrator.
        """
        if self.calibrator is None:
            raise CheckpointError("no calibrator; the confidence of predictions rests on it, let `fhr fit` end")
        facts = self.facts
        scores, _ = score_windows(self, data.calibration_dataloader())
        held_out = pd.DataFrame({"name": facts.partition.calibration, "inner": facts.fold[2], "member": 0})
        statistics = typical_statistics(facts.recordings[name] for name in facts.learnt_from)
        if "uc" not in facts.pipeline.to_dict().get("channels", ()):  # it matters to no answer
            statistics = statistics.drop(columns=list(UC_STATISTICS))
        return Reference.of(held_out.assign(score=scores), facts.labels, statistics, self.calibrator)

    def ranking(self, reference: Reference) -> dict[str, Any] | None:
        """AUROC of the held-out inner fold with its 95% interval, in plain types; None where it is undefined."""
        scores, labels = reference.pooled()
        found = bootstrap(auroc, labels, scores)
        return ranking_of(found, "held_out_auroc", len(labels))

    def evaluate(self, data: Any) -> Evaluation:
        """Discrimination and calibration on the outer fold.

        Raises:
            CheckpointError: there is no calibrator.
        """
        scores, labels = score_windows(self, data.test_dataloader())
        if self.calibrator is None:
            raise CheckpointError("the checkpoint holds no calibrator; let `fhr fit` end, or test its `finished.ckpt`")
        probabilities = self.calibrator.predict(scores)
        names = list(self.facts.partition.test)
        table = pd.DataFrame(
            {
                **{"name": names, "label": labels.astype(int), "score": scores, "probability": probabilities},
                **{"record": names, "path": [self.facts.recordings[name].path for name in names]},
            }
        )
        return Evaluation(evaluate(labels, probabilities, scores), table)

    def model_card(self, evaluation: Evaluation) -> ModelCard:
        """The model card of a test on the outer fold."""
        facts = self.facts
        return ModelCard(
            network=self.model.specification["class_path"],
            target=facts.target,
            origin=facts.origin,
            data_checksum=facts.data_checksum,
            n_tested=len(evaluation.predictions),
            n_positive=int(evaluation.predictions["label"].sum()),
            tested_on="repeat {}, outer fold {}; one network, calibrated on the held-out inner fold {}".format(
                *facts.fold
            ),
            results=evaluation.results,
            window_minutes=facts.pipeline.to_dict()["minutes"],
            features=facts.features,
            left_out=len(facts.quarantined),
            records=records_line(facts.learnt_composition, facts.tested_composition),
            window=facts.pipeline.window if isinstance(facts.pipeline, Pipeline) and facts.pipeline.is_cut else "",
        )

    def report(self, evaluation: Evaluation, folder: Path) -> None:
        """Predictions, figures and the model card."""
        write_evaluation(folder, self.model_card(evaluation), evaluation.predictions, self.facts.recordings)


def _metrics() -> nn.ModuleDict:
    # The checks of the arguments cost more than the metrics; labels and scores are ours.
    return nn.ModuleDict(
        {"auroc": BinaryAUROC(validate_args=False), "auprc": BinaryAveragePrecision(validate_args=False)}
    )
