"""`TrainingCLI`: LightningCLI with this package's tracking, calibration and refusals."""

import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
import pytorch_lightning as pl
from jsonargparse.typing import register_type
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI
from pytorch_lightning.loggers import MLFlowLogger

import fhr.models
from fhr.errors import CheckpointError, FHRError
from fhr.metrics import Interval, to_frame
from fhr.models import read_checkpoint
from fhr.prediction import beside_the_run, log_model, log_test
from fhr.recording import Recording, Step
from fhr.tasks import (
    Calibration,
    ClassificationTask,
    Measured,
    NotMeasuredError,
    Resumable,
    RunTracking,
    Task,
    data_name,
    fold_name,
    mlflow_logger,
)
from fhr.tracking import TrainingRun, ensure_experiment, shown_uri

from .class_paths import CurrentPathsParser, old_names_logged
from .configurations import with_configuration_files
from .own_checkpoints import keep_with_run, log_own_checkpoints
from .processes import check_processes, one_process, tell_of_processes
from .run_logger import run_logger
from .run_names import differences, joined, starting_point
from .stored_configuration import stored_configuration
from .tables import write_csv
from .trainer_settings import (
    check_own_checkpoint,
    check_training,
    given_loggers,
    lightning_refusals,
    unwatched,
    usable_callbacks,
)
from .tuned_settings import TunedSettings, without_finders
from .whole_procedure import WholeProcedure

__all__ = ["TrainingCLI"]

_log = logging.getLogger(__name__)
_DIGITS = 6  # after the point, of metrics on stdout; the run keeps all of them


class TrainingCLI(LightningCLI):
    """One configuration says model, loss, data and trainer; the shapes of the data reach the network.

    Args:
        arguments: of the command line, after `fhr`; `--config` names a file or a configuration of the package.
        tracked: whether a fit is a run of its own: calibrated, and recorded in MLflow, beside the loggers of
            the configuration, unless that is without any (`logger: false`).
        run_id: the MLflow run that a test belongs to; None for a new one.
        training: the run of a tracked fit.
        name: of a new MLflow run; None for one that says network, differences and data.
        run: False to build the objects without training.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        tracked: bool = True,
        run_id: str | None = None,
        training: TrainingRun | None = None,
        name: str | None = None,
        run: bool = True,
    ) -> None:
        self._tracked, self._run_id, self._training, self._name = tracked, run_id, training, name
        self._verb = arguments[0] if run else None
        self._arguments = with_configuration_files(arguments)
        self.calibration, self.tracking = Calibration(), RunTracking(_audit)
        callbacks = [TunedSettings(self._note), self.calibration, self.tracking]
        super().__init__(
            pl.LightningModule,
            pl.LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            save_config_callback=None,
            trainer_defaults={"callbacks": callbacks if tracked else []},
            seed_everything_default=0,
            load_from_checkpoint_support=False,  # ours says more; Lightning's takes no network without own arguments
            parser_class=CurrentPathsParser,
            args=self._arguments,
            run=run,
        )

    def subcommands(self) -> dict[str, set[str]]:  # type: ignore[override]  # which is a static method
        """The verb that was given alone: the parsers of the others take most of the time that parsing takes."""
        return {verb: skipped for verb, skipped in super().subcommands().items() if verb == self._verb}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Early stopping and checkpoints with their defaults; what the data and the seed tell the rest."""
        for name in fhr.models.__all__:  # short ones, such as `--model.model CTGNet`, are found of what is loaded
            getattr(fhr.models, name)
        parser.add_lightning_class_args(EarlyStopping, "early_stopping")
        parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
        parser.set_defaults(
            {
                "early_stopping.monitor": "val/loss",
                "early_stopping.patience": 20,
                "checkpoint.monitor": "val/loss",
                "checkpoint.filename": "best",
                "checkpoint.enable_version_counter": False,
            }
        )
        parser.add_argument(
            "--procedure",
            type=WholeProcedure | None,
            default=None,
            help="lines that `fhr crossval` combines with the network into one procedure, or lets it begin on",
        )
        parser.link_arguments("seed_everything", "data.init_args.seed")
        # The steps of a `FeatureSet` stand in the configuration by name and parameters.
        register_type(Step, asdict, lambda step: Step(**step), fail_already_registered=False)
        # A network without one of these is not told of it.
        for shape in ("n_channels", "n_outputs", "n_features", "fs"):
            parser.link_arguments(f"data.{shape}", f"model.init_args.model.init_args.{shape}", apply_on="instantiate")

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse, and refuse a checkpoint that cannot be used before Lightning opens it."""
        with old_names_logged():
            super().parse_arguments(parser, args)
        verb = self.config.get("subcommand")
        checkpoint = self.config[verb].get("ckpt_path") if verb else None
        if verb == "fit" and checkpoint in ("best", "last"):
            check_own_checkpoint(checkpoint, self.config.fit.checkpoint.dirpath)
        elif checkpoint and not (verb == "fit" and checkpoint == "hpc"):
            read_checkpoint(checkpoint)

    def before_instantiate_classes(self) -> None:
        """Refuse a training that could not work: a fit, or those that are begun again and again."""
        if self._verb in ("fit", None):
            check_training(self.config.fit if self._verb else self.config, repeated=self._verb is None)

    def instantiate_classes(self) -> None:
        """Make model, data module and trainer."""
        with lightning_refusals():
            super().instantiate_classes()

    def instantiate_trainer(self, **kwargs: Any) -> pl.Trainer:
        """The trainer with tracking, for a network that fits the data; without a progress bar where nobody watches."""
        self.model.model.check_features(self.datamodule.n_features)
        asked = self._get(self.config_init, "trainer")
        if not (sys.stderr.isatty() and sys.stdout.isatty()):  # Lightning draws its bar on stdout
            asked.enable_progress_bar = asked.enable_model_summary = False
        kwargs["callbacks"] = [Measured(), *unwatched(asked)]
        tracked = self._tracked and asked.logger is not False and not asked.fast_dev_run
        kwargs["logger"] = [*([self._mlflow()] if tracked else []), *given_loggers(asked.logger)] or False
        if self._verb != "fit":
            kwargs |= one_process(self._verb, asked.devices, asked.num_nodes)
        best: ModelCheckpoint = self._get(self.config_init, "checkpoint")
        self.calibration.checkpoint = best
        with lightning_refusals("--trainer"):  # what its settings do together
            trainer = super().instantiate_trainer(**kwargs)
        check_processes(trainer)
        if self._training is not None and mlflow_logger(trainer) is not None:
            keep_with_run(trainer, best, self._training.folder)
            trainer.callbacks.append(Resumable(self._training.last))  # type: ignore[attr-defined]  # last of all
        return trainer

    def _instantiate_trainer(self, config: dict[str, Any], callbacks: list[pl.Callback]) -> pl.Trainer:
        return super()._instantiate_trainer(config, usable_callbacks(callbacks, config))

    def instantiate_anew(self, seed: int) -> None:
        """Make model, data module and trainer once more, for another training of the same configuration.

        Args:
            seed: of the first weights and of the data.
        """
        self.config.seed_everything = self.config.data.init_args.seed = seed
        self._set_seed()
        self.config.trainer.enable_progress_bar = self.config.trainer.enable_model_summary = False
        self.instantiate_classes()

    def _mlflow(self) -> MLFlowLogger:
        training, named = self._training, {}
        run_id = training.run_id if training else self._run_id
        if run_id is None:
            self.datamodule.setup("fit")
            named = {"experiment_name": self.datamodule.experiment, "run_name": self._name or self._run_name()}
        return run_logger(run_id, training.folder if training else None, **named)

    def _run_name(self) -> str:
        facts, network = self.datamodule.facts, type(self.model.model).__name__
        return joined(network, self.differences(), data_name(facts.origin), fold_name(*facts.fold))

    def differences(self, *sections: str) -> str:
        """Settings by which this configuration differs from that of the package that it started from, in short.

        Args:
            sections: of the configuration that are looked at, such as `data`; none for all that matter.
        """
        config = self.config[self.subcommand] if self.subcommand else self.config
        start = starting_point(config.as_dict(), self._arguments)
        if start is None:
            return ""
        there = self._parser(self.subcommand).parse_string(start.read_text(encoding="utf-8"))
        return differences(config.as_dict(), there.as_dict(), sections=sections)

    def before_fit(self) -> None:
        """Read the data first, so that a mistake there leaves no run; then begin the run, or go on with it."""
        if self._get(self.config, "procedure") is not None:
            raise FHRError(
                "the configuration is of a whole procedure, and `fhr fit` trains a network alone; give it to "
                "`fhr crossval`, or leave its lines out with `--procedure null`"
            )
        if isinstance(self.model, Task):
            self.model.check_trainer(self.trainer)
        tell_of_processes(self.trainer, getattr(self.datamodule, "batch_size", None))
        self.calibration.began = self._training is not None and self._training.goes_on
        self.datamodule.setup("fit")
        if isinstance(self.model, Task) and not self._get(self.config, "ckpt_path"):
            self.model.take(self.datamodule.facts)
            self.model.begin()  # the training itself begins so, too; here, for what it refuses
            if self._tracked:
                self.calibration.check(self.trainer, self.model, self.datamodule)
        if self.trainer.fast_dev_run:  # type: ignore[attr-defined]
            for callback in self.trainer.checkpoint_callbacks:
                callback.save_last = False  # type: ignore[attr-defined]  # which Lightning writes even then
        logger, training = mlflow_logger(self.trainer), self._training
        if training is None or logger is None or not self.trainer.is_global_zero:
            return
        if not training.goes_on:
            ensure_experiment(self.datamodule.experiment)  # several processes may begin at once
        facts = self.datamodule.facts
        training.begin(self.configuration(), {"data": facts.data_checksum, "splits": facts.splits.checksum})
        training.run_id = logger.run_id
        _log.info("run %s in %s; what is not finished lies in %s", training.run_id, shown_uri(), training.folder)
        logger.experiment.update_run(logger.run_id, status="RUNNING")
        logger.experiment.log_text(logger.run_id, training.config.read_text(encoding="utf-8"), "config.yaml")

    def _note(self, found: Mapping[str, float]) -> None:
        """Let the configuration of the run say what its finders have found, so that nothing is searched for again."""
        without_finders(self.config.fit, found)
        logger = mlflow_logger(self.trainer)
        if self._training is not None and logger is not None and self.trainer.is_global_zero:
            self._training.config.write_text(self.configuration(), encoding="utf-8")
            logger.experiment.log_text(logger.run_id, self.configuration(), "config.yaml")

    def fit(self, model: pl.LightningModule, **options: Any) -> None:
        """Train; what is refused before the first step, or at the first validation, leaves no new run."""
        try:
            with lightning_refusals():
                self.trainer.fit(model, **options)
        except FHRError as error:
            nothing = self.trainer.global_step == 0 or not self.calibration.began or isinstance(error, NotMeasuredError)
            if self._training is not None and nothing and self.trainer.is_global_zero:
                self._training.discard()
            raise

    def after_fit(self) -> None:
        """Bring what is still beside the run into it, a model of MLflow too; then, and not before, it is finished."""
        if self._training is None or not self._training.run_id or not self.trainer.is_global_zero:
            return
        if (logger := mlflow_logger(self.trainer)) is not None:
            log_own_checkpoints(logger, self._training.folder)
        if self.calibration.path and isinstance(self.model, ClassificationTask):
            with beside_the_run(self._training.run_id):
                log_model(self._training.run_id)
        self._training.finish(self.without_checkpoint)

    @property
    def without_checkpoint(self) -> str:
        """The setting by which a fit that has ended kept no checkpoint, or another reason; empty where it kept one."""
        why = self.calibration.without
        return f"--{why}" if why.startswith(("trainer.", "checkpoint.")) else why

    def before_test(self) -> None:
        """Refuse to test weights that were never trained."""
        if not self._get(self.config, "ckpt_path"):
            raise CheckpointError(
                "no trained weights were named; give `fhr test --run RUN_ID`, or `--config FILE --ckpt_path FILE`"
            )
        self.datamodule.setup("test")
        card, _ = read_checkpoint(self._get(self.config, "ckpt_path"))
        facts = self.datamodule.facts
        asked = (facts.data_checksum, facts.splits.checksum, facts.fold)
        if self._run_id is not None and (card.data, card.splits, card.fold) != asked:
            raise CheckpointError(
                f"run {self._run_id} is of fold {card.fold} of the data {card.data[:12]}, asked for is fold "
                f"{facts.fold} of {facts.data_checksum[:12]}, and its results would be overwritten; restore the data, "
                "leave out other settings, or test the checkpoint on other data with `--config FILE --ckpt_path FILE`"
            )

        # Of the same fold, the held-out records are those that its fit would have calibrated it on.
        self.calibration.for_test = (card.data, card.splits, card.fold) == asked

    before_validate = before_test

    def after_test(self) -> None:
        """The metrics with their intervals, on stdout."""
        write_csv(to_frame(self.tracking.results).reset_index(names="metric").round(_DIGITS), None)
        if self._run_id is not None:
            with beside_the_run(self._run_id):
                log_test(self._run_id)

    def after_validate(self) -> None:
        """The metrics of the early-stopping slice, on stdout."""
        values = {name: float(value) for name, value in self.trainer.callback_metrics.items()}
        write_csv(pd.DataFrame(values.items(), columns=["metric", "value"]).round(_DIGITS), None)

    @property
    def is_in_mlflow(self) -> bool:
        """True where a run of MLflow keeps what is done."""
        return mlflow_logger(self.trainer) is not None

    def configuration(self) -> str:
        """The resolved configuration, ready to be used again."""
        config = self.config[self.subcommand] if self.subcommand else self.config
        return stored_configuration(self._parser(self.subcommand), config)


def _audit(predictions: pd.DataFrame, recordings: Mapping[str, Recording]) -> dict[str, Interval]:
    from fhr.evaluation import fold_audit  # slow, and a fit does without

    return fold_audit(predictions, recordings)
