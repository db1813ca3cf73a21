"""Channels as files store them, assembled into the signals of a recording: one rule for units and transducers.

Every reader goes through this, so that a heart rate in Hz, a pressure in kPa, a missing sample or a second transducer
means the same in every format.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fhr.errors import FormatError, SignalError

from .channel_units import AS_STORED, HEART_RATE_UNITS, in_standard_unit, unit_of
from .regular_file import shown
from .two_heart_rates import merged_rates

__all__ = ["Signals", "StoredChannel", "assembled"]

_PLAUSIBLE = (20.0, 300.0)  # bpm; this package's choice: only a wrong unit puts the median of a recording outside


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
        notes: what was done, for the step "read" of the history: "units" by role, "converted", and of two or more
            transducers "fhr_from", the channels that hold signal with the preferred one first, and "sensors".
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
    units = units or {}
    lengths = {len(channel.values) for channel in channels}
    if len(lengths) > 1:
        said = ", ".join(f"{channel.name}: {len(channel.values)}" for channel in channels)
        raise SignalError(f"{where}: channels of unequal length ({said} samples); cut them alike, or name fewer")
    signals: dict[str, list[np.ndarray]] = {}
    found: dict[str, str] = {}
    for channel in channels:
        unit = _unit(channel, units, where)
        if unit is not None:
            found.setdefault(channel.role, unit)
        signals.setdefault(channel.role, []).append(
            _signal(channel, unit, zero_missing=zero_missing, checked=checked, where=where)
        )
    for role in ("uc", "mhr"):
        if len(signals.get(role, ())) > 1:
            first, second = [channel.name for channel in channels if channel.role == role][:2]
            raise FormatError(f"{where}: {first} and {second} both look like {role}; say which is to be read")
    rates = [channel for channel in channels if channel.role == "fhr"]
    fhr, used = merged_rates(
        signals["fhr"], [c.name for c in rates], [c.sensor for c in rates], fs=fs, where=where, remedy=remedy
    )
    notes: dict[str, Any] = {"units": found}
    if found.get("uc") == "kpa":
        notes["converted"] = {"uc": "kPa to mmHg"}
    if len(rates) > 1:
        notes["fhr_from"] = used
    if sensors := {channel.name: channel.sensor for channel in channels if channel.sensor}:
        notes["sensors"] = sensors
    uc = signals["uc"][0] if "uc" in signals else np.full(len(fhr), np.nan, np.float32)
    return Signals(fhr, uc, signals["mhr"][0] if "mhr" in signals else None, notes)


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


def _signal(channel: StoredChannel, unit: str | None, *, zero_missing: bool, checked: bool, where: str) -> np.ndarray:
    role, values = channel.role, channel.values
    values = np.ma.filled(values.astype(np.float64), np.nan) if np.ma.isMaskedArray(values) else np.asarray(values)
    if values.dtype.kind != "f" or values.dtype.itemsize < 4:
        values = values.astype(np.float64)
    if zero_missing:
        values = np.where(values == 0, np.nan, values)
    single = in_standard_unit(values, role, unit or ("bpm" if role != "uc" else AS_STORED))
    if np.isinf(single).any():
        row = int(np.argmax(np.isinf(single))) + 1
        raise FormatError(f"{where}: {_said(channel)} is infinite in row {row}; leave missing values blank")
    if checked and role != "uc" and len(present := single[~np.isnan(single)]):
        median = float(np.median(present))
        if not _PLAUSIBLE[0] <= median <= _PLAUSIBLE[1]:
            stored = f" from {unit}" if unit not in (None, "bpm") else ""
            raise FormatError(
                f"{where}: the median of {_said(channel)} is {median:.4g}{stored}, no heart rate in bpm; say its unit "
                f"in its name, as {role}_bpm, {role}_hz or {role}_ms (interval between beats), or with "
                f"units={{{role!r}: 'hz'}}"
            )
    return single


def _said(channel: StoredChannel) -> str:
    return channel.role if channel.name == channel.role else f"{channel.role} ({channel.name})"
