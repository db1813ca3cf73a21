"""Channels as files store them, assembled into the signals of a recording: one rule for units and transducers.

Every reader goes through this, so that a heart rate in Hz, a pressure in kPa, a missing sample or a second transducer
means the same in every format.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fhr.errors import FHRError, FormatError, SignalError

from ..files.regular_file import shown
from ..times.units import TIME_UNITS
from .impossible_rates import check_rates, marks_in_activity, marks_in_rates
from .two_heart_rates import merged_rates
from .units import ACTIVITY_UNITS, AS_STORED, HEART_RATE_UNITS, converted, in_standard_unit, unit_of

__all__ = ["Signals", "StoredChannel", "assembled", "check_units"]

_log = logging.getLogger(__name__)


class StoredChannel(NamedTuple):
    """One channel as its file stores it.

    Attributes:
        role: "fhr", "uc" or "mhr"; several may be "fhr", of transducers on one fetus.
        name: as the file calls it.
        values: (n,) of any real type, in the unit of the file; NaN is missing, as is what is masked.
        unit: the file's own word, or what `unit_of` makes of it; None where it says none.
        sensor: such as "ultrasound" or "scalp electrode", where it is known.
    """

    role: str
    name: str
    values: np.ndarray
    unit: str | None = None
    sensor: str = ""


class Signals(NamedTuple):
    """Signals of a recording.

    Attributes:
        fhr: float32 (n,), bpm.
        uc: float32 (n,), mmHg or as it was stored; all NaN where there is none.
        mhr: float32 (n,), bpm, or None.
        notes: what was done, for the step "read" of the history: "units" by role, or by role and channel where those
            of one role differ; "converted"; "missing_marks", the values that stood for missing samples, by channel and
            value with their number; "no_heart_rates", the number of single values that are none and stay, by channel;
            and of two or more transducers "fhr_from", the channels that hold signal with the preferred one first, and
            "sensors".
    """

    fhr: np.ndarray
    uc: np.ndarray
    mhr: np.ndarray | None
    notes: dict[str, Any]


def assembled(
    channels: Sequence[StoredChannel],
    *,
    fs: float,
    where: str,
    units: Mapping[str, str] | None = None,
    zero_missing: bool = True,
    checked: bool = True,
    remedy: str = "columns={'fhr': NAME}",
) -> Signals:
    """Assemble the signals of a recording from its channels, one or more of them of the fetal heart rate.

    Args:
        channels: of equal length.
        fs: sampling rate, Hz.
        where: the file, for messages.
        units: by role, in place of what the file says.
        zero_missing: whether 0 marks a missing sample.
        checked: whether heart rates are compared with those that hearts have; files of this package's writers are not.
        remedy: what the user gives to choose a channel.

    Raises:
        FormatError: a unit that is not known, an infinite value, a median that is no heart rate, two channels of one
            role, two hearts.
        SignalError: channels of unequal length.
    """
    lengths = {len(channel.values) for channel in channels}
    if len(lengths) > 1:
        said = ", ".join(f"{channel.name}: {len(channel.values)}" for channel in channels)
        raise SignalError(f"{where}: channels of unequal length ({said} samples); cut them alike, or name fewer")
    for role in ("uc", "mhr"):
        if len(several := [channel.name for channel in channels if channel.role == role]) > 1:
            raise FormatError(f"{where}: {several[0]} and {several[1]} both look like {role}; say which is to be read")
    channels = [channel._replace(unit=_unit(channel, units or {}, where)) for channel in channels]
    stored = [_floating(channel.values, zero_missing=zero_missing) for channel in channels]
    marks = _marks(channels, stored) if checked else [[] for _ in channels]
    signals = [
        _signal(channel, np.where(np.isin(values, those), np.nan, values) if those else values, where)
        for channel, values, those in zip(channels, stored, marks, strict=True)
    ]
    beyond = {
        channel.name: count
        for channel, signal in zip(channels, signals, strict=True)
        if checked
        and channel.role != "uc"
        and (count := check_rates(signal, channel.role, channel.unit, said=_said(channel), where=where))
    }
    by_role = {channel.role: signal for channel, signal in zip(channels, signals, strict=True)}
    rates = [(channel, signal) for channel, signal in zip(channels, signals, strict=True) if channel.role == "fhr"]
    used: list[str] = []
    if len(rates) == 1:
        fhr = rates[0][1]
    elif rates:
        fhr, used = merged_rates(
            [signal for _, signal in rates],
            [channel.name for channel, _ in rates],
            [channel.sensor for channel, _ in rates],
            fs=fs,
            where=where,
            remedy=remedy,
        )
    else:  # left out, for a file of uterine activity alone
        fhr = np.full(len(signals[0]), np.nan, np.float32)
    notes: dict[str, Any] = {"units": _units(channels)}
    if changes := {channel.role: how for channel in channels if (how := converted(channel.unit, channel.role))}:
        notes["converted"] = changes
    if found := {
        channel.name: {f"{mark:g}": int((values == mark).sum()) for mark in those}
        for channel, values, those in zip(channels, stored, marks, strict=True)
        if those
    }:
        _log.info("%s: values that stand for missing samples: %s", where, found)
        notes["missing_marks"] = found
    if beyond:
        _log.info("%s: values that are no heart rates and stay: %s", where, beyond)
        notes["no_heart_rates"] = beyond
    if len(rates) > 1:
        notes["fhr_from"] = used
    if sensors := {channel.name: channel.sensor for channel in channels if channel.sensor}:
        notes["sensors"] = sensors
    uc = by_role.get("uc", np.full(len(fhr), np.nan, np.float32))
    return Signals(fhr, uc, by_role.get("mhr"), notes)


def check_units(units: Mapping[str, str] | None, *, times: Sequence[str] = TIME_UNITS) -> None:
    """Refuse units that a user gave and that are none.

    Args:
        units: by role.
        times: the units of times.

    Raises:
        FHRError: a role that has no unit, or a unit that is not known.
    """
    known = {"time": times, "fhr": HEART_RATE_UNITS, "uc": ACTIVITY_UNITS, "mhr": HEART_RATE_UNITS}
    for role, unit in (units or {}).items():
        if role not in known:
            raise FHRError(f"units: {role!r}; units are known of {', '.join(known)}")
        if not isinstance(unit, str) or (unit not in known[role] and unit_of(unit, role) is None):
            raise FHRError(f"units: {role} in {unit!r}; it may be in {', '.join(known[role])}")


def _unit(channel: StoredChannel, units: Mapping[str, str], where: str) -> str | None:
    """Unit of a channel as `unit_of` gives it; None where nobody said one."""
    word = units.get(channel.role, channel.unit)
    if word is None or word == AS_STORED:
        return word
    unit = unit_of(word, channel.role)
    if unit is None and channel.role != "uc":
        raise FormatError(
            f"{where}: {shown(channel.name)} is in {shown(word)}, no unit of a heart rate that is known; give "
            f"units={{{channel.role!r}: UNIT}}, one of {', '.join(HEART_RATE_UNITS)}, if it is one"
        )
    return unit or AS_STORED


def _units(channels: Sequence[StoredChannel]) -> dict[str, Any]:
    """Unit by role, where one was said; by role and channel where those of one role differ."""
    found: dict[str, Any] = {}
    for role in dict.fromkeys(channel.role for channel in channels):
        said = {channel.name: channel.unit for channel in channels if channel.role == role and channel.unit}
        if said:
            found[role] = said if len(set(said.values())) > 1 else next(iter(said.values()))
    return found


def _floating(values: np.ndarray, *, zero_missing: bool) -> np.ndarray:
    """Values as floats, NaN where they are masked or, if 0 is missing, 0."""
    values = np.ma.filled(values.astype(np.float64), np.nan) if np.ma.isMaskedArray(values) else np.asarray(values)
    if values.dtype.kind != "f" or values.dtype.itemsize < 4:
        values = values.astype(np.float64)
    return np.where(values == 0, np.nan, values) if zero_missing else values


def _marks(channels: Sequence[StoredChannel], stored: Sequence[np.ndarray]) -> list[list[float]]:
    """Values that stand for missing samples, of each channel."""
    of_rates = [
        marks_in_rates(values, channel.unit or "bpm") if channel.role != "uc" else []
        for channel, values in zip(channels, stored, strict=True)
    ]
    known = sorted({mark for those in of_rates for mark in those})
    return [
        those if channel.role != "uc" else marks_in_activity(values, known)
        for channel, values, those in zip(channels, stored, of_rates, strict=True)
    ]


def _signal(channel: StoredChannel, values: np.ndarray, where: str) -> np.ndarray:
    single = in_standard_unit(values, channel.role, channel.unit or ("bpm" if channel.role != "uc" else AS_STORED))
    if single is not values and np.isinf(single).any():  # what is not converted is checked by `Recording`
        row = int(np.argmax(np.isinf(single))) + 1
        raise FormatError(f"{where}: {_said(channel)} is infinite in row {row}; leave missing values blank")
    return single


def _said(channel: StoredChannel) -> str:
    return channel.role if channel.name == channel.role else f"{channel.role} ({channel.name})"
