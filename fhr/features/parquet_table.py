"""The feature table as a Parquet file: what each column means, where its numbers come from, reading and joining."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fhr.errors import FHRError

from .column import Column

__all__ = ["METADATA_COLUMNS", "join_parts", "read_features", "read_provenance", "write_part"]

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
    """Write one file, not atomically.

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
    """Write the rows of all parts, in order, into one file; memory holds one row group at a time."""
    schema = _schema(columns, provenance)
    with _writing(path), pq.ParquetWriter(path, schema) as writer:
        for group in _row_groups(parts):
            writer.write_table(group.cast(schema))


def _row_groups(parts: Iterable[Path]) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    for part in parts:
        # Not pq.read_table, which takes a folder above named `a=b` for a column.
        waiting.append(pq.ParquetFile(part).read().replace_schema_metadata())
        if sum(table.num_rows for table in waiting) >= _ROWS:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def read_provenance(path: str | Path) -> dict[str, Any]:
    """What a feature table was made from and with, without reading its rows.

    Raises:
        FHRError: no such file, or a file that `fhr features` did not write.
    """
    return _provenance(_open(path), path)


def _open(path: str | Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise FHRError(f"{path}: no readable Parquet file ({reason}); make it with `fhr features`") from None


def _provenance(file: pq.ParquetFile, path: str | Path) -> dict[str, Any]:
    content = (file.schema_arrow.metadata or {}).get(_PROVENANCE)
    if content is None:
        raise FHRError(f"{path}: a Parquet file, but not a feature table; make it with `fhr features`")
    provenance: dict[str, Any] = json.loads(content)
    return provenance


def read_features(path: str | Path) -> pd.DataFrame:
    """The feature table that `fhr features` wrote, a row a window.

    Returns:
        The columns of the file. `attrs["features"]` lists the names of the features, `attrs["columns"]` gives role
        ("metadata" or "feature"), unit and description by name, `attrs["provenance"]` the feature set, data checksum,
        versions and quarantined recordings. Train on `attrs["features"]` only: the other columns leak the outcome.

    Raises:
        FHRError: no such file, or a file that `fhr features` did not write.
    """
    with _open(path) as file:
        provenance = _provenance(file, path)
        facts = {
            field.name: {
                key.decode(): value.decode() for key, value in field.metadata.items() if key != b"PARQUET:field_id"
            }
            for field in file.schema_arrow
        }
        table: pd.DataFrame = file.read().to_pandas()
    table.attrs["provenance"] = provenance
    table.attrs["columns"] = facts
    table.attrs["features"] = [name for name, fact in facts.items() if fact["role"] == "feature"]
    return table
