"""EDF and EDF+ files, and BDF, their form of 24 bits, as signals, times of records and notes, decoded by edfio.

Sizes are compared with the bytes that are there before anything is decoded: edfio cuts a file that is too short in
silence. It shows the annotation signals, which alone hold the times of records, as parsed notes in UTF-8 only; so they
are called otherwise before it sees them, and are signals like the others. Source: Kemp et al. 1992,
doi:10.1016/0013-4694(92)90009-7; Kemp and Olivan 2003, doi:10.1016/S1388-2457(03)00123-8; https://www.edfplus.info.
"""

import re
import warnings
from datetime import datetime, timedelta
from math import nan
from typing import Any, NamedTuple

import numpy as np

from fhr.errors import FHRError, FormatError

from ..files.regular_file import cut, reason
from ..metadata.annotations import Annotation

__all__ = ["EdfFile", "EdfSignal", "edf_file", "imported_edfio"]

_BYTES = {b"0       ": 2, b"\xffBIOSEMI": 3}  # of a sample, by the first 8 bytes of the file
_NOTES = {2: b"EDF Annotations ", 3: b"BDF Annotations "}
_SHOWN_TO_EDFIO = b"notes           "
_MAX_SIGNALS = 512
_MAX_RECORDS = 1_300_000  # two weeks of a second each
_LONGEST = 1e6  # s of a data record
_WHOLE = 1e-5  # a duration has 8 characters: 0.333333 s are 1/3
_NOTE = re.compile(rb"([+-]\d{1,12}(?:\.\d{0,12})?)(?:\x15(\d{1,12}(?:\.\d{0,12})?))?\x14([^\0]*?)\x14\0")
_NO_DATE = datetime(1985, 1, 1).date()  # what EDF+ asks for where the date is not to be known


class EdfSignal(NamedTuple):
    """One signal.

    Attributes:
        label: of it.
        unit: its physical dimension.
        transducer: in words.
        fs: sampling rate, Hz.
        physical: lowest and highest value in its unit.
        digital: lowest and highest number that stands for one.
        numbers: (n,), the numbers of all data records.
    """

    label: str
    unit: str
    transducer: str
    fs: float
    physical: tuple[float, float]
    digital: tuple[int, int]
    numbers: np.ndarray


class EdfFile(NamedTuple):
    """Contents of a file.

    Attributes:
        signals: without those of annotations.
        n_records: number of data records.
        record_s: their duration, s.
        times: float64 (n_records,), their starts, s from the first; None where the file does not say.
        continuous: whether the file says that they follow each other without a gap.
        notes: in their order.
        unread: number of characters among the notes that are none.
        start: date and time of the first sample, ISO 8601; empty where it is not known.
        uncounted: bytes behind the last whole record of a file whose header does not count them; None of others.
    """

    signals: tuple[EdfSignal, ...]
    n_records: int
    record_s: float
    times: np.ndarray | None
    continuous: bool
    notes: tuple[Annotation, ...]
    unread: int
    start: str
    uncounted: int | None


def imported_edfio(where: str) -> Any:
    """Import edfio.

    Raises:
        FHRError: it is not installed.
    """
    try:
        import edfio
    except ImportError:
        raise FHRError(
            f"{where}: EDF needs edfio, which is not installed; pip install 'intrapartum-fhr[edf]'"
        ) from None
    return edfio


def edf_file(raw: bytes, where: str) -> EdfFile:
    """Decode the bytes of a file.

    Raises:
        FormatError: bytes that contradict the format, or a file that is cut short.
        FHRError: edfio is not installed.
    """
    edfio = imported_edfio(where)
    width = _BYTES.get(raw[:8].replace(b"\0", b" "))
    if width is None:
        raise FormatError(f"{where}: no EDF file, it begins with {cut(repr(raw[:8]))}; check the path")
    try:
        with warnings.catch_warnings(action="ignore"):
            return _decoded(edfio, raw, width, where)
    except FormatError:
        raise
    except Exception as error:  # edfio raises what int(), float() and numpy raise
        raise FormatError(f"{where}: no intact EDF file ({reason(error)}); export it again") from None


def _decoded(edfio: Any, raw: bytes, width: int, where: str) -> EdfFile:
    n_signals, end = (int(raw[start:stop].strip(b" \0")) for start, stop in ((252, 256), (184, 192)))
    if not 1 <= n_signals <= _MAX_SIGNALS or end != 256 * (n_signals + 1) or len(raw) < end:
        raise FormatError(
            f"{where}: a header of {end} bytes and {n_signals} signals in a file of {len(raw)} bytes; it is damaged, "
            "export it again"
        )
    header = bytearray(raw[:end].replace(b"\0", b" "))  # some devices fill fields with zeros
    for start, stop in ((244, 252), (256 + 104 * n_signals, 256 + 120 * n_signals)):  # duration, physical range
        header[start:stop] = header[start:stop].replace(b",", b".")
    labels = [256 + 16 * i for i in range(n_signals)]
    of_notes = [i for i, at in enumerate(labels) if header[at : at + 16] == _NOTES[width]]
    for i in of_notes:
        header[labels[i] : labels[i] + 16] = _SHOWN_TO_EDFIO
    record_s = float(header[244:252])
    if record_s == 0 and len(of_notes) == n_signals:  # as EDF+ has it for notes alone; edfio would divide by it
        header[244:252] = b"1       "
    elif not 0 < record_s <= _LONGEST:
        raise FormatError(f"{where}: data records of {record_s:g} s; they last more than 0 s, correct the header")
    read = edfio.read_edf if width == 2 else edfio.read_bdf
    numbers = [int(header[256 + 216 * n_signals + 8 * i :][:8]) for i in range(n_signals)]  # in a record, by signal
    if min(numbers) < 0 or not sum(numbers):
        raise FormatError(f"{where}: a signal of {min(numbers)} samples a record; it is damaged, export it again")
    said, record = int(header[236:244]), width * sum(numbers)
    n_records, uncounted = divmod(len(raw) - end, record)
    if said != -1 and said * record != len(raw) - end:
        raise FormatError(
            f"{where}: {len(raw) - end} bytes of data where the header says {said} records of {record} bytes; the file "
            f"is {'truncated' if said * record > len(raw) - end else 'too long'}, fetch or export it again"
        )
    if not 1 <= n_records <= _MAX_RECORDS:
        raise FormatError(f"{where}: it holds {n_records} data records; a recording has 1 to {_MAX_RECORDS}")
    file = read(bytes(header) + raw[end : end + n_records * record], header_encoding="latin-1")
    records = [
        (signal.digital.view(np.uint8) if width == 2 else _three_bytes(signal.digital)).reshape(n_records, -1)
        for i, signal in enumerate(file.signals)
        if i in of_notes
    ]
    times, notes, unread = _notes(records)
    return EdfFile(
        tuple(
            _signal(signal, count / record_s)
            for i, (signal, count) in enumerate(zip(file.signals, numbers, strict=True))
            if i not in of_notes and count
        ),
        n_records,
        record_s,
        None if times is None else times - times[0],
        raw[192:197] not in (b"EDF+D", b"BDF+D"),
        notes,
        unread,
        _start(file, 0.0 if times is None else float(times[0])),
        uncounted if said == -1 else None,
    )


def _three_bytes(numbers: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(numbers.view(np.uint8).reshape(-1, 4)[:, :3])


def _signal(signal: Any, fs: float) -> EdfSignal:
    whole = round(fs)
    return EdfSignal(
        signal.label,
        signal.physical_dimension,
        signal.transducer_type,
        float(whole) if whole and abs(fs / whole - 1) < _WHOLE else fs,
        (signal.physical_min, signal.physical_max),
        (signal.digital_min, signal.digital_max),
        signal.digital,
    )


def _notes(records: list[np.ndarray]) -> tuple[np.ndarray | None, tuple[Annotation, ...], int]:
    """Starts of the records as the first annotation signal gives them, notes from the first start, characters left."""
    times: list[float] = []
    found: list[Annotation] = []
    unread = 0
    for position, signal in enumerate(records):
        for record in signal:
            text = record.tobytes()
            unread += len(_NOTE.sub(b"", text).replace(b"\0", b""))
            for count, match in enumerate(_NOTE.finditer(text)):
                onset, lasts = float(match[1]), match[2]
                if position == 0 and count == 0:
                    times.append(onset)
                found += [
                    Annotation(onset, nan if lasts is None else float(lasts), _text(one))
                    for one in match[3].split(b"\x14")
                    if one
                ]
    first = times[0] if times else 0.0
    notes = tuple(Annotation(note.start_s - first, note.duration_s, note.text) for note in found)
    complete = bool(records) and len(times) == len(records[0])
    return np.array(times) if complete else None, notes, unread


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _start(file: Any, offset: float) -> str:
    try:
        if file.startdate == _NO_DATE:
            return ""
        return (datetime.combine(file.startdate, file.starttime) + timedelta(seconds=offset)).isoformat()
    except (ValueError, OverflowError):  # a date that is kept back, or none
        return ""
