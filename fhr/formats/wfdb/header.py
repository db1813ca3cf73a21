"""Header of a WFDB record: the record line, signal lines or segment lines, and comments, checked and bounded.

The format is that of WFDB's header(5). What it leaves out may be left out; what is there has to be what it should be.
"""

import logging
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from fhr.errors import FormatError

from ..files.regular_file import cut, open_regular, read_whole, shown
from ..files.whole_file import MAX_RATE, MAX_SAMPLES, MIN_RATE

__all__ = ["MAX_HEADER_BYTES", "NO_FILE", "Header", "Segment", "Signal", "parse_header", "read_header", "segment_names"]

_log = logging.getLogger(__name__)

MAX_HEADER_BYTES = 1 << 20
NO_FILE = "~"  # in the place of a file or segment: nothing is stored
_MOST_SIGNALS, _MOST_PER_FRAME = 16, 100_000
_LONGEST = 2000  # characters of a line that is no comment
_MAX_DIGITS = 30  # of a number
_Number = TypeVar("_Number", int, float)
_BEHIND_NAME, _SEGMENTS = re.compile(r"\s|/\d+\s"), re.compile(r"/(\d+)(?=\s)")
_STORED = re.compile(
    r"(?P<file>\S.*?)\s+(?P<format>\d{1,4})(?:x(?P<per_frame>\d{1,9}))?(?::(?P<skew>\d{1,9}))?(?:\+(?P<offset>\d{1,12}))?"
    r"(?:\s+(?P<rest>.*))?"
)
_GAIN = re.compile(r"(?P<gain>[-+.\deE]+)(?:\((?P<baseline>[-+]?\d+)\))?(?:/(?P<unit>\S+))?")
_INTEGERS = ("resolution", "ADC zero", "initial value", "checksum", "block size")
_CLOCKS, _DATES = ("%H:%M:%S.%f", "%H:%M:%S"), ("%d/%m/%Y", "%Y-%m-%d")


class Signal(NamedTuple):
    """A signal line.

    Attributes:
        file: name of the file that holds the samples.
        format: number of the storage format, 16 say.
        per_frame: samples a frame.
        skew: frames by which the samples are stored late.
        offset: bytes before the first sample of the file; of FLAC formats samples.
        gain: stored units per physical unit; None where the line says none.
        baseline: stored value of 0.
        unit: the header's own word, None where it says none.
        initial: value that format 8 starts from.
        checksum: sum of the stored samples modulo 65536, None where the line says none.
        name: the description, empty for none.
    """

    file: str
    format: int
    per_frame: int
    skew: int
    offset: int
    gain: float | None
    baseline: int
    unit: str | None
    initial: int
    checksum: int | None
    name: str


class Segment(NamedTuple):
    """A segment line: name of a record, `NO_FILE` for a gap, and its number of frames."""

    name: str
    n_frames: int


class Header(NamedTuple):
    """A header.

    Attributes:
        path: of its file.
        name: of the record.
        n_signals: as the record line says.
        fs: frames a second, Hz; None where the record line says none.
        n_frames: None where the record line says none.
        start: date and time, or the time of day alone, ISO 8601; empty where there is none.
        unread_start: what stands there and is no time and date, empty for nothing.
        signals: none of a record in segments.
        segments: none of a record of its own.
        lines: all of the file, stripped, comments too.
        encoding: of the file's text.
    """

    path: Path
    name: str
    n_signals: int
    fs: float | None
    n_frames: int | None
    start: str
    unread_start: str
    signals: tuple[Signal, ...]
    segments: tuple[Segment, ...]
    lines: list[str]
    encoding: str


def read_header(path: Path) -> Header:
    """Read and check a header file.

    Raises:
        FormatError: as `parse_header`, or no readable file.
    """
    return parse_header(read_whole(path, limit=MAX_HEADER_BYTES, kind="WFDB header"), path)


def segment_names(path: Path) -> tuple[str, ...]:
    """Names of the segments of a record, none of one that has signals of its own or that is refused when it is read."""
    try:
        with open_regular(path) as file:
            beginning = (file.read(_LONGEST) or b"").lstrip(b"\xef\xbb\xbf\r\n\t ")
        if beginning.startswith(b"#") or re.match(rb"[^\r\n]+?/\d+\s", beginning):
            return tuple(segment.name for segment in read_header(path).segments if segment.name != NO_FILE)
    except (OSError, ValueError, FormatError):
        pass
    return ()


def parse_header(raw: bytes, path: Path) -> Header:
    """Parse a header of the record that is called after the file.

    Args:
        raw: bytes of the file: UTF-8 or UTF-16 with or without a mark, else Latin-1, in which any comment is text.
        path: of the file, for its name and for messages.

    Raises:
        FormatError: no record line, the name of another record, a number that is none or beyond what a recording has,
            a signal file elsewhere.
    """
    text, encoding = _decoded(raw)
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    code = [line for line in lines if line and line[0] != "#"]
    if not code:
        raise FormatError(f"{path}: no record line; the file is empty or holds comments only")
    if max(map(len, code)) > _LONGEST:
        raise FormatError(
            f"{path}: a line of {max(map(len, code))} characters; one of a WFDB header ends at {_LONGEST}"
        )
    name, n_segments, n_signals, fs, n_frames, (start, unread) = _record_line(code[0], path)
    if not "".join(code).replace("\t", "").isprintable():
        raise FormatError(f"{path}: no readable WFDB header, its lines are not of text; check the path")
    said, kind = (n_signals, "signal") if n_segments is None else (n_segments, "segment")
    if len(code) - 1 != said:
        raise FormatError(f"{path}: {said} {kind}s declared, {len(code) - 1} {kind} lines found")
    signals, segments = [], []
    if n_segments is None:
        signals = [_signal_line(line, path) for line in code[1:]]
    else:
        segments = [_segment_line(line, path) for line in code[1:]]
    if n_frames == 0 and any(signal.file != NO_FILE for signal in signals):  # a layout has none
        raise _length(path, "0")
    n_frames = n_frames or None
    stored = tuple(signals), tuple(segments)
    return Header(path, name, n_signals, fs, n_frames, start, unread, *stored, lines, encoding)


def _decoded(raw: bytes) -> tuple[str, str]:
    """Text of a header and its encoding."""
    marked = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    nul = raw[:64].find(0)
    guesses = ["utf-16"] if marked else ["utf-16-le" if nul % 2 else "utf-16-be"] if 0 <= nul < 2 else []
    for encoding in (*guesses, "utf-8-sig"):
        try:
            return raw.decode(encoding), encoding.removesuffix("-sig")
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1"), "latin-1"


def _record_line(line: str, where: Path) -> tuple[str, int | None, int, float | None, int | None, tuple[str, str]]:
    stem = where.stem
    if line.casefold().startswith(stem.casefold()) and _BEHIND_NAME.match(line, len(stem)):  # it may hold spaces
        name = line[: len(stem)]
    else:
        name = _BEHIND_NAME.split(line, maxsplit=1)[0]
    segments = _SEGMENTS.match(line, len(name))
    fields = line[segments.end() if segments else len(name) :].split()
    if not fields:
        raise FormatError(
            f"{where}: record line {shown(line)}; it must give name, number of signals, sampling rate and length"
        )
    rate = fields[1].partition("/")[0].partition("(")[0] if len(fields) > 1 else None
    try:
        n_segments = _number(segments[1], int) if segments else None
        n_signals = _number(fields[0], int)
        fs = None if rate is None else _number(rate, float)
        n_frames = _number(fields[2], int) if len(fields) > 2 else None
    except ValueError:
        raise FormatError(f"{where}: record line {shown(line)} holds a field that is no number") from None
    if name.casefold() != stem.casefold():
        raise FormatError(f"{where}: the header is of record {shown(name)}; rename the file or the record")
    if not 1 <= n_signals <= _MOST_SIGNALS:
        raise FormatError(f"{where}: {n_signals} signals declared; a recording has 1 to {_MOST_SIGNALS}")
    if fs is not None and not MIN_RATE <= fs <= MAX_RATE:
        raise FormatError(
            f"{where}: sampling rate {rate}; it must be a positive number of Hz, {MIN_RATE:g} to {MAX_RATE:g}"
        )
    if n_frames is not None and not 0 <= n_frames <= MAX_SAMPLES:
        raise _length(where, fields[2])
    return name, n_segments, n_signals, fs, n_frames, _start(fields[3:], where)


def _length(where: Path, said: str) -> FormatError:
    return FormatError(f"{where}: {said} samples declared; a recording has 1 to {MAX_SAMPLES}, or leave the number out")


def _number(text: str, kind: Callable[[str], _Number]) -> _Number:
    if len(text) > _MAX_DIGITS or not text.isascii():
        raise ValueError(f"{len(text)} digits")
    return kind(text)


def _start(fields: list[str], where: Path) -> tuple[str, str]:
    """Start as ISO 8601, of the time and the date that may end a record line, and what is none of them."""
    if not fields:
        return "", ""
    text = " ".join(fields)
    for clock in _CLOCKS:
        for date in _DATES:
            try:
                return datetime.strptime(" ".join(fields[:2]), f"{clock} {date}").isoformat(), " ".join(fields[2:])
            except ValueError:
                continue
        try:
            return datetime.strptime(text, clock).time().isoformat(), ""
        except ValueError:
            continue
    _log.info("%s: start %s is no time and date; the date is not known", where, shown(text))
    return "", cut(text)  # the signals do not depend on it


def _plain_name(name: str) -> bool:
    return name not in ("", ".", "..") and name.isprintable() and not any(c in name for c in "\\:/")


def _segment_line(line: str, where: Path) -> Segment:
    name, _, length = line.replace("\t", " ").rpartition(" ")
    name = name.rstrip()
    if not _plain_name(name):
        raise FormatError(f"{where}: segment {shown(name)} is not a plain record name beside the header")
    try:
        n_frames = _number(length, int)
    except ValueError:
        n_frames = -1
    if not 0 <= n_frames <= MAX_SAMPLES:
        raise FormatError(f"{where}: segment line {shown(line)}; it must give the name and the length in samples")
    return Segment(name, n_frames)


def _signal_line(line: str, where: Path) -> Signal:
    stored = _STORED.fullmatch(line)
    if stored is None:
        raise FormatError(f"{where}: signal line {shown(line)}; it must give a file and a number for its format")
    if not _plain_name(file := stored["file"]):
        raise FormatError(f"{where}: signal file {shown(file)} is not a plain file name beside the header")
    per_frame = int(stored["per_frame"] or 1)
    if not 1 <= per_frame <= _MOST_PER_FRAME:
        raise FormatError(f"{where}: {per_frame} samples a frame in {shown(line)}; there are 1 to {_MOST_PER_FRAME}")
    skew, offset = int(stored["skew"] or 0), int(stored["offset"] or 0)
    return Signal(file, int(stored["format"]), per_frame, skew, offset, *_described(stored["rest"] or "", line, where))


def _described(text: str, line: str, where: Path) -> tuple[float | None, int, str | None, int, int | None, str]:
    """Gain, baseline, unit, initial value, checksum and name: fields may be left out from any on, but for the name."""
    fields = text.split(maxsplit=6)
    match = _GAIN.fullmatch(fields[0]) if fields else None
    told = fields[1:] if match else fields
    try:
        gain = float(match["gain"]) if match else None
        baseline = _number(match["baseline"], int) if match and match["baseline"] else None
        whole = [field.lstrip("+-").isdigit() for field in told[: len(_INTEGERS)]]
        n = whole.index(False) if False in whole else len(whole)
        if any(whole[n:]):  # behind what is no number: a field is damaged, and no name begins here
            raise ValueError(text)
        numbers = [_number(field, int) for field in told[:n]]
    except ValueError:
        raise FormatError(
            f"{where}: signal line {shown(line)}; gain(baseline)/unit, {', '.join(_INTEGERS)} must be numbers, in this "
            "order, and the name comes last"
        ) from None
    _, zero, initial, checksum = [*numbers, None, None, None, None][:4]
    name = " ".join(told[n:])
    # The standard's rule: a baseline that is not given is the ADC's zero.
    baseline = baseline if baseline is not None else zero or 0
    return gain, baseline, match["unit"] if match else None, initial or 0, checksum, name
