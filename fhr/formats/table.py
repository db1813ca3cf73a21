"""Recordings in CSV and TSV tables: one row a sample, one column a channel, read and written.

Every device and research group exports its own; what the file does not say is guessed from its header, and every
guess is logged and kept in the history. Tables of several recordings, times of day and thousands separators are
left out.
"""

import hashlib
import io
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fhr.errors import FHRError, FormatError
from fhr.recording import Recording, Source, Step

from .channel_names import guess_channels
from .heart_rate_units import HEART_RATE_UNITS, signal
from .metadata import METADATA, metadata, parse_metadata
from .regular_file import open_regular, read_whole, reason, shown
from .table_text import Layout, layout_of, text_of
from .time_grid import SECONDS, checked_rate, place
from .whole_file import MAX_SAMPLES, take_suffix, write_whole

__all__ = ["TABLE_SUFFIXES", "is_table_recording", "read_table", "write_table"]

_log = logging.getLogger(__name__)
TABLE_SUFFIXES = {".csv": ",", ".tsv": "\t"}
_OURS = "fhr table 1"  # first comment line of what `write_table` writes
_MAX_BYTES = 1 << 28
_MAX_CELLS = 1 << 26  # short rows beneath a long header ask for more of them than the file holds
_CHUNK = 1 << 20  # cells that are text at a time
_CHANNELS = ("time", "fhr", "uc", "mhr")
_GAPS = ("-", "--", "?", "NaT")  # beside pandas' own: blank, NaN, NA, N/A, null, None


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
        units: of "fhr" and "mhr" "bpm", "hz" or "ms" (interval between beats), of "time" "s", "ms", "min" or "iso".
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
    _check_arguments(columns, units, separator, decimal, tolerance)
    take_suffix(path, TABLE_SUFFIXES, kind="table")
    raw = read_whole(path, limit=_MAX_BYTES, kind="table")
    where = str(path)
    layout = layout_of(text_of(raw, where), separator=separator, decimal=decimal, where=where)
    stated = _stated(layout.comments, where)
    ours = stated is not None
    found, found_units, guessed = _channels(layout, columns, units, where)
    if ours:
        found_units = {"fhr": "bpm", "mhr": "bpm"} | found_units
    values, start = _values(layout, found, found_units, where)

    known = dict(stated or {})
    if fs is not None:
        known["fs"] = fs
    if "fs" in known:
        known["fs"] = checked_rate(known["fs"], where)
    notes: dict[str, Any] = {"start": start} if start else {}
    time = values.pop("time", None)
    if time is not None:
        unit = "s" if found_units.get("time") == "iso" else found_units.get("time")
        grid = place(time, unit=unit, fs=known.get("fs"), tolerance=tolerance, where=where)
        values = {name: np.where(grid.rows < 0, np.nan, value[grid.rows]) for name, value in values.items()}
        known["fs"] = grid.fs
        notes |= grid.notes
        if grid.start:
            notes |= {"start_s": grid.start}
            known["stage2_start"] = known.get("stage2_start", np.nan) - grid.start
    elif "fs" not in known:
        raise FormatError(f"{where}: no time column and no fs; name one with columns={{'time': NAME}} or give fs in Hz")

    signals = {
        name: signal(value, name, found_units, zero_missing=not ours, where=where) for name, value in values.items()
    }
    step = {
        "format": "table",
        "columns": {name: layout.names[position] if layout.names else position for name, position in found.items()},
        "units": found_units,
        "separator": layout.separator,
        "decimal": layout.decimal,
        "guessed": guessed,
        "fs": known["fs"],
        **notes,
    }
    if not ours or notes or columns or units or fs is not None:
        _log.info("%s: read as %s", path, json.dumps(step))
        known["history"] = (*known.get("history", ()), Step("read", step))
    return Recording(
        **{"name": path.stem, **known},
        fhr=signals["fhr"],
        uc=signals.get("uc", np.full(len(signals["fhr"]), np.nan, np.float32)),
        mhr=signals.get("mhr"),
        source=Source(str(path), "table", hashlib.sha256(raw).hexdigest()),
    )


def write_table(recording: Recording, path: str | Path) -> Path:
    """Write `recording` as a `.csv` or `.tsv` table and return its path; `read_table` gives the recording back.

    Columns are `time_s, fhr, uc` and, where there is one, `mhr`; a missing sample is blank. Comment lines before the
    header hold name, sampling rate, start of stage 2, outcome, clinical fields and history as JSON. Left out: `source`.

    Raises:
        FormatError: another suffix, no sample, or a history that holds more than plain types.
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


def is_table_recording(path: Path) -> bool:
    """True if the header of a table names an FHR column: folders of recordings hold other tables too."""
    try:
        with open_regular(path) as file:
            head = file.read(1 << 16) or b""
    except (OSError, ValueError) as error:
        _log.warning("%s is left out: %s", path, reason(error))
        return False
    try:
        names = layout_of(text_of(head, str(path)), separator=None, decimal=None, where=str(path)).names
        return any("fhr" in guess_channels([name], where=str(path)) for name in names)
    except FormatError:
        return False


def _check_arguments(
    columns: Mapping[str, str | int | None] | None,
    units: Mapping[str, str] | None,
    separator: str | None,
    decimal: str | None,
    tolerance: float | None,
) -> None:
    for channel in columns or ():
        if channel not in _CHANNELS:
            raise FHRError(f"columns: {channel!r}; the channels are {', '.join(_CHANNELS)}")
    for column in (columns or {}).values():
        if not isinstance(column, str | int | None) or isinstance(column, bool):
            raise FHRError(f"columns: {column!r}; give a header name, a position from 0, or None")
    known = {"time": (*SECONDS, "iso"), "fhr": HEART_RATE_UNITS, "mhr": HEART_RATE_UNITS}
    for channel, unit in (units or {}).items():
        if channel not in known:
            raise FHRError(f"units: {channel!r}; units are known of {', '.join(known)}")
        if unit not in known[channel]:
            raise FHRError(f"units: {channel} in {unit!r}; it may be in {', '.join(known[channel])}")
    if separator is not None and (len(separator) != 1 or separator in '"\r\n'):
        raise FHRError(f"separator={separator!r}; give one character")
    if decimal not in (None, ".", ",") or (decimal is not None and decimal == separator):
        raise FHRError(f"decimal={decimal!r}; give '.' or ',', another than the separator")
    if tolerance is not None and not 0 < tolerance < np.inf:
        raise FHRError(f"tolerance={tolerance!r}; give a positive number of seconds")


def _stated(comments: tuple[str, ...], where: str) -> dict[str, Any] | None:
    """What the comment lines of `write_table` say; None in a file of other make."""
    if not comments or comments[0] != _OURS:
        return None
    pairs = (line.partition(": ") for line in comments[1:])
    return parse_metadata({key: text for key, _, text in pairs if key in METADATA}, where=where)


def _channels(
    layout: Layout, columns: Mapping[str, str | int | None] | None, units: Mapping[str, str] | None, where: str
) -> tuple[dict[str, int], dict[str, str], list[str]]:
    """Position and unit of each channel, and the channels that were guessed."""
    columns = dict(columns or {})
    positions: dict[str, int] = {}
    header = f"the header is {shown(layout.separator.join(layout.names))}" if layout.names else "there is no header row"
    for channel, column in columns.items():
        if column is None:
            continue
        if isinstance(column, str):
            if layout.names.count(column) != 1:
                problem = "stands twice" if column in layout.names else "is not there"
                raise FormatError(f"{where}: column {column!r} of {channel} {problem}; {header}")
            column = layout.names.index(column)
        if not 0 <= column < layout.width:
            raise FormatError(f"{where}: column {column} of {channel}; the columns are 0 to {layout.width - 1}")
        if column in positions.values():
            raise FormatError(f"{where}: column {column} is given for two channels; a column holds one")
        positions[channel] = column
    free = ["" if i in positions.values() else name for i, name in enumerate(layout.names)]
    named = guess_channels(free, where=where, skip=columns)
    guessed = [name for name in _CHANNELS if name in named]
    positions |= {name: named[name].position for name in guessed}
    if not layout.names and layout.width == 1 and not columns:
        positions, guessed = {"fhr": 0}, ["fhr"]
    if "fhr" not in positions:
        raise FormatError(f"{where}: no column is known to be FHR; {header}; say columns={{'fhr': NAME or POSITION}}")
    found_units = {name: unit for name in guessed if (unit := named[name].unit if name in named else None)}
    if "time" in positions and layout.is_date(positions["time"]):
        found_units["time"] = "iso"
    return positions, found_units | {k: v for k, v in (units or {}).items() if k in positions}, guessed


def _values(
    layout: Layout, positions: Mapping[str, int], units: Mapping[str, str], where: str
) -> tuple[dict[str, np.ndarray], str | None]:
    """The columns as float64, date-times as seconds from the first; and the first date-time."""
    dates, start = units.get("time") == "iso", None
    rows, taken = layout.body.count("\n") + 1, list(positions.values())
    most = max(_MAX_CELLS, len(layout.body) + 1)  # whole rows have at least a character, their separator, for each cell
    if rows > MAX_SAMPLES or rows * layout.width > most:
        raise FormatError(
            f"{where}: {rows} rows of {layout.width} columns; a recording has at most {MAX_SAMPLES} rows, and here "
            f"{most} cells"
        )
    try:
        chunks = pd.read_csv(
            io.StringIO(layout.body),
            sep=r"\s+" if layout.separator == " " else layout.separator,
            header=None,
            names=range(layout.width),  # rows that are shorter end in gaps, longer ones are an error
            index_col=False,
            dtype=dict.fromkeys(range(layout.width), str)
            | {p: np.float64 for name, p in positions.items() if not (dates and name == "time")},
            decimal=layout.decimal,
            na_values=_GAPS,
            skip_blank_lines="time" in positions,
            skipinitialspace=True,
            engine="c",
            chunksize=max(1, _CHUNK // layout.width),
        )
        with chunks:
            frame = pd.concat([chunk[taken] for chunk in chunks], ignore_index=True)
        columns = {name: frame[position] for name, position in positions.items()}
        if dates:
            stamps = pd.to_datetime(columns["time"], format="ISO8601", utc=True)
            start = str(columns["time"].iloc[int(stamps.argmin())])
            columns["time"] = (stamps - stamps.min()).dt.total_seconds()
    except (ValueError, TypeError, OverflowError, pd.errors.ParserError) as error:
        raise FormatError(
            f"{where}: not a table of numbers ({reason(error)}); separator {layout.separator!r}, decimal "
            f"{layout.decimal!r}: give those that fit, or correct the cell"
        ) from None
    return {name: column.to_numpy(np.float64) for name, column in columns.items()}, start
