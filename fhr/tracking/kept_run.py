"""A run and its child runs in plain types, with their files: all that the store keeps of it, apart from the store."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fhr.errors import CheckpointError, TrackingError

from .address import shown_uri
from .folder_of_run import run_state
from .run_files import RunFiles
from .search import search_runs
from .store import find_run, mlflow_client
from .store_mistakes import store_errors

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["KeptRun", "kept_runs"]

_PARENT = "mlflow.parentRunId"
_OF_THE_MACHINE = ("fhr.folder", "fhr.host")  # where unfinished work lies


class KeptRun(NamedTuple):
    """One run.

    Attributes:
        run_id: of the run.
        parent: id of the run that it is a part of; empty for none.
        experiment: name of its experiment.
        name: of the run.
        status: as MLflow calls it.
        start: of the run, ms since 1970.
        end: of the run, ms since 1970; None where it has none.
        parameters: by name.
        tags: by name, without those of the machine that it ran on.
        metrics: rows of metric, step, time in ms since 1970, value.
        files: on this machine, by their path within the run.
    """

    run_id: str
    parent: str
    experiment: str
    name: str
    status: str
    start: int
    end: int | None
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: tuple[tuple[str, int, int, float], ...]
    files: Mapping[str, Path]


def kept_runs(run_id: str, folder: str | Path) -> list[KeptRun]:
    """Read a finished run and all runs below it, the run itself first, in an order that stays.

    Args:
        run_id: of the run.
        folder: for files that are on a server or in a bucket; others stay where they lie.

    Raises:
        CheckpointError: no such run, or one that is not finished.
        TrackingError: files that are gone, no regular files or of another run; a store that cannot be read.
    """
    run = find_run(run_id)
    if run is None:
        raise CheckpointError(f"there is no run {run_id!r} in {shown_uri()}; `fhr runs` lists the runs")
    if run.info.status != "FINISHED":
        raise CheckpointError(f"run {run_id} is {run_state(run)}; let it end first, or give another run")
    client, files = mlflow_client(), RunFiles()
    with store_errors():
        experiment = client.get_experiment(run.info.experiment_id).name
        return [_kept(client, one, files, str(experiment), Path(folder)) for one in _with_children(client, run)]


def _with_children(client: "MlflowClient", run: "Run") -> "Iterator[Run]":
    """A run and those below it; each once, whatever their tags say."""
    known, waiting = set(), [run]
    while waiting:
        one = waiting.pop(0)
        if one.info.run_id in known:
            continue
        known.add(one.info.run_id)
        yield one
        children = search_runs(client, [run.info.experiment_id], f"tags.`{_PARENT}` = '{one.info.run_id}'")
        # As the store itself lists them: networks are averaged in the order in which they are found.
        waiting += sorted(children, key=lambda child: (-child.info.start_time, child.info.run_id))


def _kept(client: "MlflowClient", run: "Run", files: RunFiles, experiment: str, folder: Path) -> KeptRun:
    info, data = run.info, run.data
    rows = [
        (metric.key, metric.step, metric.timestamp, metric.value)
        for key in sorted(data.metrics)
        for metric in client.get_metric_history(info.run_id, key)
    ]
    return KeptRun(
        run_id=info.run_id,
        parent=data.tags.get(_PARENT, ""),
        experiment=experiment,
        name=info.run_name or "",
        status=str(info.status),
        start=info.start_time,
        end=info.end_time,
        parameters=dict(sorted(data.params.items())),
        tags={key: value for key, value in sorted(data.tags.items()) if key not in _OF_THE_MACHINE},
        metrics=tuple(sorted(rows, key=repr)),
        files=_files(run, files, folder),
    )


def _files(run: "Run", files: RunFiles, folder: Path) -> dict[str, Path]:
    """The files of a run: a store of a stranger may claim any place, they are in a folder of the run's name."""
    run_id = run.info.run_id
    if not files.names(run):
        return {}
    place = files.local(run)
    if place is None:
        place = folder / run_id
        place.mkdir()
        files.fetch(run, "", place)
    elif place.parts[-2:] != (run_id, "artifacts") or place.is_symlink() or place.parent.is_symlink():
        raise TrackingError(f"the files of run {run_id} are not its own: {place}; put the folder itself there")
    found = {}
    for parent, folders, names in os.walk(place):
        for path in [Path(parent, name) for name in (*folders, *names)]:
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise TrackingError(
                    f"run {run_id} holds {path}, which is a link or no regular file; put the file there"
                )
            if path.is_file():
                found[path.relative_to(place).as_posix()] = path
    return dict(sorted(found.items()))
