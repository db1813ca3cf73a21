"""Valid files of formats that are packed, made of parts or read by other libraries: seeds to spoil, by name.

Their libraries are imported when they are used, so that the memory of reading a recording can be told.
"""

import gzip
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hostile import Sample

from fhr.formats.reading import READERS
from fhr.recording import Recording


def packed_samples(recording: Recording) -> dict[str, Sample]:
    """The recording as WFDB of other kinds, packed table, workbook, Parquet, EDF, HDF5 and structs of MATLAB."""
    rates, activity = np.nan_to_num(recording.fhr).astype(float), np.nan_to_num(recording.uc).astype(float)
    time = np.arange(len(rates)) / recording.fs
    rows = "".join(f"{t},{r:g},{u:g}\n" for t, r, u in zip(time, rates, activity, strict=True))
    packed = gzip.compress(b"time_s,fhr,uc\n" + rows.encode(), mtime=0)
    single = {
        "csv.gz": packed,
        "txt.gz": packed,
        "xlsx": _workbook(time, rates, activity),
        "parquet": _parquet(time, rates, activity),
        "edf": _edf(rates, activity, recording.fs),
        "h5": _hdf5(rates, activity, recording.fs),
        "7.3.mat": b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM" + bytes(384) + _hdf5(rates, activity, recording.fs),
        "nested.mat": _nested(rates, activity, recording.fs),
    }
    found = {}
    for label, data in single.items():
        suffix = label if label.endswith(".gz") else label.rpartition(".")[2]
        if f".{suffix}" in READERS:
            found[label] = Sample({f"a.{suffix}": data}, f"a.{suffix}")
    return found | {f"wfdb {form}": _record(rates, activity, recording.fs, form) for form in ("212", "516", "parts")}


def _record(rates: np.ndarray, activity: np.ndarray, fs: float, form: str) -> Sample:
    import wfdb

    stored = np.rint(np.stack([4 * rates, activity], axis=1)).astype(np.int64)
    parts = np.array_split(stored, 2) if form == "parts" else [stored]
    with tempfile.TemporaryDirectory() as folder:
        for i, part in enumerate(parts):
            wfdb.wrsamp(
                f"p{i}" if form == "parts" else "a", fs=fs, units=["bpm", "nd"], sig_name=["FHR", "UC"], d_signal=part,
                fmt=["212" if form == "parts" else form] * 2, adc_gain=[4.0, 1.0], baseline=[0, 0], write_dir=folder,
            )  # fmt: skip
        files = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
    if form == "parts":
        files["a.hea"] = "\n".join(
            [f"a/2 2 {fs:g} {len(stored)}", *(f"p{i} {len(p)}" for i, p in enumerate(parts)), ""]
        ).encode()
    return Sample(files, "a.hea")


def _workbook(*columns: np.ndarray) -> bytes:
    import openpyxl

    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in [("time_s", "fhr", "uc"), *zip(*(column.tolist() for column in columns), strict=True)]:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def _parquet(*columns: np.ndarray) -> bytes:
    import pandas as pd

    out = io.BytesIO()
    pd.DataFrame(dict(zip(("time_s", "fhr", "uc"), columns, strict=True))).to_parquet(out)
    return out.getvalue()


def _edf(rates: np.ndarray, activity: np.ndarray, fs: float) -> bytes:
    import edfio

    def signal(values: np.ndarray, label: str, unit: str) -> edfio.EdfSignal:
        scale: Any = {"physical_range": (0, 320), "digital_range": (0, 32000)}
        return edfio.EdfSignal(values, fs, label=label, physical_dimension=unit, **scale)

    notes = [edfio.EdfAnnotation(1.0, None, "contraction")]
    out = io.BytesIO()
    edfio.Edf([signal(rates, "FHR", "bpm"), signal(activity, "UC", "")], annotations=notes).write(out)
    return out.getvalue()


def _hdf5(rates: np.ndarray, activity: np.ndarray, fs: float) -> bytes:
    import h5py

    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        group = file.create_group("ctg")
        for name, values in (("fhr", rates), ("uc", activity), ("fs", np.array([fs]))):
            group.create_dataset(name, data=values.reshape(1, -1))
    return out.getvalue()


def _nested(rates: np.ndarray, activity: np.ndarray, fs: float) -> bytes:
    from scipy.io import savemat

    out: Any = io.BytesIO()
    savemat(out, {"data": {"ctg": {"fhr": rates, "uc": activity}, "fs": fs}})
    return out.getvalue()
