"""Annotations of a WFDB record: files such as `1001.atr`.

The format is that of WFDB's annot(5). The wfdb package is asked for its table of symbols only: its reader goes round
for ever over a damaged file, and leaves out notes at time 0.
"""

import re
import struct
from pathlib import Path

from fhr.errors import FormatError

from ..files.any_case import in_any_case
from ..files.regular_file import read_whole, shown
from ..metadata.annotations import Annotation
from ..times.grid import checked_rate
from .header import Header, read_header

__all__ = ["WFDB_ANNOTATORS", "read_wfdb_annotations"]

WFDB_ANNOTATORS = {
    *(".atr", ".qrs", ".ecg", ".ann", ".fqrs", ".mqrs", ".wqrs", ".gqrs", ".sqrs", ".man", ".apn", ".hyp", ".st"),
    *(".xws", ".hea-", ".edr", ".rr"),
}
"""Suffixes that programs give to files of annotations."""
_MOST_BYTES = 1 << 20  # half a million annotations; the record of a labour has some hundreds
_SAME_RATE = 1e-6
_NOTE, _SKIP, _TEXT = 22, 59, 63  # codes of the format; 60 to 62 number an annotation, and are passed over
_RESOLUTION = re.compile(r"## time resolution: (\S{1,30})")
_DEFINITIONS = "## annotation type definitions"
_DEFINITION = re.compile(r"(\d{1,2}) (\S{1,5}) .*")


def read_wfdb_annotations(path: str | Path, *, fs: float | None = None) -> tuple[Annotation, ...]:
    """Read the annotations of a WFDB record, in the order of the file.

    Their times count from the first sample of the record, at the rate that the file states, or else its header beside
    it. The kind is WFDB's symbol of the annotation, `N` or `"` say; the text is its auxiliary note.

    Args:
        path: the annotation file, `DIR/1001.atr` say.
        fs: samples a second, Hz, where neither the file nor a header says it.

    Raises:
        FormatError: no such file, one that is no annotation file, no rate, another rate than that given, or times
            before the record or behind its end.
    """
    path = in_any_case(Path(path))
    where = str(path)
    decoded = _decoded(read_whole(path, limit=_MOST_BYTES, kind="WFDB annotation file"), where)
    beside = in_any_case(path.with_suffix(".hea"))
    header = read_header(beside) if beside.exists() else None
    symbols = _symbols()
    stated: float | None = None
    found: list[tuple[int, str, str]] = []
    defining = False
    for sample, code, text in decoded:
        if code == _NOTE and not sample and text.startswith("## "):  # about the file, not about the recording
            defining = text == _DEFINITIONS
            if match := _RESOLUTION.fullmatch(text):
                stated = _stated(match[1], where)
        elif defining and (match := _DEFINITION.fullmatch(text)):
            symbols[int(match[1])] = match[2]
        elif code:
            found.append((sample, text, symbols.get(code, str(code))))
    rate = _rate(stated, header, fs, where)
    if found:
        first, last = min(found)[0] / rate, max(found)[0] / rate
        if first < 0 or (header and header.n_frames and last > header.n_frames / (header.fs or rate)):
            raise FormatError(
                f"{where}: annotations from {first:g} to {last:g} s, outside the record; are they of another one?"
            )
    return tuple(Annotation(sample / rate, 0.0, text, symbol) for sample, text, symbol in found)


def _decoded(raw: bytes, where: str) -> list[tuple[int, int, str]]:
    """Sample, code and text of each annotation."""
    found: list[tuple[int, int, str]] = []
    sample = at = 0
    try:
        while True:
            (word,) = struct.unpack_from("<H", raw, at)
            at += 2
            code, value = word >> 10, word & 1023
            if word == 0:
                if at != len(raw):
                    raise ValueError(f"{len(raw) - at} bytes behind its end")
                return found
            if code == _SKIP:
                high, low = struct.unpack_from("<hH", raw, at)
                at += 4
                sample += (high << 16) + low
            elif code == _TEXT:
                text = raw[at : at + value]
                at += value + value % 2
                if len(text) < value or not found:
                    raise ValueError("a text without its annotation")
                found[-1] = (*found[-1][:2], _text(text))
            elif code < _SKIP:
                sample += value
                found.append((sample, code, ""))
    except (struct.error, ValueError) as error:
        raise FormatError(f"{where}: no annotation file of WFDB, or a damaged one ({error}); fetch it again") from None


def _text(raw: bytes) -> str:
    """Text of a note, without the bytes of 0 that fill it."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return "".join(c for c in text.rstrip("\0") if c.isprintable()).strip()


def _symbols() -> dict[int, str]:
    from wfdb.io.annotation import ann_label_table  # the import takes 50 ms

    return {int(code): str(symbol) for code, symbol in ann_label_table[["label_store", "symbol"]].to_numpy()}


def _stated(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise FormatError(f"{where}: time resolution {shown(text)}; it must be a number of Hz") from None


def _rate(stated: float | None, header: Header | None, fs: float | None, where: str) -> float:
    """Samples a second: of the annotation file, of the header beside it, or as given."""
    if stated is None and header is not None:
        stated = header.fs
    given = None if fs is None else checked_rate(fs, where)
    if stated is None:
        if given is None:
            raise FormatError(f"{where}: neither it nor a header beside it tells its sampling rate; give fs, in Hz")
        return given
    stated = checked_rate(stated, where)
    if given is not None and abs(given / stated - 1) > _SAME_RATE:
        raise FormatError(f"{where}: fs={given:g} was given, and the record has {stated:g} Hz; leave fs out")
    return stated
