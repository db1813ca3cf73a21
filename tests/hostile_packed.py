"""Small files of packed formats and of formats that other libraries read, made to cost much or to show other files."""

import gzip
import io
import zipfile
from collections.abc import Callable

import numpy as np


def _workbook(sheet: bytes, strings: bytes = b"") -> bytes:
    """A workbook with its sheet in the place of a valid one's."""
    import openpyxl

    valid, made = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(valid)
    with zipfile.ZipFile(valid) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else before.read(name))
    return made.getvalue()


_SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_NAMES = b'<row r="1"><c r="A1" t="inlineStr"><is><t>fhr</t></is></c></row>'
_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "140">'
    + b"".join(b'<!ENTITY %c "%b">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(12))
    + b"]>"
)


def _hdf5(fill: Callable[..., None]) -> bytes:
    import h5py

    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["fs"] = 4.0
        fill(file)
    return out.getvalue()


def _enormous(file) -> None:
    file.create_dataset("fhr", shape=(1 << 40,), dtype="f8", chunks=(1 << 20,), fillvalue=140.0)


def _of_another_file(file) -> None:
    file.create_dataset("fhr", shape=(100,), dtype="u1", external=[("/etc/passwd", 0, 100)])


def _virtual(file) -> None:
    import h5py

    layout = h5py.VirtualLayout((100,), "u1")
    layout[:] = h5py.VirtualSource("/proc/version", "fhr", (100,))
    file.create_virtual_dataset("fhr", layout)


def _linked(file) -> None:
    import h5py

    file["fhr"] = h5py.ExternalLink("/etc/passwd", "/fhr")


def _deep(file) -> None:
    group = file
    for _ in range(3000):
        group = group.create_group("a")
    file["round"] = file["/"]


def _parquet(rows: int) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table({"fhr": pa.array(np.full(rows, 140, np.int16))}), out, compression="gzip")
    return out.getvalue()


def _edf(records: bytes = b"10", samples: bytes = b"4", duration: bytes = b"1") -> bytes:
    head = b"0".ljust(8) + b"X".ljust(80) + b"X".ljust(80) + b"15.03.2410.00.00" + b"512".ljust(8) + b"".ljust(44)
    head += records.ljust(8) + duration.ljust(8) + b"1".ljust(4)
    head += (
        b"FHR".ljust(16)
        + b"".ljust(80)
        + b"bpm".ljust(8)
        + b"0".ljust(8)
        + b"300".ljust(8)
        + b"0".ljust(8)
        + b"30000".ljust(8)
    )
    return head + b"".ljust(80) + samples.ljust(8) + b"".ljust(32) + np.full(40, 14000, "<i2").tobytes()


PACKED_BOMBS: dict[str, Callable[[], bytes]] = {
    "unpacks to much.csv.gz": lambda: gzip.compress(b"fhr\n", 1) + gzip.compress(b"140\n" * (1 << 20), 1) * 80,
    "cut short.csv.gz": lambda: gzip.compress(b"time_s,fhr\n" + b"0,140\n" * 900)[:-9],
    "a sheet that unpacks to much.xlsx": lambda: _workbook(
        _SHEET + _NAMES + b"<row><c><v>140</v></c></row>" * (9 << 20)
    ),
    "entities in entities.xlsx": lambda: _workbook(
        _LAUGHS + _SHEET + b"<row><c><v>&m;</v></c></row></sheetData></worksheet>"
    ),
    "a cell far away.xlsx": lambda: _workbook(
        _SHEET + _NAMES + b'<row r="9000"><c r="XFD9000"><v>140</v></c></row></sheetData></worksheet>'
    ),
    "an enormous set.h5": lambda: _hdf5(_enormous),
    "another file in it.h5": lambda: _hdf5(_of_another_file),
    "another file behind it.h5": lambda: _hdf5(_virtual),
    "a link to another file.h5": lambda: _hdf5(_linked),
    "groups in groups.h5": lambda: _hdf5(_deep),
    "more rows than two weeks.parquet": lambda: _parquet(5_000_000),
    "more records than it holds.edf": lambda: _edf(b"99999999"),
    "a rate beyond numbers.edf": lambda: _edf(duration=b"1e-300"),
    "no duration.edf": lambda: _edf(duration=b"0"),
    "no samples.edf": lambda: _edf(samples=b"0"),
    "more samples than it holds.edf": lambda: _edf(samples=b"99999999"),
    "p.hea": lambda: b"p/1 1 4 60\np 60\n",  # its own part
}
