"""Physical signals of a WFDB record: of its signal files, or of its segments joined with their gaps."""

import hashlib
from collections.abc import Sequence
from math import nan
from typing import NamedTuple

import numpy as np

from fhr.errors import FormatError

from ..files.any_case import in_any_case
from ..files.regular_file import shown
from ..files.whole_file import MAX_SAMPLES
from .header import NO_FILE, Header, Signal, read_header
from .samples import NO_SAMPLES, missing_mark, read_samples

__all__ = ["Channel", "Samples", "first_signals", "read_segments"]

_UNCALIBRATED = 200.0  # the standard's gain of signals that have none, or 0
_MIN_GAIN, _MAX_GAIN, _MAX_BASELINE = 1e-9, 1e12, 1 << 40  # far beyond any device; within them no sample overflows


class Channel(NamedTuple):
    """A signal in its physical unit.

    Attributes:
        values: float32 or float64 (n_frames * per_frame,), NaN missing.
        per_frame: samples a frame.
        unit: the header's own word, None where it says none.
        uncalibrated: whether its gain is the standard's for signals that have none.
    """

    values: np.ndarray
    per_frame: int
    unit: str | None
    uncalibrated: bool


class Samples(NamedTuple):
    """Signals of a record.

    Attributes:
        channels: those that were asked for.
        n_frames: of the record.
        sha256: of the signal files that were read, in order.
        headers: comment lines of the headers of its segments, of each segment one list.
    """

    channels: list[Channel]
    n_frames: int
    sha256: str
    headers: tuple[list[str], ...] = ()


def first_signals(header: Header) -> tuple[Signal, ...]:
    """Signals of a record: its own, or those of the first segment that is there, the layout where there is one.

    Raises:
        FormatError: as `read_header`; segments that are all gaps, or that are in segments themselves.
    """
    if header.signals:
        return header.signals
    name = next((segment.name for segment in header.segments if segment.name != NO_FILE), None)
    if name is None:
        raise FormatError(f"{header.path}: all segments are gaps; there is no signal")
    return _segment(header, name).signals


def read_segments(header: Header, positions: Sequence[int]) -> Samples:
    """Read signals of a record.

    Args:
        header: of the record.
        positions: of the signals in `first_signals`.

    Raises:
        FormatError: as `read_samples`; a sum of samples that the header contradicts; segments that differ in rate,
            unit or samples a frame from the others or in length from the record's header.
    """
    digest = hashlib.sha256()
    if header.signals:
        channels, n_frames, raws = _read_own(header, positions)
        for raw in raws:
            digest.update(raw)
        return Samples(channels, n_frames, digest.hexdigest())

    wanted = first_signals(header)
    lengths = [segment.n_frames for segment in header.segments]
    n_frames = sum(lengths)
    if header.n_frames is not None and header.n_frames != n_frames:
        raise FormatError(
            f"{header.path}: {header.n_frames} samples declared, and {n_frames} in its segments; correct the header"
        )
    most = max(wanted[position].per_frame for position in positions)
    if not 1 <= n_frames * most <= MAX_SAMPLES:
        raise FormatError(f"{header.path}: {n_frames * most} samples in segments; a recording has 1 to {MAX_SAMPLES}")
    joined = [np.full(n_frames * wanted[p].per_frame, nan, np.float64) for p in positions]
    found: list[Channel | None] = [None] * len(positions)
    read: dict[str, list[Channel | None]] = {}  # a segment that is named a thousand times is read once
    headers = []
    at = 0
    for name, length in header.segments:
        if name != NO_FILE and length:
            if name not in read:
                one = _segment(header, name)
                headers.append([line for line in one.lines if line.startswith("#")])
                read[name], raws = _read_segment(header, one, name, length, wanted, positions)
                for raw in raws:
                    digest.update(raw)
            for i, channel in enumerate(read[name]):
                if channel is None:
                    continue
                first = found[i] = found[i] or channel
                if (first.unit, first.per_frame) != (channel.unit, channel.per_frame):
                    raise FormatError(
                        f"{header.path}: {shown(wanted[positions[i]].name)} is in {channel.unit} with "
                        f"{channel.per_frame} samples a frame in segment {shown(name)} and in {first.unit} with "
                        f"{first.per_frame} before; write the segments alike"
                    )
                if len(channel.values) != length * channel.per_frame:
                    raise FormatError(
                        f"{header.path}: {length} samples of segment {shown(name)} declared, it holds "
                        f"{len(channel.values) // channel.per_frame}; correct the header"
                    )
                begin = at * channel.per_frame
                joined[i][begin : begin + len(channel.values)] = channel.values
        at += length
    channels = [
        (channel or Channel(values, wanted[position].per_frame, wanted[position].unit, False))._replace(values=values)
        for channel, values, position in zip(found, joined, positions, strict=True)
    ]
    return Samples(channels, n_frames, digest.hexdigest(), tuple(headers))


def _segment(header: Header, name: str) -> Header:
    """Header of a segment."""
    one = read_header(in_any_case(header.path.with_name(f"{name}.hea")))
    if one.segments:
        raise FormatError(f"{header.path}: segment {shown(name)} is in segments itself; name theirs in its place")
    if one.fs is not None and header.fs is not None and one.fs != header.fs:
        raise FormatError(
            f"{header.path}: segment {shown(name)} has {one.fs:g} Hz and the record {header.fs:g}; correct one header"
        )
    return one


def _read_segment(
    header: Header, one: Header, name: str, length: int, wanted: Sequence[Signal], positions: Sequence[int]
) -> tuple[list[Channel | None], list[bytes]]:
    """Wanted channels of a segment, None for those that it does not hold, and the bytes of its files."""
    if one.n_frames is not None and one.n_frames != length:
        raise FormatError(
            f"{header.path}: {length} samples of segment {shown(name)} declared, its own header says {one.n_frames}; "
            "correct one"
        )
    here = _numbered([signal.name for signal in one.signals])
    names = _numbered([signal.name for signal in wanted])
    held = [i for i, position in enumerate(positions) if names[position] in here]
    variable = header.segments[0].n_frames == 0
    if strange := set(here) - set(names) if variable else set(here) ^ set(names):
        raise FormatError(
            f"{one.path}: signal {shown(min(strange)[0])} stands either here or in the "
            f"{'layout' if variable else 'first segment'}, not in both; name the signals alike"
        )
    own, _, raws = _read_own(one, [here.index(names[positions[i]]) for i in held])
    channels: list[Channel | None] = [None] * len(positions)
    for i, channel in zip(held, own, strict=True):
        if channel.per_frame != wanted[positions[i]].per_frame:
            raise FormatError(
                f"{one.path}: {channel.per_frame} samples a frame of {shown(names[positions[i]][0])}, "
                f"{wanted[positions[i]].per_frame} in the first segment; write the segments alike"
            )
        channels[i] = channel
    return channels, raws


def _numbered(names: Sequence[str]) -> list[tuple[str, int]]:
    """Names, and which of several of one name each is."""
    return [(name, names[:i].count(name)) for i, name in enumerate(names)]


def _read_own(header: Header, positions: Sequence[int]) -> tuple[list[Channel], int, list[bytes]]:
    """Channels of a record that has signals of its own, its frames, and the bytes of the files that hold them."""
    n_frames = header.n_frames
    stored: dict[int, np.ndarray] = {}
    raws = []
    for file in dict.fromkeys(header.signals[position].file for position in positions):
        if file == NO_FILE:
            continue
        members = [i for i, signal in enumerate(header.signals) if signal.file == file]
        path = in_any_case(header.path.with_name(file))
        group = [header.signals[i] for i in members]
        if all(signal.format == NO_SAMPLES for signal in group):
            continue
        columns, raw = read_samples(path, group, n_frames)
        n_frames = len(columns[0]) // group[0].per_frame
        raws.append(raw)
        for i, values in zip(members, columns, strict=True):
            checksum = int(np.add.reduce(values, dtype=values.dtype))  # wraps around, as the standard's does
            told = header.signals[i].checksum
            if told is not None and (checksum - told) % 65536:
                raise FormatError(
                    f"{path}: signal {i} sums to {checksum % 65536} (mod 65536), the header says {told % 65536}; the "
                    "file was altered or damaged, fetch it again"
                )
            stored[i] = values
    if n_frames is None:
        raise FormatError(f"{header.path}: no length is declared, and there is no signal file to tell it")
    channels = [_channel(header.signals[i], stored.get(i), n_frames, header) for i in positions]
    return channels, n_frames, raws


def _channel(signal: Signal, digital: np.ndarray | None, n_frames: int, header: Header) -> Channel:
    """A signal in its physical unit; a stored value of 0 of it is missing."""
    gain = signal.gain or _UNCALIBRATED
    if not _MIN_GAIN <= gain <= _MAX_GAIN or abs(signal.baseline) >= _MAX_BASELINE:
        raise FormatError(
            f"{header.path}: {shown(signal.name)} has the gain {gain:g} and the baseline {signal.baseline}; correct "
            f"them, a gain is {_MIN_GAIN:g} to {_MAX_GAIN:g}"
        )
    if digital is None:
        return Channel(np.full(n_frames * signal.per_frame, nan, np.float32), signal.per_frame, signal.unit, False)
    real = np.float32 if digital.dtype.itemsize <= 2 else np.float64
    values: np.ndarray = digital.astype(real)
    if signal.baseline:
        np.subtract(values, real(signal.baseline), out=values)
    np.divide(values, real(gain), out=values)
    np.copyto(values, nan, where=digital == signal.baseline)
    if (mark := missing_mark(signal.format)) is not None and digital.min() <= mark:  # the format's lowest value
        np.copyto(values, nan, where=digital == mark)
    if shift := min(signal.skew, n_frames) * signal.per_frame:
        values = np.concatenate([values[shift:], np.full(shift, nan, real)])
    return Channel(values, signal.per_frame, signal.unit, not signal.gain)
