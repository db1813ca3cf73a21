"""`TrainingCLI`: LightningCLI with this package's tracking, calibration and refusals."""

import logging
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
import pytorch_lightning as pl
from jsonargparse.typing import register_type
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI
from pytorch_lightning.loggers import MLFlowLogger
from pytorch_lightning.utilities.exceptions import MisconfigurationException

import fhr.models
from fhr.errors import CheckpointError, FHRError
from fhr.metrics import to_frame
from fhr.models import read_checkpoint
from fhr.prediction import log_model, log_test
from fhr.recording import Step
from fhr.tasks import Calibration, ClassificationTask, Resumable, RunTracking, Task
from fhr.tracking import TrainingRun, ensure_experiment, ensure_store, folder_tags, shown_uri, tracking_uri

from .class_paths import CurrentPathsParser, old_names_logged
from .configurations import with_configuration_files
from .processes import check_processes, one_process, tell_of_processes
from .stored_configuration import stored_configuration
from .tables import write_csv
from .whole_procedure import WholeProcedure

__all__ = ["TrainingCLI", "quieten"]

_log = logging.getLogger(__name__)


class TrainingCLI(LightningCLI):
    """One configuration says model, loss, data and trainer; the shapes of the data reach the network.

    Args:
        arguments: of the command line, after `fhr`; `--config` names a file or a configuration of the package.
        tracked: whether a fit is a run of its own: calibrated, and recorded in MLflow where the configuration does
            not choose another logger.
        run_id: the MLflow run that a test belongs to; None for a new one.
        training: the run of a tracked fit.
        run: False to build the objects without training.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        tracked: bool = True,
        run_id: str | None = None,
        training: TrainingRun | None = None,
        run: bool = True,
    ) -> None:
        self._tracked, self._run_id, self._training = tracked, run_id, training
        self._verb = arguments[0] if run else None
        self.calibration, self.tracking = Calibration(), RunTracking()
        super().__init__(
            pl.LightningModule,
            pl.LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            save_config_callback=None,
            trainer_defaults={"callbacks": [self.calibration, self.tracking] if tracked else []},
            seed_everything_default=0,
            load_from_checkpoint_support=False,  # ours says more; Lightning's takes no network without own arguments
            parser_class=CurrentPathsParser,
            args=with_configuration_files(arguments),
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
        if checkpoint and not (verb == "fit" and checkpoint in ("best", "last", "hpc")):
            read_checkpoint(checkpoint)

    def instantiate_trainer(self, **kwargs: Any) -> pl.Trainer:
        """The trainer with tracking, for a network that fits the data; without a progress bar where nobody watches."""
        self.model.model.check_features(self.datamodule.n_features)
        asked = self._get(self.config_init, "trainer")
        if not (sys.stderr.isatty() and sys.stdout.isatty()):  # Lightning draws its bar on stdout
            kwargs["enable_progress_bar"] = kwargs["enable_model_summary"] = False
        if asked.logger in (None, True):
            kwargs["logger"] = self._mlflow() if self._tracked and not asked.fast_dev_run else False
        if self._verb != "fit":
            kwargs |= one_process(self._verb, asked.devices, asked.num_nodes)
        best: ModelCheckpoint = self._get(self.config_init, "checkpoint")
        self.calibration.checkpoint = best
        try:
            trainer = super().instantiate_trainer(**kwargs)
        except (MisconfigurationException, ValueError) as error:  # of what the trainer's settings do together
            raise FHRError(f"--trainer: {' '.join(str(error).split())}") from error
        check_processes(trainer)
        if self._training is not None and isinstance(trainer.logger, MLFlowLogger):
            if best.dirpath is None:
                best.dirpath = str(self._training.folder)
            trainer.callbacks.append(Resumable(self._training.last))  # type: ignore[attr-defined]  # last of all
        return trainer

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
        artifacts, training, data = ensure_store(), self._training, self.datamodule
        network = type(self.model.model).__name__
        return MLFlowLogger(
            experiment_name=data.experiment,
            run_name=f"{network} repeat {data.repeat} fold {data.fold} inner {data.inner}",
            tracking_uri=tracking_uri(),
            artifact_location=artifacts,
            run_id=training.run_id if training else self._run_id,
            tags=folder_tags(training.folder) if training else None,
        )

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
        self.datamodule.setup("fit")
        if isinstance(self.model, Task) and not self._get(self.config, "ckpt_path"):
            self.model.take(self.datamodule.facts)
            self.model.begin()  # the training itself begins so, too; here, for what it refuses
            if self._tracked and self.trainer.checkpoint_callbacks and not self.trainer.fast_dev_run:  # type: ignore[attr-defined]
                self.model.check_finish(self.datamodule)
        if self.trainer.fast_dev_run:  # type: ignore[attr-defined]
            for callback in self.trainer.checkpoint_callbacks:
                callback.save_last = False  # type: ignore[attr-defined]  # which Lightning writes even then
        logger, training = self.trainer.logger, self._training
        if training is None or not isinstance(logger, MLFlowLogger) or not self.trainer.is_global_zero:
            return
        ensure_experiment(self.datamodule.experiment)  # several processes may begin at once
        facts = self.datamodule.facts
        training.begin(self.configuration(), {"data": facts.data_checksum, "splits": facts.splits.checksum})
        training.run_id = logger.run_id
        _log.info("run %s in %s; what is not finished lies in %s", training.run_id, shown_uri(), training.folder)
        logger.experiment.update_run(logger.run_id, status="RUNNING")
        logger.experiment.log_text(logger.run_id, training.config.read_text(encoding="utf-8"), "config.yaml")

    def after_fit(self) -> None:
        """The finished checkpoint is in the run now; make a model of MLflow of it."""
        if not self.trainer.is_global_zero:
            return
        if self._training is not None and self._training.run_id and self.calibration.path is not None:
            if isinstance(self.model, ClassificationTask):
                log_model(self._training.run_id)
            self._training.finished = True

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

    before_validate = before_test

    def after_test(self) -> None:
        """The metrics with their intervals, on stdout."""
        if self._run_id is not None:
            log_test(self._run_id)
        write_csv(to_frame(self.tracking.results).reset_index(names="metric"), None)

    def after_validate(self) -> None:
        """The metrics of the early-stopping slice, on stdout."""
        values = {name: float(value) for name, value in self.trainer.callback_metrics.items()}
        write_csv(pd.DataFrame(values.items(), columns=["metric", "value"]), None)

    def configuration(self) -> str:
        """The resolved configuration, ready to be used again."""
        config = self.config[self.subcommand] if self.subcommand else self.config
        return stored_configuration(self._parser(self.subcommand), config)


def quieten() -> None:
    """Silence what other packages say of their own inner workings."""
    for message in (
        ".*does not have many workers.*",  # the windows are in memory
        ".*args parameter is intended.*",
        ".*tensorboardX.*",
        ".*exists and is not empty.*",
        ".*LeafSpec.*",
        "Grad strides do not match.*",  # of the gradients of several processes
        ".*in eval mode at the start of training.*",  # what is frozen of a trunk
        ".*using the WeightAveraging callback, but.*",  # a test needs no more than the averaged weights
    ):
        warnings.filterwarnings("ignore", message=message)
    for name in ("pytorch_lightning", "lightning_fabric", "mlflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("pytorch_lightning.loggers.mlflow").setLevel(logging.ERROR)
    logging.getLogger("lightning_fabric.utilities.seed").setLevel(logging.WARNING)
