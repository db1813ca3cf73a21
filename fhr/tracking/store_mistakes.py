"""Failures of a store of runs, in the words of this package: whose they are, what is wrong, what to do."""

import errno
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from fhr.errors import FHRError, TrackingError

from .address import shown_uri, without_password

_log = logging.getLogger(__name__)

__all__ = ["store_errors", "store_mistake"]

# Their exceptions are told by the name of the module: importing these takes seconds, and may have failed.
_LIBRARIES = ("mlflow", "sqlalchemy", "sqlite3", "requests", "urllib3")
_FILES = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "EIO", "ENOTDIR", "EISDIR", "EEXIST")
    if hasattr(errno, name)
}
_ROOM = "make room"
_OWN = "work in a folder of your own, or set MLFLOW_TRACKING_URI"
_SERVER = "start the server, or correct or unset MLFLOW_TRACKING_URI"
_REVISION = re.compile(r"out-of-date database schema \(found version (\w+)")
# What the libraries say, in the order in which it is looked for, with what is wrong and what to do.
_SAID = (
    (r"database or disk is full|No space left|Disk quota", "the disk is full", _ROOM),
    (r"disk I/O error", "the disk is full or failing", f"{_ROOM}, or look after the disk"),
    (r"readonly database|Read-only file system|Permission denied", "it cannot be written", _OWN),
    (r"database is locked", "another process keeps it locked", "try again; more than some writers need a server"),
    (r"not a database|malformed", "it is damaged", "restore it from a copy, or move it away and a new one is made"),
    (
        r"no such (table|column)",
        "parts of it are missing",
        "restore it from a copy, or move it away and a new one is made",
    ),
    (r"Can't locate revision", "it was made by a newer MLflow", "update MLflow, or work where that one is installed"),
    (
        r"out-of-date database schema",
        "it was made by an older MLflow",
        "keep a copy and run `mlflow db upgrade {uri}`, or install the MLflow that made it",
    ),
    (
        r"maintenance mode|FileStore|file store",
        "MLflow keeps no runs in plain folders any more",
        "unset MLFLOW_TRACKING_URI for a database in mlruns/, or give sqlite:///FILE or http://HOST:PORT",
    ),
    (
        r"[Uu]nsupported URI|registry functionality is unavailable|[Ii]nvalid (url|URI|URL)|No scheme|No host",
        "MLflow knows no such address",
        "unset MLFLOW_TRACKING_URI for a database in mlruns/, or give sqlite:///FILE or http://HOST:PORT",
    ),
    (r"[Cc]onnection refused|Errno 111", "no server answers there (connection refused)", _SERVER),
    (r"resolve|Name or service|getaddrinfo", "its host is not known", _SERVER),
    (r"[Tt]imed out|[Tt]imeout", "it does not answer in time", _SERVER),
    (
        r"error code 401|UNAUTHENTICATED|CUSTOMER_UNAUTHORIZED",
        "it asks who you are (401)",
        "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
    ),
    (r"error code 403|PERMISSION_DENIED", "it refuses you (403)", "ask for the right to it, or give another one"),
    (r"error code 404|ENDPOINT_NOT_FOUND|valid JSON", "what answers there is no MLflow server", _SERVER),
    (
        r"too many 5\d\d|error code 5\d\d|INTERNAL_ERROR: ",
        "the server fails",
        "see the server's own log, and try again",
    ),
    (r"[Cc]onnection (aborted|reset|broken)|RemoteDisconnected|Max retries", "the server has gone", _SERVER),
)


def store_mistake(error: BaseException | None) -> TrackingError | None:
    """Translate the failure of the store that `error` is or was caused by, for a user; None where it is none.

    A refused value (`INVALID_PARAMETER_VALUE`) is none: it is a fault of the program that gave it.
    """
    while error is not None:
        if isinstance(error, TrackingError):
            return error
        if isinstance(error, FHRError):
            return None
        if _of_a_library(error):
            return _translated(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn failures of the store within the block, and of files that it writes, into `TrackingError`.

    Raises:
        TrackingError: the store or the disk failed within the block. Everything else is passed on as it is.
    """
    try:
        yield
    except Exception as error:
        mistake = store_mistake(error) or _file_mistake(error)
        if mistake is None:
            raise
        _log.debug("what the store said", exc_info=True)
        if mistake is error:
            raise
        raise mistake from None


def _of_a_library(error: BaseException) -> bool:
    return any(kind.__module__.partition(".")[0] in _LIBRARIES for kind in type(error).__mro__)


def _translated(error: BaseException) -> TrackingError | None:
    said, uri = f"{type(error).__name__}: {error}", shown_uri()
    if (found := _REVISION.search(said)) is not None and found[1] not in _revisions():
        said = "Can't locate revision"  # which an upgrade, the remedy for an older one, would say
    for pattern, wrong, remedy in _SAID:
        if re.search(pattern, said):
            return TrackingError(f"the MLflow store {uri}: {wrong}; {remedy.format(uri=uri)}")
    if getattr(error, "error_code", "") == "INVALID_PARAMETER_VALUE":
        return None
    reason = without_password(next(iter(str(error).splitlines()), "") or type(error).__name__)
    return TrackingError(f"the MLflow store {uri} fails ({reason[:300]}); check MLFLOW_TRACKING_URI, and the store")


def _revisions() -> set[str]:
    """Versions of a database that the MLflow of this environment knows; "None" is one that names no version."""
    spec = find_spec("mlflow")
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    files = (file for folder in folders for file in Path(folder, "store", "db_migrations", "versions").glob("*_*.py"))
    return {"None", *(file.name.partition("_")[0] for file in files)}


def _file_mistake(error: BaseException | None) -> TrackingError | None:
    while error is not None and not isinstance(error, FHRError):
        if isinstance(error, OSError) and error.errno in _FILES:
            place = f"{error.filename}: " if error.filename is not None else "a file cannot be written: "
            remedy = _ROOM if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None), errno.EFBIG) else _OWN
            return TrackingError(f"{place}{error.strerror}; {remedy}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None
