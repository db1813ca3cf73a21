"""Columns of a text table: the channel and unit of each, and its cells as numbers."""

import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from fhr.errors import FHRError, FormatError

from .channel_names import guess_channels, named_channel
from .channel_units import ACTIVITY_UNITS, HEART_RATE_UNITS, unit_of
from .regular_file import reason, shown
from .table_text import Layout
from .time_units import TIME_UNITS
from .whole_file import MAX_SAMPLES

__all__ = ["Column", "channels_of", "check_arguments", "values_of"]

_MAX_CELLS = 1 << 26  # short rows beneath a long header ask for more of them than the file holds
_CHUNK = 1 << 20  # cells that are text at a time
_CHANNELS = ("time", "fhr", "uc", "mhr")
_GAPS = ("-", "--", "?", "NaT")  # beside pandas' own: blank, NaN, NA, N/A, null, None


class Column(NamedTuple):
    """A column of a table that holds a channel or the times.

    Attributes:
        role: "time", "fhr", "uc" or "mhr".
        position: from 0.
        name: in the header, or the position as text.
        unit: where it is told; "iso" for dates.
        sensor: where it is told.
        guessed: whether its name told the role.
    """

    role: str
    position: int
    name: str
    unit: str | None
    sensor: str
    guessed: bool


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
    known = {"time": (*TIME_UNITS, "iso"), "fhr": HEART_RATE_UNITS, "uc": ACTIVITY_UNITS, "mhr": HEART_RATE_UNITS}
    for channel, unit in (units or {}).items():
        if channel not in known:
            raise FHRError(f"units: {channel!r}; units are known of {', '.join(known)}")
        if unit not in known[channel] and (channel == "time" or unit_of(unit, channel) is None):
            raise FHRError(f"units: {channel} in {unit!r}; it may be in {', '.join(known[channel])}")
    if separator is not None and (len(separator) != 1 or separator in '"\r\n'):
        raise FHRError(f"separator={separator!r}; give one character")
    if decimal not in (None, ".", ",") or (decimal is not None and decimal == separator):
        raise FHRError(f"decimal={decimal!r}; give '.' or ',', another than the separator")
    if tolerance is not None and not 0 < tolerance < np.inf:
        raise FHRError(f"tolerance={tolerance!r}; give a positive number of seconds")


def channels_of(
    layout: Layout, columns: Mapping[str, str | int | None] | None, units: Mapping[str, str] | None, where: str
) -> list[Column]:
    """Find the columns of the channels; of the fetal heart rate there may be several, one a transducer.

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
    found = [
        Column(role, position, name, (told := named_channel(name, role)).unit, told.sensor, False)
        for role, position, name in ((role, i, _name(layout, i)) for role, i in positions.items())
    ]
    found += [
        Column(role, one.position, layout.names[one.position], one.unit, one.sensor, True)
        for role in _CHANNELS
        for one in named.get(role, ())
    ]
    if not layout.names and layout.width == 1 and not columns:
        found = [Column("fhr", 0, "0", None, "", True)]
    if all(column.role != "fhr" for column in found):
        raise FormatError(f"{where}: no column is known to be FHR; {header}; say columns={{'fhr': NAME or POSITION}}")
    found = [
        column._replace(unit="iso") if column.role == "time" and layout.is_date(column.position) else column
        for column in found
    ]
    return [column._replace(unit=(units or {}).get(column.role, column.unit)) for column in found]


def _name(layout: Layout, position: int) -> str:
    return layout.names[position] if layout.names else str(position)


def values_of(layout: Layout, columns: Sequence[Column], where: str) -> tuple[list[np.ndarray], str | None]:
    """Read the columns as float64, date-times as seconds from the first; and the first date-time.

    Raises:
        FormatError: too many rows or cells, or a cell that is no number.
    """
    start = None
    rows, taken = layout.body.count("\n") + 1, [column.position for column in columns]
    dates = {column.position for column in columns if column.unit == "iso"}
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
            dtype=dict.fromkeys(range(layout.width), str) | {p: np.float64 for p in taken if p not in dates},
            decimal=layout.decimal,
            na_values=_GAPS,
            skip_blank_lines=any(column.role == "time" for column in columns),
            skipinitialspace=True,
            engine="c",
            chunksize=max(1, _CHUNK // layout.width),
        )
        with chunks:
            frame = pd.concat([chunk[taken] for chunk in chunks], ignore_index=True)
        for position in dates:
            stamps = pd.to_datetime(frame[position], format="ISO8601", utc=True)
            start = str(frame[position].iloc[int(stamps.argmin())])
            frame[position] = (stamps - stamps.min()).dt.total_seconds()
    except (ValueError, TypeError, OverflowError, pd.errors.ParserError) as error:
        raise FormatError(
            f"{where}: not a table of numbers ({reason(error)}); separator {layout.separator!r}, decimal "
            f"{layout.decimal!r}: give those that fit, or correct the cell"
        ) from None
    return [frame[position].to_numpy(np.float64) for position in taken], start
