"""Habits that users bring from Lightning: each works, or is refused in one line before anything is trained."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from jsonargparse import Namespace
from mlflow import MlflowClient
from pytorch_lightning.callbacks import LearningRateFinder, ModelCheckpoint
from pytorch_lightning.trainer.states import TrainerFn
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from fhr.cli.crossval_maker import ConfiguredMaker
from fhr.cli.trainer_settings import check_own_checkpoint, check_training, lightning_refusals
from fhr.cli.training_cli import TrainingCLI
from fhr.cli.tuned_settings import TunedSettings
from fhr.datasets import Place
from fhr.errors import CheckpointError, FHRError
from fhr.models import read_checkpoint
from fhr.tasks import Measured
from fhr.tracking import TrainingRun, mlflow_client, run_checkpoints

CALLBACKS = "pytorch_lightning.callbacks"


@pytest.fixture(scope="module")
def config(tiny_config, tmp_path_factory) -> Path:
    """`tiny_config` with fewer batches and a still smaller network."""
    content = yaml.safe_load(tiny_config.read_text())
    content["model"]["init_args"]["model"]["init_args"] |= {"kernel_sizes": [5], "depth": 1, "stride": 8}
    content["trainer"] |= {"limit_train_batches": 3, "limit_val_batches": 1}
    path = tmp_path_factory.mktemp("habits") / "habits.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def runs_of(client: MlflowClient) -> list:
    return client.search_runs([e.experiment_id for e in client.search_experiments()])


def callback(name: str, **settings: object) -> dict[str, object]:
    return {"class_path": f"{CALLBACKS}.{name}", "init_args": settings}


class Usual(NamedTuple):
    folder: Path
    config: Path
    run_id: str


@pytest.fixture(scope="module")
def usual(config, run_fhr, tmp_path_factory) -> Usual:
    """A fit with many habits at once: five steps in double precision, own optimizer, schedule, loggers, callbacks."""
    folder = tmp_path_factory.mktemp("usual")
    content = yaml.safe_load(config.read_text())
    content["trainer"] |= {
        "max_steps": 5,
        "precision": "64-true",
        "profiler": "simple",
        "detect_anomaly": True,
        "logger": [
            {"class_path": f"pytorch_lightning.loggers.{name}", "init_args": {"save_dir": "beside"}}
            for name in ("CSVLogger", "TensorBoardLogger")
        ],
        "callbacks": [
            callback("TQDMProgressBar"),
            callback("ModelSummary"),
            callback("Timer"),
            callback("ModelCheckpoint", dirpath="own", every_n_train_steps=2, save_top_k=-1, filename="{step}"),
            callback("ModelCheckpoint", save_weights_only=True, filename="weights"),
        ],
    }
    content["optimizer"] = {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.01, "momentum": 0.9}}
    content["lr_scheduler"] = {
        "class_path": "pytorch_lightning.cli.ReduceLROnPlateau",
        "init_args": {"monitor": "val/loss", "patience": 3},
    }
    path = folder / "usual.yaml"
    path.write_text(yaml.safe_dump(content))
    answer = run_fhr(folder, "fit", "--config", path)
    assert answer.code == 0, answer.err
    assert answer.out.count("\n") == 1
    return Usual(folder, path, answer.out.strip())


@pytest.fixture
def client(usual, monkeypatch) -> MlflowClient:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(usual.folder)
    return mlflow_client()


def test_own_optimizer_and_schedule_are_the_parameters_of_the_run(usual, client):
    found = client.get_run(usual.run_id).data.params
    assert {key: found.get(key) for key in ("optimizer", "optimizer/lr", "optimizer/momentum", "scheduler")} == {
        "optimizer": "SGD",
        "optimizer/lr": "0.01",
        "optimizer/momentum": "0.9",
        "scheduler": "ReduceLROnPlateau",
    }
    assert (found["scheduler/patience"], found["precision"]) == ("3", "64-true")
    assert not {"learning_rate", "weight_decay"} & set(found)  # which nothing used


def test_further_loggers_stand_beside_that_of_mlflow(usual, client):
    assert client.get_run(usual.run_id).data.metrics["best_epoch"] in (1, 2)
    (table,) = usual.folder.glob("beside/**/metrics.csv")
    assert "val/loss" in pd.read_csv(table)
    (hyperparameters, *_) = usual.folder.glob("beside/**/hparams.yaml")
    assert "optimizer/momentum: 0.9" in hyperparameters.read_text()
    assert list(usual.folder.glob("beside/**/events.out.tfevents.*"))


def test_checkpoints_of_callbacks_are_kept_in_their_folder_or_in_the_run(usual, client):
    assert {path.name for path in (usual.folder / "own").iterdir()} == {"step=2.ckpt", "step=4.ckpt"}
    (weights,) = client.list_artifacts(usual.run_id, "own_checkpoints")
    assert weights.path == "own_checkpoints/weights.ckpt"
    assert not list(usual.folder.glob("[0-9]*"))  # where Lightning would have put them


def test_what_trained_in_double_precision_is_tested_as_it_predicts(usual, client, run_fhr):
    client.update_run(usual.run_id, status="RUNNING")  # as a fit that was killed while it brought the rest
    answer = run_fhr(usual.folder, "test", "--run", usual.run_id)
    assert answer.code == 0, answer.err
    assert client.get_run(usual.run_id).info.status == "RUNNING"  # it can still go on
    client.update_run(usual.run_id, status="FINISHED")
    table = pd.read_csv(client.download_artifacts(usual.run_id, "predictions.csv"), index_col="name")
    (checkpoint,) = run_checkpoints(usual.run_id)
    assert next(read_checkpoint(checkpoint)[1].parameters()).dtype is torch.float32
    root = yaml.safe_load(usual.config.read_text())["data"]["init_args"]["root"]
    some = table.index[:2]
    paths = [str(Path(root) / f"{name}.hea") for name in some]
    predicted = run_fhr(usual.folder, "predict", *paths, "--run", usual.run_id)
    assert predicted.code == 0, predicted.err
    probability = pd.read_csv(io.StringIO(predicted.out), index_col="name")["probability"]
    np.testing.assert_allclose(probability[some], table["probability"][some], rtol=1e-3)


def test_a_checkpoint_of_any_callback_is_tested_and_one_with_its_training_gone_on_from(usual, client, run_fhr):
    whole, weights = "own/step=4.ckpt", client.download_artifacts(usual.run_id, "own_checkpoints/weights.ckpt")
    tested = run_fhr(usual.folder, "test", "--config", usual.config, "--ckpt_path", whole)
    assert (tested.code, tested.out.partition("\n")[0]) == (0, "metric,value,low,high"), tested.err
    before = len(runs_of(client))
    refused = run_fhr(usual.folder, "fit", "--config", usual.config, "--ckpt_path", weights)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "or was kept with `save_weights_only`" in refused.err
    assert len(runs_of(client)) == before  # the run that had begun was taken back


@pytest.mark.parametrize("settings", [("--trainer.limit_val_batches=0",), ("--trainer.max_steps=2",)])
def test_without_a_validation_the_last_weights_are_kept(folder, config, run_fhr, settings):
    answer = run_fhr(folder, "fit", "--config", config, *settings)
    assert answer.code == 0, answer.err
    assert "the last weights are kept" in answer.err
    (path,) = run_checkpoints(answer.out.strip())
    assert torch.load(path, weights_only=True)["global_step"] == (6 if "limit_val" in settings[0] else 2)


def test_a_loss_that_is_no_number_keeps_nothing_and_fails(folder, config, run_fhr):
    answer = run_fhr(folder, "fit", "--config", config, "--model.learning_rate=1e30")
    assert (answer.code, answer.out) == (2, "")
    assert "the training diverged: the loss of epoch 0 is nan" in answer.err
    assert "no checkpoint is worth keeping: val/loss was never a finite number" in answer.err
    assert "--resume" not in answer.err  # there is nothing to go on from
    (run,) = runs_of(mlflow_client())
    assert run.info.status == "FAILED"


def dies(of: list[str]) -> Callable[..., None]:
    """What stands for a part of the end of a fit, at which its process is gone; it notes the status of the run."""

    def die(*_: object) -> None:
        of.append(runs_of(mlflow_client())[0].info.status)
        raise RuntimeError("gone")

    return die


def trained_in_a_crossval(config: Path) -> dict[str, Any]:
    """The checkpoint of the same configuration in the first place of a cross-validation."""
    cli = TrainingCLI(["--config", str(config)], run=False, tracked=False)
    data = cli.datamodule
    data.setup("fit")
    place = Place.first(data.database_read, data.facts.target, data.facts.splits)
    fitted = ConfiguredMaker.of(cli, "tiny")(place, 4).fit(place, 4)
    torch.use_deterministic_algorithms(False)
    return torch.load(io.BytesIO(fitted.network.checkpoint), weights_only=True)


def assert_same_weights(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert (a["fhr"]["epochs"], a["state_dict"].keys()) == (b["fhr"]["epochs"], b["state_dict"].keys())
    for key, value in a["state_dict"].items():
        assert torch.equal(value, b["state_dict"][key]), key


def test_a_run_is_finished_once_all_is_in_it(folder, config, run_fhr, monkeypatch):
    """Of two callbacks that keep an epoch, the one of `--checkpoint` has the best; so it is in a crossval."""
    content = yaml.safe_load(config.read_text())
    content["trainer"]["callbacks"] = [callback("ModelCheckpoint", monitor="val/loss", mode="max", filename="worst")]
    (folder / "two.yaml").write_text(yaml.safe_dump(content))
    found: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr("fhr.cli.training_cli.log_model", dies(found))
        assert "RuntimeError: gone" in run_fhr(folder, "fit", "--config", "two.yaml").err
    (run,) = runs_of(client := mlflow_client())
    assert (found, run.info.status) == (["RUNNING"], "FAILED")
    last = TrainingRun.stopped(run.info.run_id).last
    other = run_fhr(folder, "fit", "--config", "two.yaml", "--ckpt_path", last)
    assert (other.code, len(runs_of(client))) == (2, 1)
    assert "nothing was left to train" in other.err  # the best epoch is that of the other fit
    answer = run_fhr(folder, "fit", "--resume", run.info.run_id)
    assert (answer.code, answer.out) == (0, f"{run.info.run_id}\n"), answer.err
    assert client.get_run(run.info.run_id).info.status == "FINISHED"
    (worst,) = client.list_artifacts(run.info.run_id, "own_checkpoints")
    assert worst.path == "own_checkpoints/worst.ckpt"
    assert not last.parent.exists()
    (path,) = run_checkpoints(run.info.run_id)
    assert_same_weights(trained_in_a_crossval(folder / "two.yaml"), torch.load(path, weights_only=True))


def test_a_fit_that_is_to_keep_no_checkpoint_says_so(folder, config, run_fhr, monkeypatch):
    found: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr("fhr.cli.training_cli.log_own_checkpoints", dies(found))
        run_fhr(folder, "fit", "--config", config, "--trainer.enable_checkpointing=false")
    (run,) = runs_of(mlflow_client())
    assert (found, run.info.status) == (["RUNNING"], "FAILED")
    answer = run_fhr(folder, "fit", "--resume", run.info.run_id)
    (run,) = runs_of(mlflow_client())
    why = "--trainer.enable_checkpointing=false"
    assert (answer.code, answer.out) == (0, "")
    assert answer.err.endswith(f"run {run.info.run_id} is finished without a checkpoint ({why})\n")
    assert (run.info.status, run.data.tags["without_checkpoint"]) == ("FINISHED", why)
    again = run_fhr(folder, "fit", "--resume", run.info.run_id)
    assert (again.code, again.out) == (0, "")
    with pytest.raises(CheckpointError, match="was trained without a checkpoint"):
        run_checkpoints(run.info.run_id)


@pytest.mark.parametrize(
    ("setting", "code", "out", "err"),
    [
        ("--trainer.logger=false", 0, "finished.ckpt\n", "finished, in no run (--trainer.logger=false); predict with"),
        ("--trainer.fast_dev_run=true", 0, "", "nothing is kept, neither run nor checkpoint (--trainer.fast_dev_run)"),
        (
            "--checkpoint.monitor=val/nonsense",
            2,
            "",
            "ModelCheckpoint goes by val/nonsense, which the validation does not measure; it measures val/auprc, ",
        ),
        (
            "--trainer.num_sanity_val_steps=0 --early_stopping.monitor=val/foo",
            2,
            "",
            "EarlyStopping goes by val/foo, which the validation does not measure; it measures val/auprc, ",
        ),
        ("--trainer.max_epochs=0", 2, "", "fhr fit: --trainer.max_epochs=0; nothing would be trained"),
        ("--trainer.precision=transformer-engine", 2, "", "Requirement 'transformer_engine"),
    ],
)
def test_what_leaves_no_run_says_so(folder, config, run_fhr, setting, code, out, err):
    answer = run_fhr(folder, "fit", "--config", config, *setting.split())
    assert answer.code == code, answer.err
    assert answer.out.endswith(out)
    assert bool(answer.out) is bool(out)
    assert err in answer.err
    assert "Traceback" not in answer.err
    assert not (folder / "mlruns").exists() or runs_of(mlflow_client()) == []
    assert not list(folder.glob("mlruns/artifacts/*"))


def fitting(*monitors: str, **settings: object) -> SimpleNamespace:
    """What a trainer shows of itself whose checkpoints go by `monitors`, and whose validation has measured its loss."""
    usual = {"limit_val_batches": 1.0, "check_val_every_n_epoch": 1, "max_epochs": 2, "lr_scheduler_configs": []}
    callbacks, state = [ModelCheckpoint(monitor=one) for one in monitors], SimpleNamespace(fn=TrainerFn.FITTING)
    return SimpleNamespace(**usual | settings, callbacks=callbacks, state=state, callback_metrics={"val/loss": 0.0})


def test_each_of_several_checkpoints_goes_by_what_is_measured():
    Measured().on_validation_end(fitting("val/loss", "train/loss"), None)
    with pytest.raises(FHRError, match="ModelCheckpoint goes by val/foo, which the validation does not measure"):
        Measured().on_validation_end(fitting("val/foo", "val/loss"), None)


@pytest.mark.parametrize("settings", [{"limit_val_batches": 0}, {"check_val_every_n_epoch": 3}])
def test_nobody_goes_by_a_validation_that_there_is_not(settings):
    Measured().on_fit_start(fitting("val/loss"), None)
    Measured().on_fit_start(fitting("train/loss", **settings), None)
    with pytest.raises(FHRError, match="ModelCheckpoint goes by val/loss, and nothing is validated"):
        Measured().on_fit_start(fitting("train/loss", "val/loss", **settings), None)


def test_weights_that_were_averaged_are_those_that_the_fit_ends_with(folder, config, run_fhr):
    content = yaml.safe_load(config.read_text())
    content["trainer"]["callbacks"] = [callback("StochasticWeightAveraging", swa_lrs=0.05, swa_epoch_start=1)]
    content["trainer"]["max_epochs"] = 3
    (folder / "averaged.yaml").write_text(yaml.safe_dump(content))
    answer = run_fhr(folder, "fit", "--config", "averaged.yaml")
    assert answer.code == 0, answer.err
    (path,) = run_checkpoints(answer.out.strip())
    # Lightning averages after the third epoch and passes over the data once more, for the normalisation.
    averaged = torch.load(path, weights_only=True)
    assert averaged["epoch"] == 4
    run = mlflow_client().get_run(answer.out.strip())
    assert (run.data.params["max_epochs"], run.data.metrics["best_epoch"], averaged["fhr"]["epochs"]) == ("3", 3, 3)
    assert_same_weights(trained_in_a_crossval(folder / "averaged.yaml"), averaged)


@pytest.mark.parametrize(
    ("finder", "settings", "place"),
    [
        ("LearningRateFinder", {"num_training_steps": 15, "min_lr": 1e-4}, ("model", "learning_rate")),
        ("BatchSizeFinder", {"init_val": 8, "max_trials": 1, "steps_per_trial": 1}, ("data", "batch_size")),
    ],
)
def test_what_a_finder_found_is_the_setting_of_the_run(folder, config, run_fhr, finder, settings, place):
    content = yaml.safe_load(config.read_text())
    content["trainer"] |= {"callbacks": [callback(finder, **settings)], "limit_train_batches": 1.0, "max_epochs": 4}
    (folder / "found.yaml").write_text(yaml.safe_dump(content))
    answer = run_fhr(folder, "fit", "--config", "found.yaml")
    assert answer.code == 0, answer.err
    run_id, (part, name) = answer.out.strip(), place
    kept = yaml.safe_load(Path(mlflow_client().download_artifacts(run_id, "config.yaml")).read_text())
    assert kept["trainer"]["callbacks"] == []
    found = kept[part]["init_args"][name]
    assert found != content[part]["init_args"][name]
    assert float(mlflow_client().get_run(run_id).data.params[name]) == pytest.approx(found)


def test_a_finder_looks_for_what_is_there_alone():
    found: list = []
    tuned, trainer = TunedSettings(found.append), mock.Mock(callbacks=[LearningRateFinder()], datamodule=object())
    with pytest.raises(FHRError, match="LearningRateFinder looks for a better `learning_rate` of SimpleNamespace"):
        tuned.setup(trainer, SimpleNamespace(lr=0.1), "fit")
    task = SimpleNamespace(learning_rate=0.2)
    tuned.setup(trainer, task, "fit")
    tuned.on_fit_start(trainer, task)  # whose data have no size of a batch that a configuration could be told
    assert found == [{"model.init_args.learning_rate": 0.2}]


def test_a_fault_while_lightning_refuses_is_no_mistake_of_the_settings():
    def refused() -> None:
        try:
            ModelCheckpoint(save_top_k=-5)
        except MisconfigurationException:
            int("of this program")

    with pytest.raises(ValueError, match="of this program"), lightning_refusals():
        refused()
    with pytest.raises(FHRError, match="Invalid value for save_top_k"), lightning_refusals():
        ModelCheckpoint(save_top_k=-5)


def named(name: str) -> Namespace:
    return Namespace(class_path=f"some.module.{name}", init_args=Namespace())


@pytest.mark.parametrize(
    ("trainer", "more", "message"),
    [
        ({"max_epochs": 0}, {}, "--trainer.max_epochs=0; nothing would be trained"),
        ({"limit_train_batches": 0.0}, {}, "nothing would be trained"),
        ({"barebones": True}, {}, "keeps no checkpoint and no run"),
        ({"precision": "16-true"}, {}, "is 0 in half precision"),
        ({"logger": [named("CSVLogger"), named("MLFlowLogger")]}, {}, "is kept in MLflow anyway"),
        ({}, {"lr_scheduler": named("StepLR")}, "--lr_scheduler StepLR without --optimizer"),
        ({"callbacks": [named("LearningRateFinder")]}, {"optimizer": named("SGD")}, "leave it out, or --optimizer"),
    ],
)
def test_a_training_that_could_not_work_is_refused(trainer, more, message):
    with pytest.raises(FHRError, match=message):
        check_training(Namespace(trainer=Namespace(trainer), **more))


@pytest.mark.parametrize("finder", ["BatchSizeFinder", "LearningRateFinder"])
def test_trainings_that_are_repeated_search_for_nothing(finder):
    config = Namespace(trainer=Namespace(callbacks=[named("Timer"), named(finder)]))
    check_training(config)
    with pytest.raises(FHRError, match=f"{finder} searches before the training of one network"):
        check_training(config, repeated=True)


def test_a_cross_validation_refuses_what_a_fit_refuses(folder, config, run_fhr):
    given = ("--lr_scheduler=StepLR", "--lr_scheduler.step_size=1")
    answer = run_fhr(folder, "crossval", "--config", config, *given)
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert answer.err.startswith("fhr crossval: --lr_scheduler StepLR without --optimizer")
    assert not (folder / "mlruns").exists()


def test_a_training_that_could_work_is_not_refused():
    usual = {"max_epochs": None, "max_steps": -1, "logger": True, "callbacks": named("Timer"), "precision": "16-mixed"}
    check_training(Namespace(trainer=Namespace(usual), optimizer=named("SGD"), lr_scheduler=named("StepLR")))


def test_what_is_drawn_for_a_terminal_is_left_out_of_each_training_of_many(config, monkeypatch):
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    given = [f"--trainer.callbacks+={name}" for name in ("TQDMProgressBar", "ModelSummary", "Timer")]
    cli = TrainingCLI(["--config", str(config), *given], run=False, tracked=False)
    assert {"TQDMProgressBar", "ModelSummary", "Timer"} <= {type(one).__name__ for one in cli.trainer.callbacks}
    cli.instantiate_anew(3)
    kept = {type(one).__name__ for one in cli.trainer.callbacks}
    assert "Timer" in kept
    assert not {"TQDMProgressBar", "ModelSummary"} & kept


@pytest.mark.parametrize("which", ["best", "last"])
def test_a_fit_that_begins_has_no_checkpoint_of_its_own(tmp_path, which):
    with pytest.raises(FHRError, match=f"--ckpt_path {which}: a fit that begins has no checkpoint"):
        check_own_checkpoint(which, str(tmp_path))
    (tmp_path / "last.ckpt").touch()
    check_own_checkpoint("last", str(tmp_path))


def test_settings_that_are_objects_or_null_are_written_down_and_read_again(config):
    content = yaml.safe_load(config.read_text())
    content["trainer"] |= {
        "callbacks": [callback("StochasticWeightAveraging", swa_lrs=0.05), callback("Timer", duration="00:01:00:00")],
        "val_check_interval": 2,
        "check_val_every_n_epoch": None,
    }
    path = config.with_name("objects.yaml")
    path.write_text(yaml.safe_dump(content))
    cli = TrainingCLI(["--config", str(path)], run=False, tracked=False)
    path.write_text(cli.configuration())
    again = TrainingCLI(["--config", str(path)], run=False, tracked=False)
    assert again.configuration() == cli.configuration()
    assert again.trainer.check_val_every_n_epoch is None
    assert yaml.safe_load(path.read_text())["trainer"]["callbacks"][0]["init_args"]["device"] == "cpu"
