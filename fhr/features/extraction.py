"""Extraction of the feature table of a folder: parallel, resumable, at any size.

Recordings are taken in chunks; each chunk is finished on its own, in a file of its own beside the table
(`FILE.parquet.parts/`). A run that was killed goes on with the chunks that are not there yet; a chunk whose recordings,
parameters, computing source or libraries have changed is computed again. Memory holds one chunk a worker, and a line a
record. The numbers do not depend on the workers: each record is computed by itself, with torch on one thread. The same
recordings, parameters, source and versions give the same bytes; the file carries no date.
"""

import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from filelock import FileLock, Timeout

from fhr import __version__
from fhr.compute import check_device, check_scheduler, check_workers, pick_device, spread
from fhr.datasets import FolderSource, checksum_of_lines
from fhr.errors import DatasetNotFoundError, FHRError, FormatError
from fhr.formats.owners import owner_of
from fhr.preprocessing import cut_windows
from fhr.tracking import environment, made_otherwise, source_state

from .extraction_chunk import Chunk, Done, extract_chunk, identity, read_records
from .feature_set import FeatureSet
from .groups import OF_GROUP
from .parquet_table import join_parts, read_provenance

__all__ = ["Extraction", "extract"]

_log = logging.getLogger(__name__)
_CHUNK = 8  # records: about a second of work, so that a kill loses little and an interruption is soon answered


class Extraction(NamedTuple):
    """Summary of a run of `extract`.

    Attributes:
        path: the table.
        n_records: records with rows in it.
        n_windows: its rows.
        n_computed: records that were computed now, not by an earlier run.
        quarantined: reason for each record without a row.
        was_there: whether the table was there already, and nothing was done.
    """

    path: Path
    n_records: int
    n_windows: int
    n_computed: int
    quarantined: dict[str, str]
    was_there: bool


def extract(
    root: str | Path,
    out: str | Path,
    feature_set: FeatureSet | None = None,
    *,
    step: float = 5.0,
    recursive: bool = False,
    join: bool = False,
    outcomes: str | Path | None = None,
    reading: Mapping[str, Any] | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    device: str = "cpu",
    overwrite: bool = False,
    chunk: int = _CHUNK,
    progress: Callable[[int, int], object] | None = None,
) -> Extraction:
    """Write the features of every window of every recording of a folder.

    A row a record and window, in the order of the records and from the last window back; the columns are
    `METADATA_COLUMNS`, those of the feature set and `path`, with unit and description in the metadata of the fields and
    provenance in that of the file. A recording that cannot be read or used has no row and is quarantined, with the
    reason in the provenance; the others go on. Read it with `read_features`.

    Args:
        root: folder of recordings, in every format that is read.
        out: the table, `FILE.parquet`; nothing is done if it is there, of the same recordings, parameters,
            source and libraries.
        feature_set: what is computed of a window; None for `FeatureSet()`.
        step: minutes from one window to the next.
        recursive: with the folders within `root`.
        join: tables of uterine activity with the heart rates of the same labours, see `fhr.formats.join`.
        outcomes: a table of the births, which join the data checksum, see `fhr.datasets.RecordingFolder`.
        reading: options of `fhr.read`; a format gets those that it takes.
        workers: processes on this machine.
        scheduler: `dask://HOST:PORT` of a Dask scheduler, whose workers see both folders under the same paths.
        device: where the groups that torch computes (`multiscale`, `scattering`, `scale_cumulants`, `cross_channel`)
            are computed, in float64: `cpu`, `cuda`, `cuda:N`, or `auto` for a GPU that can, else the CPU. It goes into
            the provenance; finished chunks of another device are kept.
        overwrite: replace another table.
        chunk: records a chunk.
        progress: called with the number of records done and of all.

    Raises:
        DatasetNotFoundError: a folder that is missing, empty, or holds no readable record.
        FormatError: a `RECORDS` file that cannot be read, points elsewhere, or names a record twice; two recordings of
            one name.
        OutcomeError: a table of outcomes that cannot be used, or is of other recordings.
        FHRError: parameters that cannot be, a table that cannot be written or is another one, a run that writes it
            now, a device that is not here, a scheduler that cannot be reached, or a worker that died.
    """
    feature_set, step, out = FeatureSet() if feature_set is None else feature_set, float(step), Path(out).absolute()
    _check(out, feature_set, step, workers, scheduler, chunk)
    how: dict[str, Any] = {
        "recursive": recursive,
        "join": join,
        "outcomes": outcomes and str(outcomes),
        "reading": reading,
    }
    source = FolderSource.of(root, **how)
    if not len(source):
        raise source.none_readable({})
    told = {name: value for name, value in how.items() if value}  # in the provenance, where it is not the usual way
    _check_device(device, feature_set, scheduler)
    result = None
    if out.exists():
        read = [root] if outcomes is None else [root, outcomes]
        if (owner := owner_of(out, read, recursive=recursive, columns=(reading or {}).get("columns"))) is not None:
            raise FHRError(f"{out}: it is among the recordings of {owner}; choose another file, elsewhere")
        result = _table_that_is_there(out, source, told, identity(feature_set, step), overwrite)
    parts = out.with_name(f"{out.name}.parts")
    try:
        parts.mkdir(exist_ok=True)
    except OSError as error:
        raise FHRError(f"{parts}: no folder for what is finished ({error.strerror}); choose another --out") from None
    chunks = [
        Chunk(
            replace(part, root=os.path.abspath(root)),
            str(parts / f"{i * chunk:08d}.parquet"),
            feature_set,
            step,
            device,
        )
        for i, part in enumerate(source.parts(chunk))
    ]
    _log.info(
        "%d records of %s in %d chunks, by %s", len(source), root, len(chunks), scheduler or f"{workers} processes"
    )
    try:
        with FileLock(parts / "lock", timeout=0):
            if result is None:
                done = _run(chunks, workers, scheduler, progress, len(source))
                result = _join(chunks, out, str(root), told, done)
    except Timeout:
        raise FHRError(f"{out}: another run is writing this table; wait for it, or choose another name") from None
    except BaseException as error:
        if isinstance(error, DatasetNotFoundError) or not any(parts.glob("*.parquet")):  # nothing to go on with
            shutil.rmtree(parts)
        raise
    shutil.rmtree(parts)
    return result._replace(quarantined={**result.quarantined, **source.left_out})


def _check(out: Path, feature_set: FeatureSet, step: float, workers: int, scheduler: str | None, chunk: int) -> None:
    """Refuse before the work what would fail after it."""
    if (out.exists() and not out.is_file()) or not os.access(out.parent, os.W_OK):
        raise FHRError(f"{out}: cannot be written; name a file in a folder that exists")
    check_workers(workers)
    if chunk < 1:
        raise FHRError(f"chunk={chunk}; give 1 or more records")
    if scheduler is not None:
        check_scheduler(scheduler)
    flat = np.full(round(feature_set.minutes * 60 * feature_set.fs), 140.0)
    cut_windows(flat, feature_set.fs, minutes=feature_set.minutes, step=step)
    feature_set.check()


def _check_device(device: str, feature_set: FeatureSet, scheduler: str | None) -> None:
    on_device = [name for name, group in OF_GROUP.items() if group.on_device]
    if check_device(device) not in ("auto", "cpu") and not set(on_device) & set(feature_set.groups):
        raise FHRError(f"device {device}: only the groups {', '.join(on_device)} compute on one; leave it out")
    if scheduler is None:  # else the workers look for it
        pick_device(device, float64=True)


def _run(
    chunks: Sequence[Chunk],
    workers: int,
    scheduler: str | None,
    progress: Callable[[int, int], object] | None,
    n_records: int,
) -> Done:
    """The sum of what became of the chunks."""
    wanted = identity(chunks[0].feature_set, chunks[0].step)
    lines: dict[str, str] = {}
    paths: dict[str, str] = {}
    quarantined: dict[str, str] = {}
    n_done = n_windows = n_computed = 0
    # Closed at once, whatever happens: no worker is left behind when this returns.
    with closing(spread(extract_chunk, chunks, workers=workers, scheduler=scheduler)) as results:
        for done in results:
            if done.identity != wanted:
                raise FHRError(
                    "a worker computes with another source or other libraries: "
                    f"{made_otherwise(done.identity['made_by'], wanted['made_by'])}; install the same for every worker"
                )
            if not os.path.isfile(done.part):
                raise FHRError(
                    f"{done.part}: a worker wrote it, but it is not to be seen here; give folders that all share"
                )
            if twice := lines.keys() & done.lines.keys():
                raise FormatError(f"{chunks[0].source.root}: record {min(twice)!r} stands twice; keep one of them")
            n_done += done.n_records
            lines |= done.lines
            paths |= done.paths
            quarantined |= done.quarantined
            n_windows += done.n_windows
            n_computed += done.n_computed
            if progress is not None:
                progress(n_done, n_records)
    return Done("", wanted, n_done, lines, paths, quarantined, n_windows, n_computed)


def _join(chunks: Sequence[Chunk], out: Path, origin: str, told: Mapping[str, Any], done: Done) -> Extraction:
    paths = (path for task in chunks for path in task.source.paths)
    quarantined = {path: done.quarantined[path] for path in paths if path in done.quarantined}
    n_records = done.n_records - len(quarantined)
    if not n_records:
        name, reason = next(iter(quarantined.items()))
        raise DatasetNotFoundError(
            f"{origin}: none of its {len(quarantined)} records can be used; the first, {name}: {reason}"
        )
    feature_set = chunks[0].feature_set
    provenance = {
        "format": 1,
        **done.identity,
        "version": __version__,
        "feature_set": feature_set.to_dict(),
        "origin": origin,
        "data_checksum": checksum_of_lines(done.lines),
        "n_records": n_records,
        "n_windows": done.n_windows,
        "quarantined": quarantined,
        **({"reading": told} if told else {}),
        "device": chunks[0].device,
        "environment": {**environment(), "pyarrow": pa.__version__, **source_state()},
    }
    draft = Path(chunks[0].part).with_name("table")
    join_parts(draft, feature_set.columns, (Path(task.part) for task in chunks), provenance, origin, done.paths)
    os.replace(draft, out)
    return Extraction(out, n_records, done.n_windows, done.n_computed, quarantined, False)


def _table_that_is_there(
    out: Path, source: FolderSource, told: Mapping[str, Any], wanted: dict[str, Any], overwrite: bool
) -> Extraction | None:
    """What is there, if it is what would be written; None if it may be overwritten."""
    try:
        found = read_provenance(out)
        differences = [name for name, value in wanted.items() if found.get(name) != value]
        differences += ["reading"] if found.get("reading", {}) != json.loads(json.dumps(told)) else []
        if not differences:
            lines: dict[str, str] = {}
            for one in source.parts(1):
                lines |= read_records(one).lines
            differences = ["data_checksum"] if found.get("data_checksum") != checksum_of_lines(lines) else []
        counts: dict[str, Any] = {name: found.get(name) for name in ("n_records", "n_windows")}
        quarantined = found.get("quarantined")
        if all(isinstance(n, int) for n in counts.values()) and isinstance(quarantined, dict) and not differences:
            reasons = {name: str(why) for name, why in quarantined.items()}
            return Extraction(out, **counts, n_computed=0, quarantined=reasons, was_there=True)
        differences = differences or ["quarantined"]
        reason = f"holds a table that differs in {', '.join(differences)}"
        if differences == ["made_by"]:
            other = made_otherwise(str(found.get("made_by", "")), wanted["made_by"])
            reason = f"holds a table of other source or libraries ({other})"
    except FHRError:
        reason = "is there, and is no feature table"
    if not overwrite:
        raise FHRError(f"{out}: {reason}; choose another name, or overwrite it (--overwrite)")
    return None
