"""Sqlite database of a store: made whole under a lock, and looked at before MLflow opens it."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from fhr.errors import TrackingError

__all__ = ["check_database", "check_writable", "database_of", "make_database", "one_at_a_time"]

_PREFIX = "sqlite:///"
_PATIENCE = 120  # seconds; a new store takes some, the migration of an old and large one more


def database_of(uri: str) -> Path | None:
    """File of a sqlite URI; None for a server, another database, or one in memory."""
    path = uri.removeprefix(_PREFIX).partition("?")[0]
    return Path(path) if uri.startswith(_PREFIX) and path not in ("", ":memory:") else None


@contextmanager
def one_at_a_time(database: Path) -> Iterator[None]:
    """Lock under which one process makes, migrates or opens the database; none where a folder cannot be written.

    Raises:
        TrackingError: a folder that cannot be made, or another process keeps the lock for minutes.
    """
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrackingError(
            f"the MLflow store {database} cannot be made: {database.parent}: {error.strerror}; move away what is in "
            "the way, work in another folder, or set MLFLOW_TRACKING_URI"
        ) from None
    with ExitStack() as stack:
        try:
            stack.enter_context(FileLock(database.parent / ".lock", timeout=_PATIENCE))
        except Timeout:
            raise TrackingError(
                f"the MLflow store {database} is being made or migrated by another process for more than {_PATIENCE} s;"
                " wait for it, or end it"
            ) from None
        except OSError:  # a store that can only be read is made by nobody
            pass
        yield


def make_database(database: Path) -> None:
    """Make a new store, whole or not at all: a process that is killed leaves no half of one.

    MLflow makes it in many steps, in a folder beside; a copy is moved to its place, as MLflow keeps the file that it
    made open. Call it under `one_at_a_time`.
    """
    from mlflow import MlflowClient

    folder = database.parent / ".making"
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
    try:
        folder.mkdir()
        made, copy = folder / "mlflow.db", folder / "copy.db"
        MlflowClient(tracking_uri=f"{_PREFIX}{made}").search_experiments(max_results=1)
        shutil.copyfile(made, copy)
        copy.replace(database)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_database(database: Path) -> None:
    """Refuse a file that is no database: MLflow would try to open it for 100 s.

    Raises:
        TrackingError: a damaged or empty file, or one that cannot be opened.
    """
    # Opened for writing where that is possible: what a killed process left half written is taken back by the next one.
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True, timeout=20)) as connection:
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        raise TrackingError(
            f"the MLflow store {database} cannot be opened ({error}); check that it is a file that you may read, and "
            "that no process keeps it locked"
        ) from None
    except sqlite3.DatabaseError as error:
        raise TrackingError(
            f"the MLflow store {database} is damaged ({error}); restore it from a copy, or move it away and a new one "
            "is made"
        ) from None
    if not tables:  # MLflow would fill it, as if there had been no runs
        raise TrackingError(
            f"the MLflow store {database} is empty; restore it from a copy, or move it away and a new one is made"
        )


def check_writable(database: Path) -> None:
    """Refuse a store that runs cannot be written to.

    Raises:
        TrackingError: the file or its folder can only be read.
    """
    for path in (database, database.parent):  # sqlite keeps a journal beside the file
        if not os.access(path, os.W_OK):
            raise TrackingError(
                f"the MLflow store {database} cannot be written: {path} is read-only for you; work in a folder of your "
                "own, or set MLFLOW_TRACKING_URI"
            )
