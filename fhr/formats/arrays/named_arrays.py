"""Recordings in named arrays, as MATLAB and NumPy files hold them: channels, times and sampling rate."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from fhr.errors import FormatError

from ..channels.chosen_channels import Chosen, choose_channels, in_stated_unit, left_out
from ..channels.names import guess_channels, within
from ..channels.stored_channels import Signals, StoredChannel, assembled, check_units
from ..channels.units import unit_of
from ..channels.words import SIGNALS
from ..files.regular_file import cut, shown
from ..files.whole_file import MAX_SAMPLES
from ..times.calendar_times import CalendarTimes, calendar_times
from ..times.clock_times import text_unit
from ..times.grid import checked_rate, place
from ..times.unread_times import check_unread_times

__all__ = ["FromArrays", "from_arrays"]

_ROLES = (*SIGNALS, "time", "fs")
_OF_DATES = re.compile(r"(?i)date|unix|posix|epoch|utc|clock")
_SHOWN = 20  # names of other arrays in the history


class FromArrays(NamedTuple):
    """Signals, their sampling rate in Hz, and what was done, for the step "read" of the history."""

    signals: Signals
    fs: float
    notes: dict[str, Any]


def from_arrays(
    names: Sequence[str],
    load: Callable[[Collection[str]], Mapping[str, np.ndarray]],
    *,
    columns: Mapping[str, Any] | None,
    units: Mapping[str, str] | None,
    fs: float | None,
    tolerance: float | None = None,
    order: str | None = None,
    kind: str,
    where: str,
    ours: bool = False,
    stems: Sequence[str] | None = None,
    said: Mapping[str, str] | None = None,
) -> FromArrays:
    """Make the signals of a recording of named arrays.

    A channel is an array of n numbers, n x 1 or 1 x n; of FHR also of n x 2 or 2 x n, two transducers on one fetus. The
    part of a name behind its last dot tells the channel. Samples are `1/fs` apart; where there are as many times, they
    are placed on a regular grid.

    Args:
        names: of all arrays of the file.
        load: gives the arrays of some names.
        columns: see `choose_channels`.
        units: by role, in place of what the names say.
        fs: sampling rate, Hz, in place of the file's own.
        tolerance: see `place`.
        order: "time" sorts samples whose times go back; None refuses them.
        kind: of what has a name, such as "variable", for messages.
        where: the file, for messages.
        ours: whether the file is by this package's writer: 0 is a value, and nothing is checked.
        stems: what tells the channel of each array, in place of its name or the part behind the last dot.
        said: units by name of the array, where the file says them apart from the name.

    Raises:
        FormatError: no FHR, two arrays for one channel, one that is no signal, neither `fs` nor times.
        FHRError: an unknown role or unit.
        SignalError: signals of unequal length.
    """
    check_units(units)
    if stems is None:
        stems = [name if guess_channels([name], where=where) else _last(name) for name in names]
    chosen = choose_channels(names, columns, roles=_ROLES, kind=kind, where=where, stems=stems)
    for one in chosen if fs is None else ():
        _check_unit(one, (said or {}).get(one.name, ""), units, where)
    chosen = [in_stated_unit(one, (said or {}).get(one.name, ""), units, where) for one in chosen]
    arrays = load({one.name for one in chosen})
    of = {one.role: one for one in chosen}
    stored = [channel for one in chosen if one.role not in ("time", "fs") for channel in _channels(one, arrays, where)]
    if fs is None and "fs" in of:
        fs = _rate(arrays[of["fs"].name], of["fs"].name, where)
    notes: dict[str, Any] = {}
    lengths = {len(channel.values) for channel in stored}
    if "time" in of and of["time"].guessed and fs is not None and lengths != {arrays[of["time"].name].size}:
        notes["time_unused"] = cut(of.pop("time").name)  # a variable `t` is often something else
    elif "time" in of:
        time = _time(of["time"], arrays, where)
        if lengths != {len(time)}:
            name = cut(of["time"].name)
            raise FormatError(f"{where}: {name} and the signals differ in length; give one time a sample")
        word = (units or {}).get("time", of["time"].unit)
        unit = unit_of(word, "time") or word if word else None
        counted = CalendarTimes(time, "s", None, {})
        if arrays[of["time"].name].dtype.kind not in "mM":
            counted = calendar_times(time, unit)
        start = _start(arrays[of["time"].name]) or ({"start": counted.start} if counted.start else {})
        grid = place(
            counted.values,
            unit=counted.unit or (None if of["time"].guessed else "s"),
            fs=fs,
            tolerance=tolerance,
            where=where,
            order=order,
            began=start.get("start"),
            values=[np.asarray(channel.values, np.float64) for channel in stored],
        )
        stored = [
            channel._replace(values=np.where(grid.rows < 0, np.nan, channel.values[grid.rows])) for channel in stored
        ]
        fs, notes = grid.fs, start | counted.notes | grid.notes
    elif not ours and "time" not in (columns or {}):
        check_unread_times(_others(names, load, {one.name for one in chosen}, lengths), fs=fs, where=where)
    if fs is None:
        raise FormatError(f"{where}: no {kind} is called fs or time; give fs in Hz, or columns={{'fs': NAME}}")
    fs = checked_rate(fs, where)
    signals = assembled(stored, fs=fs, where=where, units=units, zero_missing=not ours, checked=not ours)
    step = {
        "columns": {role: _names_of(role, chosen) for role in of},
        "guessed": [role for role, one in of.items() if one.guessed],
        "fs": fs,
        **signals.notes,
        **notes,
    }
    if others := left_out(names, {one.position for one in chosen}, stems):
        step["left_out"] = others
    if others := [cut(name) for name in names if name not in arrays and cut(name) not in others]:
        step["passed_over"] = others[:_SHOWN]
    return FromArrays(signals, fs, step)


def _others(
    names: Sequence[str],
    load: Callable[[Collection[str]], Mapping[str, np.ndarray]],
    taken: Collection[str],
    lengths: Collection[int],
) -> Iterator[tuple[str, np.ndarray]]:
    """Names and values of arrays that are not taken and have a number or a time for each sample."""
    for name in names:
        values = np.empty(0)
        if name not in taken:
            with suppress(FormatError):  # what is not read need not be sound
                values = load([name])[name]
        if values.dtype.kind in "iufmM" and values.size in lengths and values.size in values.shape:
            yield name, _seconds(values).reshape(-1)


def _last(name: str) -> str:
    around, _, last = name.replace("/", ".").rpartition(".")
    return within(last, around)


def _check_unit(one: Chosen, word: str, units: Mapping[str, str] | None, where: str) -> None:
    """Refuse times and a sampling rate in a unit that is not known; `seconds since 2024-05-01` is one of times."""
    unit = re.split(r"\s+since\b", word)[0]
    if not unit or one.role not in ("time", "fs") or one.role in (units or {}) or unit_of(unit, one.role):
        return
    if one.role == "time" and (text_unit(unit) or _OF_DATES.search(unit)):
        return
    remedy = "fs= in Hz" if one.role == "fs" else "units={'time': UNIT}"
    raise FormatError(f"{where}: {cut(one.name)} is in {shown(word)}, which is not known; give {remedy}")


def _names_of(role: str, chosen: Sequence[Chosen]) -> str | list[str]:
    names = [cut(one.name) for one in chosen if one.role == role]
    return names[0] if len(names) == 1 else names


def _channels(one: Chosen, arrays: Mapping[str, np.ndarray], where: str) -> list[StoredChannel]:
    """The channel of an array, or the two of FHR."""
    values, name = arrays[one.name], cut(one.name)
    sides = sorted(values.shape)
    if one.role == "fhr" and len(sides) == 2 and sides[0] == 2 < sides[1] <= MAX_SAMPLES and _is_numeric(values):
        rows = values if values.shape[0] == 2 else values.T
        return [StoredChannel(one.role, f"{name}[{k}]", row, one.unit, one.sensor) for k, row in enumerate(rows)]
    return [StoredChannel(one.role, name, _vector(values, name, where), one.unit, one.sensor)]


def _vector(values: np.ndarray, name: str, where: str) -> np.ndarray:
    if not _is_numeric(values) or values.size not in values.shape or not 1 <= values.size <= MAX_SAMPLES:
        shape = " x ".join(map(str, values.shape)) or "one number"
        raise FormatError(
            f"{where}: {name} is {shape} of {values.dtype}; a signal is n, n x 1 or 1 x n numbers, 1 to {MAX_SAMPLES} "
            "of them (of FHR n x 2 for two transducers); name another with columns="
        )
    return values.reshape(-1)


def _time(one: Chosen, arrays: Mapping[str, np.ndarray], where: str) -> np.ndarray:
    return _vector(_seconds(arrays[one.name]), cut(one.name), where).astype(np.float64)


def _seconds(values: np.ndarray) -> np.ndarray:
    """Numbers as they are; dates as seconds from the first, durations as seconds."""
    if values.dtype.kind == "M":
        values = values - _earliest(values)
    if values.dtype.kind == "m":
        values = np.where(np.isnat(values), np.nan, values / np.timedelta64(1, "s"))
    return values


def _start(values: np.ndarray) -> dict[str, str]:
    """Date of the first sample, where the times are dates."""
    return {"start": str(_earliest(values).astype("datetime64[us]"))} if values.dtype.kind == "M" else {}


def _earliest(dates: np.ndarray) -> np.datetime64:
    known = dates[~np.isnat(dates)]
    return known.min() if known.size else np.datetime64("NaT", "us")


def _rate(values: np.ndarray, name: str, where: str) -> float:
    if values.size != 1 or not _is_numeric(values):
        raise FormatError(
            f"{where}: {cut(name)} holds {values.size} values of {values.dtype}; the sampling rate is one number, in Hz"
        )
    return float(values.reshape(-1)[0])


def _is_numeric(values: np.ndarray) -> bool:
    return values.dtype.kind in "iuf"
