"""A sqlite store that was moved or copied: its database names the folder that it lay in, and it lies in another now.

Artifacts of such a store lie in its own folder: `FOLDER/artifacts/RUN` by this package, `FOLDER/EXPERIMENT/RUN` by
MLflow itself. Whatever else a user chose, a bucket or a server say, is left alone.
"""

import logging
import os
import re
import socket
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from fhr.errors import TrackingError

from .address import tracking_uri
from .database import database_of, one_at_a_time
from .run_lock import is_held
from .store_mistakes import store_errors

__all__ = ["Move", "artifacts_of", "folder_path", "moved_place", "moves", "relocate", "settle", "store_moves"]

_log = logging.getLogger(__name__)

_ARTIFACTS = "artifacts"
_PATIENCE = 20  # seconds that another process may keep the database
# Columns that name a place: of experiments, which say where new runs go, and of what is there already.
_EXPERIMENTS = (("experiments", "artifact_location", "true"),)
_CONTENTS = (
    ("runs", "artifact_uri", "true"),
    ("logged_models", "artifact_location", "true"),
    ("model_versions", "source", "true"),
    ("model_versions", "storage_location", "true"),
    ("trace_tags", "value", "key = 'mlflow.artifactLocation'"),
    ("tags", "value", "key = 'fhr.folder'"),
)


class Move(NamedTuple):
    """One folder that the store lay in, and what of it is in its folder now.

    Attributes:
        old: the former folder, as the database names it, with forward slashes.
        new: the folder of the store.
        experiments: names of those whose new runs would go to the former folder.
        runs: number of runs that the database has in it.
        found: whether files of these runs are in the new folder. Where none are, runs stay noted down as they are,
            since a disk may only be missing for a while.
    """

    old: str
    new: Path
    experiments: tuple[str, ...]
    runs: int
    found: bool

    def of(self, place: str) -> Path | None:
        """The present path of a place in the former folder; None for one that lies elsewhere."""
        path = folder_path(place)
        inside = path is not None and path.startswith(f"{self.old}/")
        return self.new / path[len(self.old) + 1 :] if path is not None and inside else None

    def __str__(self) -> str:
        """The move in words."""
        its = "its run" if self.runs == 1 else f"its {self.runs} runs"
        if self.found:
            are = "is" if self.runs == 1 else "are"
            return f"the store was moved or copied from {self.old}: {its} {are} in {self.new}"
        without = f" without the files of {its}" if self.runs else ""
        return f"the store was moved or copied from {self.old}{without}: new runs go to {self.new}"


class _Experiment(NamedTuple):
    number: int
    name: str
    born: int | None
    location: str

    @property
    def root(self) -> str | None:
        return _root(folder_path(str(self.location)) or "", self.number)


def artifacts_of(database: Path) -> str:
    """URI of the folder in which new experiments of a sqlite store keep their artifacts: beside its database."""
    return (_folder(database) / _ARTIFACTS).as_uri()


def folder_path(place: str) -> str | None:
    r"""Path of a local place, URI or path of whatever system, with forward slashes; None for any other.

    >>> folder_path("file:///data/a%20b/mlruns"), folder_path(r"C:\runs\0"), folder_path("s3://bucket/0")
    ('/data/a b/mlruns', 'C:/runs/0', None)
    """
    if re.match(r"[A-Za-z]:[\\/]|\\\\", place):
        path = place.replace("\\", "/")
    elif place.startswith("file:"):
        parts = urlsplit(place)
        path = unquote(parts.path)
        if parts.netloc not in ("", "localhost"):
            path = f"//{parts.netloc}{path}"
        path = re.sub(r"^/(?=[A-Za-z]:/)", "", path)
    else:
        path = place
    path = path.rstrip("/")
    return path if re.match("/|[A-Za-z]:/", path) and ".." not in path.split("/") and "\0" not in path else None


def settle(database: Path) -> None:
    """Put the experiment that a new store is born with into its folder; MLflow puts it into the current one."""
    place = (_folder(database) / "0").as_uri()
    with closing(_opened(database)) as connection:
        connection.execute("UPDATE experiments SET artifact_location = ? WHERE experiment_id = 0", (place,))


def moves(database: Path) -> list[Move]:
    """Find the folders that the store lay in before it came here; none where it was never moved. Nothing is written.

    Files of its runs that are here tell a former folder, and so does a database there with the same experiments, of
    which this one is a copy. Where nothing tells, and no experiment is of this folder, a folder that is gone was the
    former one if the experiment that a store is born with is of it too; any other is a place that a user chose, of a
    disk that is missing, say.
    """
    new = _folder(database)
    with closing(_opened(database)) as connection:
        rows = connection.execute("SELECT experiment_id, name, creation_time, artifact_location FROM experiments")
        experiments = [_Experiment(*row) for row in rows]
        uris = connection.execute("SELECT run_uuid, experiment_id, artifact_uri FROM runs").fetchall()
    runs: dict[str, list[str]] = {}
    for run_id, number, uri in uris:
        path = folder_path(str(uri)) or ""
        if (place := path.removesuffix(f"/{run_id}/{_ARTIFACTS}")) != path and (root := _root(place, number)):
            runs.setdefault(root, []).append(path)
    # Stores that MLflow made have experiment 0 in the current folder of whoever did; there it tells nothing, unused.
    unused = {0} - {number for _, number, _ in uris}
    at_home = any((root := experiment.root) and _same(root, new) for experiment in experiments)
    named: dict[str, list[_Experiment]] = {}
    for experiment in experiments:
        if experiment.number not in unused and (root := experiment.root):
            named.setdefault(root, []).append(experiment)
    known: list[Move] = []
    gone: list[Move] = []
    for root in sorted({*runs, *named}):
        if _same(root, new):
            continue
        its, paths = named.get(root, []), runs.get(root, [])
        move = Move(root, new, tuple(sorted(str(one.name) for one in its)), len(paths), False)
        if any(here.is_dir() for path in paths if (here := move.of(path)) is not None):
            known.append(move._replace(found=True))
        elif its and _has(Path(root, database.name), its):
            known.append(move)
        elif its and not os.path.isdir(root):
            gone.append(move)
    born_in = {experiment.root for experiment in experiments if experiment.number == 0 and experiment.root}
    return known or [move for move in gone if not at_home and move.old in (born_in or {move.old})]


def store_moves() -> list[Move]:
    """The `moves` of the store; none where it is no sqlite database, or is not made yet.

    Raises:
        TrackingError: a database that cannot be read.
    """
    database = database_of(tracking_uri())
    if database is None or not database.is_file():
        return []
    with store_errors():
        return moves(database)


def moved_place(place: str, found: Iterable[Move]) -> Path | None:
    """The present path of a place of a run; None where it lies where the database says."""
    return next((here for move in found if move.found and (here := move.of(place)) is not None), None)


def relocate(database: Path) -> list[Move]:
    """Note down in the database of a store that was moved or copied where it is now, all at once; returns the moves.

    Nothing is written where nothing was moved, so that it is done once.

    Raises:
        TrackingError: a database that cannot be written, or a process that works on a run of the store.
    """
    if not moves(database):
        return []
    with one_at_a_time(database):
        found = moves(database)
        for folder in sorted((_folder(database) / "checkpoints").glob("*")):
            if found and is_held(folder):
                raise TrackingError(
                    f"the MLflow store {database} was moved or copied here from {found[0].old}, and a process works in "
                    f"{folder}; wait for it to end, or stop it"
                )
        with store_errors(), closing(_opened(database)) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            for move in found:
                for table, column, which in (*_EXPERIMENTS, *(_CONTENTS if move.found else ())):
                    _rewrite(connection, table, column, which, move)
    for move in found:
        _log.warning("%s", move)
    return found


def _rewrite(connection: sqlite3.Connection, table: str, column: str, which: str, move: Move) -> None:
    """One column, where this version of MLflow has it."""
    if column not in [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]:
        return
    for row, value in connection.execute(f"SELECT rowid, {column} FROM {table} WHERE {which}").fetchall():
        if (place := move.of(str(value))) is None:
            continue
        now = str(place) if table == "tags" else place.as_uri()
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (now, row))
        if table == "tags" and place.is_dir():  # unfinished work, which this machine can go on with
            its = f"run_uuid = (SELECT run_uuid FROM {table} WHERE rowid = ?)"
            connection.execute(
                f"UPDATE tags SET value = ? WHERE key = 'fhr.host' AND {its}", (socket.gethostname(), row)
            )


def _root(place: str, number: int) -> str | None:
    """Folder of a store, from the place of one of its experiments; None where that is of another layout."""
    folder, _, name = place.rpartition("/")
    return folder if folder and name in (_ARTIFACTS, str(number)) else None


def _same(root: str, new: Path) -> bool:
    try:
        return root == new.as_posix() or os.path.samefile(root, new)
    except OSError:
        return False


def _has(database: Path, experiments: Sequence[_Experiment]) -> bool:
    """True if another store has one of the experiments; nothing is written there."""
    if not database.is_file():
        return False
    same = "SELECT 1 FROM experiments WHERE experiment_id IS ? AND name IS ? AND creation_time IS ?"
    try:
        with closing(_opened(database, "ro")) as connection:
            return any(connection.execute(same, one[:3]).fetchone() for one in experiments)
    except sqlite3.Error:
        return False


def _folder(database: Path) -> Path:
    return Path(os.path.abspath(database)).parent


def _opened(database: Path, mode: str = "rw") -> sqlite3.Connection:
    """A connection with transactions of our own; one for writing falls back to reading where that is all there is."""
    uri = f"{Path(os.path.abspath(database)).as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)
