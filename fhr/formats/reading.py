"""Reading one recording from any supported file: `fhr.read`."""

import inspect
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from fhr.errors import FHRError, FormatError
from fhr.recording import Recording

from .arrays.hdf5 import HDF5_SUFFIXES, read_hdf5
from .arrays.matlab import MATLAB_SUFFIX, read_mat
from .arrays.npz import NPZ_SUFFIX, read_npz
from .arrays.parquet import PARQUET_SUFFIX, read_parquet
from .edf.recording import EDF_SUFFIXES, read_edf
from .fhrma.recording import FHRMA_SUFFIXES, read_fhrma
from .files.missing_file import check_there
from .files.regular_file import shown
from .tables.table import SHEET_SUFFIXES, TABLE_SUFFIXES, read_table
from .wfdb.record import read_wfdb

__all__ = ["READERS", "options_taken", "read", "suffix_of"]

_RECORD = ("", ".hea", ".dat")
READERS: dict[str, Callable[..., Recording]] = {
    **dict.fromkeys(_RECORD, read_wfdb),
    **dict.fromkeys(FHRMA_SUFFIXES, read_fhrma),
    **dict.fromkeys((*TABLE_SUFFIXES, *SHEET_SUFFIXES), read_table),
    NPZ_SUFFIX: read_npz,
    MATLAB_SUFFIX: read_mat,
    **dict.fromkeys(HDF5_SUFFIXES, read_hdf5),
    **dict.fromkeys(EDF_SUFFIXES, read_edf),
    PARQUET_SUFFIX: read_parquet,
}


def suffix_of(path: str | Path) -> str:
    """Suffix of a file that names its format, in lower case; of two that are known together, both.

    >>> suffix_of("A.CSV"), suffix_of("1001"), suffix_of("a.b.fhr")
    ('.csv', '', '.fhr')
    """
    stem, suffix = _split(os.path.basename(path).lower())  # pathlib takes as long as all else of listing a folder
    both = _split(stem)[1] + suffix
    return both if both in READERS else suffix


def _split(name: str) -> tuple[str, str]:
    """Stem and suffix of a name, as pathlib has them."""
    stem, dot, last = name.rpartition(".")
    return (stem, dot + last) if stem and last else (name, "")


def read(path: str | Path, **options: Any) -> Recording:
    """Read one recording; the file's suffix, in upper or lower case, names its format.

    Only regular files are read, never a FIFO or a device. A link is followed where it stays within its own folder, and
    refused where it leaves it: a folder that came from elsewhere shows nothing else of this machine.

    Args:
        path: a WFDB record as `DIR/1001`, `DIR/1001.hea` or `DIR/1001.dat`; an FHRMA `.fhr`, `.fhrm` or a relative of
            theirs; a table in `.csv`, `.tsv`, `.txt`, `.xlsx` or `.parquet`; a NumPy `.npz`; a MATLAB `.mat`; an HDF5
            `.h5` or `.hdf5`; an EDF `.edf` or `.bdf`. `READERS` has all suffixes.
        options: what the format's own reader takes by name: `fs` and `columns` of `read_table`, `channel` of
            `read_fhrma`.

    Raises:
        FormatError: no such file, an unknown suffix, or contents that contradict the format.
        FHRError: an option that the format's reader does not take.
    """
    path = Path(path)
    if os.path.isdir(path):  # unlike Path.is_dir, no OSError for a path that no system takes
        raise FormatError(
            f"{path} is a folder; fhr.read takes one recording, fhr.datasets.RecordingFolder takes a folder"
        )
    check_there(path, record=suffix_of(path) in _RECORD)
    reader = READERS.get(suffix_of(path))
    if reader is None:
        known = ", ".join(suffix for suffix in READERS if suffix)
        raise FormatError(
            f"{path}: unknown suffix {shown(suffix_of(path))}; known are {known}, or a WFDB record without suffix"
        )
    taken = options_taken(path)
    for name in options:
        if name not in taken:
            takes = f"takes {', '.join(taken)}" if taken else "takes no option"
            raise FHRError(f"{path}: option {name!r}; {reader.__name__} {takes}")
    return reader(path, **options)


def options_taken(path: str | Path) -> tuple[str, ...]:
    """Names of the options that the reader of a file takes; none of an unknown suffix.

    >>> "fs" in options_taken("a.npz"), options_taken("a.xyz")
    (True, ())
    """
    reader = READERS.get(suffix_of(path))
    return () if reader is None else _parameters(reader)


@cache
def _parameters(reader: Callable[..., Recording]) -> tuple[str, ...]:
    return tuple(name for name in inspect.signature(reader).parameters if name != "path")
