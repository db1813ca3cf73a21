"""Resumable: the callback that keeps a training, so that it can go on after its process was killed."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint

from fhr.formats import whole_or_not_at_all

__all__ = ["Resumable"]


class Resumable(Checkpoint):
    """A callback that keeps the state of a training after each epoch, with all that the rest of it depends on.

    Beside what Lightning keeps, this is: the state of the random generators; whether early stopping has asked to stop;
    and the means of the epoch, which Lightning logs after it writes checkpoints, so that a kill between the two would
    lose them. Weights and metrics of a training that went on are those of one that was never stopped, bit for bit on
    one CPU and one pinned set of packages. Data must be drawn from seed and epoch alone, as the data modules of this
    package do.

    Args:
        path: the file, replaced whole at the end of each epoch.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._epoch: dict[str, Any] = {}  # what the checkpoint that is being written says of its epoch
        self._restored: Mapping[str, Any] | None = None

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the epoch; Lightning calls checkpoints last, when early stopping has decided."""
        if trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        means = {key: float(value) for key, value in trainer.logged_metrics.items() if key.startswith("train/")}
        self._epoch = {"stops": trainer.should_stop, "step": trainer.global_step - 1, "epoch": trainer.current_epoch}
        self._epoch["means"] = means
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
        """Stop where that had been decided."""
        if self._restored is not None:
            trainer.should_stop = self._restored["stops"]

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Go on with the generators of the checkpoint."""
        if self._restored is None:
            return
        _set_generators(self._restored["generators"])
        # Lightning made this iterator before it told the sampler the epoch; an epoch that follows another makes its own
        # here, and takes a random number for it.
        iter(trainer.fit_loop._data_fetcher)  # type: ignore[arg-type]
        self._restored = None

    def state_dict(self) -> dict[str, Any]:
        """Plain types and tensors."""
        return {**self._epoch, "generators": _generators()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Kept until the training starts: setting it up draws random numbers."""
        self._restored = state_dict


def _generators() -> dict[str, Any]:
    """The states of the global random generators, in plain types and tensors."""
    kind, keys, *place = np.random.get_state()  # noqa: NPY002  # the global one, which others may draw from
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all(),
        "numpy": [kind, np.asarray(keys).tolist(), *place],
        "python": [list(part) if isinstance(part, tuple) else part for part in random.getstate()],
    }


def _set_generators(states: Mapping[str, Any]) -> None:
    torch.set_rng_state(states["torch"].cpu())
    if len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([state.cpu() for state in states["cuda"]])
    kind, keys, *place = states["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *place))  # noqa: NPY002
    random.setstate(tuple(tuple(part) if isinstance(part, list) else part for part in states["python"]))
