"""Chunks of an extraction: some recordings are read, cut and computed, and their rows written to one file.

The unit of work of `extract`: the same function runs in this process, in a process pool and on a Dask worker. Nothing
but paths and summaries passes between processes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np

from fhr.compute import pick_device
from fhr.datasets import FolderSource, checksum_line
from fhr.errors import FHRError, FormatError
from fhr.recording import Recording

from .computed_by import computed_by
from .feature_set import FeatureSet
from .parquet_table import METADATA_COLUMNS, read_part, write_part

__all__ = ["Chunk", "Done", "Records", "extract_chunk", "identity", "read_records"]


class Chunk(NamedTuple):
    """Task of one call of `extract_chunk`.

    Attributes:
        source: of the recordings.
        part: file to write.
        feature_set: what to compute.
        step: minutes from one window to the next.
        device: as `pick_device` takes it, looked for where the chunk is computed.
    """

    source: FolderSource
    part: str
    feature_set: FeatureSet
    step: float
    device: str = "cpu"


class Done(NamedTuple):
    """Outcome of a chunk.

    Attributes:
        part: the file that holds the rows.
        identity: of the code and parameters that made them.
        n_records: records that it held, the quarantined ones too.
        lines: one line for each record that was read, as `Database.checksum` has it, by name.
        paths: of each of these in its folder, by name, where it is another.
        quarantined: reason for each record without a row, by its path in the folder.
        n_windows: number of rows.
        n_computed: records that were computed now, not by an earlier run.
    """

    part: str
    identity: dict[str, Any]
    n_records: int
    lines: dict[str, str]
    paths: dict[str, str]
    quarantined: dict[str, str]
    n_windows: int
    n_computed: int


def identity(feature_set: FeatureSet, step: float) -> dict[str, Any]:
    """The facts, beside the recordings, that a finished part or table must share with this run to be used again."""
    return {"feature_set_checksum": feature_set.checksum, "step": step, "made_by": computed_by()}


class Records(NamedTuple):
    """Recordings of a source.

    Attributes:
        recordings: that were read, by their path in the folder.
        lines: of the data checksum, by name.
        unreadable: reason for each other, by path.
    """

    recordings: dict[str, Recording]
    lines: dict[str, str]
    unreadable: dict[str, str]


def read_records(source: FolderSource) -> Records:
    """Read the recordings of a source.

    Raises:
        FormatError: two of one name.
    """
    found = Records({}, {}, {})
    for i, path in enumerate(source.paths):
        try:
            recording = source.read(i)
        except FHRError as error:
            found.unreadable[path] = str(error)
            continue
        if recording.name in found.lines:
            raise FormatError(f"{source.root}: record {recording.name!r} stands twice; keep one of them")
        found.recordings[path] = recording
        found.lines[recording.name] = checksum_line(recording)
    return found


def extract_chunk(chunk: Chunk) -> Done:
    """Compute a chunk, unless its part is there already, of the same recordings, parameters, source and libraries."""
    names = chunk.source.paths
    recordings, lines, unreadable = read_records(chunk.source)
    key = {**identity(chunk.feature_set, chunk.step), "lines": lines, "unreadable": unreadable}
    try:
        found = read_part(chunk.part, chunk.feature_set.columns)
    except FHRError:  # no part yet, or a damaged one
        found = {}
    if any(found.get(name) != value for name, value in key.items()) or not _says_what_became(found, names):
        _keep_freed_memory()
        with _one_thread():
            found = _compute(chunk, recordings, key)
        n_computed = len(recordings) - len(found["unusable"])
    else:
        n_computed = 0
    quarantined = {**unreadable, **found["unusable"]}
    ordered = {name: quarantined[name] for name in names if name in quarantined}
    made_by = identity(chunk.feature_set, chunk.step)
    paths = {recording.name: path for path, recording in recordings.items() if path != recording.name}
    return Done(chunk.part, made_by, len(names), lines, paths, ordered, found["n_windows"], n_computed)


def _says_what_became(found: dict[str, Any], names: tuple[str, ...]) -> bool:
    unusable = found.get("unusable")
    return (
        type(found.get("n_windows")) is int
        and isinstance(unusable, dict)
        and all(name in names and isinstance(reason, str) for name, reason in unusable.items())
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """As many threads as workers, and sums in one order whatever the number of cores."""
    import torch

    n = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n)


def _keep_freed_memory() -> None:
    """Have the C library keep what arrays of some 100 kB free, in place of fetching fresh pages for each.

    glibc learns the sizes that it keeps from the largest array that was freed, of up to 32 MiB. No page of this one is
    ever touched; other C libraries may learn nothing, and the numbers are the same.
    """
    np.empty(1 << 24, dtype=np.uint8)


def _compute(chunk: Chunk, recordings: dict[str, Recording], key: dict[str, Any]) -> dict[str, Any]:
    feature_set, device = chunk.feature_set, pick_device(chunk.device, float64=True)
    rows: dict[str, list[Any]] = {column.name: [] for column in METADATA_COLUMNS}
    features, unusable = [np.empty((0, len(feature_set.columns)))], {}
    for path, recording in recordings.items():
        try:
            windows = feature_set.windows(recording, step=chunk.step)
            features.append(feature_set.of(recording, windows, device=device))
        except FHRError as error:
            unusable[path] = str(error)
            continue
        n = len(windows.fhr)
        rows["record"] += [recording.name] * n
        rows["window"] += range(n)
        for name in ("start", "end", "to_end"):
            rows[f"{name}_s"] += getattr(windows, name).tolist()
        rows["loss"] += windows.loss.tolist()
    content = {**key, "unusable": unusable, "n_windows": len(rows["record"])}
    # Whole or not at all, whoever else writes: a chunk that a dead worker began may be running twice.
    draft = Path(f"{chunk.part}.{uuid4().hex}")
    write_part(draft, feature_set.columns, rows, np.concatenate(features), content)
    try:
        os.replace(draft, chunk.part)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise FHRError(f"{chunk.part}: cannot be written ({error.strerror}); remove what is there") from None
    return content
