"""The feature table as a Parquet file: columns with their meaning, provenance, reading and joining.

A file of other make, damaged or hostile is refused. Pages carry a checksum, so that a bit that flipped is found; what
is read is bounded by the size of the file, since a few bytes of Parquet can stand for any number of equal values.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fhr.errors import FHRError, FormatError
from fhr.formats import open_regular
from fhr.formats.regular_file import reason, shown

from .column import Column
from .parquet_footer import Footer, read_footer

__all__ = ["METADATA_COLUMNS", "join_parts", "read_features", "read_part", "read_provenance", "write_part"]

METADATA_COLUMNS = (
    Column("record", "1", "name of the recording"),
    Column("window", "1", "number of the window, counted back from the end: 0 ends with the recording"),
    Column("start_s", "s", "start of the window, from the start of the recording"),
    Column("end_s", "s", "end of the window, from the start of the recording"),
    Column("to_end_s", "s", "time from the end of the window to the end of the recording"),
    Column("loss", "1", "fraction of the window's fetal heart rate that was missing or removed"),
)
"""What tells rows apart. None of them is a feature: times tell how long a labour was, which leaks the outcome."""

_TYPES = {"record": pa.string(), "window": pa.int32()}
_PROVENANCE = b"fhr.features"
_ROWS = 1 << 14  # of a row group: some MB of memory, and a footer that stays small in a table of millions
_NAMES = [column.name for column in METADATA_COLUMNS]
_FACTS = {"role", "unit", "description"}
_NO_TABLE = "a Parquet file, but not a feature table; make it with `fhr features`"
_CODECS = {0, 1}  # none and Snappy, which is what we write, unpacks to some twenty times its size at most
_BYTES, _RATIO = 1 << 28, 100  # memory of any table, and more for each byte of its file; ours need some two


def _schema(columns: Sequence[Column], provenance: Mapping[str, Any]) -> pa.Schema:
    fields = []
    roles = [*(("metadata", column) for column in METADATA_COLUMNS), *(("feature", column) for column in columns)]
    for role, column in roles:
        facts = {"role": role, "unit": column.unit, "description": column.description}
        fields.append(pa.field(column.name, _TYPES.get(column.name, pa.float64()), metadata=facts))
    return pa.schema(fields, metadata={_PROVENANCE: json.dumps(provenance)})


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
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path, write_page_checksum=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        path.unlink(missing_ok=True)
        reason = error.strerror or str(error).splitlines()[0]
        raise FHRError(
            f"{path}: cannot be written ({reason}); make room, or choose a folder that every worker sees: what was "
            "finished is kept"
        ) from None


def join_parts(path: Path, columns: Sequence[Column], parts: Iterable[Path], provenance: Mapping[str, Any]) -> None:
    """Write the rows of all parts, in order, into one file; memory holds one row group at a time.

    Raises:
        FHRError: a part that is damaged or has other columns, or a file that cannot be written.
    """
    schema = _schema(columns, provenance)
    with _writing(path), pq.ParquetWriter(path, schema, write_page_checksum=True) as writer:
        for group in _row_groups(parts, columns):
            writer.write_table(group.cast(schema))


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
        table, provenance = _rows(file, path), _provenance(file, path)
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
        return _provenance(file, path)


@contextmanager
def _opened(path: str | Path) -> Iterator[pq.ParquetFile]:
    """A feature table to read from; what Arrow finds wrong with it meanwhile is a `FormatError`."""
    try:
        with open_regular(Path(path)) as raw:
            footer = read_footer(raw)
            # A dictionary holds a name once, and not once a row, until it is known how long all of them are.
            with pq.ParquetFile(raw, read_dictionary=["record"], page_checksum_verification=True) as file:
                _check(file, footer, path, os.fstat(raw.fileno()).st_size)
                yield file
    except KeyError:  # no column `record`
        raise FormatError(f"{path}: {_NO_TABLE}") from None
    except (OSError, ValueError, MemoryError, RecursionError, pa.ArrowException) as error:
        raise FormatError(f"{path}: no readable Parquet file ({reason(error)}); make it with `fhr features`") from None


def _check(file: pq.ParquetFile, footer: Footer, path: str | Path, size: int) -> None:
    """Refuse, before a page is read, what is no feature table or would not fit into memory."""
    schema, metadata = file.schema_arrow, file.metadata
    types = {**_TYPES, "record": pa.dictionary(pa.int32(), pa.string())}
    if (
        _PROVENANCE not in (schema.metadata or {})
        or schema.names[: len(_NAMES)] != _NAMES
        or len(set(schema.names)) < len(schema.names)
        or any(field.type != types.get(field.name, pa.float64()) for field in schema)
    ):
        raise FormatError(f"{path}: {_NO_TABLE}")
    if footer.codecs - _CODECS:
        raise FormatError(f"{path}: compressed otherwise than with Snappy; make it with `fhr features`")
    if min(footer.rows, default=0) < 0 or sum(footer.rows) != metadata.num_rows:
        raise FormatError(
            f"{path}: it declares {metadata.num_rows} rows and holds {sum(footer.rows)}; make it with `fhr features`"
        )
    _check_memory(8 * metadata.num_rows * len(schema), size, path)


def _check_memory(needed: int, size: int, path: str | Path) -> None:
    if needed > _BYTES + _RATIO * size:
        raise FormatError(f"{path}: {size} bytes that declare {needed} bytes of values; make it with `fhr features`")


def _provenance(file: pq.ParquetFile, path: str | Path) -> dict[str, Any]:
    provenance = json.loads(file.schema_arrow.metadata[_PROVENANCE])
    if not isinstance(provenance, dict):
        raise FormatError(f"{path}: its provenance {shown(str(provenance))} is none; make it with `fhr features`")
    return provenance


def _facts(file: pq.ParquetFile, path: str | Path) -> dict[str, dict[str, str]]:
    facts = {
        field.name: {k.decode(): v.decode() for k, v in (field.metadata or {}).items() if k != b"PARQUET:field_id"}
        for field in file.schema_arrow
    }
    for name, fact in facts.items():
        role = "metadata" if name in _NAMES else "feature"
        if not fact.keys() >= _FACTS or fact["role"] != role:
            raise FormatError(f"{path}: column {shown(name)} is not described as a {role}; make it with `fhr features`")
    return facts


def _rows(file: pq.ParquetFile, path: str | Path) -> pa.Table:
    """All rows, without metadata, which could tell pandas to do anything."""
    table = file.read().replace_schema_metadata()
    for name in ("record", "window"):
        if table[name].null_count:
            raise FormatError(f"{path}: {table[name].null_count} rows have no {name}; make it with `fhr features`")
    lengths = (pc.sum(pc.take(pc.binary_length(c.dictionary), c.indices)).as_py() or 0 for c in table["record"].chunks)
    _check_memory(sum(lengths), os.path.getsize(path), path)
    table = table.set_column(0, "record", table["record"].cast(pa.string()))
    table.validate(full=True)  # names that are no text
    return table


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
        provenance, facts = _provenance(file, path), _facts(file, path)
        table: pd.DataFrame = _rows(file, path).to_pandas()
    table.attrs["provenance"] = provenance
    table.attrs["columns"] = facts
    table.attrs["features"] = [name for name, fact in facts.items() if fact["role"] == "feature"]
    return table
