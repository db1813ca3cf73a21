"""Recordings in NumPy's `.npz` archives, without pickles: the exact form to keep a processed recording in."""

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from fhr.errors import FormatError
from fhr.recording import Recording, Source

from ..archives.array_archive import array_names, pack_arrays, unpack_arrays
from ..channels.recorded import recorded
from ..channels.words import SIGNALS
from ..files.regular_file import read_whole, reason
from ..files.whole_file import MAX_SAMPLES, check_samples, take_suffix, write_whole
from ..metadata.plain_values import METADATA, metadata, parse_metadata
from .named_arrays import from_arrays
from .nested_scales import check_scales, check_stray_units
from .nested_variables import units_beside

__all__ = ["NPZ_SUFFIX", "read_npz", "write_npz"]

_Result = TypeVar("_Result")
NPZ_SUFFIX = ".npz"
_OURS = "fhr npz 1"
_MAX_BYTES = 1 << 28
_MOST_UNITS = 64
_MOST_BYTES = (len(SIGNALS) + 1) * 8 * MAX_SAMPLES  # float64 samples, and as much for headers and texts


def read_npz(
    path: str | Path,
    *,
    columns: Mapping[str, str | int | Sequence[str | int] | None] | None = None,
    units: Mapping[str, str] | None = None,
    fs: float | None = None,
    tolerance: float | None = None,
    order: str | None = None,
) -> Recording:
    """Read one recording from an `.npz` archive.

    Archives of `write_npz` come back exactly. In others the channels are told from the names of the arrays, as in
    `read_table`: FHR in one array, in one a transducer (`fhr1`, `fhr2`) or in one of 2 x n; 0 is missing in the
    signals. Heart rates are converted to bpm and uterine activity to mmHg by the units in the names (`fhr_hz`,
    `toco_kpa`) or those given. Every guess is logged and kept in the history, with the names of the arrays that were
    not read. Sizes are checked before anything is unpacked, and pickled objects are never loaded.

    Args:
        path: the archive.
        columns: array of "fhr", "uc", "mhr", "time" and "fs" by its name; None for none; several of "fhr" are
            transducers on one fetus.
        units: of "fhr", "mhr", "uc" and "time", as in `read_table`.
        fs: sampling rate, Hz; needed where the archive holds neither it nor times, and used in place of its own.
        tolerance: the seconds to either side that a time may stand for, as in `read_table`.
        order: "time" sorts samples whose times go back; None refuses them.

    Raises:
        FormatError: no such file, one that is no archive, is damaged, or holds no FHR; an array that is no signal; a
            heart rate that none has; no sampling rate.
        FHRError: an unknown channel or unit.
        SignalError: signals of unequal length.
    """
    path = Path(path)
    take_suffix(path, [NPZ_SUFFIX], kind="NumPy archive")
    raw = read_whole(path, limit=_MAX_BYTES, kind="NumPy archive")
    where = str(path)
    names = _intact(where, array_names, raw)
    texts = _load(raw, [name for name in (*METADATA, "format") if name in names], where)
    form = texts.get("format")  # in files of other make it may be anything
    ours = form is not None and form.dtype.kind == "U" and np.array_equal(form, _OURS)
    known: dict[str, Any] = {}
    if ours:
        known = parse_metadata({key: _text(texts[key], key, where) for key in METADATA if key in texts}, where=where)
        if "fs" not in known and fs is None:
            raise FormatError(f"{where}: no number is called fs; give fs in Hz")
    said = {} if ours else _texts_of_units(raw, names, where)
    names = [name for name in names if name not in said]
    found = from_arrays(
        [name for name in names if name in SIGNALS or not (ours and name in (*METADATA, "format"))],
        lambda those: _load(raw, those, where),
        columns=columns,
        units=units,
        fs=known.get("fs") if fs is None else fs,
        tolerance=tolerance,
        order=order,
        kind="array",
        where=where,
        ours=ours,
        said=units_beside(names, said),
    )
    if not ours:
        check_stray_units(said, found.notes["columns"], {*(units or {}), *found.notes["units"]}, where)
        check_scales(names, lambda name: _load(raw, [name], where)[name], found.notes["columns"], units or {}, where)
    return recorded(
        found.signals,
        fs=found.fs,
        source=Source(where, "npz", hashlib.sha256(raw).hexdigest()),
        name=path.stem,
        stated=known,
        done=found.notes if not ours or columns or units or fs is not None else None,
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
    check_samples(recording)
    arrays = {"format": np.array(_OURS)} | {key: np.array(text) for key, text in metadata(recording).items()}
    arrays |= {name: signal for name in SIGNALS if (signal := getattr(recording, name)) is not None}
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(path, pack_arrays(arrays, compressed=True))


def _texts_of_units(raw: bytes, names: Collection[str], where: str) -> dict[str, str]:
    """Texts that are called after units, by name."""
    wanted = [name for name in names if re.search(r"(?i)(^|_|\.)(units?|uom)($|_|\.)", name)]
    arrays = _load(raw, wanted, where) if wanted else {}
    return {
        name if text.size == 1 else f"{name}{{{i + 1}}}": str(one)
        for name, text in arrays.items()
        if text.dtype.kind == "U"
        for i, one in enumerate(text.reshape(-1)[:_MOST_UNITS])
    }


def _load(raw: bytes, names: Collection[str], where: str) -> dict[str, np.ndarray]:
    return _intact(where, partial(unpack_arrays, most_bytes=_MOST_BYTES, names=names), raw)


def _intact(where: str, function: Callable[[bytes], _Result], raw: bytes) -> _Result:
    try:
        return function(raw)
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
