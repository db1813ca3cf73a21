"""Samples of a WFDB signal file in any of its storage formats, as the integers that are stored.

Format 16, that of CTU-UHB, is read by NumPy alone, as is 61. The others are decoded by the wfdb package, which is
given the bytes that were read and a header of plain numbers, both in a folder of their own: it opens no name that a
file asks for, and what it is asked to make is bounded before.
"""

import os
import tempfile
from collections.abc import Sequence
from itertools import accumulate
from math import ceil
from pathlib import Path

import numpy as np

from fhr.errors import FormatError

from ..files.regular_file import open_regular, reason, shown
from ..files.whole_file import MAX_SAMPLES
from .header import Signal

__all__ = ["NO_SAMPLES", "missing_mark", "read_samples"]

NO_SAMPLES = 0  # the format of a signal that is declared and not stored
_PLAIN = {16: "<i2", 61: ">i2"}  # the wfdb package gives no integers of format 61
_BYTES = {8: 1, 16: 2, 24: 3, 32: 4, 61: 2, 80: 1, 160: 2, 212: 1.5, 310: 4 / 3, 311: 4 / 3}  # a sample
_BLOCK = {212: 3, 310: 4, 311: 4}  # bytes; the last block may be written whole
_FLAC = {508: 8, 516: 16, 524: 24}  # bits
_BITS = {24: 24, 32: 32, 61: 16, 80: 8, 160: 16, 212: 12, 310: 10, 311: 10, 16: 16, **_FLAC}
_MOST_SAMPLES = 16 * MAX_SAMPLES
_MOST_DECODED = 1 << 25  # samples that the wfdb package is asked for: it copies them, and FLAC may unpack a bomb
_STREAMINFO = slice(8, 42)
_BITS_OF_SINGLE = 16  # up to which an integer less its baseline is exact as float32


def missing_mark(form: int) -> int | None:
    """The stored value that marks a missing sample in a format: its least; format 8 has none."""
    return -(1 << (_BITS[form] - 1)) if form in _BITS else None


def read_samples(path: Path, signals: Sequence[Signal], n_frames: int | None) -> tuple[list[np.ndarray], bytes]:
    """Read all signals of a file.

    Args:
        path: of the file.
        signals: all that it holds, in the order of the header.
        n_frames: their length; None takes it from the size of the file.

    Returns:
        The stored integers of each signal, (n_frames * per_frame,), and the bytes of the file.

    Raises:
        FormatError: a file that is missing, elsewhere, of another length, or not of the format.
    """
    first = signals[0]
    if strange := {signal.format for signal in signals} - {first.format}:
        raise FormatError(f"{path}: signals in formats {first.format} and {strange.pop()}; a file has one format")
    form = first.format
    if form not in _BYTES and form not in _FLAC:
        known = ", ".join(str(known) for known in sorted((*_BYTES, *_FLAC)))
        raise FormatError(
            f"{path}: signal format {form}; those that are read are {known}: convert it with WFDB's `xform`"
        )
    offset = next((signal.offset for signal in signals if signal.offset), 0)
    frame = sum(signal.per_frame for signal in signals)
    most = _MOST_SAMPLES if form in _PLAIN else _MOST_DECODED
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if form in _FLAC:
                n_frames = _unpacked(file.read(_STREAMINFO.stop), signals, offset, n_frames, path)
                allowed = {min(size, 4 * most)}
            else:
                n_frames = n_frames or max(int((size - offset) / _BYTES[form] + 1e-9), 0) // frame
                allowed = _sizes(form, n_frames * frame, offset)
            fits = size in allowed and 0 < n_frames * frame <= most
            file.seek(0)
            raw = file.read(size) if fits else b""
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: no readable signal file ({reason(error)}); fetch it beside its header") from None
    if size in allowed and n_frames * frame > most:
        raise FormatError(f"{path}: {n_frames} frames of {frame} samples; a file of signals ends at {most} samples")
    if not fits or len(raw) != size:
        wrong = "too long" if size > max(allowed) else "truncated"
        raise FormatError(
            f"{path}: {size} bytes where the header declares {n_frames} samples of {len(signals)} signals "
            f"({min(allowed)} bytes); the file is {wrong}, fetch it again"
        )
    if form in _PLAIN:
        frames = np.frombuffer(raw, _PLAIN[form], offset=offset).astype(np.int16, copy=False)
        return _columns(frames.reshape(n_frames, frame), signals), raw
    return _decoded(raw, signals, offset, n_frames, path), raw


def _sizes(form: int, n: int, offset: int) -> set[int]:
    """Sizes in bytes that a file of n samples may have."""
    least = ceil(n * _BYTES[form] - 1e-9) + offset
    block = _BLOCK.get(form, 1)
    return {least, ceil((least - offset) / block) * block + offset}


def _columns(frames: np.ndarray, signals: Sequence[Signal]) -> list[np.ndarray]:
    """Signals of interleaved frames."""
    ends = accumulate(signal.per_frame for signal in signals)
    return [
        np.ascontiguousarray(frames[:, end - one.per_frame : end]).reshape(-1)
        for one, end in zip(signals, ends, strict=True)
    ]


def _unpacked(start: bytes, signals: Sequence[Signal], offset: int, n_frames: int | None, path: Path) -> int:
    """Number of frames of a FLAC file, as its first block and the header say."""
    info = int.from_bytes(start[_STREAMINFO][10:18], "big")  # rate 20 bits, channels 3, bits 5, samples 36
    if not start.startswith(b"fLaC") or len(start) < _STREAMINFO.stop:
        raise FormatError(f"{path}: signal format {signals[0].format} and no FLAC file; fetch it again")
    channels, bits, samples = (info >> 41 & 7) + 1, (info >> 36 & 31) + 1, info & (1 << 36) - 1
    per_frame = {signal.per_frame for signal in signals}
    if channels != len(signals) or bits > _FLAC[signals[0].format] or len(per_frame) > 1:
        raise FormatError(
            f"{path}: a FLAC file of {channels} channels of {bits} bits, where the header declares {len(signals)} "
            f"signals of format {signals[0].format}; fetch both again"
        )
    stored = max(samples - offset, 0)
    if n_frames is None:
        n_frames = stored // per_frame.pop()
    elif stored != n_frames * per_frame.pop():
        raise FormatError(
            f"{path}: {stored} samples of {channels} channels where the header declares {n_frames}; fetch both again"
        )
    return n_frames


def _decoded(raw: bytes, signals: Sequence[Signal], offset: int, n_frames: int, path: Path) -> list[np.ndarray]:
    """Signals of a file in another format than 16, by the wfdb package."""
    import wfdb  # its import takes 50 ms, and CTU-UHB needs none of it

    lines = [f"r {len(signals)} 1 {n_frames}"] + [
        f"r.dat {one.format}x{one.per_frame}+{offset} 1(0) 0 0 {one.initial} 0 0 {i}" for i, one in enumerate(signals)
    ]
    with tempfile.TemporaryDirectory(prefix="fhr-wfdb-") as folder:
        Path(folder, "r.hea").write_text("\n".join(lines) + "\n", encoding="ascii")
        Path(folder, "r.dat").write_bytes(raw)
        try:
            with np.errstate(all="ignore"):
                stored = wfdb.rdrecord(str(Path(folder, "r")), physical=False, smooth_frames=False, return_res=32)
            columns = [np.asarray(values) for values in stored.e_d_signal]
        except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
            said = reason(error).replace(folder, "")
            raise FormatError(
                f"{path}: not a file of signal format {signals[0].format} ({shown(said)}); fetch it again"
            ) from None
    if any(len(values) != n_frames * one.per_frame for values, one in zip(columns, signals, strict=True)):
        raise FormatError(f"{path}: fewer samples than the header declares; the file is truncated, fetch it again")
    single = _BITS.get(signals[0].format, 32) <= _BITS_OF_SINGLE
    return [values.astype(np.int16) if single else values for values in columns]
