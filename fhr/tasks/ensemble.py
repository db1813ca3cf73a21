"""EnsembleTask: several retrainings of one network as one training."""

from collections.abc import Sequence
from math import inf
from typing import Any, Literal

import pytorch_lightning as pl
import torch
from torch import nn

from fhr.errors import FHRError
from fhr.models import StackedNetworks

from .batch import Batch
from .classification import ClassificationTask
from .data_facts import DataFacts
from .facts_handover import FactsHandover

__all__ = ["MONITOR", "EnsembleTask"]

MONITOR = "val/loss"
"""What the best epoch of a member is told by."""


class EnsembleTask(pl.LightningModule):
    """An ensemble of M classification tasks, trained at once; they differ in initial weights and in the data they see.

    Each member is trained as if it were alone: the loss is the sum of the members' losses, the optimiser and its
    schedule are those of one task over the stacked weights, gradients are clipped member by member, each member keeps
    the weights of its own best epoch by `val/loss`, and stops by itself. Only dropout is drawn from one stream for all.

    Args:
        tasks: the members, as they would be trained alone; they get the best weights by `members`.
        at_once: see `fhr.models.StackedNetworks`.
        patience: epochs without a better `val/loss` after which a member keeps what it has, as for `EarlyStopping`;
            the training ends when all have stopped. None for no such end.
        keep: which weights a member ends with, those of its best epoch or of its last.

    Raises:
        FHRError: tasks of several kinds or settings, or with a loss that has weights.

    Left out: going on with an interrupted training; several devices.
    """

    def __init__(
        self,
        tasks: Sequence[ClassificationTask],
        *,
        at_once: bool | None = None,
        patience: int | None = None,
        keep: Literal["best", "last"] = "best",
    ) -> None:
        super().__init__()
        for task in tasks:
            _check_alike(task, tasks[0])
        self.networks = StackedNetworks([task.model for task in tasks], at_once)
        self.losses = nn.ModuleList(task.loss for task in tasks)
        self.patience, self.keep = patience, keep
        self._handover = FactsHandover()
        self._tasks = tuple(tasks)  # in a tuple, so that their own weights stay out of this module
        n = len(tasks)
        self._lowest = torch.full((n,), inf)
        self._epochs, self._steps, self._waited = (torch.zeros(n, dtype=torch.long) for _ in range(3))
        self._stopped = torch.zeros(n, dtype=torch.bool)
        self._kept: dict[str, torch.Tensor] = {}
        self._sum, self._count = torch.zeros(n), 0

    def take(self, facts: DataFacts | None) -> None:
        """Hand the facts of the data to every member."""
        for task in self._tasks:
            task.take(facts)

    def scale_features(self) -> bool:
        """Give the scaling of the training fold to networks not trained yet; whether there was one to give."""
        facts = self._tasks[0].facts if self._tasks[0].has_facts else None
        if facts is None or facts.scaling is None or self._kept:
            return False
        self.networks.take_scaling(facts.scaling)
        return True

    def begin(self) -> bool:
        """Nothing: the members began before their weights were stacked."""
        return False

    def configure_callbacks(self) -> list[pl.Callback]:
        """The callback that hands over the facts of the data module."""
        return [self._handover]

    def cost(self, batch: Batch) -> torch.Tensor:
        """Loss (M,) of each member on its own batch."""
        scores = self.networks.scores(batch.signal, batch.features)
        rows = zip(self.losses, scores, zip(*batch, strict=True), strict=True)
        return torch.stack([Batch(*parts).cost(loss, one) for loss, one, parts in rows])

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """One step of all members on their own training records, (M, batch, ...)."""
        losses = self.cost(batch)
        size = batch.label.shape[1]
        self.log("train/loss", losses.mean(), on_epoch=True, on_step=False, prog_bar=True, batch_size=size)
        return losses.sum()

    def on_validation_epoch_start(self) -> None:
        """Forget the losses of the epoch before."""
        self._sum, self._count = torch.zeros(self.networks.n_members, device=self.device), 0

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """One batch of the early-stopping slice, (batch, ...), the same for all members."""
        n, size = self.networks.n_members, len(batch.label)
        losses = self.cost(Batch(*(part.expand(n, *part.shape) for part in batch)))
        self._sum, self._count = self._sum + size * losses, self._count + size
        self.log(MONITOR, losses.mean(), on_epoch=True, prog_bar=True, batch_size=size)

    def on_validation_epoch_end(self) -> None:
        """Keep the weights of each member whose loss is the lowest yet, and stop those that wait for too long."""
        if self.trainer.sanity_checking or self._count == 0:
            return
        loss = (self._sum / self._count).float().cpu()
        lower = loss < self._lowest
        # As `ModelCheckpoint`, a member takes its first epoch whatever the loss.
        taken = (lower | (self._epochs == 0) | (self.keep == "last")) & ~self._stopped
        state = self.networks.state_dict()
        if not self._kept:
            self._kept = {name: tensor.clone() for name, tensor in state.items()}
        rows = taken.nonzero()[:, 0].to(self.device)
        for name, tensor in state.items():
            self._kept[name].index_copy_(0, rows, tensor[rows])
        self._lowest = torch.where(lower, loss, self._lowest)
        self._epochs[taken], self._steps[taken] = self.trainer.current_epoch + 1, self.trainer.global_step
        self._waited = torch.where(lower, 0, self._waited + 1)
        if self.patience is not None:
            self._stopped |= (self._waited >= self.patience) | ~loss.isfinite()
            if self._stopped.all():
                self.trainer.should_stop = True

    def configure_optimizers(self) -> Any:
        """The optimiser and the schedule of one member, over the stacked weights."""
        first = self._tasks[0]
        first.trainer = self.trainer
        made = first.configure_optimizers()
        stacked = {id(tensor): self.networks.stacked(name) for name, tensor in first.model.named_parameters()}
        for group in made["optimizer"].param_groups:
            group["params"] = [stacked[id(tensor)] for tensor in group["params"]]
        return made

    def configure_gradient_clipping(
        self,
        optimizer: Any,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the gradient of each member by its own norm; by value, members need no telling apart."""
        if gradient_clip_val is None or gradient_clip_algorithm == "value":
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
            return
        gradients = [tensor.grad for tensor in self.networks.parameters() if tensor.grad is not None]
        norms = torch.stack([gradient.flatten(1).norm(dim=1) for gradient in gradients]).norm(dim=0)
        scale = (gradient_clip_val / (norms + 1e-6)).clamp(max=1.0)  # as torch.nn.utils.clip_grad_norm_
        for gradient in gradients:
            gradient *= scale.view(-1, *[1] * (gradient.ndim - 1))

    @property
    def steps(self) -> list[int]:
        """Number of steps that the kept weights of each member were trained for."""
        steps: list[int] = self._steps.tolist()
        return steps

    def members(self) -> list[ClassificationTask]:
        """The tasks with the weights that were kept of each, on the CPU.

        Raises:
            FHRError: no epoch was trained and validated.
        """
        if not self._kept:
            raise FHRError("no epoch was trained and validated, so that no member has weights; train for one or more")
        last = {name: tensor.clone() for name, tensor in self.networks.state_dict().items()}
        self.networks.load_state_dict(self._kept)
        for task, network, epochs in zip(self._tasks, self.networks.unstack(), self._epochs.tolist(), strict=True):
            task.model, task.epochs = network.cpu(), epochs
        self.networks.load_state_dict(last)
        return list(self._tasks)


def _check_alike(task: ClassificationTask, first: ClassificationTask) -> None:
    if type(task) is not ClassificationTask:
        raise FHRError(f"members at once of {type(task).__name__}; they are for ClassificationTask, train these alone")
    settings = [(type(t.loss), t.learning_rate, t.weight_decay) for t in (task, first)]
    if settings[0] != settings[1]:
        raise FHRError(f"members with several settings: {settings[1]} and {settings[0]}; train these by themselves")
    if any(True for _ in task.loss.parameters()):
        raise FHRError(f"{type(task.loss).__name__} has weights of its own; train its members one after another")
