"""KernelTask: a trunk learns the embedding that its kernel-ridge head needs, by leave-one-out in closed form."""

from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import StochasticWeightAveraging
from pytorch_lightning.callbacks.weight_averaging import WeightAveraging
from pytorch_lightning.trainer.states import TrainerFn
from torch import nn

from fhr.errors import CheckpointError, FHRError
from fhr.models import Network, RidgeHead

from .batch import Batch
from .classification import ClassificationTask

__all__ = ["KernelTask"]


class _WithRidgeHead(Network):
    """What the task asks of its network."""

    head: RidgeHead

    def embed(self, signal: torch.Tensor) -> torch.Tensor:
        """Embedding (batch, d) of a signal."""
        raise NotImplementedError


class KernelTask(ClassificationTask):
    """A network with a ridge head in training: a `fhr.models.DeepKernel`, a `fhr.models.SortedKernel`.

    The loss of a training batch is the squared error of its leave-one-out predictions, so that a batch should hold many
    records, best all of them. After each epoch the head is fitted to the training windows as that epoch saw them, the
    early-stopping slice is scored by it, and then it is fitted to both, as a line is: the slice chooses the epoch and
    is learnt from all the same, so that no validation by itself is to be had afterwards.

    Args:
        model: the network, with a method `embed` and a `RidgeHead` as its attribute `head`.
        target: gives values and which of them are known, of label, pH and base deficit; `fhr.losses.AcidosisTarget`.
        learning_rate: peak of the schedule.
        weight_decay: of AdamW; of the trunk alone.
        weights: a checkpoint that the trunk begins with, see `Task`.
        kernel_learning_rate: of weights and decays of the kernels and of the penalty; 0 leaves them as they are.

    Raises:
        FHRError: a network without a ridge head.

    Left out: several devices, each of which would fit a head of its own; averages of weights, since a head belongs to
    the embedding of one epoch.
    """

    model: _WithRidgeHead

    def __init__(
        self,
        model: Network,
        target: nn.Module,
        learning_rate: float = 3e-3,
        weight_decay: float = 0.05,
        weights: str | None = None,
        kernel_learning_rate: float = 0.0,
    ) -> None:
        if not isinstance(getattr(model, "head", None), RidgeHead):
            raise FHRError(
                f"{type(model).__name__} has no kernel-ridge head; train it by fhr.tasks.ClassificationTask, or make "
                "it the trunk of a fhr.models.DeepKernel"
            )
        super().__init__(model, target, learning_rate, weight_decay, weights)
        self.kernel_learning_rate = kernel_learning_rate
        self._trained: list[_Windows] = []
        self._stopping: list[_Windows] = []

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The trunk, and the numbers of the head, which no decay draws anywhere."""
        of_head = list(self.model.head.parameters())
        trunk = [p for p in self.model.parameters() if p.requires_grad and not any(p is q for q in of_head)]
        kernel = {"params": of_head, "lr": self.kernel_learning_rate, "weight_decay": 0.0}
        return [{"params": trunk}, kernel]

    def cost(self, batch: Batch, stage: str) -> tuple[torch.Tensor, int]:
        """Squared error of leave-one-out in training, of the fitted head otherwise; and the number of windows."""
        target, known = self.loss(batch.label, batch.ph, batch.bdecf)
        weight = torch.where(known, batch.weight, 0.0)
        if stage == "fitting":
            scores = self.model.head.leave_one_out(self.model.embed(batch.signal), target, weight)
            self._trained.append((batch.signal, target, weight))
        else:
            scores = self.model.scores(batch.signal)[:, 0]
        if stage == "val":
            self._stopping.append((batch.signal, target, weight))
        self.log_ranking(scores, batch, stage)
        error = (weight * (scores - target).square()).sum() / weight.sum().clamp_min(1e-6)
        return error, len(batch.label)

    def on_fit_start(self) -> None:
        """Refuse a trainer of another kind, where nobody has asked before."""
        self.check_trainer(self.trainer)

    def check_trainer(self, trainer: pl.Trainer) -> None:
        """Refuse what would leave another head than the one that the trunk was judged by.

        Raises:
            FHRError: several devices, half precision, or a callback that averages weights.
        """
        if self.dtype in (torch.float16, torch.bfloat16):
            raise FHRError(
                f"a kernel-ridge head of {self.dtype}, whose equations need more digits; give `--trainer.precision` of "
                "32-true or 64-true"
            )
        if trainer.world_size > 1:
            raise FHRError(
                f"a kernel-ridge head on {trainer.world_size} devices, of which each sees a part of the records; "
                "give `--trainer.devices=1`"
            )
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, WeightAveraging | StochasticWeightAveraging):
                raise FHRError(
                    f"{type(callback).__name__} would average heads that are fitted to the embeddings of several "
                    "epochs; leave it out"
                )

    def on_validation_start(self) -> None:
        """Fit the head to the training windows of the epoch.

        Raises:
            CheckpointError: a validation by itself, on records that the head has learnt from.
        """
        if self.trainer.state.fn == TrainerFn.VALIDATING and self.has_facts:
            raise CheckpointError(
                "the kernel-ridge head has learnt from the early-stopping slice too; the run has the `val/loss` of "
                "each epoch, before it did, and `fhr test --run RUN_ID` measures records that nothing has seen"
            )
        self._stopping.clear()
        self._fit_head(self._trained)

    def on_validation_epoch_end(self) -> None:
        """Fit the head to training windows and early-stopping slice; this is what a checkpoint keeps."""
        if self._trained:
            self._fit_head(self._trained + self._stopping)
        self._trained.clear()
        self._stopping.clear()

    def on_train_epoch_end(self) -> None:
        """Count the epoch; without a validation the head is fitted here."""
        super().on_train_epoch_end()
        self._fit_head(self._trained)
        self._trained.clear()

    @torch.no_grad()
    def _fit_head(self, windows: "list[_Windows]") -> None:
        if not windows:  # nothing was trained yet: the sanity check, a test
            return
        mode = self.model.training
        self.model.eval()
        embedding = torch.cat([self.model.embed(signal) for signal, _, _ in windows])
        target, weight = (torch.cat(parts) for parts in list(zip(*windows, strict=True))[1:])
        self.model.head.fit(embedding, target, weight)
        self.model.train(mode)


_Windows = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # signal, target, weight
