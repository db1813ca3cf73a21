"""Recordings in MATLAB `.mat` files of versions 4 to 7, and of 7.3, which is HDF5.

Nothing in these files is ever executed or unpickled.
"""

import warnings
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from fhr.errors import FormatError
from fhr.recording import Recording

from ..files.regular_file import read_whole, reason
from ..files.whole_file import take_suffix
from .hdf5_file import hdf5_variables, is_hdf5
from .matlab_file import variables as stored_variables
from .nested_recording import from_variables
from .nested_variables import Variables

__all__ = ["MATLAB_SUFFIX", "read_mat"]

MATLAB_SUFFIX = ".mat"
_MAX_BYTES = 1 << 27  # of the file, and of what its compressed parts unpack to


def read_mat(
    path: str | Path,
    *,
    columns: Mapping[str, str | int | Sequence[str | int] | None] | None = None,
    units: Mapping[str, str] | None = None,
    fs: float | None = None,
    tolerance: float | None = None,
    order: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Recording:
    """Read one recording from a MATLAB file of version 4 to 7, or of 7.3 with the extra `matlab`.

    A channel is a numeric variable of n x 1 or 1 x n, alone or inside structs and cells: `ctg.fhr`,
    `rec.signals.fhr.data`, `signals(2).data` of an array of structs, `signals{2}` of cells, `data(:,2)` of a matrix
    with a label a column. Where its own name says nothing (`data`, a cell), the text `label` or `name` beside it tells
    the channel, or the struct around it. FHR may also stand in one variable a transducer (`fhr1`, `fhr2`) or in one of
    n x 2 or 2 x n. Heart rates are in bpm, or in the unit that a text `unit` beside them or the name says (`fhr_hz`),
    UC in kPa (`toco_kpa`) is converted to mmHg and stays in a unit of no known scale as it is stored, 0 and NaN are
    missing. What is not named in `columns` is guessed from the names, as in `read_table`; every guess is logged and
    kept in the history, with the names of the variables that were not read. Samples are `1/fs` apart; where there are
    as many times, they are placed on a regular grid as in `read_table`. Left out: objects (tables, time series),
    sparse, logical and complex arrays.

    Args:
        path: the file.
        columns: variable of "fhr", "uc", "mhr", "time" (s) and "fs" (Hz) by its name, as above; None for none; several
            of "fhr" are transducers on one fetus.
        units: of "fhr", "mhr", "uc" and "time", as in `read_table`.
        fs: sampling rate, Hz; in place of the file's own.
        tolerance: the seconds to either side that a time may stand for, as in `read_table`.
        order: "time" sorts samples whose times go back; None refuses them.
        variables: the former name of `columns`.

    Raises:
        FormatError: no such file, one that is damaged, no FHR, two variables for one channel, a
            variable that is no signal, a heart rate that none has, neither `fs` nor time.
        FHRError: an unknown channel or unit; a file of version 7.3 without h5py.
        SignalError: signals of unequal length.
    """
    if variables is not None:
        warnings.warn(
            "variables= of read_mat is columns= now; the old name goes with the next minor version",
            FutureWarning,
            stacklevel=2,
        )
        columns = variables if columns is None else columns
    path = Path(path)
    take_suffix(path, [MATLAB_SUFFIX], kind="MATLAB file")
    raw = read_whole(path, limit=_MAX_BYTES, kind="MATLAB file")
    found = hdf5_variables(raw, str(path)) if is_hdf5(raw) else _variables(raw, str(path))
    return from_variables(
        path, raw, found, "matlab", columns=columns, units=units, fs=fs, tolerance=tolerance, order=order
    )


def _variables(raw: bytes, where: str) -> Variables:
    if raw.startswith(b"MATLAB 7.3"):
        raise FormatError(f"{where}: a MATLAB file of version 7.3 that is cut short; fetch it again")
    try:
        return stored_variables(raw, limit=_MAX_BYTES)
    except (ValueError, zlib.error) as error:
        raise FormatError(
            f"{where}: no intact MATLAB file ({reason(error)}); save it again with save(FILE, '-v7')"
        ) from None
