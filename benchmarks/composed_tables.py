"""Tables composed as people export them: text (packed too), workbooks, Parquet, and own files saved again."""

import csv
import gzip
import io
import re
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from composed_columns import Column, compose, said
from compositions import Choices, Composition, Truth

from fhr.formats import write_table
from fhr.recording import Outcome, Provenance, Recording

_EXTRAS = ("FHR quality", "Quality", "Comment", "SpO2", "Event", "Battery [%]", "Movements", "NIBP", "Signal Quality")
_BEDSIDE = {"SpO2", "NIBP"}
_PLAIN_RATE = re.compile(r"HR(?!\d)")
_FACTS = (("Patient", "4711"), ("Ward", "B"))
_UMLAUTS = "Gerät: Süd; Wehentätigkeit"


def text_table(choices: Choices, suffix: str) -> Composition:
    """A table as text; `suffix` as `csv` or `txt.gz`."""
    if suffix.startswith(("csv", "tsv")) and choices.chance(0.08):
        return _own_saved_again(choices, suffix)
    plain, _, packed = suffix.partition(".")
    separators = {
        "csv": {",": 4, ";": 3, "\t": 0.5, "|": 0.4},
        "tsv": {"\t": 1},
        "txt": {"\t": 3, ";": 1, ",": 1, " ": 1},
    }
    separator = choices.take("separator", separators[plain])
    comma = choices.take("decimal", {".": 4, ",": 1 if separator in "; \t|" else 0.3}) == ","
    header = choices.take("header", {"names": 8, "positions given": 0.7, "none": 0.3, "behind a sign": 0.3})
    composed = compose(
        choices, text=True, row=header == "names" and separator != " ", pairs=header in ("names", "behind a sign")
    )
    columns = composed.columns
    truth = composed.truth
    if header == "positions given":
        composed = composed._replace(options=composed.options | _said_by_position(choices, columns, composed.options))
    elif header == "none":
        composed.options.pop("columns", None)
        choices.doubt("no header and no columns", _said_by_position(choices, columns, composed.options))
    columns = [*columns, *_extras(choices, columns)] if header == "names" and separator != " " else list(columns)
    if separator == " ":  # blanks would be no cells, and names of several words no names
        columns = [
            c._replace(
                name=c.name.replace(",", "").replace(" ", "_"), cells=[x.replace(" ", "T") or "NaN" for x in c.cells]
            )
            for c in columns
        ]
        if "12 hours" in choices.axes["clock"]:
            choices.doubt("a time of two words between blanks", None)
    style = choices.take("numbers as", {"plain": 8, "scientific": 0.4, "thousands": 0.7, "spaces around": 0.5})
    texts = [_localized(c, comma, style) for c in columns]
    if style == "thousands" and not any("\u2009" in x for cells in texts for x in cells):
        choices.axes["numbers as"] = "plain"
    group = "." if comma else ","
    if any("\u2009" in x for cells in texts for x in cells):
        if not all(
            x.count("\u2009") > 1 or ("," if comma else ".") in x or "\u2009" not in x for cells in texts for x in cells
        ):
            choices.doubt("a group of thousands may be decimals", None)
        texts = [[x.replace("\u2009", group) for x in cells] for cells in texts]
    quoting = choices.take("quotes", {"where needed": 5, "everywhere": 1}) if separator != " " else "where needed"
    rows = [list(row) for row in zip(*texts, strict=True)]
    if style == "spaces around" and separator != " ":
        rows = [[f" {x}" for x in row] for row in rows]
    lines: list[list[str] | str] = list(rows)
    units = any(c.unit for c in columns)
    names = [c.name for c in columns]
    trailing = separator != " " and choices.chance(0.1)
    if trailing:
        choices.axes["dialect"] = "a separator ends each line"
    if units:
        clocks = {"seconds": "s", "milliseconds": "ms", "minutes": "min"} if choices.chance(0.5) else {}
        lines.insert(
            0, [c.unit or (clocks.get(choices.axes["clock"], "") if c.role == "time" else "") for c in columns]
        )
    if header in ("names", "behind a sign"):
        lines.insert(0, names)
    above = choices.take(
        "above",
        {"nothing": 7, "sep=": 0.7 if separator in ";,\t" else 0, "comments": 0.7, "free lines": 1, "cells": 0.7},
    )
    top = {
        "nothing": "", "sep=": f"sep={separator}\n", "comments": "# Monitor 7\n# bed 3\n",
        "free lines": "Patient ID: 4711\nExported by CTG viewer 2.1\n\n",
        "cells": "".join(separator.join([*pair, *[""] * (len(columns) - 2)]) + "\n" for pair in _FACTS),
    }[above]  # fmt: skip
    if separator == " " and above in ("free lines", "cells"):
        top, choices.axes["above"] = "", "nothing"
    if header == "behind a sign" and above not in ("nothing", "comments"):
        top, choices.axes["above"] = "", "nothing"
    umlauts = choices.chance(0.1)
    if umlauts:
        top = f"# {_UMLAUTS}\n" + top if not top.startswith("sep=") else top + f"# {_UMLAUTS}\n"
    under = choices.take("below", {"nothing": 8, "blank lines": 0.7, "a total": 0.2, "header again": 0.2})
    if under == "header again" and header == "names":
        lines[len(lines) // 2 : len(lines) // 2] = [names]
        choices.doubt("a second header", None)
    body = _written(lines, separator, quoting, trailing, sign=header == "behind a sign")
    if under == "blank lines":
        body += "\n\n"
        untimed = (choices.remedy or {}).get("columns", {}).get("time", "") is None
        if untimed or "time" not in {c.role for c in columns}:
            truth = truth._replace(blank=2)
    elif under == "a total":
        body += f"End of recording: {len(rows)} rows\n"
        choices.doubt("a last line that is no row", None)
    data = _encoded(choices, top + body, umlauts)
    target = f"a.{suffix}"
    if packed == "gz":
        data = gzip.compress(data, 1, mtime=0)
    position = header in ("positions given", "none")
    return Composition(
        choices.axes, {target: data}, target, said(composed.options, columns, position=position) or {}, truth,
        tuple(choices.doubts), said(choices.remedy, columns, position=position),
    )  # fmt: skip


def _said_by_position(choices: Choices, columns: list[Column], options: dict[str, Any]) -> dict[str, Any]:
    """Channels by position, and units by option, where there is no header to say them."""
    unit, uc, clock = choices.axes["unit of rates"], choices.axes.get("unit of uc", ""), choices.axes["clock"]
    units = dict(options.get("units", {}))
    if choices.axes["unit said"] == "in the name" or choices.axes["header"] == "none":
        units |= {c.role: unit for c in columns if c.role in ("fhr", "mhr") and unit != "mV"}
    if uc in ("kpa", "mmhg"):
        units["uc"] = uc
    relative = {"milliseconds": "ms", "minutes": "min", "seconds": "s"}
    if clock in relative:
        units["time"] = relative[clock]
    elif clock in ("hours", "days", "sample number", "epoch s", "epoch ms", "epoch us", "epoch ns"):
        choices.doubt("a clock without a name", None)
    if len([c for c in columns if c.role == "time"]) > 1:
        choices.doubt("date and time by one position", None)
    said_columns = {c.role: "first" for c in columns} | options.get("columns", {})
    return {"columns": said_columns} | ({"units": units} if units else {})


def _extras(choices: Choices, others: list[Column]) -> list[Column]:
    n = len(others[0].cells)
    names = [] if choices.chance(0.6) else list(choices.rng.choice(_EXTRAS, 2, replace=False))
    if _BEDSIDE & {*names} and all(_PLAIN_RATE.match(one.name) for one in others if one.role == "fhr"):
        choices.doubt("a heart rate that may be the mother's", {"columns": {"fhr": "first"}})
    columns = []
    for name in names:
        if name == "Comment":
            cells = [""] * n
            cells[5], cells[n // 2] = "start; bed, left", "examined"
        else:
            cells = [str(x) for x in choices.rng.integers(1, 99, n)]
        columns.append(Column(str(name), "extra", "", cells, np.array(cells, object), numeric=False))
    return columns


def _localized(column: Column, comma: bool, style: str) -> list[str]:
    cells = column.cells
    if column.numeric:
        number = [bool(x) and x[-1].isdigit() for x in cells]
        if style == "scientific" and column.role in ("fhr", "mhr"):
            cells = [f"{float(x):.7E}" if ok and float(x) > 0 else x for x, ok in zip(cells, number, strict=True)]
        if style == "thousands":
            cells = [_grouped(x) if ok else x for x, ok in zip(cells, number, strict=True)]
        return [x.replace(".", ",") if comma and ok else x for x, ok in zip(cells, number, strict=True)]
    if comma and column.role == "time":
        return [x.replace(".", ",") if x.count(".") == 1 else x for x in cells]
    return cells


def _grouped(text: str) -> str:
    whole, dot, part = text.partition(".")
    return f"{int(whole):,}".replace(",", "\u2009") + dot + part if whole.isdigit() and len(whole) > 3 else text


def _written(lines: list[Any], separator: str, quoting: str, trailing: bool, sign: bool) -> str:
    out = io.StringIO()
    how = csv.QUOTE_ALL if quoting == "everywhere" else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=separator, quoting=how, lineterminator="\n")
    for i, row in enumerate(lines):
        if sign and i == 0:
            out.write("# ")
        writer.writerow([*row, ""] if trailing else row)
    return out.getvalue()


def _encoded(choices: Choices, text: str, umlauts: bool) -> bytes:
    encoding = choices.take("encoding", {"utf-8": 6, "utf-8-sig": 1, "utf-16": 0.6, "latin-1": 0.7 if umlauts else 0})
    end = choices.take("line ends", {"\n": 4, "\r\n": 3, "\r": 0.2})
    return text.replace("\n", end).encode(encoding)


def own(choices: Choices, *, minutes: float = 1.5) -> Recording:
    """A recording with an outcome and, mostly, a provenance; 0 is a value of its uc."""
    n = int(240 * minutes)
    rng = choices.rng
    fhr_ = np.round(4 * (140 + np.cumsum(rng.normal(0, 0.5, n)))) / 4
    fhr_[rng.random(n) < 0.1] = np.nan
    uc = np.round(np.abs(20 * np.sin(np.arange(n) / 50)))
    kind = Provenance("synthetic", "gan (seed=1)", ("a" * 64, "1001")) if choices.chance(0.5) else Provenance()
    return Recording("own 1", fhr_, uc, 4.0, outcome=Outcome(ph=7.14), stage2_start=30.0, provenance=kind)


def _own_saved_again(choices: Choices, suffix: str) -> Composition:
    """What `write_table` writes, opened by a spreadsheet and saved: cells split, quoted, padded, decimal comma."""
    recording = own(choices)
    plain, _, packed = suffix.partition(".")
    with tempfile.TemporaryDirectory() as folder:
        text = write_table(recording, Path(folder, f"a.{plain}")).read_text()
    before = "\t" if plain == "tsv" else ","
    way = choices.take(
        "own file", {"as written": 1, "saved as csv": 2, "saved in a land of commas": 2, "saved as text": 1}
    )
    if way != "as written":
        rows = list(csv.reader(io.StringIO(text), delimiter=before))
        width = max(map(len, rows))
        rows = [[*row, *[""] * (width - len(row))] for row in rows]
        if way == "saved in a land of commas":
            rows = [[_comma(x) for x in row] for row in rows]
        after = {
            "saved as csv": before,
            "saved in a land of commas": ";" if plain == "csv" else "\t",
            "saved as text": "\t",
        }[way]
        if plain == "tsv":
            after = "\t"
        out = io.StringIO()
        csv.writer(out, delimiter=after, lineterminator="\r\n").writerows(rows)
        text = choices.any_of(("", "\ufeff")) + out.getvalue()
    data = text.encode("utf-8")
    target = f"a.{suffix}"
    truth = Truth(recording.fhr, recording.uc, None, 4.0, "", 7.14, recording.provenance.kind)
    return Composition(
        choices.axes,
        {target: gzip.compress(data, 1, mtime=0) if packed else data},
        target,
        {},
        truth,
        tuple(choices.doubts),
    )


def _comma(cell: str) -> str:
    try:
        float(cell)
    except ValueError:
        return cell
    return cell.replace(".", ",")


def workbook(choices: Choices) -> Composition:
    """An `.xlsx` of a minute: cells are numbers, dates or texts; units, lines above, other sheets."""
    import openpyxl

    header = choices.take("header", {"names": 8, "none": 0.3})
    composed = compose(choices, text=choices.chance(0.3), row=header == "names", datetimes=True, minutes=1)
    columns = composed.columns + (_extras(choices, composed.columns) if header == "names" else [])
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = choices.any_of(("Sheet1", "CTG", "Tabelle1"))
    above = choices.take("above", {"nothing": 6, "lines": 1, "blank row": 0.6})
    if above == "lines":
        sheet.append(["Patient", "4711"])
        sheet.append(["Ward", "B"])
    elif above == "blank row":
        sheet.append([])
        sheet.cell(row=2, column=1)
    left = 1 if choices.chance(0.1) else 0
    if left:
        choices.axes["dialect"] = "a blank column at the left"
    texts = choices.take("cells", {"values": 6, "numbers as texts": 0.6, "numbers as texts with commas": 0.4})
    lines: list[list[Any]] = []
    if header == "names":
        lines.append([c.name for c in columns])
        if any(c.unit for c in columns):
            lines.append([c.unit or None for c in columns])
    else:
        choices.doubt("no header and no columns", None)
    lines += [list(row) for row in zip(*(_cells(c, texts) for c in columns), strict=True)]
    for line in lines:
        sheet.append([None] * left + line)
    other = choices.take(
        "sheets", {"one": 6, "a note": 0.7, "an empty one": 0.7, "two recordings": 0.5, "a chart sheet": 0.2}
    )
    if other == "a note":
        book.create_sheet("Notes", choices.any_of((0, 1))).append(["seen by", "Dr A"])
    elif other == "an empty one":
        book.create_sheet("Sheet2")
    elif other == "a chart sheet":
        book.create_chartsheet("Chart")
    elif other == "two recordings":
        copied = book.create_sheet("CTG 2")
        for line in lines:
            copied.append([None] * left + line)
        choices.doubt("two sheets that hold a recording", None)
    out = io.BytesIO()
    book.save(out)
    truth = composed.truth
    if choices.axes["clock"] == "none":  # blank rows at the end are not in the file
        filled = [any(cell is not None for cell in line) for line in lines]
        if blank := filled[::-1].index(True):
            uc, mhr = (None if x is None else x[:-blank] for x in (truth.uc, truth.mhr))
            truth = truth._replace(fhr=truth.fhr[:-blank], uc=uc, mhr=mhr, blank=blank)
    if left:  # positions are those of the sheet
        columns = [Column("", "", "", [], np.empty(0)), *columns]
    return Composition(
        choices.axes, {"a.xlsx": out.getvalue()}, "a.xlsx", said(composed.options, columns) or {}, truth,
        tuple(choices.doubts), said(choices.remedy, columns),
    )  # fmt: skip


def _cells(column: Column, texts: str) -> list[Any]:
    if column.values.dtype.kind == "M":
        return [None if at is None else at for at in column.values.astype(object)]
    if column.values.dtype == object:
        return [x if isinstance(x, datetime) else (str(x) or None) if x is not None else None for x in column.values]
    if texts == "values":
        return [c or None if np.isnan(v) else float(v) for c, v in zip(column.cells, column.values, strict=True)]
    if texts == "numbers as texts" or column.role == "time":
        return [c or None for c in column.cells]
    return [c.replace(".", ",") if c[-1:].isdigit() else c or None for c in column.cells]


def parquet(choices: Choices) -> Composition:
    """A Parquet table: types, an index, missing as null or NaN."""
    import pandas as pd

    composed = compose(choices, text=False, row=False, datetimes=True)
    columns = [*composed.columns, *_extras(choices, composed.columns)]
    if len({c.name for c in columns}) < len(columns):  # Parquet through pandas has no two columns of one name
        columns = [
            c._replace(name=c.name.lower()) if c.name in [d.name for d in columns[:i]] else c
            for i, c in enumerate(columns)
        ]
    texts = choices.take("numbers stored as", {"numbers": 12, "texts": 1}) == "texts"
    frame = pd.DataFrame({c.name: _series(choices, c, texts) for c in columns})
    index = choices.take("index", {"none": 6, "rows": 1, "time": 1})
    if index == "time" and columns[0].role == "time":
        frame = frame.set_index(columns[0].name)
    zone = choices.take("zone", {"none": 6, "UTC": 1, "Berlin": 0.5}) if "datetime" in choices.axes["clock"] else "none"
    if zone != "none" and columns[0].values.dtype.kind == "M":
        name = {"UTC": "UTC", "Berlin": "Europe/Berlin"}[zone]
        if index == "time":
            frame.index = frame.index.tz_localize(name)
        else:
            frame[columns[0].name] = frame[columns[0].name].dt.tz_localize(name)
    out = io.BytesIO()
    packing: Any = choices.take("packing", {"snappy": 3, "gzip": 1, "zstd": 1, "none": 1})
    frame.to_parquet(
        out, compression=None if packing == "none" else packing, index=index == "time" and columns[0].role == "time"
    )
    return Composition(
        choices.axes, {"a.parquet": out.getvalue()}, "a.parquet", said(composed.options, columns) or {}, composed.truth,
        tuple(choices.doubts), said(choices.remedy, columns),
    )  # fmt: skip


def _series(choices: Choices, column: Column, texts: bool) -> Any:
    import pandas as pd

    if column.values.dtype.kind == "M":
        return pd.Series(column.values)
    if column.values.dtype == object:
        at = [x for x in column.values if isinstance(x, datetime)]
        return pd.to_datetime(pd.Series(column.values)) if at else pd.Series(column.cells, dtype="string")
    kind = (
        "float64"
        if column.role == "time"
        else "string"
        if texts
        else choices.any_of(("float64", "float64", "Int16", "Float32"))
    )
    choices.axes[f"type of {column.role}"] = kind
    whole = np.array_equal(np.nan_to_num(column.values), np.round(np.nan_to_num(column.values)))
    if kind == "string":
        return pd.Series(
            [
                None if np.isnan(v) else c if c[-1:].isdigit() and float(c) == v else repr(float(v))
                for c, v in zip(column.cells, column.values, strict=True)
            ],
            dtype="string",
        )
    if (kind == "Int16" and not whole) or kind == "Float32":
        kind = "Float64"
    return (
        pd.Series(column.values).astype(kind)
        if kind == "float64"
        else pd.array(np.ma.masked_invalid(column.values).tolist(), dtype=kind)
    )
