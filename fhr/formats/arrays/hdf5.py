"""Recordings in HDF5 files, `.h5` and `.hdf5`, of any make."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fhr.errors import FormatError
from fhr.recording import Recording

from ..files.regular_file import read_whole
from ..files.whole_file import take_suffix
from .hdf5_file import hdf5_variables, is_hdf5
from .nested_recording import from_variables

__all__ = ["HDF5_SUFFIXES", "read_hdf5"]

HDF5_SUFFIXES = (".h5", ".hdf5")
_MAX_BYTES = 1 << 28


def read_hdf5(
    path: str | Path,
    *,
    columns: Mapping[str, str | int | Sequence[str | int] | None] | None = None,
    units: Mapping[str, str] | None = None,
    fs: float | None = None,
    tolerance: float | None = None,
    order: str | None = None,
) -> Recording:
    """Read one recording from an HDF5 file; needs the extra `matlab`.

    Groups are what structs are in `read_mat`: an array `fhr` in a group `ctg` is `ctg.fhr`. Units, labels and the
    sampling rate may be attributes of an array or its group. Links and storage in other files are never followed.

    Args:
        path: an `.h5` or `.hdf5` file.
        columns: array of "fhr", "uc", "mhr", "time" and "fs" by its name; None for none; several of "fhr" are
            transducers on one fetus.
        units: of "fhr", "mhr", "uc" and "time", as in `read_table`.
        fs: sampling rate, Hz; in place of the file's own.
        tolerance: the seconds to either side that a time may stand for, as in `read_table`.
        order: "time" sorts samples whose times go back; None refuses them.

    Raises:
        FormatError: no such file, one that is damaged, no FHR, two arrays for one channel, an array that is no signal,
            neither `fs` nor times.
        FHRError: an unknown channel or unit, or h5py is not installed.
        SignalError: signals of unequal length.
    """
    path = Path(path)
    take_suffix(path, HDF5_SUFFIXES, kind="HDF5 file")
    raw = read_whole(path, limit=_MAX_BYTES, kind="HDF5 file")
    if not is_hdf5(raw):
        raise FormatError(f"{path}: no HDF5 file; check the path")
    found = hdf5_variables(raw, str(path))
    return from_variables(
        path, raw, found, "hdf5", columns=columns, units=units, fs=fs, tolerance=tolerance, order=order
    )
