"""A run of MLflow with its child runs as one file, `.fhrrun`: parameters, metrics, tags, artifacts and checkpoints.

It is a sealed archive of `runs.json` and, for each run, `RUN/metrics.csv` and `RUN/artifacts/...`. Reading needs no
MLflow; nothing is unpacked to disk.
"""

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fhr.errors import FormatError
from fhr.tracking import CHECKPOINT_SUFFIXES, KeptRun

from ..files.bounded_json import bounded_json
from ..files.regular_file import reason
from ..files.whole_file import take_suffix
from .sealed_archive import SealedArchive, write_sealed

__all__ = ["RUN_SUFFIX", "RunFile", "is_run_file", "write_run_file"]

RUN_SUFFIX = ".fhrrun"
_KIND, _VERSION = "exported run", 1
_RUNS, _METRICS, _ARTIFACTS = "runs.json", "metrics.csv", "artifacts"
_PLAIN = ("run_id", "parent", "experiment", "name", "status", "start", "end", "parameters", "tags")


def write_run_file(path: str | Path, runs: Sequence[KeptRun]) -> Path:
    """Write a run, the first, and its child runs as one file, whole or not at all; the same runs give the same bytes.

    Raises:
        FormatError: another suffix, names of files that cannot be kept, or more than 2 GiB.
        OSError: a file that cannot be read or written.
    """
    take_suffix(Path(path), [RUN_SUFFIX], kind=_KIND)
    plain = [{key: getattr(run, key) for key in _PLAIN} for run in runs]
    files: list[tuple[str, Path | bytes]] = [(_RUNS, json.dumps(plain, indent=1).encode("ascii"))]
    for run in runs:
        files.append((f"{run.run_id}/{_METRICS}", _table(run)))
        files += [(f"{run.run_id}/{_ARTIFACTS}/{name}", place) for name, place in run.files.items()]
    return write_sealed(path, _KIND, _VERSION, files)


def is_run_file(path: str | Path) -> bool:
    """Tell a run that is one file by its name; whether the file is there is told by who reads it."""
    return Path(path).suffix.lower() == RUN_SUFFIX


class RunFile:
    """Content of a run that is one file, as a context; nothing of it is run, and what is read has its checksum.

    Args:
        path: of the file.

    Attributes:
        path: of the file.
        runs: the run, and its child runs; without their metrics and files, which are read when they are asked for.

    Raises:
        FormatError: no such file, one that was cut or edited, of a newer version, or no run.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._archive = SealedArchive(path, _KIND, _VERSION)
        try:
            self.runs = tuple(_run(one) for one in bounded_json(self._archive.read(_RUNS), "list of runs"))
            if not self.runs or len({run.run_id for run in self.runs}) < len(self.runs):
                raise ValueError("no runs, or one twice")
        except (ValueError, TypeError, KeyError) as error:
            self._archive.close()
            raise FormatError(f"{path}: no {_KIND} ({reason(error)}); export it again") from None
        except BaseException:
            self._archive.close()
            raise

    def __enter__(self) -> "RunFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    @property
    def run(self) -> KeptRun:
        """The run that was exported."""
        return self.runs[0]

    def names(self, run: KeptRun) -> list[str]:
        """Paths of the files of a run, within it."""
        prefix = f"{run.run_id}/{_ARTIFACTS}/"
        return [name.removeprefix(prefix) for name in self._archive.names if name.startswith(prefix)]

    def read(self, run: KeptRun, name: str) -> bytes:
        """The content of one file of a run.

        Raises:
            FormatError: no such file, or one that was edited.
        """
        return self._archive.read(f"{run.run_id}/{_ARTIFACTS}/{name}")

    def metrics(self, run: KeptRun) -> bytes:
        """The metrics of a run as CSV: metric, step, time (ms since 1970), value."""
        return self._archive.read(f"{run.run_id}/{_METRICS}")

    def checkpoints(self) -> list[tuple[KeptRun, str]]:
        """Run and path of each finished checkpoint: those of the run, or of its child runs where it has none."""
        own, *others = ([(run, name) for name in self.names(run) if _is_checkpoint(name)] for run in self.runs)
        below = zip(self.runs[1:], others, strict=True)
        return own or [one for run, found in below if run.parent == self.run.run_id for one in found]


def _is_checkpoint(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    return folder == "checkpoints" and Path(file).suffix in CHECKPOINT_SUFFIXES


def _table(run: KeptRun) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("metric", "step", "time", "value"))
    writer.writerows((key, step, time, repr(value)) for key, step, time, value in run.metrics)
    return text.getvalue().encode("utf-8")


def _run(plain: Any) -> KeptRun:
    """A run of the list, as it is written and no other.

    Raises:
        ValueError, TypeError, KeyError: it is not.
    """
    run = KeptRun(**{key: plain[key] for key in _PLAIN}, metrics=(), files={})
    texts = [run.run_id, run.parent, run.experiment, run.name, run.status]
    for table in (dict(run.parameters), dict(run.tags)):
        texts += [*table, *table.values()]
    if not all(isinstance(text, str) for text in texts) or not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", run.run_id):
        raise ValueError("a run without an id, or what is no text")
    "".join(texts).encode()  # what no table could be written with
    if not isinstance(run.start, int) or not isinstance(run.end, int | None):
        raise ValueError("a time that is none")
    return run._replace(parameters=dict(run.parameters), tags=dict(run.tags))
