"""`fhr fit`, `validate` and `test`: what they are given, and the run that they work on."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from fhr.compute import alone, further_process, is_first_process
from fhr.errors import CheckpointError
from fhr.formats import is_run_file
from fhr.tracking import (
    RunFiles,
    TrainingRun,
    mlflow_client,
    run_checkpoints,
    status_kept,
    store_errors,
    tracking_variable_kept,
)

from .messages import say
from .next_commands import look
from .quiet_libraries import quieten
from .training_cli import TrainingCLI

__all__ = ["train"]


def train(verb: str, arguments: Sequence[str]) -> int:
    """Run `fit`, `validate` or `test`.

    Raises:
        FHRError: see the rooms.
    """
    quieten()
    run_id, rest = _take_option("--run", list(arguments))
    stopped, rest = _take_option("--resume", rest)
    name, rest = _take_option("--name", rest, "a name for the run") if verb == "fit" else (None, rest)
    with tracking_variable_kept():
        if verb == "fit":
            if run_id is not None:
                raise CheckpointError("`--run` names a finished run to test; to go on with a stopped fit, `--resume`")
            return _fit(rest, stopped, name)
        if stopped is not None:
            raise CheckpointError(f"`--resume` goes on with a fit; to {verb} a finished run, `--run RUN_ID`")
        if process := further_process():
            sys.stderr.write(f"fhr {verb}: {process}: the first one evaluates, so that each record counts once\n")
            return 0
        with alone(), tempfile.TemporaryDirectory() as folder, store_errors(), status_kept(run_id):
            if run_id is not None:
                rest = [*_of_run(run_id, Path(folder)), *rest]
            # Lightning's own table would mix with ours on stdout.
            cli = TrainingCLI([verb, "--verbose=false", *rest], run_id=run_id)
    if verb == "test" and cli.is_in_mlflow:
        say(look())
    return 1 if cli.datamodule.facts.quarantined else 0


def _fit(arguments: list[str], stopped: str | None, name: str | None) -> int:
    if stopped is not None and (changed := [*arguments, *(["--name"] if name is not None else [])]):
        raise CheckpointError(
            f"a stopped fit goes on with the settings that it began with; leave out {' '.join(changed)}"
        )
    quarantined = False
    with TrainingRun.stopped(stopped) if stopped is not None else TrainingRun.new() as training, store_errors():
        if not training.finished:
            given = training.arguments if stopped is not None else arguments
            cli = TrainingCLI(["fit", *given], training=training, name=name)
            quarantined = bool(cli.datamodule.facts.quarantined)
    if training.without_checkpoint:
        sys.stderr.write(f"run {training.run_id} is finished without a checkpoint ({training.without_checkpoint})\n")
    elif not training.finished:
        _tell_of_no_run(cli)
    else:
        sys.stdout.write(f"{training.run_id}\n")
        say(f"finished; test it with `fhr test --run {training.run_id}`", look())
    return 1 if quarantined and is_first_process() else 0  # one that fails ends the others


def _tell_of_no_run(cli: TrainingCLI) -> None:
    """Say what a fit leaves that is in no run."""
    if not cli.trainer.is_global_zero:
        return
    if (kept := cli.calibration.path) is None:
        sys.stderr.write(f"nothing is kept, neither run nor checkpoint ({cli.without_checkpoint})\n")
        return
    sys.stdout.write(f"{kept}\n")
    say(f"finished, in no run (--trainer.logger=false); predict with `fhr predict --run {kept} FOLDER`")


def _take_option(
    name: str, arguments: list[str], needs: str = "a run id; `fhr runs` lists them"
) -> tuple[str | None, list[str]]:
    """The value of an option that LightningCLI does not know, and the other arguments."""
    for i, argument in enumerate(arguments):
        if argument.startswith(f"{name}="):
            return argument.removeprefix(f"{name}="), arguments[:i] + arguments[i + 1 :]
        if argument == name:
            if i + 1 == len(arguments):
                raise CheckpointError(f"`{name}` needs {needs}")
            return arguments[i + 1], arguments[:i] + arguments[i + 2 :]
    return None, arguments


def _of_run(run_id: str, folder: Path) -> list[str]:
    """The configuration and the checkpoint of a run, as arguments."""
    if is_run_file(run_id):
        raise CheckpointError(
            f"--run {run_id}: an exported run is only read, and a test writes its results into the run; give its id in "
            f"its store, or test it on births of your own with `fhr evaluate {run_id} FOLDER`"
        )
    checkpoints = run_checkpoints(run_id)
    if len(checkpoints) != 1:
        raise CheckpointError(
            f"run {run_id} holds {len(checkpoints)} networks; its test results are in the run already"
        )
    path = RunFiles().fetch(mlflow_client().get_run(run_id), "config.yaml", folder)
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key in ("ckpt_path", "weights_only"):
        config.pop(key, None)
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return ["--config", str(path), "--ckpt_path", str(checkpoints[0])]
