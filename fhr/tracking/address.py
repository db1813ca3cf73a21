"""Address of the store of runs: MLFLOW_TRACKING_URI, or a sqlite database under `mlruns/`."""

import os
import re
from pathlib import Path

__all__ = ["FOLDER", "embedded_uri", "shown_uri", "tracking_uri", "without_password"]

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


def shown_uri() -> str:
    """Address of the store as messages show it: without a password."""
    return without_password(tracking_uri())


def without_password(text: str) -> str:
    """Strip user and password from the addresses in a text.

    >>> without_password("https://anna:secret@host/api")
    'https://host/api'
    """
    return re.sub(r"//[^/@]*@", "//", text)
