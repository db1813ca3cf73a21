"""Recordings in MATLAB `.mat` files of versions 4 to 7; version 7.3 (HDF5) is refused with the way out.

Nothing in these files is ever executed or unpickled.
"""

import hashlib
import logging
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fhr.errors import FHRError, FormatError
from fhr.recording import Recording, Source, Step

from .channel_names import guess_channels, named_channel
from .matlab_file import numeric_variables
from .regular_file import cut, read_whole, reason
from .stored_channels import StoredChannel, assembled
from .time_grid import checked_rate, place
from .whole_file import MAX_SAMPLES, take_suffix

__all__ = ["MATLAB_SUFFIX", "read_mat"]

_log = logging.getLogger(__name__)
MATLAB_SUFFIX = ".mat"
_MAX_BYTES = 1 << 27  # of the file, and of what its compressed parts unpack to
_HDF5 = b"\x89HDF\r\n\x1a\n"
_CHANNELS = ("fhr", "uc", "mhr", "time", "fs")


def read_mat(path: str | Path, *, variables: Mapping[str, str] | None = None, fs: float | None = None) -> Recording:
    """Read one recording from a MATLAB file of version 4 to 7.

    A channel is a numeric variable of n x 1 or 1 x n, or a field of a 1 x 1 struct, named `STRUCT.FIELD`; heart rates
    are in bpm, or in Hz or ms where the name says so (`fhr_hz`), UC in kPa (`toco_kpa`) is converted to mmHg and stays
    in any other unit as it is stored, 0 and NaN are missing. What is not named in
    `variables` is guessed from the names, as in `read_table`; every guess is logged and kept in the history. Samples
    are `1/fs` apart; where a time variable is named, or is there instead of `fs`, they are placed on a regular grid as
    in `read_table`. Left out: cells, objects, structs inside structs.

    Args:
        path: the file.
        variables: name of the variable or `STRUCT.FIELD` of "fhr", "uc", "mhr", "time" (s) and "fs" (Hz).
        fs: sampling rate, Hz; in place of the file's own.

    Raises:
        FormatError: no such file, one that is damaged or of version 7.3, no FHR, two variables for one channel, a
            variable that is no signal, neither `fs` nor time.
        FHRError: an unknown channel.
        SignalError: signals of unequal length.
    """
    path = Path(path)
    for channel in variables or ():
        if channel not in _CHANNELS:
            raise FHRError(f"variables: {channel!r}; the channels are {', '.join(_CHANNELS)}")
    take_suffix(path, [MATLAB_SUFFIX], kind="MATLAB file")
    raw = read_whole(path, limit=_MAX_BYTES, kind="MATLAB file")
    where = str(path)
    arrays = _arrays(raw, where)
    names = dict(variables or {})
    for channel, name in names.items():
        if name not in arrays:
            raise FormatError(f"{where}: no variable {name!r} for {channel}; it holds {_list(arrays)}")
    candidates = [name for name in arrays if name not in names.values()]
    guesses = guess_channels([name.rpartition(".")[2] for name in candidates], where=where, skip=names)
    transducers = [candidates[named.position] for named in guesses.get("fhr", ())]
    guessed = {channel: candidates[named[0].position] for channel, named in guesses.items()}
    names |= guessed
    if "fhr" not in names:
        raise FormatError(
            f"{where}: no variable is known to be FHR; it holds {_list(arrays)}; say variables={{'fhr': NAME}}"
        )
    sensors = {candidates[one.position]: one for those in guesses.values() for one in those}
    sensors |= {name: named_channel(name.rpartition(".")[2], channel) for channel, name in (variables or {}).items()}
    roles = {name: channel for channel, name in names.items()} | dict.fromkeys(transducers, "fhr")
    values = {name: _vector(arrays[name], name, where) for name in roles}
    rate = values.pop(names.get("fs", ""), None)
    if fs is None and rate is not None:
        if len(rate) != 1:
            raise FormatError(f"{where}: {cut(names['fs'])} holds {len(rate)} numbers; the sampling rate is one, in Hz")
        fs = float(rate[0])
    notes: dict[str, Any] = {}
    time = values.pop(names.get("time", ""), None)
    if time is not None and (fs is None or "time" not in guessed):
        if {len(value) for value in values.values()} != {len(time)}:
            raise FormatError(f"{where}: {cut(names['time'])} and the signals differ in length; give one time a sample")
        unit = guesses["time"][0].unit if "time" in guessed else "s"
        grid = place(time, unit=unit, fs=fs, tolerance=None, where=where)
        values = {name: np.where(grid.rows < 0, np.nan, value[grid.rows]) for name, value in values.items()}
        fs, notes = grid.fs, grid.notes
    elif fs is None:
        raise FormatError(f"{where}: no sampling rate; give fs in Hz, or name it with variables={{'fs': NAME}}")
    elif time is not None:
        del names["time"], guessed["time"]  # a variable `t` is often something else
    fs = checked_rate(fs, where)
    stored = [
        StoredChannel(roles[name], cut(name), value, sensors[name].unit, sensors[name].sensor)
        for name, value in values.items()
    ]
    signals = assembled(stored, fs=fs, where=where, remedy="variables={'fhr': NAME}")
    step = {"format": "matlab", "variables": names, "units": {}, "guessed": list(guessed), "fs": fs}
    step |= signals.notes | notes
    _log.info("%s: read as %s", path, step)
    source = Source(where, "matlab", hashlib.sha256(raw).hexdigest())
    return Recording(
        name=path.stem,
        fhr=signals.fhr,
        uc=signals.uc,
        mhr=signals.mhr,
        fs=fs,
        source=source,
        history=(Step("read", step),),
    )


def _arrays(raw: bytes, where: str) -> dict[str, np.ndarray]:
    """The numeric variables, and the numeric fields of structs as `STRUCT.FIELD`."""
    if raw.startswith(_HDF5) or raw[512 : 512 + len(_HDF5)] == _HDF5 or raw.startswith(b"MATLAB 7.3"):
        raise FormatError(f"{where}: a MATLAB file of version 7.3 (HDF5); save it again with save(FILE, '-v7')")
    try:
        return numeric_variables(raw, limit=_MAX_BYTES)
    except (ValueError, zlib.error) as error:
        raise FormatError(
            f"{where}: no intact MATLAB file ({reason(error)}); save it again with save(FILE, '-v7')"
        ) from None


def _vector(values: np.ndarray, name: str, where: str) -> np.ndarray:
    if values.ndim != 2 or 1 not in values.shape or not values.size:
        shape = " x ".join(map(str, values.shape))
        raise FormatError(
            f"{where}: {cut(name)} is {shape} of {values.dtype}; a signal is n x 1 or 1 x n numbers, name another with "
            "variables="
        )
    if values.size > MAX_SAMPLES:
        raise FormatError(f"{where}: {cut(name)} holds {values.size} samples; a recording has at most {MAX_SAMPLES}")
    with np.errstate(invalid="ignore"):  # one of the kinds of NaN warns
        return values.reshape(-1).astype(np.float64)


def _list(arrays: Mapping[str, np.ndarray]) -> str:
    return cut(", ".join(arrays)) or "no numeric variable"
