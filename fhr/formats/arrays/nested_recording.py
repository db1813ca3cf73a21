"""Recordings in variables inside each other, of MATLAB and HDF5 files."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from fhr.errors import FormatError
from fhr.recording import Recording, Source

from ..channels.names import guess_channels
from ..channels.recorded import recorded
from ..files.regular_file import cut
from .named_arrays import from_arrays
from .nested_scales import check_own_times, check_scales, check_stray_units
from .nested_variables import Variables, line_of, lines_of, told

__all__ = ["from_variables"]

_SHOWN = 20  # names in the history
_RATE = re.compile(
    r"\s*(\d+(?:\.\d+)?)\s*(?:Hz|1/s|/s|samples?/s)?\s*", re.IGNORECASE
)  # a sampling rate that is a text


def from_variables(
    path: Path,
    raw: bytes,
    found: Variables,
    form: str,
    *,
    columns: Mapping[str, str | int | Sequence[str | int] | None] | None,
    units: Mapping[str, str] | None,
    fs: float | None,
    tolerance: float | None,
    order: str | None,
) -> Recording:
    """Make a recording of the variables of a file, see `read_mat`.

    Args:
        path: the file.
        raw: its bytes.
        found: its variables.
        form: name of the format.
        columns: by role, see `choose_channels`.
        units: by role, in place of what the file says.
        fs: sampling rate, Hz, in place of the file's own.
        tolerance: see `place`.
        order: "time" sorts samples whose times go back; None refuses them.

    Raises:
        FormatError: no FHR, two variables for one channel, one that is no signal, neither `fs` nor time.
    """
    where = str(path)
    names = [
        line for name, values in found.arrays.items() for line in lines_of(name, values.shape, found.texts) or [name]
    ]

    def load(wanted: Collection[str]) -> dict[str, np.ndarray]:
        return {name: _line(found, name) for name in wanted}

    for name, text in found.texts.items():
        if (
            (rate := _RATE.fullmatch(text))
            and name not in found.arrays
            and "fs" in guess_channels([name.rpartition(".")[2]], where="")
        ):
            found.arrays[name] = np.array([float(rate[1])])
            names.append(name)
    stems, said = told(names, found.texts, columns=columns, load=load, where=where)
    others = [f"{name} ({kind})" for name, kind in found.others.items()]
    if others and "fhr" not in (columns or {}) and not any("fhr" in guess_channels([stem], where="") for stem in stems):
        held = cut(", ".join(names)) or "no array of numbers"
        raise FormatError(
            f"{where}: no variable is known to be FHR; it holds {held} and, not read, "
            f"{cut(', '.join(others))}; say columns={{'fhr': NAME}}, or store numbers in the file itself"
        )
    result = from_arrays(
        names,
        load,
        columns=columns,
        units=units,
        fs=fs,
        tolerance=tolerance,
        order=order,
        kind="variable",
        where=where,
        stems=stems,
        said=said,
    )
    check_scales(found.arrays, lambda name: found.arrays[name][()], result.notes["columns"], units or {}, where)
    check_stray_units(found.texts, result.notes["columns"], {*(units or {}), *result.notes["units"]}, where)
    check_own_times(found.arrays, lambda name: found.arrays[name][()], result.notes["columns"], where)
    source = Source(where, form, hashlib.sha256(raw).hexdigest())
    not_read = {"not_read": [cut(other) for other in others[:_SHOWN]]} if others else {}
    return recorded(result.signals, fs=result.fs, source=source, name=path.stem, done={**result.notes, **not_read})


def _line(found: Variables, name: str) -> np.ndarray:
    """An array, or the column or row of one."""
    if name in found.arrays:
        return np.asarray(found.arrays[name][()])
    matrix, position = line_of(name)
    values = np.asarray(found.arrays[matrix][()])
    return values[:, position] if values.shape[0] > values.shape[1] else values[position]
