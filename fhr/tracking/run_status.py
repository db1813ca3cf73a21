"""Status of a run: after its work was stopped, and after other work on it failed."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from fhr.errors import interruption_behind

from .store import ask_once, find_run, mlflow_client

__all__ = ["mark_stopped", "status_kept"]

_log = logging.getLogger(__name__)


def mark_stopped(run_id: str, error: BaseException) -> None:
    """Give a run the status that its end deserves: KILLED after an interruption, else FAILED."""
    ask_once()  # the store may be what failed
    try:
        mlflow_client().set_terminated(run_id, "KILLED" if interruption_behind(error) else "FAILED")
    except Exception as problem:  # the first error says more
        _log.warning("run %s could not be marked as stopped (%s)", run_id, type(problem).__name__)


@contextmanager
def status_kept(run_id: str | None) -> Iterator[None]:
    """Keep the status of a finished run, whose test may be refused or fail within."""
    run = find_run(run_id) if run_id is not None else None
    try:
        yield
    except BaseException:
        if run is not None:
            mlflow_client().update_run(run.info.run_id, status=run.info.status)
        raise
