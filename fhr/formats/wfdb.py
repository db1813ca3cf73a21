"""WFDB records in format 16, the form of the CTU-UHB database, read and written with validation.

The wfdb package reads a CTU-UHB record in about 2 ms and accepts wrong checksums, names, lengths, gains and
sampling rates in silence; this reader takes a tenth of the time and refuses them. Formats other than 16,
multi-segment records and signals with several samples a frame are left out.
"""

import hashlib
import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from fhr.errors import FormatError
from fhr.recording import Recording, Source, Step

from .ctu_uhb_header import HEADING, comment_lines, parse_comments
from .provenance_header import parse_provenance
from .regular_file import open_regular, read_whole, reason, shown
from .stored_channels import StoredChannel, assembled
from .whole_file import MAX_RATE, MAX_SAMPLES, MIN_RATE, write_whole

__all__ = ["read_wfdb", "write_wfdb"]

_GAIN = 100.0  # ADC units per bpm (FHR) or per arbitrary unit (UC), as in CTU-UHB
_MISSING = -32768  # format 16's own mark for a missing sample
_MAX_HEADER_BYTES = 1 << 20
_MIN_GAIN, _MAX_GAIN, _MAX_BASELINE = 1e-6, 1e6, 1 << 31  # far beyond any device; within them no sample overflows
_ROLES = {"fhr": "fhr", "fhr1": "fhr", "fhr2": "fhr", "uc": "uc", "toco": "uc", "mhr": "mhr"}
_MAX_DIGITS = 30  # of a number in the record line
_Number = TypeVar("_Number", int, float)
_GAIN_FIELD = re.compile(r"^(?P<gain>[-+.\deE]+)(?:\((?P<baseline>[-+]?\d+)\))?(?:/(?P<unit>\S+))?$")


class _Signal(NamedTuple):
    file: str
    gain: float
    baseline: int
    checksum: int
    name: str
    role: str | None
    unit: str


def read_wfdb(path: str | Path) -> Recording:
    """Read one WFDB record.

    FHR and UC samples of 0 become NaN. UC in kPa, as the header's signal line says it, is converted to mmHg and its
    history says so; in any other unit it stays as it is stored. Outcome and clinical fields are parsed from the CTU-UHB
    comment block, and so is the provenance; without such a section the recording is measured. The date of the record
    line, where there is one, stands in the history, see `Recording.date`.

    Args:
        path: the record without suffix, or its `.hea` or `.dat` file.

    Raises:
        FormatError: a missing or malformed header, a signal file that is missing, is elsewhere, has another
            length than declared, or fails its checksum; a file that is none, or a link out of its folder; a section
            on the provenance that is damaged.
    """
    header_path = Path(path)
    stem = header_path.stem if header_path.suffix.lower() in (".hea", ".dat") else header_path.name
    header_path = header_path.parent / f"{stem}.hea"
    lines = [line.strip() for line in _read_header(header_path).splitlines()]
    code = [line for line in lines if line and not line.startswith("#")]
    if not code:
        raise FormatError(f"{header_path}: no record line; the file is empty or holds comments only")
    name, n_signals, fs, n_samples = _record_line(code[0], header_path)
    if name != stem:
        raise FormatError(f"{header_path}: the header is of record {shown(name)}; rename the file or the record")
    if len(code) - 1 != n_signals:
        raise FormatError(f"{header_path}: {n_signals} signals declared, {len(code) - 1} signal lines found")
    signals = [_signal_line(line, header_path) for line in code[1:]]
    if len({signal.file for signal in signals}) != 1:
        raise FormatError(f"{header_path}: signals in several files; store them in one .dat file")
    raw = _read_samples(header_path.parent / signals[0].file, n_signals, n_samples)
    samples = np.frombuffer(raw, dtype="<i2").reshape(n_samples, n_signals)

    stored: list[StoredChannel] = []
    for column, signal in enumerate(signals):
        digital = samples[:, column]
        checksum = int(digital.sum(dtype=np.int64))
        if (checksum - signal.checksum) % 65536:
            raise FormatError(
                f"{header_path.parent / signal.file}: signal {column} sums to {checksum % 65536} (mod 65536), the "
                f"header says {signal.checksum % 65536}; the file was altered or damaged, fetch it again"
            )
        if signal.role is not None:
            stored.append(StoredChannel(signal.role, signal.name, _physical(digital, signal), signal.unit or None))
    if all(channel.role != "fhr" for channel in stored):
        raise FormatError(f"{header_path}: no signal is called FHR; name it in the header's signal line")
    if twice := next((one.name for i, one in enumerate(stored) if one.name in [o.name for o in stored[:i]]), None):
        raise FormatError(f"{header_path}: two signals are called {twice}; keep one of them")
    checked = not any(line.startswith(HEADING) for line in lines)  # neither the database's nor our own are in doubt
    channels = assembled(stored, fs=fs, where=str(header_path), zero_missing=False, checked=checked)

    outcome, clinical, stage2_start, notes = parse_comments(lines, n_samples=n_samples, fs=fs, where=str(header_path))
    change = {key: value for key, value in channels.notes.items() if key != "units"}
    start = _start(code[0].split()[4:])
    note = {**change, "start": start} if start else change
    read = (Step("read", {"format": "wfdb", **note}),) if note else ()
    return Recording(
        name=name,
        fhr=channels.fhr,
        uc=channels.uc,
        mhr=channels.mhr,
        fs=fs,
        outcome=outcome,
        clinical=clinical,
        stage2_start=stage2_start,
        source=Source(str(header_path.with_suffix("")), "wfdb", hashlib.sha256(raw).hexdigest()),
        history=(*read, *notes),
        provenance=parse_provenance(lines, where=str(header_path)),
    )


def write_wfdb(recording: Recording, folder: str | Path) -> Path:
    """Write `recording` as a WFDB record of format 16 and return the header's path.

    Values are rounded to 0.01 bpm or units; NaN is written as 0, and what rounds to 0 is missing when read again.
    A CTU-UHB record comes out byte for byte as it was. A recording that was not measured has a section on its
    provenance before the outcome. The header is written last, so that an interrupted write leaves no record.

    Raises:
        FormatError: a name that is no plain file name, a value that format 16 cannot hold, or a provenance that makes
            the header longer than is read again.
    """
    folder, name = Path(folder), recording.name
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise FormatError(f"record name {name!r}; WFDB names hold letters, digits, hyphens and underscores only")
    if not len(recording):
        raise FormatError(f"{name}: the recording holds no sample; there is nothing to write")
    channels = [("FHR", "100(0)/bpm", recording.fhr), ("UC", "100/nd", recording.uc)]
    if recording.mhr is not None:
        channels.append(("MHR", "100(0)/bpm", recording.mhr))
    with np.errstate(invalid="ignore"):  # one of the kinds of NaN warns
        values = [np.nan_to_num(x.astype(np.float64), nan=0.0) for _, _, x in channels]
    digital = np.rint(np.stack(values, axis=1) * _GAIN)
    if np.abs(digital).max() > 32767:
        raise FormatError(f"{name}: the largest value is {np.abs(digital).max() / _GAIN:g}; format 16 ends at 327.67")
    samples = digital.astype("<i2")

    lines = [f"{name} {len(channels)} {recording.fs:.10g} {len(recording)}"]
    for column, (description, gain, _) in enumerate(channels):
        checksum = int(samples[:, column].sum(dtype=np.int64) + 32768) % 65536 - 32768
        lines.append(f"{name}.dat 16 {gain} 12 0 {samples[0, column]} {checksum} 0 {description}")
    lines += ["", *comment_lines(recording)]

    header = "\n".join(lines).encode("ascii")
    if len(header) > _MAX_HEADER_BYTES:
        raise FormatError(
            f"{name}: a header of {len(header)} bytes, more than the {_MAX_HEADER_BYTES} that are read again; in "
            "fitted_to name a database by its checksum in place of its records"
        )

    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{name}.dat", samples.tobytes())
    return write_whole(folder / f"{name}.hea", header)


def _read_header(path: Path) -> str:
    raw = read_whole(path, limit=_MAX_HEADER_BYTES, kind="WFDB header")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: no readable WFDB header ({reason(error)}); check the path") from None


def _read_samples(path: Path, n_signals: int, n_samples: int) -> bytes:
    expected = 2 * n_signals * n_samples
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            raw = file.read(expected) if size == expected else b""
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: no readable signal file ({reason(error)}); fetch it beside its header") from None
    if len(raw) != expected:
        raise FormatError(
            f"{path}: {size} bytes where the header declares {n_samples} samples of {n_signals} signals "
            f"({expected} bytes); the file is {'too long' if size > expected else 'truncated'}, fetch it again"
        )
    return raw


def _start(fields: list[str]) -> str:
    """Start as ISO 8601, of the time and the date that may end a record line; empty where there is no date."""
    try:
        return datetime.strptime(" ".join(fields), "%H:%M:%S %d/%m/%Y").isoformat() if len(fields) > 1 else ""
    except ValueError:
        return ""  # the signals do not depend on it


def _record_line(line: str, where: Path) -> tuple[str, int, float, int]:
    fields = line.split()
    if len(fields) < 4:
        raise FormatError(
            f"{where}: record line {shown(line)}; it must give name, number of signals, sampling rate and length"
        )
    name, n_signals, fs, n_samples = fields[0], fields[1], fields[2].split("/")[0].split("(")[0], fields[3]
    if "/" in name:
        raise FormatError(f"{where}: {shown(name)} is a multi-segment record; join its segments first")
    try:
        parsed = name, _number(n_signals, int), _number(fs, float), _number(n_samples, int)
    except ValueError:
        raise FormatError(f"{where}: record line {shown(line)} holds a field that is no number") from None
    if not 1 <= parsed[1] <= 16:
        raise FormatError(f"{where}: {parsed[1]} signals declared; a recording has 1 to 16")
    if not MIN_RATE <= parsed[2] <= MAX_RATE:
        raise FormatError(
            f"{where}: sampling rate {fs}; it must be a positive number of Hz, {MIN_RATE:g} to {MAX_RATE:g}"
        )
    if not 1 <= parsed[3] <= MAX_SAMPLES:
        raise FormatError(f"{where}: {n_samples} samples declared; a recording has 1 to {MAX_SAMPLES}")
    return parsed


def _number(text: str, kind: Callable[[str], _Number]) -> _Number:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"{len(text)} digits")
    return kind(text)


def _signal_line(line: str, where: Path) -> _Signal:
    fields = line.split(maxsplit=8)
    if len(fields) < 9:
        raise FormatError(f"{where}: signal line {shown(line)} has {len(fields)} of 9 fields; the checksum is needed")
    file, form, gain_field, _, adc_zero, _, checksum, _, description = fields
    if Path(file).name != file or file == ".." or "\\" in file or ":" in file or not file.isprintable():
        raise FormatError(f"{where}: signal file {shown(file)} is not a plain file name beside the header")
    if form != "16":
        raise FormatError(f"{where}: signal format {shown(form)}; only format 16 is read")
    role = _ROLES.get(description.strip().lower())
    match = _GAIN_FIELD.match(gain_field)
    try:
        # The standard's rule: a baseline that is not given is the ADC's zero.
        if match and abs(baseline := int(match["baseline"] or adc_zero)) < _MAX_BASELINE:
            gain = float(match["gain"])
            if _MIN_GAIN <= gain <= _MAX_GAIN:
                return _Signal(
                    file, gain, baseline, int(checksum), shown(description)[1:-1], role, (match["unit"] or "").lower()
                )
    except ValueError:
        pass
    raise FormatError(
        f"{where}: gain {shown(gain_field)}, ADC zero {shown(adc_zero)} or checksum {shown(checksum)}; all must be "
        f"numbers, the gain {_MIN_GAIN:g} to {_MAX_GAIN:g}"
    )


def _physical(digital: np.ndarray, signal: _Signal) -> np.ndarray:
    values = digital.astype(np.float32)
    values[(digital == signal.baseline) | (digital == _MISSING)] = np.nan
    values -= np.float32(signal.baseline)
    values /= np.float32(signal.gain)
    return values
