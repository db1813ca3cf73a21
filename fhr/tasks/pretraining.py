"""PretrainingTask: a trunk learns to read the truth of simulated labours, and hidden heart rate, off its features."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from fhr.errors import CheckpointError, FHRError
from fhr.losses import TruthLoss
from fhr.metrics import Interval, auroc, bootstrap
from fhr.models import Network, Trunk

from .pretraining_card import pretraining_card
from .readings import Reading, mean_readings, reading_table
from .task import Evaluation, Task
from .trivial_reading import trivial_reading
from .truth_batch import TruthBatch

__all__ = ["PretrainingTask"]

_ACIDOSIS = 7.15


class PretrainingTask(Task):
    """A trunk with one linear layer that reads the truth off each step of its sequence.

    The layer is no part of the network: whoever takes the weights (`fhr.models.take_pretrained`) takes the trunk.
    Where the data give a pH, the network's own pooling and head learn it, as `fhr.losses.PHRegression` does. Nothing is
    fitted behind the weights; the fit ends with the best ones.

    Args:
        model: the trunk.
        loss: takes reading, truth, scores and pH.
        learning_rate: peak of the schedule.
        weight_decay: of AdamW.
        fine: values that are read off a step: a step of 16 s is read as four parts of 4 s.
        weights: checkpoint whose trunk the training begins with, see `Task`.

    Raises:
        FHRError: a network that is no `Trunk`, or fewer than one value a step.
    """

    kind = "pretraining"
    model: Trunk
    loss: TruthLoss

    def __init__(
        self,
        model: Network,
        loss: TruthLoss,
        learning_rate: float = 3e-3,
        weight_decay: float = 0.05,
        fine: int = 4,
        weights: str | None = None,
    ) -> None:
        super().__init__(model, loss, learning_rate, weight_decay, weights)
        if not isinstance(model, Trunk):
            raise FHRError(
                f"{type(model).__name__} gives no sequence of features to read; pretrain a fhr.models.Trunk, such as "
                "fhr.models.InceptionNet"
            )
        if fine < 1:
            raise FHRError(f"fine={fine}; read 1 value a step or more")
        self.fine = fine
        self.reader = nn.Conv1d(model.width, len(TruthLoss.targets) * fine, 1)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        """Reading (batch, 6, steps * fine) of `signal` (batch, channel, time); of shares, logits."""
        return self._read(self.model.sequence(signal).values)

    def _read(self, values: torch.Tensor) -> torch.Tensor:
        found = self.reader(values).unflatten(1, (len(TruthLoss.targets), self.fine))
        return found.transpose(2, 3).flatten(2)

    def cost(self, batch: TruthBatch, stage: str) -> tuple[torch.Tensor, int]:
        """Loss of the windows of a batch, and their number."""
        found = self.model.sequence(batch.signal)
        reading, scores = self._read(found.values), self.model.head(self.model.pool(*found))
        return self.loss(reading, _averaged(batch.truth, reading.shape[-1]), scores, batch.ph), len(batch.ph)

    def finish(self, data: Any) -> None:
        """Nothing: the weights are all."""

    def finish_from(self, plain: Mapping[str, Any]) -> Any:
        """Refuse a finish.

        Raises:
            CheckpointError: a pretraining has none.
        """
        raise CheckpointError("the checkpoint of a pretraining holds a calibrator; do not use this file")

    @torch.inference_mode()
    def evaluate(self, data: Any) -> Evaluation:
        """Correlation of levels and AUROC of shares over the time of each labour, averaged over labours.

        Each beside that of `trivial_reading`, as `NAME_trivial`; intervals draw labours. With the pH of the labours,
        `acidosis` is the AUROC of pH <= 7.15.
        """
        training = self.training
        self.eval()
        readings: list[Reading] = []
        scores, ph = [np.empty(0)], [np.empty(0)]
        names = iter(self.facts.partition.test)
        for batch in data.test_dataloader():
            found = self.model.sequence(batch.signal.to(self.device))
            read = self._read(found.values).cpu().numpy()
            steps = read.shape[-1]
            each = zip(read, self._trivial(batch.signal, steps), _averaged(batch.truth, steps).numpy(), strict=True)
            readings += [Reading(next(names), *one) for one in each]
            scores.append(self.model.head(self.model.pool(*found))[:, 0].double().cpu().numpy())
            ph.append(batch.ph.numpy())
        self.train(training)
        table = reading_table(readings)
        return Evaluation(mean_readings(table) | _acidosis(np.concatenate(ph), np.concatenate(scores)), table)

    def _trivial(self, signal: torch.Tensor, steps: int) -> np.ndarray:
        channels = self.facts.pipeline.to_dict()["channels"]
        rate = torch.where(signal[:, channels.index("mask")] > 0, signal[:, channels.index("fhr")], torch.nan)
        activity = signal[:, channels.index("uc")] if "uc" in channels else torch.zeros_like(rate)
        both = _averaged(torch.stack([rate, activity], dim=1), steps).numpy()
        return trivial_reading(both[:, 0], both[:, 1], signal.shape[-1] / self.facts.pipeline.fs / steps)

    def report(self, evaluation: Evaluation, folder: Path) -> None:
        """`predictions.csv`, one row a labour and target, and the card of the weights."""
        evaluation.predictions.to_csv(folder / "predictions.csv", index=False)
        card = pretraining_card(self.model.specification["class_path"], self.facts, evaluation.results)
        (folder / "model_card.md").write_text(card, encoding="utf-8")


def _averaged(truth: torch.Tensor, steps: int) -> torch.Tensor:
    """Means (..., steps) of what is known of `truth` (..., time); NaN where less than half of a step is."""
    known = ~torch.isnan(truth)
    share = F.adaptive_avg_pool1d(known.to(truth.dtype), steps)
    mean = F.adaptive_avg_pool1d(torch.where(known, truth, 0.0), steps)
    return torch.where(share >= 0.5, mean / share, torch.nan)


def _acidosis(ph: np.ndarray, scores: np.ndarray) -> dict[str, Interval]:
    known = ~np.isnan(ph)
    if not known.any():
        return {}
    return {"acidosis": bootstrap(auroc, (ph[known] <= _ACIDOSIS).astype(int), scores[known])}
