"""Columns of a text table: the channel and unit of each, and its cells as numbers."""

import io
from collections.abc import Mapping

import numpy as np
import pandas as pd

from fhr.errors import FHRError, FormatError

from .channel_names import guess_channels
from .channel_units import ACTIVITY_UNITS, HEART_RATE_UNITS
from .regular_file import reason, shown
from .table_text import Layout
from .time_grid import SECONDS
from .whole_file import MAX_SAMPLES

__all__ = ["channels_of", "check_arguments", "values_of"]

_MAX_CELLS = 1 << 26  # short rows beneath a long header ask for more of them than the file holds
_CHUNK = 1 << 20  # cells that are text at a time
_CHANNELS = ("time", "fhr", "uc", "mhr")
_GAPS = ("-", "--", "?", "NaT")  # beside pandas' own: blank, NaN, NA, N/A, null, None


def check_arguments(
    columns: Mapping[str, str | int | None] | None,
    units: Mapping[str, str] | None,
    separator: str | None,
    decimal: str | None,
    tolerance: float | None,
) -> None:
    """Refuse arguments of `read_table` that no table can be read with.

    Raises:
        FHRError: an unknown channel or unit, no column, a separator, decimal sign or tolerance that is none.
    """
    for channel in columns or ():
        if channel not in _CHANNELS:
            raise FHRError(f"columns: {channel!r}; the channels are {', '.join(_CHANNELS)}")
    for column in (columns or {}).values():
        if not isinstance(column, str | int | None) or isinstance(column, bool):
            raise FHRError(f"columns: {column!r}; give a header name, a position from 0, or None")
    known = {"time": (*SECONDS, "iso"), "fhr": HEART_RATE_UNITS, "uc": ACTIVITY_UNITS, "mhr": HEART_RATE_UNITS}
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


def channels_of(
    layout: Layout, columns: Mapping[str, str | int | None] | None, units: Mapping[str, str] | None, where: str
) -> tuple[dict[str, int], dict[str, str], list[str]]:
    """Find the position and unit of each channel, and the channels that were guessed.

    Raises:
        FormatError: a column that is not there, stands twice or is given twice, or no column of FHR.
    """
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


def values_of(
    layout: Layout, positions: Mapping[str, int], units: Mapping[str, str], where: str
) -> tuple[dict[str, np.ndarray], str | None]:
    """Read the columns as float64, date-times as seconds from the first; and the first date-time.

    Raises:
        FormatError: too many rows or cells, or a cell that is no number.
    """
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
