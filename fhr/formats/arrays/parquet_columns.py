"""Columns of a Parquet file as numbers and times."""

from collections.abc import Collection
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fhr.errors import FormatError

from ..channels.names import names_recordings
from ..files.bounded_json import bounded_json
from ..files.regular_file import cut, reason, shown
from ..files.whole_file import MAX_SAMPLES
from ..times.clock_times import clock_times, is_time_text
from ..times.unread_times import check_one_recording as check_cells
from ..written.numbers import Text, numbers, stripped

__all__ = ["check_one_recording", "column_values", "opened", "stem_of_index", "unnamed_index"]

_MAX_BYTES = 1 << 30  # that a file says that it unpacks to
_MAX_COLUMNS = 10_000
_MAX_TEXT = 60  # letters of a cell
_LOOKED_AT = 100  # different texts of a column
_UNNAMED = "__index_level_0__"  # of an index of pandas


def opened(source: Any, where: str) -> pq.ParquetFile:
    """Open a file; its columns of text are dictionaries.

    Raises:
        FormatError: one that is damaged, without rows, or of more rows or columns than any recording has.
    """
    try:
        file = pq.ParquetFile(source)
        texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        if texts:  # as dictionaries: what is written once and stands in all rows takes little
            file = pq.ParquetFile(source, read_dictionary=texts)
        n_rows, n_columns = file.metadata.num_rows, file.metadata.num_columns
        # Of the row groups only: asked for a damaged column of one, Arrow ends the process.
        size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise FormatError(f"{where}: no intact Parquet file ({reason(error)}); write it again") from None
    if not 1 <= n_rows <= MAX_SAMPLES or n_columns > _MAX_COLUMNS:
        raise FormatError(
            f"{where}: {n_rows} rows of {n_columns} columns; a recording has 1 to {MAX_SAMPLES} rows, and at most "
            f"{_MAX_COLUMNS} columns"
        )
    if size > _MAX_BYTES:
        raise FormatError(f"{where}: it unpacks to {size} bytes; a recording takes at most {_MAX_BYTES}")
    return file


def check_one_recording(file: pq.ParquetFile, taken: Collection[str | int], where: str) -> None:
    """Refuse a table of several recordings, one below the other.

    Args:
        file: the table.
        taken: names or positions of the columns that are given for channels.
        where: the file, for messages.

    Raises:
        FormatError: a column that is called after recordings or patients holds several of them.
    """
    for position, name in enumerate(file.schema_arrow.names):
        if name in taken or position in taken or not names_recordings(name):
            continue
        with suppress(OSError, ValueError, TypeError, pa.ArrowException):  # no values to compare, or damaged ones
            column = file.read(columns=[name], use_threads=False).column(0)
            if len(column.unique()) > 1:
                check_cells(name, column.to_pandas().astype(object), where)


def unnamed_index(schema: pa.Schema, where: str) -> str | None:
    """Column of an index of pandas that has no name of its own."""
    found: Any = None
    with suppress(ValueError, TypeError, LookupError):  # no table of pandas, or one without an index
        found = bounded_json((schema.metadata or {})[b"pandas"], "metadata")["index_columns"][0]
    if isinstance(found, dict) and found.get("kind") == "range" and found.get("step") != 1:
        raise FormatError(
            f"{where}: its index counts in steps of {shown(str(found.get('step')))}, rows are left out; write it again "
            "with a column of times, or after reset_index(drop=True)"
        )
    return found if found == _UNNAMED else None


def stem_of_index(file: pq.ParquetFile, kind: pa.DataType, where: str) -> str:
    """Name in place of that of an index without one: of times, of samples, or of nothing."""
    if not pa.types.is_integer(kind):
        return "time"
    numbers = column_values(file, _UNNAMED, {}, where)
    return "" if (np.diff(numbers) == 1).all() else "sample"


def column_values(file: pq.ParquetFile, name: str, dates: dict[str, str], where: str) -> np.ndarray:
    """Values of a column: float64, NaN for nulls, or times of NumPy, of which `dates` keeps the first."""
    try:
        table = file.read(columns=[name], use_threads=False)
        if table.num_columns != 1:
            raise FormatError(f"{where}: column {shown(name)} stands {table.num_columns} times; keep one")
        column, kind = table.column(0), table.schema.types[0]
        if pa.types.is_dictionary(kind) and _is_text(kind.value_type):
            return _of_text(column, name, dates, where)
        if pa.types.is_dictionary(kind):
            column, kind = column.cast(kind.value_type), kind.value_type
        if pa.types.is_timestamp(kind):
            if kind.tz and (first := pc.min(column)).is_valid:  # NumPy keeps none
                dates["start"] = pd.Timestamp(first.as_py()).isoformat()
            return column.to_numpy()
        if pa.types.is_duration(kind):
            return column.to_numpy()
        if pa.types.is_time(kind):
            return column.cast(pa.time64("ns")).cast(pa.int64()).to_numpy().astype("m8[ns]")
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
            raise FormatError(
                f"{where}: column {shown(name)} holds {cut(str(kind))}; a channel holds numbers, times are dates, "
                "durations or numbers: convert it, or name another with columns="
            )
        return column.cast(pa.float64(), safe=False).to_numpy()
    except (OSError, ValueError, OverflowError, pa.ArrowException) as error:
        raise FormatError(f"{where}: column {shown(name)} is damaged ({reason(error)}); write the file again") from None


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _of_text(column: pa.ChunkedArray, name: str, dates: dict[str, str], where: str) -> np.ndarray:
    """Numbers or times that are written as text."""
    whole = column.unify_dictionaries().combine_chunks()
    codes = whole.indices.fill_null(len(whole.dictionary)).to_numpy(zero_copy_only=False)
    if (pc.max(pc.utf8_length(whole.dictionary)).as_py() or 0) > _MAX_TEXT:
        raise FormatError(f"{where}: column {shown(name)} holds text, no numbers or times; name another with columns=")
    words = stripped(pd.Series([*whole.dictionary.to_pylist(), ""], dtype=object))
    if any(is_time_text(word) for word in words[:_LOOKED_AT]):
        cells = pd.Series(words.to_numpy()[codes], dtype=object)
        times = clock_times(
            cells, dates=None, unit="iso", dayfirst=None, row_of=lambda row: f"row {row + 1}", where=where
        )
        if times.start:
            dates["start"] = times.start
        return (times.seconds * 1e9).round().astype("m8[ns]")
    found, _ = numbers(
        {0: Text(name, words)}, decimal=None, row_of=lambda i: f"row {int(np.argmax(codes == i)) + 1}", where=where
    )
    return found[0][codes]
