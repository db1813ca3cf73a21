"""Settings of a trainer as the command line takes them: what is refused at once, and what is added or left out."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb
from typing import Any

from jsonargparse import Namespace
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint, ModelSummary, ProgressBar
from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities.exceptions import MisconfigurationException  # type: ignore[attr-defined]

from fhr.errors import FHRError, mistake_behind
from fhr.tasks import is_validated

from .option_words import ForeignWordsError

__all__ = [
    "check_own_checkpoint",
    "check_training",
    "given_loggers",
    "lightning_refusals",
    "unwatched",
    "usable_callbacks",
]

_log = logging.getLogger(__name__)
_LIGHTNING = ("lightning_fabric", "pytorch_lightning")
_DRAWN = {"enable_progress_bar": ProgressBar, "enable_model_summary": ModelSummary}
_FINDERS = ("BatchSizeFinder", "LearningRateFinder")
_NOTHING = ("max_epochs", "max_steps", "limit_train_batches")  # of 0


def check_training(config: Any, *, repeated: bool = False) -> None:
    """Refuse a training that could keep, or learn, nothing.

    Args:
        config: the configuration of the training, parsed.
        repeated: whether several networks are trained by it, as in a cross-validation, and not one.

    Raises:
        FHRError: no epoch, step or batch; `barebones`; half precision that AdamW has not; another logger of MLflow; a
            schedule or a finder without its optimizer; a finder in trainings that are repeated.
    """
    trainer = config.trainer
    for name in _NOTHING:
        if trainer.get(name) == 0:
            raise FHRError(f"--trainer.{name}={trainer[name]}; nothing would be trained: give more, or leave it out")
    if trainer.get("barebones"):
        raise FHRError(
            "--trainer.barebones measures what Lightning itself costs and keeps no checkpoint and no run; leave it out"
        )
    if trainer.get("precision") == "16-true" and not config.get("optimizer"):
        raise FHRError(
            "--trainer.precision=16-true: the 1e-8 that AdamW divides by is 0 in half precision, so that the first "
            "step gives NaN; take 16-mixed, bf16-mixed or bf16-true, or another --optimizer"
        )
    if "MLFlowLogger" in _class_names(trainer.get("logger")):
        raise FHRError(
            "--trainer.logger MLFlowLogger: what is trained is kept in MLflow anyway, in the store that "
            "MLFLOW_TRACKING_URI names; leave it out"
        )
    schedule = config.get("lr_scheduler")
    if schedule and not config.get("optimizer"):
        raise FHRError(
            f"--lr_scheduler {schedule.class_path.rpartition('.')[2]} without --optimizer; the task has its own "
            "optimizer and schedule, so give both, or neither"
        )
    callbacks = _class_names(trainer.get("callbacks"))
    for finder in _FINDERS:
        if repeated and finder in callbacks:
            raise FHRError(
                f"{finder} searches before the training of one network, and here are several, which are to be alike; "
                "leave it out, and give what the run of a `fhr fit` with it has found"
            )
    if config.get("optimizer") and "LearningRateFinder" in callbacks:
        raise FHRError(
            "LearningRateFinder finds the learning rate of the task's own optimizer; leave it out, or --optimizer"
        )


def _class_names(given: Any) -> list[str]:
    """Names of the classes of one, several or no objects in a configuration."""
    several = given if isinstance(given, list) else [given]
    return [one.class_path.rpartition(".")[2] for one in several if isinstance(one, Namespace)]


def check_own_checkpoint(which: str, folder: str | None) -> None:
    """Refuse to begin with the best or the last checkpoint of a fit that has none yet.

    Args:
        which: `best` or `last`.
        folder: of the checkpoints, where one was given; an earlier fit may have left its last one there.

    Raises:
        FHRError: there is no such checkpoint.
    """
    if which == "last" and folder is not None and any(Path(folder).glob("last*.ckpt")):
        return
    raise FHRError(
        f"--ckpt_path {which}: a fit that begins has no checkpoint of its own; give a file, or go on with a stopped "
        "fit by `fhr fit --resume RUN_ID`"
    )


def given_loggers(asked: Any) -> list[Logger]:
    """The loggers that a configuration names, for which true stands for none of one's own."""
    if isinstance(asked, bool) or asked is None:
        return []
    return list(asked) if isinstance(asked, list) else [asked]


def unwatched(trainer: Any) -> list[Callback]:
    """Callbacks of a trainer's settings, without those that draw what the settings leave out for nobody watches it."""
    callbacks = trainer.get("callbacks")
    given = callbacks if isinstance(callbacks, list) else [callbacks] if callbacks is not None else []
    left_out = tuple(kind for setting, kind in _DRAWN.items() if trainer.get(setting) is False)
    return [callback for callback in given if not isinstance(callback, left_out)]


def usable_callbacks(callbacks: Sequence[Callback], trainer: Any) -> list[Callback]:
    """Early stopping and checkpoints of the command line, without those that this trainer could not use.

    Without any validation no epoch is the best and none can be the last too early. Early stopping by a metric of the
    validation looks at it when it is there, so that a training that ends within its first epoch has an end, too.

    Args:
        callbacks: that every training has.
        trainer: its settings.
    """
    kept = []
    validated = is_validated(*(trainer.get(f) for f in ("limit_val_batches", "check_val_every_n_epoch", "max_epochs")))
    for callback in callbacks:
        of_validation = str(getattr(callback, "monitor", "")).startswith("val/")
        if isinstance(callback, EarlyStopping) and of_validation:
            if not validated:
                continue
            if callback._check_on_train_epoch_end is None:
                callback._check_on_train_epoch_end = False
        if isinstance(callback, ModelCheckpoint):
            if trainer.get("enable_checkpointing") is False:
                continue
            if of_validation and not validated:
                _log.warning("nothing is validated, so that no epoch is the best one; the last weights are kept")
                callback.monitor = None
        kept.append(callback)
    return kept


@contextmanager
def lightning_refusals(where: str = "Lightning refuses these settings") -> Iterator[None]:
    """Turn what Lightning itself refuses within the block into a mistake of whoever gave the settings.

    Args:
        where: the mistake is, in front of its words.

    Raises:
        FHRError: an error that Lightning's own code raised. Everything else is passed on as it is.
    """
    try:
        yield
    except (MisconfigurationException, ValueError, RuntimeError, ImportError) as error:
        said = next((one for one in _behind(error) if _is_of_lightning(one)), None)
        if said is None or mistake_behind(error) is not None:
            raise
        raise ForeignWordsError(f"{where}: {' '.join(str(said).split())[:400]}") from error


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised from; a parser wraps what constructors raise."""
    while error is not None:
        yield error
        error = error.__cause__


def _is_of_lightning(error: BaseException) -> bool:
    if isinstance(error, MisconfigurationException):
        return True
    names = [str(frame.f_globals.get("__name__")) for frame, _ in walk_tb(error.__traceback__)]
    return bool(names) and names[-1].partition(".")[0] in _LIGHTNING
