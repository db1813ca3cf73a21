"""Address of the store of runs: MLFLOW_TRACKING_URI, or a sqlite database under `mlruns/`."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["FOLDER", "embedded_uri", "shown_uri", "tracking_uri", "tracking_variable_kept", "without_password"]

FOLDER = Path("mlruns")


def embedded_uri() -> str:
    """Address of the own store of the current folder."""
    # With its whole path: MLflow keeps one connection a URI, and a relative one would stay with the first folder of
    # the process. A path with these two characters would be read as another one.
    path = FOLDER / "mlflow.db"
    whole = str(path.absolute())
    return f"sqlite:///{path if '%' in whole or '?' in whole else whole}"


def tracking_uri() -> str:
    """Address of the store: MLFLOW_TRACKING_URI, or the embedded sqlite store in the current folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or embedded_uri()


@contextmanager
def tracking_variable_kept() -> Iterator[None]:
    """Take MLFLOW_TRACKING_URI back at the end where it was not set before.

    MLflow's logger sets it; the rest of the process would take the own store for a server.
    """
    before = os.environ.get("MLFLOW_TRACKING_URI")
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("MLFLOW_TRACKING_URI", None)


def shown_uri() -> str:
    """Address of the store as messages show it: without a password."""
    return without_password(tracking_uri())


def without_password(text: str) -> str:
    """Strip user and password from the addresses in a text.

    >>> without_password("https://anna:secret@host/api")
    'https://host/api'
    """
    return re.sub(r"//[^/@]*@", "//", text)
