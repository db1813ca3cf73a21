"""Markers beside an FHRMA or OpenCTG recording: `.fhrh` and `.marks`, a line each.

Source: documentation and reader of FHRPY (github.com/data-coeur/FHRPY), whose example files this follows. Not
documented are the encoding, UTF-8 in these files, and a mark of the recording that a file belongs to: no name and no
date stands in one, only its own name and the times tell.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fhr.errors import FormatError
from fhr.recording import Recording

from ..files.regular_file import read_whole, shown
from ..files.whole_file import take_suffix
from ..metadata.annotations import Annotation

__all__ = ["MARKER_SUFFIXES", "read_fhrma_markers", "with_stage2"]

_log = logging.getLogger(__name__)
MARKER_SUFFIXES = (".fhrh", ".marks")
_FS = 4.0  # of the sample numbers
_MAX_BYTES = 1 << 22
_LINE = re.compile(r"(\d{7}) (.*\S.*)", re.DOTALL)  # a carriage return parts the lines of one text
_ZONE = re.compile(r"\$ ([A-Z]{3}) (\d{1,9})")
_PREFIXES = ("£!", "£", "§")  # an alert of the device, a note of it, what is known of it
_STAGE2 = ("£expulsion", "£2nd stage")


def read_fhrma_markers(path: str | Path, recording: Recording | None = None) -> tuple[Annotation, ...]:
    """Read the markers of one FHRMA or OpenCTG recording.

    A line is seven digits, a space and a text; the number is a sample at 4 Hz, counted from 0. Kinds, by the text:

    - `$ ACC 192` is a zone of so many samples: CON contraction, ACC acceleration, DEC deceleration, NTA and URS signal
      that is not to be analysed or unreliable; its letters are the kind, its text is empty.
    - `£` begins a note of the device ("£Red=Doppler", "£Expulsion"), `£!` an alert, `§` what is known of the device;
      that sign is the kind.
    - Anything else is free text, of the kind "". Its lines are parted by a carriage return, here by a line break.

    Args:
        path: a `.fhrh` or `.marks` file in UTF-8, or in Latin-1 where that it is not.
        recording: that they belong to; the times must lie in it.

    Returns:
        The annotations in the order of the file. `read_fhrma` takes the start of the second stage from them.

    Raises:
        FormatError: no such file, a line of another form, a time outside the recording.
    """
    path = Path(path)
    take_suffix(path, MARKER_SUFFIXES, kind="marker file")
    raw = read_whole(path, limit=_MAX_BYTES, kind="marker file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    found = []
    for row, line in enumerate(text.split("\n"), 1):
        if line.strip():
            found.append(_annotation(line.rstrip("\r"), f"{path}, line {row}"))
            if recording is not None:
                _check(found[-1], recording, f"{path}, line {row}")
    if recording is not None and recording.path is not None and Path(recording.path).stem != path.stem:
        _log.warning("%s: the recording is %s; markers are called after theirs", path, recording.path)
    return tuple(found)


def with_stage2(markers: Sequence[Annotation], recording: Recording) -> Recording:
    """Set the start of the second stage that markers tell, "£Expulsion" or "£2nd stage"; without one nothing changes.

    Raises:
        FormatError: two of them.
    """
    starts = sorted({one.start_s for one in markers if f"{one.kind}{one.text}".strip().lower() in _STAGE2})
    if len(starts) > 1:
        said = ", ".join(f"{start:g} s" for start in starts)
        raise FormatError(f"{recording.name}: by its markers the second stage begins at {said}; keep one of them")
    return replace(recording, stage2_start=starts[0]) if starts else recording


def _annotation(line: str, where: str) -> Annotation:
    match = _LINE.fullmatch(line)
    if match is None:
        raise FormatError(f"{where}: {shown(line)} is no marker; write seven digits of a sample, a space and a text")
    start, text = int(match[1]) / _FS, match[2].replace("\r", "\n")
    if text.startswith("$"):
        zone = _ZONE.fullmatch(text.strip())
        if zone is None:
            raise FormatError(f"{where}: {shown(text)} is no zone; write it as $ ACC 192, with its length in samples")
        return Annotation(start, int(zone[2]) / _FS, "", zone[1])
    kind = next((prefix for prefix in _PREFIXES if text.startswith(prefix)), "")
    return Annotation(start, 0.0, text[len(kind) :], kind)


def _check(one: Annotation, recording: Recording, where: str) -> None:
    end = one.start_s + one.duration_s
    if one.start_s >= recording.duration or end > recording.duration + 1 / _FS:
        raise FormatError(
            f"{where}: {end:g} s, in {recording.name} of {recording.duration:g} s; the markers are of another "
            "recording, give theirs"
        )
