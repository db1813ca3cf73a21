"""FalseSignalTask: training, validation and test of the network that finds false heart rate, sample by sample."""

from collections.abc import Iterator, Mapping
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from torchmetrics import Metric

from fhr.calibration import Thresholds
from fhr.errors import CheckpointError, FHRError, SplitError
from fhr.metrics import Interval, best_f1_threshold, evaluate_samples, pooled_metrics, score_counts
from fhr.models import Network

from .false_signal_card import false_signal_card
from .sample_batch import SampleBatch
from .task import Evaluation, Task

__all__ = ["FalseSignalTask"]

# What is measured, by name: the recordings' group, and the row of marks (0 FHR, 1 MHR).
_MEASURED = {
    "fhr": ("doppler", 0),
    "fhr_without_mhr": ("doppler_without_mhr", 0),
    "scalp": ("scalp", 0),
    "mhr": ("doppler", 1),
}


class FalseSignalTask(Task):
    """A network with two logits for each sample: that FHR is false, and that MHR is.

    Samples that no expert marked, or without a value, cost nothing. A training batch costs in proportion to its marked
    samples, so that sparsely marked crops weigh less. The fit ends with the two thresholds that have the largest F1
    on the early-stopping slice (FHR of Doppler recordings with MHR; MHR, 0.5 where none is false). Weight decay
    spares biases and normalisation.

    Args:
        model: the network, (batch, channel, time) to (batch, 2, time).
        loss: takes scores, label, pH (which it does not use) and weight; see `fhr.losses.BinaryCrossEntropy`.
        learning_rate: peak of the schedule.
        weight_decay: of AdamW.
        mhr_weight: of MHR in the training loss, beside 1 of FHR.

    Raises:
        FHRError: a negative weight.
    """

    kind = "false_signal"
    headline = ("test/auroc_fhr", "test/f1_fhr", "test/auroc_fhr_without_mhr", "test/auroc_mhr")
    sometimes_measured = frozenset(f"val/{key}_{name}" for key in ("auroc", "f1") for name in _MEASURED)
    calibrator: Thresholds | None

    def __init__(
        self,
        model: Network,
        loss: nn.Module,
        learning_rate: float = 3e-3,
        weight_decay: float = 0.05,
        mhr_weight: float = 0.5,
    ) -> None:
        super().__init__(model, loss, learning_rate, weight_decay)
        if not 0 <= mhr_weight < inf:
            raise FHRError(f"mhr_weight={mhr_weight}; give 0 or more")
        self.mhr_weight = mhr_weight
        self.counts = nn.ModuleDict(
            {stage: nn.ModuleDict({name: _Counts() for name in _MEASURED}) for stage in ("val", "test")}
        )

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        """Logits (batch, 2, time) of `signal` (batch, channel, time)."""
        logits: torch.Tensor = self.model(signal)
        return logits

    def cost(self, batch: SampleBatch, stage: str) -> tuple[torch.Tensor, int]:
        """Loss of the marked samples of a batch, and their number."""
        logits, weight = self(batch.signal), batch.weight
        if stage == "fitting":
            weight = torch.stack([weight[:, 0], self.mhr_weight * weight[:, 1]], dim=1)
        # Over all samples, since the others weigh nothing: to pick the marked ones out would make a GPU wait.
        label = batch.target.flatten()
        unknown = torch.full_like(label, torch.nan)
        loss: torch.Tensor = self.loss(logits.reshape(-1, 1), label, unknown, weight.flatten())
        if stage == "fitting":
            return loss * weight.sum() / weight[:, 0].numel(), 1
        for name, counts in _counted(batch, logits.detach()):
            self.counts[stage][name].update(torch.from_numpy(counts).to(self.device))  # type: ignore[index]
        return loss, int(weight.sum())

    def on_validation_epoch_end(self) -> None:
        """Log AUROC and F1 at 0.5."""
        self._log_pooled("val")

    def on_test_epoch_end(self) -> None:
        """Log AUROC and F1 at 0.5."""
        self._log_pooled("test")

    def _log_pooled(self, stage: str) -> None:
        for name, counts in self.counts[stage].items():  # type: ignore[operator]
            if not counts.update_called:
                continue
            found = pooled_metrics(counts.compute().cpu().numpy())
            counts.reset()
            self.log_dict(
                {f"{stage}/{key}_{name}": float(found[key]) for key in ("auroc", "f1") if np.isfinite(found[key])}
            )

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Weight decay on weights, none on biases and normalisation."""
        of_weights = [p for p in self.parameters() if p.ndim > 1]
        rest = [p for p in self.parameters() if p.ndim <= 1]
        return [{"params": of_weights}, {"params": rest, "weight_decay": 0.0}]

    @torch.inference_mode()
    def _recordings(self, loader: Any) -> Iterator[tuple[str, str, np.ndarray]]:
        """Name of a recording, name of what is measured, counts; in the order of the loader."""
        training = self.training
        self.eval()
        for batch in loader:
            for name, counts in _counted(batch, self(batch.signal.to(self.device))):
                yield batch.names[0], name, counts
        self.train(training)

    def check_finish(self, data: Any) -> None:
        """Refuse an early-stopping slice without true, or without false FHR of Doppler recordings.

        Raises:
            SplitError: there is none to stop the training on and to choose the threshold from.
        """
        group, row = _MEASURED["fhr"]
        batches = [b for b in data.val_dataloader() if b.group == group]
        n = sum(int(b.weight[:, row].sum()) for b in batches)
        n_false = sum(int(b.target[:, row].sum()) for b in batches)
        if not 0 < n_false < n:
            raise SplitError(
                f"{self.facts.origin}: the early-stopping slice holds {n_false} samples of Doppler FHR that are marked "
                f"false and {n - n_false} marked true; both are needed, take another slice (`--data.inner K`) or add "
                "recordings"
            )

    def finish(self, data: Any) -> Thresholds:
        """The thresholds of the early-stopping slice."""
        total = {name: np.zeros_like(score_counts(np.empty(0), np.empty(0))) for name in _MEASURED}
        for _, name, counts in self._recordings(data.val_dataloader()):
            total[name] += counts
        return Thresholds(best_f1_threshold(total["fhr"]), best_f1_threshold(total["mhr"]))

    def finish_from(self, plain: Mapping[str, Any]) -> Thresholds:
        """The thresholds of a checkpoint."""
        return Thresholds.from_dict(plain)

    def evaluate(self, data: Any) -> Evaluation:
        """Samples of the outer fold, pooled; intervals over recordings, at the thresholds of the fit.

        Raises:
            CheckpointError: there are no thresholds.
        """
        if self.calibrator is None:
            raise CheckpointError("the checkpoint holds no thresholds; let `fhr fit` end, or test its `finished.ckpt`")
        rows, counts = [], []
        for recording, name, one in self._recordings(data.test_dataloader()):
            cut = self._threshold(name)
            alone = pooled_metrics(one, cut)
            rows.append((recording, name, int(one.sum()), int(one[1].sum()), *(float(v) for v in alone.values())))
            counts.append(one)
        table = pd.DataFrame(rows, columns=["name", "measured", "n", "n_false", *pooled_metrics(np.zeros((2, 2)))])
        paths = {name: recording.path for name, recording in self.facts.recordings.items()}
        table = table.assign(record=table["name"], path=table["name"].map(paths))
        results: dict[str, Interval] = {}
        for name in _MEASURED:
            of_name = [one for one, row in zip(counts, rows, strict=True) if row[1] == name]
            if of_name:
                found = evaluate_samples(np.stack(of_name), self._threshold(name))
                results |= {f"{key}_{name}": interval for key, interval in found.items()}
        return Evaluation(results, table)

    def _threshold(self, name: str) -> float:
        thresholds = self.calibrator or Thresholds()
        return thresholds.mhr if name == "mhr" else thresholds.fhr

    def report(self, evaluation: Evaluation, folder: Path) -> None:
        """`predictions.csv`, one row a recording, and the model card."""
        evaluation.predictions.to_csv(folder / "predictions.csv", index=False)
        card = false_signal_card(
            self.model.specification["class_path"], self.facts, self.calibrator or Thresholds(), evaluation.results
        )
        (folder / "model_card.md").write_text(card, encoding="utf-8")


class _Counts(Metric):
    """Counts of scores, summed over batches and processes."""

    counts: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        empty = torch.from_numpy(score_counts(np.empty(0), np.empty(0)))
        self.add_state("counts", default=empty, dist_reduce_fx="sum")

    def update(self, counts: torch.Tensor) -> None:
        """Add the counts of a recording."""
        self.counts += counts

    def compute(self) -> torch.Tensor:
        """The sum."""
        return self.counts


def _counted(batch: SampleBatch, logits: torch.Tensor) -> Iterator[tuple[str, np.ndarray]]:
    """Counts of what can be measured in a batch of one group."""
    for name, (group, row) in _MEASURED.items():
        if batch.group == group:
            used = (batch.weight[:, row] > 0).cpu()
            if used.any():
                label, score = (x[:, row].cpu()[used].numpy() for x in (batch.target, logits))
                yield name, score_counts(label, score)
