"""Recordings in NumPy's `.npz` archives, without pickles: the exact form to keep a processed recording in."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from fhr.errors import FormatError
from fhr.recording import Recording, Source, Step

from .array_archive import pack_arrays, unpack_arrays
from .metadata import METADATA, metadata, parse_metadata
from .regular_file import cut, read_whole, reason
from .stored_channels import StoredChannel, assembled
from .time_grid import checked_rate
from .whole_file import MAX_SAMPLES, take_suffix, write_whole

__all__ = ["NPZ_SUFFIX", "read_npz", "write_npz"]

NPZ_SUFFIX = ".npz"
_OURS = "fhr npz 1"
_SIGNALS = ("fhr", "uc", "mhr")
_MAX_BYTES = 1 << 28
_TRANSDUCERS = ("fhr1", "fhr2")  # in files of other make
_MOST_BYTES = (len(_SIGNALS) + 1) * 8 * MAX_SAMPLES  # float64 samples, and as much for headers and texts


def read_npz(path: str | Path, *, fs: float | None = None) -> Recording:
    """Read one recording from an `.npz` archive.

    Archives of `write_npz` come back exactly. In others an array `fhr` is needed, `uc`, `mhr` and a number `fs` are
    read where they are there, 0 is missing in the signals, and other arrays are passed over. Sizes are checked before
    anything is unpacked, and pickled objects are never loaded.

    Args:
        path: the archive.
        fs: sampling rate, Hz; needed where the archive holds none, and used in place of the one that it holds.

    Raises:
        FormatError: no such file, one that is no archive, is damaged, or holds no `fhr`; an array that is no
            signal; no sampling rate.
        SignalError: signals of unequal length, or an infinite value.
    """
    path = Path(path)
    take_suffix(path, [NPZ_SUFFIX], kind="NumPy archive")
    raw = read_whole(path, limit=_MAX_BYTES, kind="NumPy archive")
    where = str(path)
    arrays = _arrays(raw, where)
    if not {"fhr", *_TRANSDUCERS} & set(arrays):
        raise FormatError(f"{where}: no array is called fhr; it holds {cut(', '.join(arrays)) or 'none'}")
    form = arrays.get("format")  # in files of other make it may be anything
    ours = form is not None and form.dtype.kind == "U" and np.array_equal(form, _OURS)
    known: dict[str, Any] = {}
    if ours:
        known = parse_metadata({key: _text(arrays[key], key, where) for key in METADATA if key in arrays}, where=where)
    elif "fs" in arrays:
        known["fs"] = _number(arrays["fs"], where)
    if fs is not None:
        known["fs"] = fs
    if "fs" not in known:
        raise FormatError(f"{where}: no number is called fs; give fs in Hz")
    known["fs"] = checked_rate(known["fs"], where)
    stored = [
        StoredChannel("fhr" if name in _TRANSDUCERS else name, name, _signal(arrays[name], name, where))
        for name in (*_SIGNALS, *_TRANSDUCERS)
        if name in arrays
    ]
    signals = assembled(stored, fs=known["fs"], where=where, zero_missing=not ours, checked=not ours)
    notes = {key: value for key, value in signals.notes.items() if value}
    if not ours and notes:
        known["history"] = (Step("read", {"format": "npz", **notes}),)
    return Recording(
        **{"name": path.stem, **known},
        fhr=signals.fhr,
        uc=signals.uc,
        mhr=signals.mhr,
        source=Source(where, "npz", hashlib.sha256(raw).hexdigest()),
    )


def write_npz(recording: Recording, path: str | Path) -> Path:
    """Write `recording` as a compressed `.npz` archive and return its path; `read_npz` gives it back exactly.

    Arrays `fhr`, `uc` and, where there is one, `mhr` in float32; `name`, `fs`, `stage2_start`, `outcome`, `clinical`
    and `history` as JSON texts, lists in place of tuples; `provenance` where the recording was not measured. The same
    recording gives the same bytes. Left out: `source`.

    Raises:
        FormatError: another suffix, no sample, a history that holds more than plain types, or one that is too long.
    """
    path = Path(path)
    take_suffix(path, [NPZ_SUFFIX], kind="NumPy archive")
    if not len(recording):
        raise FormatError(f"{recording.name}: the recording holds no sample; there is nothing to write")
    arrays = {"format": np.array(_OURS)} | {key: np.array(text) for key, text in metadata(recording).items()}
    arrays |= {name: signal for name in _SIGNALS if (signal := getattr(recording, name)) is not None}
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(path, pack_arrays(arrays, compressed=True))


def _arrays(raw: bytes, where: str) -> dict[str, np.ndarray]:
    """The arrays of an archive that a recording may have, by name."""
    try:
        return unpack_arrays(raw, most_bytes=_MOST_BYTES, names=(*_SIGNALS, *_TRANSDUCERS, *METADATA, "format"))
    except ValueError as error:
        raise FormatError(
            f"{where}: not an intact NumPy archive ({reason(error)}); write it again with write_npz"
        ) from None


def _text(values: np.ndarray, name: str, where: str) -> str:
    try:
        if values.size != 1 or values.dtype.kind != "U":
            raise ValueError(f"shape {values.shape} of {values.dtype}")
        return str(values.reshape(())[()])
    except (ValueError, SystemError) as error:  # NumPy's for numbers that are no letters
        raise FormatError(f"{where}: {name} is no text ({reason(error)}); write it anew, or remove it") from None


def _number(values: np.ndarray, where: str) -> float:
    if values.size != 1 or values.dtype.kind not in "iuf":
        raise FormatError(f"{where}: fs has shape {values.shape} of {values.dtype}; it must be one number, in Hz")
    return float(values.reshape(()))


def _signal(values: np.ndarray, name: str, where: str) -> np.ndarray:
    if values.ndim != 1 or values.dtype.kind not in "iuf" or not 1 <= len(values) <= MAX_SAMPLES:
        raise FormatError(
            f"{where}: {name} has shape {values.shape} of {values.dtype}; a signal is one row of 1 to {MAX_SAMPLES} "
            "numbers"
        )
    return values
