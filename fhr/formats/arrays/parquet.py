"""Recordings in Parquet files, one row a sample, one column a channel, read and written."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fhr.errors import FormatError
from fhr.recording import Recording, Source

from ..channels.chosen_channels import given_columns
from ..channels.names import guess_channels
from ..channels.recorded import recorded
from ..channels.words import SIGNALS
from ..files.bounded_json import bounded_json
from ..files.regular_file import cut, open_regular, read_whole, reason
from ..files.whole_file import check_samples, take_suffix, write_whole
from ..metadata.plain_values import METADATA, metadata, parse_metadata
from ..times.grid import checked_rate
from .named_arrays import from_arrays

if TYPE_CHECKING:  # Arrow is slow to load, and most of what imports this room reads no Parquet
    import pyarrow.parquet as pq

__all__ = ["PARQUET_SUFFIX", "parquet_problem", "read_parquet", "write_parquet"]

PARQUET_SUFFIX = ".parquet"
_OURS = b"fhr parquet 1"  # key of our metadata in the footer
_FEATURES = b"fhr.features"  # key of feature tables
_TIME = "time_s"
_MAX_BYTES = 1 << 28


def read_parquet(
    path: str | Path,
    *,
    columns: Mapping[str, str | int | Sequence[str | int] | None] | None = None,
    units: Mapping[str, str] | None = None,
    fs: float | None = None,
    tolerance: float | None = None,
    order: str | None = None,
) -> Recording:
    """Read one recording from a Parquet file.

    Files of `write_parquet` come back exactly. In others the channels are told from the names of the columns, as in
    `read_table`, and units from these or from a text `unit` in the metadata of the column; nulls, NaN and 0 are
    missing. Times are dates, durations, times of day or numbers, in a column or in the index of pandas; an index of
    whole numbers that leaves some out counts samples. Every guess is logged and kept in the history.

    Args:
        path: a `.parquet` file.
        columns: column of "fhr", "uc", "mhr", "time" and "fs" by name or position; None for none; several of "fhr" are
            transducers on one fetus.
        units: of "fhr", "mhr", "uc" and "time", as in `read_table`.
        fs: sampling rate, Hz; needed where there are no times, else the rate of the grid.
        tolerance: the seconds to either side that a time may stand for, as in `read_table`.
        order: "time" sorts samples whose times go back; None refuses them.

    Raises:
        FormatError: no such file, one that is damaged or holds several recordings, no column of FHR, one that holds no
            numbers, neither times nor `fs`, times as in `read_table`.
        FHRError: an unknown channel or unit.
    """
    import pyarrow as pa

    from .parquet_columns import check_one_recording, column_values, opened, stem_of_index, unnamed_index

    path = Path(path)
    take_suffix(path, [PARQUET_SUFFIX], kind="Parquet file")
    raw = read_whole(path, limit=_MAX_BYTES, kind="Parquet file")
    where = str(path)
    file = opened(pa.BufferReader(raw), where)
    schema = file.schema_arrow
    facts = schema.metadata or {}
    known = _stated(facts[_OURS], where) if _OURS in facts else None
    names, stems = list(schema.names), list(schema.names)
    if known is None:
        given = {one for those in (columns or {}).values() for one in given_columns(those)}
        check_one_recording(file, given, where)
        index = unnamed_index(schema, where)
        if index in names:
            told = any("time" in guess_channels([name], where=where) for name in names)
            stems[names.index(index)] = "" if told else stem_of_index(file, schema.field(index).type, where)
    dates: dict[str, str] = {}

    def load(wanted: Collection[str]) -> dict[str, np.ndarray]:
        return {name: _one_rate(name, column_values(file, name, dates, where)) for name in wanted}

    regular = known is not None and _is_regular(file, known["fs"], where)
    if regular:
        columns = {"time": None, **(columns or {})}
    found = from_arrays(
        names,
        load,
        columns=columns,
        units=units,
        fs=known["fs"] if known is not None and fs is None else fs,
        tolerance=tolerance,
        order=order,
        kind="column",
        where=where,
        ours=known is not None,
        stems=stems,
        said={
            field.name: unit.decode("utf-8", "replace")
            for field in schema
            if (unit := (field.metadata or {}).get(b"unit"))
        },
    )
    as_written = regular and len(columns or {}) <= 1 and not units and fs is None
    return recorded(
        found.signals,
        fs=found.fs,
        source=Source(where, "parquet", hashlib.sha256(raw).hexdigest()),
        name=path.stem,
        stated=known,
        done=None if as_written else {**found.notes, **dates},
    )


def write_parquet(recording: Recording, path: str | Path) -> Path:
    """Write `recording` as a `.parquet` file and return its path; `read_parquet` gives it back exactly.

    Columns `time_s` in float64 and `fhr`, `uc` and, where there is one, `mhr` in float32; a missing sample is null, the
    unit stands in the metadata of the column. Name, sampling rate, outcome, clinical fields, history and provenance
    stand in the metadata of the file, which programs that write a table anew leave out: who loses them makes a measured
    recording of one that was not. Left out: `source`.

    Raises:
        FormatError: another suffix, no sample, a history that holds more than plain types, or one that is too long.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    take_suffix(path, [PARQUET_SUFFIX], kind="Parquet file")
    check_samples(recording)
    arrays = {_TIME: pa.array(_times(len(recording), recording.fs))}
    units = {_TIME: "s", "fhr": "bpm", "mhr": "bpm"}
    for name in SIGNALS:
        if (values := getattr(recording, name)) is not None:
            arrays[name] = pa.array(values, mask=np.isnan(values))
    schema = pa.schema(
        [
            pa.field(name, array.type, metadata={"unit": units[name]} if name in units else None)
            for name, array in arrays.items()
        ],
        metadata={_OURS: json.dumps(metadata(recording))},
    )
    file = pa.BufferOutputStream()
    pq.write_table(pa.table(list(arrays.values()), schema=schema), file, compression="zstd")
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(path, file.getvalue().to_pybytes())


def parquet_problem(path: Path, columns: Mapping[str, Any] | None = None) -> str | None:
    """Reason that a file of a folder is no recording, "" for a table of several recordings; None if it may be one.

    A file that cannot be opened may be one: `read_parquet` says what is wrong with it.

    Args:
        path: of the file.
        columns: that it would be read with.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with open_regular(path) as file:
            schema = pq.read_schema(file)
    except (OSError, ValueError, pa.ArrowException):
        return None
    if _FEATURES in (schema.metadata or {}) or "record" in schema.names:
        return ""
    if (columns or {}).get("fhr") is not None or any(
        "fhr" in guess_channels([name], where="") for name in schema.names
    ):
        return None
    return f"no column is known to be FHR; it holds {cut(', '.join(schema.names))}; say columns={{'fhr': NAME}}"


def _stated(raw: bytes, where: str) -> dict[str, Any]:
    """Arguments of `Recording` that `write_parquet` keeps."""
    try:
        texts = bounded_json(raw, "metadata")
        texts = {key: texts[key] for key in METADATA if key in texts}
        if not all(isinstance(text, str) for text in texts.values()) or "fs" not in texts:
            raise ValueError("no texts")
    except (ValueError, TypeError) as error:
        # Without them a recording that was made would pass for a measured one.
        raise FormatError(f"{where}: its metadata are damaged ({reason(error)}); write the file anew") from None
    known = parse_metadata(texts, where=where)
    return known | {"fs": checked_rate(known["fs"], where)}


def _times(n: int, fs: float) -> np.ndarray:
    return np.arange(n) / fs


def _is_regular(file: "pq.ParquetFile", fs: float, where: str) -> bool:
    """True if no row was taken out of a file of ours since it was written."""
    from .parquet_columns import column_values

    if _TIME not in file.schema_arrow.names:
        return True
    time = column_values(file, _TIME, {}, where)
    return np.array_equal(time, _times(len(time), fs))


def _one_rate(name: str, values: np.ndarray) -> np.ndarray:
    """The sampling rate where every row repeats it, other columns as they are."""
    if "fs" in guess_channels([name], where="") and len(rates := np.unique(values)) == 1:
        return rates
    return values
