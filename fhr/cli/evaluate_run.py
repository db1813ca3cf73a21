"""An external validation kept: a run of MLflow with page, tables and figures, and the recalibrated checkpoints."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import fhr
from fhr.calibration import Recalibration
from fhr.errors import FHRError
from fhr.evaluation import ExternalValidation, LocalBirths, write_validation
from fhr.metrics import Interval
from fhr.models import recalibrate_checkpoint
from fhr.tasks import metric_values
from fhr.tracking import (
    METRICS_FILE,
    environment,
    headline,
    mark_stopped,
    metrics_table,
    mlflow_client,
    source_state,
)

from .next_commands import program

__all__ = ["Evaluation", "keep_evaluation", "next_lines"]


@dataclass(frozen=True)
class Evaluation:
    """An external validation, ready to be kept.

    Attributes:
        model: what was given for it.
        origin: where the births come from.
        births: that were used.
        validation: of the model on them.
        said: sentences on it.
        recalibrated: cross-fitted metrics by method.
        curve: what births buy.
        recalibration: of the checkpoints that are to be written, or None.
        checkpoints: gives path and content of each checkpoint of the model.
    """

    model: str
    origin: str
    births: LocalBirths
    validation: ExternalValidation
    said: tuple[str, ...]
    recalibrated: Mapping[str, Mapping[str, Interval]]
    curve: pd.DataFrame
    recalibration: Recalibration | None
    checkpoints: Callable[[], Iterable[tuple[Path, bytes]]]


def keep_evaluation(
    done: Evaluation, experiment: str, *, page: str | None = None, checkpoints: str | None = None
) -> str:
    """Keep an external validation as a run, and in folders; returns the run's id.

    Args:
        done: what was found.
        experiment: id of the run's experiment.
        page: folder for the report, or None.
        checkpoints: folder for the recalibrated checkpoints; None writes none.

    Raises:
        FHRError: a folder that cannot be written.
        TrackingError: a store that fails.
    """
    births, validation = done.births, done.validation
    tags = {
        **source_state(),
        "kind": "external validation",
        "model": done.model,
        "data": done.origin,
        "data_checksum": births.checksum,
        "target": validation.target,
    }
    client, name = mlflow_client(), f"external validation of {done.model[:60]}"
    run_id = str(client.create_run(experiment, run_name=name, tags=tags).info.run_id)
    try:
        for key, value in _parameters(done).items():
            client.log_param(run_id, key, value)
        values = metric_values(validation.results)
        for key, value in headline(values).items():
            client.log_metric(run_id, key, value)
        client.log_text(run_id, metrics_table(values), METRICS_FILE)
        client.log_dict(run_id, environment(), "environment.json")
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary, "report")
            write_validation(
                folder,
                validation,
                done.said,
                model=done.model,
                origin=done.origin,
                recalibrated=done.recalibrated,
                curve=done.curve,
            )
            client.log_artifacts(run_id, str(folder))
            _put(folder, page, "--report")
            if checkpoints is not None and done.recalibration is not None:
                folder = _recalibrated(done, done.recalibration, Path(temporary, "checkpoints"))
                client.log_artifacts(run_id, str(folder), "checkpoints")
                client.log_dict(run_id, done.recalibration.to_dict(), "recalibration.json")
                _put(folder, checkpoints, "--recalibrate")
    except BaseException as error:
        mark_stopped(run_id, error)
        raise
    client.set_terminated(run_id)
    return run_id


def next_lines(page: str | None, checkpoints: str | None) -> list[str]:
    """Lines to go on with: where the page is, and how the recalibrated model predicts."""
    lines = [] if page is None else [f"report:   {Path(page, 'report.html')}"]
    if checkpoints is not None:
        lines.append(f"predict:  {program('fhr')} predict --run {checkpoints} PATH...")
    return lines


def _parameters(done: Evaluation) -> dict[str, Any]:
    n, made = len(done.births.labels), done.recalibration
    found: dict[str, Any] = {
        "model": done.model[:500],
        "target": done.validation.target,
        "births": n,
        "positives": int(done.births.labels.sum()),
        "left_out": len(done.births.left_out),
        "version": fhr.__version__,
    }
    if made is not None:
        found |= {"recalibration": made.method, "intercept": made.intercept, "slope": made.slope}
    return found


def _recalibrated(done: Evaluation, recalibration: Recalibration, folder: Path) -> Path:
    """Every network of the model, recalibrated, under its own name."""
    folder.mkdir()
    plain = recalibration.to_dict()
    for i, (path, content) in enumerate(done.checkpoints()):
        out = folder / path.name
        out = folder / f"{path.stem}-{i}{path.suffix}" if out.exists() else out  # folds of a run may use one name
        recalibrate_checkpoint(path, plain, done.births.digests, out, content=content)
    return folder


def _put(folder: Path, to: str | None, option: str) -> None:
    if to is None:
        return
    try:
        shutil.copytree(folder, to, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise FHRError(f"{option} {to}: cannot be written ({error}); make room, or name another folder") from None
