"""Recordings in text tables and spreadsheets: one row a sample, one column a channel, read and written.

Every device and research group exports its own; what the file does not say is guessed from its header and all of its
cells, every guess is logged and kept in the history, and what may mean two things is refused. Tables of several
recordings are left out.
"""

import csv
import gzip
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fhr.errors import FHRError, FormatError
from fhr.recording import Recording, Source

from ..channels.chosen_channels import Chosen, left_out
from ..channels.recorded import recorded
from ..channels.stored_channels import assembled
from ..files.gzip_file import unpacked
from ..files.regular_file import cut, read_whole, shown
from ..files.whole_file import check_samples, take_suffix, write_whole
from ..metadata.plain_values import METADATA, metadata, parse_metadata
from ..times.grid import checked_rate, place
from ..times.unread_times import check_unread_times
from .cells import is_row_of_values
from .columns import channels_named, channels_of, check_arguments, is_unit_row
from .layout import Layout, layout_of
from .rates import stated_rate
from .sensors import with_sensors
from .spreadsheet import Sheet, sheets_of
from .text import text_of
from .values import unread_values, values_of

__all__ = ["SHEET_SUFFIXES", "TABLE_SUFFIXES", "WRITTEN_TABLES", "read_table", "write_table"]

_log = logging.getLogger(__name__)
WRITTEN_TABLES = {".csv": ",", ".tsv": "\t", ".csv.gz": ",", ".tsv.gz": "\t"}
_PACKED = (".csv.gz", ".tsv.gz", ".txt.gz")
_OTHER_SHEETS = (".xls", ".xlsb", ".ods")  # known by name, to be refused with the way out
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", *_PACKED)
SHEET_SUFFIXES = (".xlsx", ".xlsm", *_OTHER_SHEETS)
_OURS = "fhr table 1"  # first comment line of what `write_table` writes
_COUNT = "n_samples"  # of its comment lines, by which a table that was copied in part is known
_FEW = 3  # of its other comment lines; fewer may stand in a file of any make
_SAME_RATE = 0.01  # relative difference of a rate that a file says to that of its times
_SHOWN = 20  # names and lines that are not read, in the history
_MAX_BYTES = 1 << 28
_MAX_ROWS = 1 << 20  # of a sheet, in any spreadsheet program
_MAX_SHEETS = 1 << 27  # bytes that the parts of a spreadsheet unpack to


def read_table(
    path: str | Path,
    *,
    columns: Mapping[str, str | int | Sequence[str | int] | None] | None = None,
    fs: float | None = None,
    units: Mapping[str, str] | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    tolerance: float | None = None,
    order: str | None = None,
    header_row: int | None = None,
    dayfirst: bool | None = None,
    sheet: str | None = None,
) -> Recording:
    """Read one recording from a text table or a spreadsheet.

    What is not given is guessed: separator and header from the first lines, where rows above the header, a row of units
    and lines of words beneath the last row may stand; decimal comma, groups of thousands and the order of dates from
    all cells; columns and units from the header's names. Cells that may mean two things are refused. Blank cells, NaN
    and the like, and 0 are missing. Rows with time stamps are placed on a regular grid, each at a sample of its own,
    gaps stay NaN, nothing is interpolated; rows without are `1/fs` apart. Of these a blank line is a missing sample: of
    several columns one between the rows, of a single column one at either end too, unless it alone ends the file. A
    column that may be the time and is not read is refused where it shows a gap. Lines that start with `#` before the
    header are comments; those of `write_table` are read back, and in its files 0 is a value, blank alone is missing.

    Args:
        path: a `.csv`, `.tsv` or `.txt` file in UTF-8, UTF-16 or Latin-1, or one of them with `.gz`; an `.xlsx` or
            `.xlsm` spreadsheet, with the extra `excel`.
        columns: header name or position (from 0) of "fhr", "uc", "mhr", "time", and of "date" where dates stand apart
            from the times of day; None leaves a channel out. The channels that are not named are still guessed from
            the header.
        fs: sampling rate, Hz; needed where there is no time and neither a column nor a line above the header says it,
            else the rate of the grid.
        units: of "fhr" and "mhr" "bpm", "hz" or "ms" (interval between beats), of "uc" "mmhg" or "kpa" (converted to
            mmHg; UC in a unit that is not said stays as it is stored), of "time" "s", "ms", "us", "ns", "min", "h",
            "day", "sample" (a count, which needs `fs`), or, of texts of two numbers that may be either, "hh:mm" or
            "mm:ss".
        separator: one character between cells, `" "` for any white space.
        decimal: "." or ",".
        tolerance: the seconds to either side that a row may stand for; for stamps that are sparse, at heart beats
            say; by default each row stands for one sample.
        order: "time" sorts rows whose times go back; None refuses them.
        header_row: row of the header as a spreadsheet counts, from 1, comments and blank lines too; 0 for none.
        dayfirst: whether 03/02/2020 is in February, where no date in the file shows it.
        sheet: name of a spreadsheet's sheet, where several hold a fetal heart rate.

    Returns:
        The recording. Unless the file is by `write_table` and nothing was guessed, its history begins with a step
        "read" that holds columns, units, what was guessed, and what was done to the time stamps; "start" is the date
        and time of the first row in ISO form, where the file tells it.

    Raises:
        FormatError: no such file, one that is no table, no FHR column, two columns for one channel, neither time nor
            `fs`, an `fs` that the file contradicts, times that are blank, stand twice or go back, a cell that is no
            number, numbers, dates or sheets of which the file does not say how, or which, to read.
        FHRError: an argument outside what it may be; a spreadsheet without openpyxl.
    """
    path = Path(path)
    where = str(path)
    check_arguments(columns, units, separator, decimal, tolerance, header_row)
    suffix = take_suffix(path, (*TABLE_SUFFIXES, *SHEET_SUFFIXES), kind="table")
    if suffix in _OTHER_SHEETS:
        raise FormatError(f"{where}: spreadsheets of the form {suffix} are not read; save it as .xlsx or CSV")
    if sheet is not None and suffix not in SHEET_SUFFIXES:
        raise FHRError(f"{where}: sheet={sheet!r}; a text table has no sheets")
    raw = read_whole(path, limit=_MAX_BYTES, kind="table")

    def laid_out(text: str, where: str, separator: str | None) -> tuple[Layout, list[Chosen]]:
        layout = layout_of(
            text,
            separator=separator,
            decimal=decimal,
            where=where,
            header_row=header_row,
            channels=channels_named(columns),
            is_unit=is_unit_row,
        )
        return layout, channels_of(layout, columns, units, where)

    since_1904 = False
    if suffix in SHEET_SUFFIXES:
        sheet, text, since_1904 = _sheet(raw, sheet, lambda text, where: laid_out(text, where, ";")[0], where)
        where = f"{where}, sheet {shown(sheet)}"
        layout, columns_found = laid_out(text, where, ";")
    else:
        content = unpacked(raw, limit=_MAX_BYTES, where=where) if suffix in _PACKED else raw
        layout, columns_found = laid_out(text_of(content, where), where, separator)
        del content
    source = Source(str(path), "table", hashlib.sha256(raw).hexdigest())
    del raw  # a file may be large, and its text is held already
    columns_found = with_sensors(layout, columns_found)
    stated = _stated(layout, where)
    ours = stated is not None
    read = values_of(layout, columns_found, decimal=decimal, dayfirst=dayfirst, since_1904=since_1904, where=where)

    known = dict(stated or {})
    n_written = known.pop(_COUNT, 0)
    if fs is not None:
        known["fs"] = fs
    if "fs" in known:
        known["fs"] = checked_rate(known["fs"], where)
    stored, times, notes = read.channels, read.times, dict(read.notes)
    if sheet is not None:
        notes["sheet"] = sheet
    taken = {column.position for column in columns_found}
    others = left_out(layout.names, taken)
    if others:
        notes["left_out"] = others
    unread = [cut(name) for position, name in enumerate(layout.names) if name and position not in taken]
    if unread := [name for name in unread if name not in others]:
        notes["passed_over"] = unread[:_SHOWN]
    if layout.above:
        notes["above"] = [cut(line) for line in layout.above[:_SHOWN]]
    said = None if ours else stated_rate(layout, taken)
    if times is not None:
        if times.start:
            notes["start"] = times.start
        grid = place(
            times.values,
            unit=times.unit,
            fs=known.get("fs"),
            tolerance=tolerance,
            where=where,
            order=order,
            began=times.start,
            values=[] if ours else [channel.values for channel in stored],
            row_of=lambda index: layout.row_of(index, blank_lines=False),
        )
        stored = [
            channel._replace(values=np.where(grid.rows < 0, np.nan, channel.values[grid.rows])) for channel in stored
        ]
        known["fs"] = grid.fs
        notes |= grid.notes
        if said is not None and abs(said.fs - grid.fs) > _SAME_RATE * grid.fs:
            _log.warning("%s: it says %s, and its times are of %g Hz, which are followed", where, said.words, grid.fs)
            notes["fs_said"] = said.words
        if grid.start:
            notes |= {"start_s": grid.start}
            known["stage2_start"] = known.get("stage2_start", np.nan) - grid.start
    else:
        if said is not None:
            if said.fs != known.setdefault("fs", checked_rate(said.fs, where)):
                raise FormatError(
                    f"{where}: fs={known['fs']:g}, and the file says {said.words!r}; leave fs out, or correct the file"
                )
            notes["fs_from"] = said.words
        if not ours and "time" not in (columns or {}):
            rest = unread_values(layout, taken, dayfirst=dayfirst, where=where)
            check_unread_times(rest, fs=known.get("fs"), where=where)
        if "fs" not in known:
            raise FormatError(
                f"{where}: no time column and no fs; name one with columns={{'time': NAME}}, where NAME may be a "
                "position from 0, or give fs in Hz"
            )

    signals = assembled(stored, fs=known["fs"], where=where, zero_missing=not ours, checked=not ours)
    if (n := round(notes.get("start_s", 0.0) * known["fs"]) + len(signals.fhr)) < n_written and fs is None:
        raise FormatError(
            f"{where}: ends after {n} of {n_written} samples; fetch it again, or, if the rest was taken away, remove "
            f"the line '# {_COUNT}'"
        )
    time_units = {column.role: column.unit for column in columns_found if column.role == "time" and column.unit}
    found_units = signals.notes.pop("units") | time_units
    done = {
        "columns": _by_role(columns_found, with_names=bool(layout.names)),
        "units": found_units,
        "separator": layout.separator,
        "decimal": read.decimal,
        "guessed": list(dict.fromkeys(column.role for column in columns_found if column.guessed)),
        "fs": known["fs"],
        **signals.notes,
        **notes,
    }
    return recorded(
        signals,
        fs=known["fs"],
        source=source,
        name=path.name[: -len(suffix)],
        stated=known,
        done=done if not ours or notes or columns or units or fs is not None else None,
    )


def _by_role(columns: Sequence[Chosen], *, with_names: bool) -> dict[str, str | int | list[str | int]]:
    """Name or position of the column of each channel, or those of its transducers."""
    found: dict[str, list[str | int]] = {}
    for column in columns:
        found.setdefault(column.role, []).append((with_names and column.name) or column.position)
    return {role: those[0] if len(those) == 1 else those for role, those in found.items()}


def write_table(recording: Recording, path: str | Path) -> Path:
    """Write `recording` as a `.csv` or `.tsv` table, with `.gz` too, and return its path; `read_table` gives it back.

    Columns are `time_s, fhr, uc` and, where there is one, `mhr`; a missing sample is blank. Comment lines before the
    header hold name, sampling rate, start of stage 2, outcome, clinical fields and history as JSON, and the provenance
    where the recording was not measured: who removes them makes a measured recording of it. Left out: `source`.

    Raises:
        FormatError: another suffix, no sample, a history that holds more than plain types, or one that is too long.
    """
    path = Path(path)
    suffix = take_suffix(path, WRITTEN_TABLES, kind="table")
    separator = WRITTEN_TABLES[suffix]
    check_samples(recording)
    channels = {"fhr": recording.fhr, "uc": recording.uc}
    if recording.mhr is not None:
        channels["mhr"] = recording.mhr
    columns = [[repr(i / recording.fs) for i in range(len(recording))]]
    # The shortest text that reads back as the same float32.
    columns += [["" if np.isnan(value) else str(value) for value in values] for values in channels.values()]
    lines = [f"# {_OURS}", *(f"# {key}: {text}" for key, text in metadata(recording).items())]
    lines.append(f"# {_COUNT}: {len(recording)}")
    lines.append(separator.join(["time_s", *channels]))
    lines += [separator.join(row) for row in zip(*columns, strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    data = ("\n".join(lines) + "\n").encode("utf-8")
    return write_whole(path, gzip.compress(data, mtime=0) if suffix in _PACKED else data)


def _sheet(raw: bytes, wanted: str | None, lay_out: Callable[[str, str], Layout], where: str) -> Sheet:
    """The sheet that is wanted, or the only one with a fetal heart rate."""
    found: dict[str, tuple[Sheet, int]] = {}  # with its width
    refused: dict[str, tuple[int, str]] = {}  # size and reason
    first_rows: dict[str, str] = {}  # of the refused
    for one in sheets_of(raw, limit=_MAX_SHEETS, where=where, most_rows=_MAX_ROWS):
        name, text = one.name, one.text
        try:
            if wanted in (None, name):
                found[name] = (one, lay_out(text, f"{where}, sheet {shown(name)}").width)
            else:
                refused[name] = (0, "")
        except FormatError as error:
            refused[name] = (len(text), str(error))
            first_rows[name] = text.lstrip("\n").partition("\n")[0]
    names = ", ".join(map(shown, (*found, *refused)))
    if wanted is not None and wanted not in {*found, *refused}:
        raise FormatError(f"{where}: no sheet {shown(wanted)}; it has {names}")
    if len(found) > 1:
        both = ", ".join(map(shown, found))
        raise FormatError(f"{where}: the sheets {both} hold a heart rate; say which with sheet=NAME")
    if not found:
        _, why = max(refused.values(), default=(0, f"{where}: it holds no sheet of cells; save it as CSV"))
        raise FormatError(why if wanted is not None or len(refused) < 2 else f"{why}; the sheets are {names}")
    sheet, width = next(iter(found.values()))
    for other, row in first_rows.items():
        cells = row.split(";")
        if len(cells) == width and is_row_of_values(cells):
            raise FormatError(
                f"{where}: the sheet {shown(other)} holds rows without a header, which may go on from those of "
                f"{shown(sheet.name)}; put them into one sheet, or read one with sheet=NAME"
            )
    return sheet


def _stated(layout: Layout, where: str) -> dict[str, Any] | None:
    """What the comment lines of `write_table` say; None in a file of other make.

    A spreadsheet takes these lines for rows: it splits them at commas, quotes the pieces, and fills them up with its
    separator.
    """
    lines = [_restored(line, layout.separator) for line in layout.comments]
    pairs = (line.partition(": ") for line in lines)
    texts = {key: text for key, _, text in pairs if key in METADATA}
    if _OURS in lines:
        count = next((line.partition(": ")[2] for line in lines if line.startswith(f"{_COUNT}: ")), "")
        return parse_metadata(texts, where=where) | ({_COUNT: int(count)} if count.isdecimal() else {})
    if len(texts) >= _FEW:
        raise FormatError(
            f"{where}: comments as write_table writes them ({', '.join(texts)}), without the line '# {_OURS}' above "
            "them; put it back, or remove them all"
        )
    return None


def _restored(comment: str, separator: str) -> str:
    """A comment line as `write_table` wrote it."""
    whole = comment.rstrip(separator)
    if separator == " " or (whole == comment and not comment.startswith('"')):
        return comment
    quoted = comment if comment.startswith('"') else f"# {comment}"
    try:
        cells = next(csv.reader([quoted], delimiter=separator))
    except csv.Error:
        return comment
    text = ",".join(cells).rstrip(",")
    return text.lstrip("#").strip()
