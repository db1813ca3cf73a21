"""What the processes of a parallel test session make once: the first that needs it makes it, the others wait."""

import os
import pickle
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest
from filelock import FileLock

Value = TypeVar("Value")


class Answer(NamedTuple):
    """What a command of `fhr` gave back; here, where pickle finds it from every process."""

    code: int | str | None
    out: str
    err: str


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Value]) -> tuple[Path, Value]:
    """The folder `name` of this session, filled by `make`, and what `make` gave back, which pickle has to know.

    Tests read it and write nothing there: other processes read it too.
    """
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, answer = root / name, root / f"{name}.pickle"
    with FileLock(root / f"{name}.lock"):
        if not answer.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a process that failed
            folder.mkdir()
            made = pickle.dumps(make(folder))
            answer.write_bytes(made)
    return folder, pickle.loads(answer.read_bytes())


def own_copy(of: Path, to: Path) -> Path:
    """A copy of a folder with an MLflow store, in which the store names the files of the copy."""
    shutil.copytree(of, to, dirs_exist_ok=True)
    with closing(sqlite3.connect(to / "mlruns" / "mlflow.db")) as store, store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for _, column, kind, *_ in store.execute(f"PRAGMA table_info({table})").fetchall():
                if kind.upper().startswith(("VARCHAR", "TEXT")):
                    store.execute(
                        f'UPDATE "{table}" SET "{column}" = replace("{column}", ?, ?) WHERE "{column}" LIKE ?',
                        (str(of), str(to), f"%{of}%"),
                    )
    return to
