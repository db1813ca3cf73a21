"""Resumable: the callback that keeps a training, so that it can go on after its process was killed."""

import logging
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint, ModelPruning

from fhr.compute import generator_states, set_generators
from fhr.formats import whole_or_not_at_all

from .moved_folder import in_this_folder

__all__ = ["Resumable"]

_log = logging.getLogger(__name__)


class Resumable(Checkpoint):
    """A callback that keeps the state of a training after each epoch, with all that the rest of it depends on.

    Beside what Lightning keeps, this is: the state of the random generators; whether early stopping has asked to stop;
    the metrics that callbacks and schedules go by, and the step that a schedule by metrics takes after an epoch, which
    is after the checkpoint; and the means of the epoch, which Lightning logs after it writes checkpoints, so that a
    kill between the two would lose them. Weights and metrics of a training that went on are those of one that was never
    stopped, bit for bit on one CPU and one pinned set of packages. Data must be drawn from seed and epoch alone, as the
    data modules of this package do.

    An epoch that leaves weights that are not finite is not kept: there is nothing to go on from.

    Args:
        path: the file, replaced whole at the end of each epoch.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._epoch: dict[str, Any] = {}  # what the file that is being written says of its epoch; other files do not
        self._restored: Mapping[str, Any] | None = None

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the epoch; Lightning calls checkpoints last, when early stopping has decided."""
        finite = all(bool(weights.isfinite().all()) for weights in pl_module.parameters())
        if trainer.fast_dev_run or not finite:  # type: ignore[attr-defined]
            return
        self._epoch = {
            "stops": trainer.should_stop,
            "step": trainer.global_step - 1,
            "epoch": trainer.current_epoch,
            "means": {key: float(value) for key, value in trainer.logged_metrics.items() if key.startswith("train/")},
            "metrics": {key: value.detach().cpu() for key, value in trainer.callback_metrics.items()},
            "loaded": trainer.fit_loop._last_train_dl_reload_epoch,
            "generators": generator_states(),
        }
        try:
            self._save(trainer)
        finally:
            self._epoch = {}

    def _save(self, trainer: pl.Trainer) -> None:
        if not trainer.is_global_zero:  # which has a part in the saving, but not in the file
            trainer.save_checkpoint(self.path)
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with whole_or_not_at_all(self.path) as part:
            trainer.save_checkpoint(part)

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say again what the epoch of the checkpoint ended with, also where it was the last one."""
        if self._restored is None:
            return
        values = {**self._restored["means"], "epoch": self._restored["epoch"]}
        for logger in trainer.loggers:
            logger.log_metrics(values, step=self._restored["step"])

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """End the epoch of the checkpoint, and stop where that had been decided."""
        if self._restored is None:
            return
        if any(isinstance(callback, ModelPruning) for callback in trainer.callbacks):  # type: ignore[attr-defined]
            _log.warning(
                "the numbers differ from those of an unbroken training: ModelPruning keeps no mask to go on with"
            )
        trainer.should_stop = self._restored["stops"]
        trainer.callback_metrics.update(
            {key: value.to(pl_module.device) for key, value in self._restored.get("metrics", {}).items()}
        )
        _begin_an_epoch(trainer.fit_loop)
        for config in trainer.lr_scheduler_configs:
            if config.reduce_on_plateau and config.interval == "epoch":
                metric = trainer.callback_metrics.get(config.monitor or "")
                if trainer.current_epoch % config.frequency == 0 and metric is not None:
                    pl_module.lr_scheduler_step(config.scheduler, metric)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Go on with the generators of the checkpoint."""
        if self._restored is None:
            return
        loop, every = trainer.fit_loop, trainer.reload_dataloaders_every_n_epochs  # type: ignore[attr-defined]
        set_generators(self._restored["generators"])
        # Each iterator takes a random number. Lightning made this one before it told the sampler the epoch; an epoch
        # that follows another makes its own here, and one that loads its data anew makes two.
        iter(loop._data_fetcher)  # type: ignore[arg-type]
        loaded = self._restored.get("loaded", -inf)
        if every and trainer.current_epoch - loaded >= every:
            iter(loop._data_fetcher)  # type: ignore[arg-type]
            loaded = trainer.current_epoch
        loop._last_train_dl_reload_epoch = loaded
        self._restored = None

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """The run's folder may have been moved; each callback is asked here before any takes its state."""
        in_this_folder(checkpoint.get("callbacks", {}), self.path.parent)

    def state_dict(self) -> dict[str, Any]:
        """Plain types and tensors; nothing where another callback writes a checkpoint, which may be within an epoch."""
        return self._epoch

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Kept until the training starts: setting it up draws random numbers."""
        self._restored = state_dict if "means" in state_dict else None


def _begin_an_epoch(loop: Any) -> None:
    """Let a new epoch begin: Lightning takes a training of `max_steps` for one that stopped within its last one."""
    progress = loop.epoch_progress
    progress.current.completed = progress.current.processed
    loop._restarting = False
    for part in (loop, loop.epoch_loop, loop.epoch_loop.val_loop):
        part.reset_restart_stage()
    # The setter of `loop` itself would ask again whether steps are counted.
    loop.epoch_loop.restarting = False
