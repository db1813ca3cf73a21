"""Weights that a fit ends with: the best ones, the average, or, where no epoch could be the best, the last ones."""

import logging
from math import isfinite
from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.callbacks import ModelCheckpoint

from fhr.errors import FHRError

from .averaging import averaging_of

__all__ = ["best_weights", "keeper_of"]

_log = logging.getLogger(__name__)


def keeper_of(trainer: pl.Trainer, named: ModelCheckpoint | None) -> ModelCheckpoint | None:
    """The callback of a trainer that keeps the best weights; None where none is to keep any.

    Args:
        trainer: whose callbacks are asked.
        named: the callback, if it is the trainer's; None takes the first.
    """
    keepers = [one for one in trainer.checkpoint_callbacks if isinstance(one, ModelCheckpoint)]
    keeper = next((one for one in keepers if named is None or one is named), None)
    return None if keeper is None or keeper.save_top_k == 0 or trainer.fast_dev_run else keeper  # type: ignore[attr-defined]


def best_weights(trainer: pl.Trainer, task: pl.LightningModule, keeper: ModelCheckpoint, *, trained: bool) -> Path:
    """The checkpoint that a fit ends with.

    An average over the last epochs, by `StochasticWeightAveraging`, goes before the best epoch: Lightning makes it
    after all epochs, where no metric has seen it. Where no epoch was measured, the last weights are kept.

    Args:
        trainer: at the end of its fit.
        task: that it has trained; gets the averaged weights.
        keeper: of the best epoch.
        trained: whether this process has trained; one that goes on after the last epoch has not.

    Raises:
        FHRError: nothing was trained, or to weights that are not finite.
    """
    folder = Path(keeper.dirpath or trainer.default_root_dir)
    averaging = averaging_of(trainer)
    if averaging is not None and trainer.current_epoch > averaging.swa_end and averaging._average_model is not None:
        averaging.transfer_weights(averaging._average_model, task)  # again, where a stopped fit had ended all epochs
        return _saved(trainer, task, folder / "averaged.ckpt")
    score, best = keeper.best_model_score, Path(keeper.best_model_path)
    # Lightning takes the path over from the checkpoint of another fit, without its score.
    found = best.is_file() and best.resolve().is_relative_to(folder.resolve())
    if found and (score is None or isfinite(score)):
        return best
    if found:
        raise _diverged(f"{keeper.monitor} was never a finite number")
    if not trained or trainer.global_step == 0:
        raise FHRError(
            "nothing was left to train, so that there are no new weights to keep; give more epochs or steps, or begin "
            "anew without a checkpoint"
        )
    if keeper.monitor is not None:
        measured = keeper.monitor in trainer.callback_metrics
        why = "no epoch was to be kept, though measured" if measured else "no epoch was measured"
        _log.warning("%s by %s; the last weights are kept", why, keeper.monitor)
    return _saved(trainer, task, folder / "last_weights.ckpt")


def _saved(trainer: pl.Trainer, task: pl.LightningModule, path: Path) -> Path:
    if not all(bool(weights.isfinite().all()) for weights in task.parameters()):
        raise _diverged("the weights became NaN or infinite")
    trainer.save_checkpoint(path)
    return path


def _diverged(what: str) -> FHRError:
    return FHRError(
        f"no checkpoint is worth keeping: {what}; take a lower learning rate, clip gradients "
        "(`trainer.gradient_clip_val`), or train in another precision"
    )
