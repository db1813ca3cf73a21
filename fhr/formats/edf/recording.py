"""Recordings in EDF, EDF+ and BDF files, read; and the notes of such files."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from fhr.errors import FHRError, FormatError
from fhr.recording import Recording, Source

from ..channels.chosen_channels import Chosen, choose_channels, in_stated_unit, left_out
from ..channels.names import named_channel
from ..channels.recorded import recorded
from ..channels.stored_channels import StoredChannel, assembled, check_units
from ..channels.words import SIGNALS
from ..files.regular_file import cut, read_whole, shown
from ..files.whole_file import MAX_SAMPLES, take_suffix
from ..metadata.annotations import Annotation
from ..times.grid import checked_rate, place
from .file import EdfFile, EdfSignal, edf_file
from .writing import is_metadata, stated

__all__ = ["EDF_SUFFIXES", "read_edf", "read_edf_annotations"]

_log = logging.getLogger(__name__)
EDF_SUFFIXES = (".edf", ".bdf")
_MAX_BYTES = 1 << 28
_JUMP = 25.0  # bpm from one sample to the next, more than a heart does: what jumps so far is a mark
_QUARTER = 0.25  # of the range, which uterine activity does not jump by
_NEARLY = 1 + 1e-9
_SAME_RATE, _WHOLE_RATE = 1e-6, 1e-3  # differences of rates: of signals of one header; of one that is given


def read_edf(
    path: str | Path,
    *,
    columns: Mapping[str, str | int | Sequence[str | int] | None] | None = None,
    units: Mapping[str, str] | None = None,
    fs: float | None = None,
    missing: Mapping[str, float | None] | None = None,
) -> Recording:
    """Read one recording from an EDF, EDF+ or BDF file; needs the extra `edf`.

    Channels are told by the labels of the signals, units by their physical dimensions, as in `read_table`. 0 is
    missing, and so are a number outside the digital range and, in uterine activity that may be negative, the lowest
    number. A heart rate at its lowest number is missing if it gets there and leaves by jumps of over 25 bpm (this
    package's choice); otherwise `missing` has to say what it is. Two transducers are merged as in `read_table`.

    The grid is that of the fastest channel. A channel of a whole fraction of this rate is held: each of its values
    stands until the next one, and the history says so. Data records of an interrupted file (EDF+D) are placed by their
    times, and gaps are NaN. The start stands in the history; name, date of birth and other words on the patient are not
    read. What `write_edf` wrote comes back with its metadata.

    Args:
        path: an `.edf` or `.bdf` file.
        columns: label or position (from 0, annotation signals not counted) of "fhr", "uc" and "mhr"; None leaves a
            channel out. Channels that are not named are guessed.
        units: of the channels, in place of their physical dimensions.
        fs: sampling rate, Hz, that the fastest channel has to have; a file of another is refused.
        missing: by channel the value that stands for a missing sample, in the unit of the file; None for none.

    Raises:
        FormatError: no such file, one that is damaged or cut short, no FHR (the labels are named), a heart rate of
            another unit, rates that do not fit, a range that is upside down, records that overlap.
        FHRError: an unknown channel, or edfio is not installed.
    """
    path = Path(path)
    check_units(units)
    for role in missing or ():
        if role not in SIGNALS:
            raise FHRError(f"missing: {role!r}; the channels are {', '.join(SIGNALS)}")
    take_suffix(path, EDF_SUFFIXES, kind="EDF file")
    raw = read_whole(path, limit=_MAX_BYTES, kind="EDF file")
    where = str(path)
    file = edf_file(raw, where)
    known = stated(file.notes, where)
    labels = [signal.label for signal in file.signals]
    chosen = choose_channels(labels, columns, roles=SIGNALS, kind="signal", where=where)
    fastest = checked_rate(max(file.signals[one.position].fs for one in chosen), where)
    if fs is not None and abs(checked_rate(fs, where) / fastest - 1) > _WHOLE_RATE:
        raise FormatError(
            f"{where}: fs={fs:g}, and its header says {fastest:g} Hz; correct the header, or leave fs out"
        )
    fs = fastest
    notes: dict[str, Any] = {}
    stored = []
    for one in chosen:
        signal = file.signals[one.position]
        if known is None:
            values = _physical(signal, one.role, missing or {}, notes, where)
        else:
            values = _of_ours(signal, one.role)
        stored.append(_channel(one, signal, _held(values, signal, fs, notes, where), units or {}, where))
    if known is None:
        notes |= {"start": file.start} if file.start else {}
        stored = _placed(file, stored, fs, notes, where)
    else:
        fs, n = checked_rate(known.pop("fs"), where), known.pop("n_samples")
        stored = [channel._replace(values=channel.values[:n]) for channel in stored]
    signals = assembled(
        stored,
        units=units,
        fs=fs,
        where=where,
        zero_missing=False,
        checked=known is None,
        remedy="columns={'fhr': LABEL}",
    )
    done = {
        "columns": {one.role: one.name for one in chosen[::-1]},
        "guessed": [one.role for one in chosen if one.guessed],
        "fs": fs,
        **signals.notes,
        **notes,
    }
    if others := left_out(labels, {one.position for one in chosen}):
        done["left_out"] = others
    return recorded(
        signals,
        fs=fs,
        source=Source(where, "edf", hashlib.sha256(raw).hexdigest()),
        name=path.stem,
        stated=known,
        done=done if known is None or columns or units else None,
    )


def read_edf_annotations(path: str | Path) -> tuple[Annotation, ...]:
    """Read the notes of an EDF+ or BDF+ file in their order, times from its first sample; needs the extra `edf`.

    The metadata that `write_edf` keeps among them are left out.

    Raises:
        FormatError: no such file, or one that is damaged or cut short.
        FHRError: edfio is not installed.
    """
    path = Path(path)
    take_suffix(path, EDF_SUFFIXES, kind="EDF file")
    file = edf_file(read_whole(path, limit=_MAX_BYTES, kind="EDF file"), str(path))
    if file.unread:
        _log.warning("%s: %d characters among its annotations are none of EDF+ and are left out", path, file.unread)
    return tuple(note for note in file.notes if not is_metadata(note))


def _physical(
    signal: EdfSignal, role: str, missing: Mapping[str, float | None], notes: dict[str, Any], where: str
) -> np.ndarray:
    """Values in the unit of the file, NaN where they are missing."""
    (low, high), (least, most) = signal.physical, signal.digital
    if not (low < high and least < most and isfinite(high - low)):
        raise FormatError(
            f"{where}: signal {shown(signal.label)} has a physical range of {low:g} to {high:g} and a digital range of "
            f"{least} to {most}; both go from low to high: correct the header, or leave it out with "
            f"columns={{{role!r}: None}}"
        )
    step = (high - low) / (most - least)
    numbers = signal.numbers
    values = low + (numbers - float(least)) * step
    lost: dict[str, int] = {}

    def lose(samples: np.ndarray, why: str) -> None:
        if count := int((samples & ~np.isnan(values)).sum()):
            lost[why] = count
            values[samples] = np.nan

    lose((numbers < least) | (numbers > most), "outside the digital range")
    if role in missing:
        if (mark := missing[role]) is not None:
            lose(np.abs(values - mark) <= step / 2 * _NEARLY, f"{mark:g}")
    else:
        values[np.abs(values) <= step / 2 * _NEARLY] = np.nan  # 0, or the number nearest to it
        if low > 0 or role == "uc":
            lowest = (numbers == least) & ~np.isnan(values)
            leap = _JUMP if role != "uc" else _QUARTER * (high - low)
            if _jumps(values, lowest, leap):
                lose(lowest, f"lowest number ({low:g})")
            elif role != "uc":
                raise FormatError(
                    f"{where}: {int(lowest.sum())} samples of signal {shown(signal.label)} have the lowest number, "
                    f"{low:g}, sample {int(np.argmax(lowest)) + 1} the first: missing or measured? Say "
                    f"missing={{{role!r}: {low:g}}} or missing={{{role!r}: None}}"
                )
    if lost:
        notes.setdefault("missing", {})[signal.label] = lost
    return values


def _jumps(values: np.ndarray, samples: np.ndarray, leap: float) -> bool:
    """True if the values leap wherever some of their samples begin or end, beside missing ones apart."""
    edges = np.flatnonzero(samples[1:] != samples[:-1])
    steps = np.abs(values[edges + 1] - values[edges])
    return bool((steps[~np.isnan(steps)] > leap).all())


def _of_ours(signal: EdfSignal, role: str) -> np.ndarray:
    """Values of a signal that `write_edf` wrote."""
    (low, high), (least, most) = signal.physical, signal.digital
    step = (high - low) / (most - least) if most != least else np.nan
    values = low + (signal.numbers - float(least)) * step
    values[signal.numbers == least if role == "uc" else np.abs(values) < step / 2] = np.nan
    return values


def _channel(one: Chosen, signal: EdfSignal, values: np.ndarray, units: Mapping[str, str], where: str) -> StoredChannel:
    one = in_stated_unit(one, signal.unit, units, where)
    sensor = one.sensor or (named_channel(signal.transducer, "fhr").sensor if one.role == "fhr" else "")
    return StoredChannel(one.role, cut(one.name), values, one.unit, sensor)


def _held(values: np.ndarray, signal: EdfSignal, fs: float, notes: dict[str, Any], where: str) -> np.ndarray:
    """Values at the rate of the grid, each repeated."""
    times = round(fs / signal.fs)
    if abs(fs / signal.fs / times - 1) > _SAME_RATE:
        raise FormatError(
            f"{where}: signal {shown(signal.label)} has {signal.fs:.6g} Hz beside {fs:.6g} Hz, no whole fraction; "
            "leave one of them out with columns=, or resample the file"
        )
    if len(values) * times > MAX_SAMPLES:
        raise FormatError(f"{where}: {len(values) * times} samples; a recording has at most {MAX_SAMPLES}")
    if times > 1:
        notes.setdefault("held", {})[signal.label] = f"{signal.fs:g} Hz"
    return np.repeat(values, times)


def _placed(
    file: EdfFile, channels: list[StoredChannel], fs: float, notes: dict[str, Any], where: str
) -> list[StoredChannel]:
    """Channels on one grid, by the times of the data records."""
    if file.uncounted is not None:
        notes["records_counted"] = file.n_records
        if file.uncounted:
            _log.warning("%s: %d bytes behind the last whole data record are left out", where, file.uncounted)
            notes["bytes_left_out"] = file.uncounted
    if file.times is None:
        if not file.continuous:
            raise FormatError(f"{where}: an interrupted file (EDF+D) without the times of its records; export it again")
        return channels
    early = np.diff(file.times) < file.record_s - 0.5 / fs
    if early.any():
        number = int(np.argmax(early)) + 2
        raise FormatError(
            f"{where}: data record {number} starts at {file.times[number - 1]:g} s, before record {number - 1} of "
            f"{file.record_s:g} s ends; records follow each other: split the file there, or correct its annotations"
        )
    off = np.abs(file.times - np.arange(file.n_records) * file.record_s) > 0.5 / fs
    if not off.any():
        return channels
    number = int(np.argmax(off)) + 1
    if file.continuous:
        raise FormatError(
            f"{where}: data record {number} starts at {file.times[number - 1]:g} s, where a continuous file of records "
            f"of {file.record_s:g} s has {(number - 1) * file.record_s:g} s; correct the header (EDF+D for an "
            "interrupted file) or the times of the records"
        )
    n_samples = len(channels[0].values) // file.n_records
    time = (file.times[:, None] + np.arange(n_samples) / fs).reshape(-1)
    grid = place(time, unit="s", fs=fs, tolerance=None, where=where)
    notes["interrupted"] = int((np.diff(file.times) > file.record_s + 0.5 / fs).sum())
    notes |= grid.notes
    return [channel._replace(values=np.where(grid.rows < 0, np.nan, channel.values[grid.rows])) for channel in channels]
