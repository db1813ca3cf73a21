"""The feature table as a Parquet file: columns with their meaning, provenance, reading and joining.

A table is our own. Its footer holds the SHA-256 of all its other bytes, and Arrow, which some damaged footers make end
the process, sees none of a file that does not fit it: what is damaged or of other make is refused, and computed again.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fhr.errors import FHRError, FormatError
from fhr.formats import open_regular
from fhr.formats.files.regular_file import reason

from .column import Column

__all__ = [
    "METADATA_COLUMNS",
    "PATH_COLUMN",
    "features_in_parts",
    "join_parts",
    "read_features",
    "read_part",
    "read_provenance",
    "write_part",
]

METADATA_COLUMNS = (
    Column("record", "1", "name of the recording"),
    Column("window", "1", "number of the window, counted back from the end: 0 ends with the recording"),
    Column("start_s", "s", "start of the window, from the start of the recording"),
    Column("end_s", "s", "end of the window, from the start of the recording"),
    Column("to_end_s", "s", "time from the end of the window to the end of the recording"),
    Column("loss", "1", "fraction of the window's fetal heart rate that was missing or removed"),
)
"""What tells rows apart. None of them is a feature: times tell how long a labour was, which leaks the outcome."""

PATH_COLUMN = Column("path", "1", "where the recording was read from, in the folder as it was given; last in a table")
"""The other half of the key, which joins a table with those of other verbs: `record` and `path`."""

_TYPES = {"record": pa.string(), "window": pa.int32(), "path": pa.string()}
_PROVENANCE = b"fhr.features"
_ROWS = 1 << 14  # of a row group: some MB of memory, and a footer that stays small in a table of millions
_NAMES = [column.name for column in METADATA_COLUMNS]
_MARK = b"fhr.sha256"
_SEAL = _MARK + b"\x18@"  # as Thrift writes this name, before a text of 64 letters
_LETTERS = 64
_BLOCK = 1 << 20


def _schema(columns: Sequence[Column], provenance: Mapping[str, Any], *more: Column) -> pa.Schema:
    fields = []
    roles = [*(("metadata", column) for column in METADATA_COLUMNS), *(("feature", column) for column in columns)]
    roles += [("metadata", column) for column in more]
    for role, column in roles:
        facts = {"role": role, "unit": column.unit, "description": column.description}
        fields.append(pa.field(column.name, _TYPES.get(column.name, pa.float64()), metadata=facts))
    return pa.schema(fields, metadata={_PROVENANCE: json.dumps(provenance), _MARK: "0" * _LETTERS})


def write_part(
    path: Path,
    columns: Sequence[Column],
    rows: Mapping[str, Sequence[Any]],
    features: np.ndarray,
    provenance: Mapping[str, Any],
) -> None:
    """Write one part of a table, not atomically.

    Args:
        path: the file.
        columns: of the features.
        rows: `METADATA_COLUMNS` by name.
        features: (row, column).
        provenance: for `read_provenance`.
    """
    schema = _schema(columns, provenance)
    values = {**rows, **{column.name: values for column, values in zip(columns, features.T, strict=True)}}
    arrays = [pa.array(values[field.name], field.type) for field in schema]
    with _writing(path):
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Seal a table that is written meanwhile; what the disk refuses is told."""
    try:
        yield
        with path.open("r+b") as file:
            at, digest = _digest(file)
            file.seek(at)
            file.write(digest)
    except OSError as error:
        path.unlink(missing_ok=True)
        reason = error.strerror or str(error).splitlines()[0]
        raise FHRError(
            f"{path}: cannot be written ({reason}); make room, or choose a folder that every worker sees: what was "
            "finished is kept"
        ) from None


def _digest(file: BinaryIO) -> tuple[int, bytes]:
    """Where the SHA-256 of a table stands, and what it has to be: that of all bytes but itself.

    Raises:
        ValueError: it has none.
    """
    size = file.seek(0, 2)
    file.seek(max(size - 8, 0))
    footer = size - 8 - int.from_bytes(file.read(4), "little")
    file.seek(max(footer, 0))
    found = file.read().rfind(_SEAL)
    if footer < 0 or found < 0:
        raise ValueError("no checksum")
    at, total = footer + found + len(_SEAL), hashlib.sha256()
    for start, end in ((0, at), (at + _LETTERS, size)):
        file.seek(start)
        while block := file.read(min(_BLOCK, end - file.tell())):
            total.update(block)
    return at, total.hexdigest().encode()


def join_parts(
    path: Path,
    columns: Sequence[Column],
    parts: Iterable[Path],
    provenance: Mapping[str, Any],
    root: str,
    within: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write the rows of all parts, in order, into one file, with `PATH_COLUMN`; memory holds one row group at a time.

    Args:
        path: the file.
        columns: of the features.
        parts: by `write_part`.
        provenance: for `read_provenance`.
        root: folder that the records were read from, as it was given.
        within: path of a record in it by name, where it is another than the name.

    Raises:
        FHRError: a part that is damaged or has other columns, or a file that cannot be written.
    """
    schema = _schema(columns, provenance, PATH_COLUMN)
    with _writing(path), pq.ParquetWriter(path, schema) as writer:
        for group in _row_groups(parts, columns):
            paths = pa.array(
                [str(Path(root, within.get(name, name))) for name in group["record"].to_pylist()], pa.string()
            )
            writer.write_table(group.append_column(PATH_COLUMN.name, paths).cast(schema))


def _row_groups(parts: Iterable[Path], columns: Sequence[Column]) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    for part in parts:
        waiting.append(_part(part, columns)[0])
        if sum(table.num_rows for table in waiting) >= _ROWS:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _part(path: str | Path, columns: Sequence[Column]) -> tuple[pa.Table, dict[str, Any]]:
    # Not pq.read_table, which takes a folder above named `a=b` for a column.
    with _opened(path) as file:
        table, provenance = file.read(), _provenance(file)
    if table.column_names != [*_NAMES, *(column.name for column in columns)]:
        raise FormatError(f"{path}: a part of another table; remove it, and run `fhr features` again")
    return table, provenance


def read_part(path: str | Path, columns: Sequence[Column]) -> dict[str, Any]:
    """Read the provenance of a part with these features, once all of its rows are found to be readable.

    Raises:
        FormatError: no such file, one that `write_part` did not write, is damaged, or has other columns.
    """
    return _part(path, columns)[1]


def read_provenance(path: str | Path) -> dict[str, Any]:
    """Read the provenance of a feature table, without its rows.

    Raises:
        FormatError: no such file, or a file that `fhr features` did not write.
    """
    with _opened(path) as file:
        return _provenance(file)


@contextmanager
def _opened(path: str | Path) -> Iterator[pq.ParquetFile]:
    """A feature table to read from; what Arrow finds wrong with it meanwhile is a `FormatError`."""
    try:
        with open_regular(Path(path)) as raw:
            at, digest = _digest(raw)
            raw.seek(at)
            if raw.read(_LETTERS) != digest:
                raise ValueError("damaged: its checksum does not fit")
            with pq.ParquetFile(raw) as file:
                yield file
    except (OSError, ValueError, MemoryError, pa.ArrowException) as error:
        raise FormatError(f"{path}: no whole feature table ({reason(error)}); make it with `fhr features`") from None


def _provenance(file: pq.ParquetFile) -> dict[str, Any]:
    provenance: dict[str, Any] = json.loads(file.schema_arrow.metadata[_PROVENANCE])
    return provenance


def features_in_parts(path: str | Path) -> Iterator[pd.DataFrame]:
    """Rows of a feature table, some thousands at a time: `METADATA_COLUMNS`, the features, `PATH_COLUMN`.

    Raises:
        FormatError: as `read_features`.
    """
    with _opened(path) as file:
        for batch in file.iter_batches(_ROWS):
            yield batch.to_pandas()


def read_features(path: str | Path) -> pd.DataFrame:
    """Read the feature table that `fhr features` wrote, a row a window.

    Returns:
        The columns of the file. `attrs["features"]` lists the names of the features, `attrs["columns"]` gives role
        ("metadata" or "feature"), unit and description by name, `attrs["provenance"]` the feature set, data checksum,
        versions and quarantined recordings. Train on `attrs["features"]` only: the other columns leak the outcome.

    Raises:
        FormatError: no such file, one that `fhr features` did not write, or one that is damaged.
    """
    with _opened(path) as file:
        facts = {
            field.name: {key: field.metadata[key.encode()].decode() for key in ("role", "unit", "description")}
            for field in file.schema_arrow
        }
        table: pd.DataFrame = file.read().to_pandas()
        table.attrs["provenance"] = _provenance(file)
    table.attrs["columns"] = facts
    table.attrs["features"] = [name for name, fact in facts.items() if fact["role"] == "feature"]
    return table
