"""Recordings in CSV and TSV tables: one row a sample, one column a channel, read and written.

Every device and research group exports its own; what the file does not say is guessed from its header, and every
guess is logged and kept in the history. Tables of several recordings, times of day and thousands separators are
left out.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fhr.errors import FormatError
from fhr.recording import Recording, Source, Step

from .metadata import METADATA, metadata, parse_metadata
from .regular_file import read_whole
from .stored_channels import StoredChannel, assembled
from .table_columns import channels_of, check_arguments, values_of
from .table_text import layout_of, text_of
from .time_grid import checked_rate, place
from .whole_file import take_suffix, write_whole

__all__ = ["TABLE_SUFFIXES", "read_table", "write_table"]

_log = logging.getLogger(__name__)
TABLE_SUFFIXES = {".csv": ",", ".tsv": "\t"}
_OURS = "fhr table 1"  # first comment line of what `write_table` writes
_MAX_BYTES = 1 << 28


def read_table(
    path: str | Path,
    *,
    columns: Mapping[str, str | int | None] | None = None,
    fs: float | None = None,
    units: Mapping[str, str] | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    tolerance: float | None = None,
) -> Recording:
    """Read one recording from a CSV or TSV table.

    What is not given is guessed: separator, decimal comma and header row from the first lines, columns and units
    from the header's names. Blank cells, NaN and the like, and 0 are missing. Rows with time stamps are placed on a
    regular grid by the nearest stamp, gaps stay NaN, nothing is interpolated; rows without are `1/fs` apart, a blank
    line a missing sample. Lines that start with `#` before the header are comments; those of `write_table` are read
    back, and in its files 0 is a value, blank alone is missing.

    Args:
        path: a `.csv` or `.tsv` file, in UTF-8, UTF-16 with its mark, or Latin-1.
        columns: header name or position (from 0) of "fhr", "uc", "mhr" and "time"; None leaves a channel out. The
            channels that are not named are still guessed from the header.
        fs: sampling rate, Hz; needed where there is no time, else the rate of the grid.
        units: of "fhr" and "mhr" "bpm", "hz" or "ms" (interval between beats), of "uc" "mmhg" or "kpa" (converted to
            mmHg; UC in a unit that is not said stays as it is stored), of "time" "s", "ms", "min" or "iso".
        separator: one character between cells, `" "` for any white space.
        decimal: "." or ",".
        tolerance: the seconds to either side that a row may stand for; by default half a sample of the grid. Give more
            for stamps that are sparse, at heart beats say.

    Returns:
        The recording. Unless the file is by `write_table` and nothing was guessed, its history begins with a step
        "read" that holds columns, units, what was guessed, and what was done to the time stamps.

    Raises:
        FormatError: no such file, one that is no table, no FHR column, two columns for one channel, neither time nor
            `fs`, times that are blank or stand twice, a cell that is no number.
        FHRError: an argument outside what it may be.
    """
    path = Path(path)
    check_arguments(columns, units, separator, decimal, tolerance)
    take_suffix(path, TABLE_SUFFIXES, kind="table")
    raw = read_whole(path, limit=_MAX_BYTES, kind="table")
    where = str(path)
    layout = layout_of(text_of(raw, where), separator=separator, decimal=decimal, where=where)
    stated = _stated(layout.comments, where)
    ours = stated is not None
    columns_found = channels_of(layout, columns, units, where)
    values, start = values_of(layout, columns_found, where)

    known = dict(stated or {})
    if fs is not None:
        known["fs"] = fs
    if "fs" in known:
        known["fs"] = checked_rate(known["fs"], where)
    notes: dict[str, Any] = {"start": start} if start else {}
    stored = [
        StoredChannel(column.role, column.name, value, column.unit, column.sensor)
        for column, value in zip(columns_found, values, strict=True)
    ]
    time = next((channel for channel in stored if channel.role == "time"), None)
    stored = [channel for channel in stored if channel.role != "time"]
    if time is not None:
        unit = "s" if time.unit == "iso" else time.unit
        grid = place(time.values, unit=unit, fs=known.get("fs"), tolerance=tolerance, where=where)
        stored = [
            channel._replace(values=np.where(grid.rows < 0, np.nan, channel.values[grid.rows])) for channel in stored
        ]
        known["fs"] = grid.fs
        notes |= grid.notes
        if grid.start:
            notes |= {"start_s": grid.start}
            known["stage2_start"] = known.get("stage2_start", np.nan) - grid.start
    elif "fs" not in known:
        raise FormatError(f"{where}: no time column and no fs; name one with columns={{'time': NAME}} or give fs in Hz")

    signals = assembled(stored, fs=known["fs"], where=where, zero_missing=not ours, checked=not ours)
    found_units = signals.notes.pop("units") | ({"time": time.unit} if time is not None and time.unit else {})
    step = {
        "format": "table",
        "columns": {column.role: column.name if layout.names else column.position for column in columns_found[::-1]},
        "units": found_units,
        "separator": layout.separator,
        "decimal": layout.decimal,
        "guessed": [column.role for column in columns_found if column.guessed],
        "fs": known["fs"],
        **signals.notes,
        **notes,
    }
    if not ours or notes or columns or units or fs is not None:
        _log.info("%s: read as %s", path, json.dumps(step))
        known["history"] = (*known.get("history", ()), Step("read", step))
    return Recording(
        **{"name": path.stem, **known},
        fhr=signals.fhr,
        uc=signals.uc,
        mhr=signals.mhr,
        source=Source(str(path), "table", hashlib.sha256(raw).hexdigest()),
    )


def write_table(recording: Recording, path: str | Path) -> Path:
    """Write `recording` as a `.csv` or `.tsv` table and return its path; `read_table` gives the recording back.

    Columns are `time_s, fhr, uc` and, where there is one, `mhr`; a missing sample is blank. Comment lines before the
    header hold name, sampling rate, start of stage 2, outcome, clinical fields and history as JSON, and the provenance
    where the recording was not measured: who removes them makes a measured recording of it. Left out: `source`.

    Raises:
        FormatError: another suffix, no sample, a history that holds more than plain types, or one that is too long.
    """
    path = Path(path)
    separator = TABLE_SUFFIXES[take_suffix(path, TABLE_SUFFIXES, kind="table")]
    if not len(recording):
        raise FormatError(f"{recording.name}: the recording holds no sample; there is nothing to write")
    channels = {"fhr": recording.fhr, "uc": recording.uc}
    if recording.mhr is not None:
        channels["mhr"] = recording.mhr
    columns = [[repr(i / recording.fs) for i in range(len(recording))]]
    # The shortest text that reads back as the same float32.
    columns += [["" if np.isnan(value) else str(value) for value in values] for values in channels.values()]
    lines = [f"# {_OURS}", *(f"# {key}: {text}" for key, text in metadata(recording).items())]
    lines.append(separator.join(["time_s", *channels]))
    lines += [separator.join(row) for row in zip(*columns, strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(path, ("\n".join(lines) + "\n").encode("utf-8"))


def _stated(comments: tuple[str, ...], where: str) -> dict[str, Any] | None:
    """What the comment lines of `write_table` say; None in a file of other make."""
    if not comments or comments[0] != _OURS:
        return None
    pairs = (line.partition(": ") for line in comments[1:])
    return parse_metadata({key: text for key, _, text in pairs if key in METADATA}, where=where)
