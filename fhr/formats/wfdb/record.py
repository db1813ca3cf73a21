"""WFDB records, the form of the CTU-UHB database, read with validation; written in its format 16.

The wfdb package reads a CTU-UHB record in about 2 ms and accepts wrong checksums, names, lengths, gains and
sampling rates in silence; this reader takes a tenth of the time and refuses them. Storage formats other than 16 are
decoded by that package (`wfdb_samples`), records in segments are joined (`wfdb_segments`).
"""

import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fhr.errors import FormatError
from fhr.recording import Provenance, Recording, Source, Step

from ..channels.chosen_channels import choose_channels, in_stated_unit, left_out
from ..channels.stored_channels import StoredChannel, assembled, check_units
from ..channels.words import SIGNALS
from ..files.any_case import in_any_case
from ..files.regular_file import cut
from ..files.whole_file import MAX_SAMPLES, check_samples, write_whole
from ..times.grid import checked_rate
from .ctu_uhb_header import HEADING, comment_lines
from .header import MAX_HEADER_BYTES, Header, read_header
from .header_comments import parse_comments
from .provenance_header import parse_provenance
from .segments import Samples, first_signals, read_segments

__all__ = ["read_wfdb", "wfdb_header_of", "write_wfdb"]

_log = logging.getLogger(__name__)

_SAME_RATE = 1e-3  # a given rate and the written one differ by less, being rounded
_GAIN = 100.0  # ADC units per bpm (FHR) or per arbitrary unit (UC), as in CTU-UHB


def read_wfdb(
    path: str | Path,
    *,
    columns: Mapping[str, str | int | Sequence[str | int] | None] | None = None,
    units: Mapping[str, str] | None = None,
    fs: float | None = None,
) -> Recording:
    """Read one WFDB record.

    FHR and UC samples of 0 become NaN. Signals are known by their descriptions and converted by the units of their
    signal lines: heart rates to bpm, uterine activity in kPa to mmHg; in a unit of no known scale it stays as it is
    stored. The scalp electrode, or else the second of two transducers, is taken before the other. Signals of another
    rate than FHR are brought to its samples where the rates are multiples: held, or one of each several taken. Gaps
    between segments are NaN. Outcome and clinical fields are parsed from the comments as
    `fhr.formats.wfdb.header_comments` says, and so is the provenance; without such a section the recording is measured.
    The history says what was done, and the date of the record line where there is one, see `Recording.date`.

    Args:
        path: the record without suffix, or its `.hea` or `.dat` file; the files may differ from it in letter case.
        columns: signal of "fhr", "uc" and "mhr", by its description or its position from 0, of "fhr" several too; None
            for none. What is not there is told from the descriptions.
        units: of the channels, in place of what the header says.
        fs: frames a second, Hz, of a header that says none.

    Raises:
        FormatError: a missing or malformed header, a signal file that is missing, is elsewhere, has another
            length than declared, or fails its checksum; a file that is none, or a link out of its folder; signals whose
            channels, units or rates cannot be told; a section on the provenance that is damaged.
        FHRError: an option that cannot be.
    """
    check_units(units)
    header = wfdb_header_of(path)
    where = str(header.path)
    rate = _rate(header, fs)
    signals = first_signals(header)
    names = [signal.name for signal in signals]
    chosen = choose_channels(names, columns, roles=SIGNALS, kind="signal", where=where)
    samples = read_segments(header, [one.position for one in chosen])
    grid, n, notes = _one_grid(samples, [one.role for one in chosen], where)

    stored, assumed = [], []
    for values, channel, one in zip(grid, samples.channels, chosen, strict=True):
        name = cut(one.name) or f"signal {one.position}"
        if channel.uncalibrated:
            if one.role != "uc":
                raise FormatError(
                    f"{where}: {name} has no gain, or one of 0: it is not calibrated; write the gain into its signal "
                    "line, stored units per bpm, as 100/bpm"
                )
            assumed.append(name)
        one = in_stated_unit(one, channel.unit or "", units, where)
        stored.append(StoredChannel(one.role, name, values, one.unit, one.sensor))
    if others := left_out(names, {one.position for one in chosen}):
        notes["left_out"] = others
    if assumed:
        notes["gain_assumed"] = assumed
    # Neither the database's heart rates nor our own are in doubt; both say their unit.
    checked = not any(line.startswith(HEADING) for line in header.lines)
    checked |= any(channel.role != "uc" and channel.unit is None for channel in stored)
    channels = assembled(stored, fs=rate * n, where=where, units=units, zero_missing=False, checked=checked)

    frames = samples.n_frames
    of_segments = [line for lines in samples.headers for line in lines]
    said = parse_comments(header.lines, n_samples=frames, fs=rate, where=where, of_segments=of_segments)
    notes = {key: value for key, value in channels.notes.items() if key != "units"} | notes
    if header.start:
        notes["start"] = header.start
    if header.unread_start:
        notes["start_unread"] = header.unread_start
    if header.encoding not in ("utf-8", "ascii"):
        notes["encoding"] = header.encoding
    if said.remarks:
        notes["comments"] = said.remarks
    if header.fs is None:
        notes["fs"] = rate
    if set(notes) - {"start"}:
        _log.info("%s: read with %s", where, notes)
    read = (Step("read", {"format": "wfdb", **notes}),) if notes else ()
    return Recording(
        name=header.path.stem,
        fhr=channels.fhr,
        uc=channels.uc,
        mhr=channels.mhr,
        fs=rate * n,
        outcome=said.outcome,
        clinical=said.clinical,
        stage2_start=said.stage2_start,
        source=Source(where.removesuffix(header.path.suffix), "wfdb", samples.sha256),
        history=(*read, *said.notes),
        provenance=_provenance(header, samples, where),
    )


def wfdb_header_of(path: str | Path) -> Header:
    """Header of a record that is named without suffix, or by any of its files.

    Raises:
        FormatError: as `read_wfdb`.
    """
    given = path = Path(path)
    suffix = path.suffix.lower()
    if suffix != ".hea":
        path = path.parent / f"{path.stem if suffix == '.dat' else path.name}.hea"
    header = in_any_case(path)
    try:
        return read_header(header)
    except FormatError:
        if os.path.isdir(given) and not header.exists():
            raise FormatError(f"{given} is a folder; name a record in it, without suffix or with .hea") from None
        raise


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
        plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name) or "record"
        raise FormatError(
            f"record name {name!r}; WFDB names hold letters, digits, hyphens and underscores only; call it {plain!r}, "
            "say, or write another format"
        )
    check_samples(recording)
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

    header = "\n".join(lines).encode()
    if len(header) > MAX_HEADER_BYTES:
        raise FormatError(
            f"{name}: a header of {len(header)} bytes, more than the {MAX_HEADER_BYTES} that are read again; in "
            "fitted_to name a database by its checksum in place of its records"
        )

    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{name}.dat", samples.tobytes())
    return write_whole(folder / f"{name}.hea", header)


def _rate(header: Header, fs: float | None) -> float:
    """Frames a second, as the header says, or else the user."""
    if fs is not None:
        fs = checked_rate(fs, str(header.path))
    if header.fs is None:
        if fs is None:
            raise FormatError(
                f"{header.path}: the record line gives no sampling rate; write it there behind the number of signals, "
                "or give fs, in Hz"
            )
        return fs
    if fs is not None and abs(fs / header.fs - 1) > _SAME_RATE:
        raise FormatError(f"{header.path}: fs={fs:g} was given and the header says {header.fs:g} Hz; correct one")
    return header.fs


def _provenance(header: Header, samples: Samples, where: str) -> Provenance:
    """What the record's header states, or else its segments'; those have to agree."""
    whole = parse_provenance(header.lines, where=where)
    parts = {parse_provenance(lines, where=where) for lines in samples.headers}
    if not whole.is_measured:  # segments that state nothing are of it
        parts = parts - {Provenance()} | {whole}
    if len(parts) > 1:
        raise FormatError(
            f"{where}: its header and those of its segments state provenances that differ; join segments of one"
        )
    return next(iter(parts), whole)


def _one_grid(samples: Samples, roles: list[str], where: str) -> tuple[list[np.ndarray], int, dict[str, Any]]:
    """Signals at the rate of FHR, or of UC where it is alone, its samples a frame, and notes on the others."""
    rates = [one.per_frame for one in samples.channels]
    main = "fhr" if "fhr" in roles else "uc"
    n = max(rate for rate, role in zip(rates, roles, strict=True) if role == main)
    if samples.n_frames * n > MAX_SAMPLES:
        raise FormatError(
            f"{where}: {samples.n_frames * n} samples of {main.upper()}; a recording has 1 to {MAX_SAMPLES}"
        )
    notes: dict[str, Any] = {}
    grid = []
    for one, rate, role in zip(samples.channels, rates, roles, strict=True):
        if n % rate and rate % n:
            raise FormatError(
                f"{where}: {role} has {rate} samples a frame and {main} {n}, neither a multiple of the other; bring "
                f"them to one rate (WFDB's `xform`), or leave it out with columns={{{role!r}: None}}"
            )
        grid.append(one.values[:: rate // n] if rate >= n else np.repeat(one.values, n // rate))
        if rate != n:
            changed = f"every {rate // n}. sample taken" if rate > n else f"each sample held for {n // rate}"
            notes.setdefault("rates", {})[role] = changed
    return grid, n, notes
