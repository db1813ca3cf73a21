"""Recordings in EDF+ files, written; their metadata stand in annotations that begin with `fhr edf 1`."""

import io
import json
import logging
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from fhr.errors import FormatError
from fhr.recording import Recording

from ..files.bounded_json import bounded_json
from ..files.regular_file import reason
from ..files.whole_file import MAX_SAMPLES, check_samples, take_suffix, write_whole
from ..metadata.annotations import Annotation
from ..metadata.plain_values import METADATA, metadata, parse_metadata
from .file import imported_edfio

__all__ = ["EDF_SUFFIX", "is_metadata", "stated", "write_edf"]

EDF_SUFFIX = ".edf"
_OURS = "fhr edf 1 "
_LOWEST, _HIGHEST = -32768, 32767  # of 16 bits
_log = logging.getLogger(__name__)
_STEPS = (1e-4, 1e-3, 0.01, 0.1, 1.0, 10.0, 100.0)  # of one number; a header has 8 characters for a limit
_FEWEST_STEPS = 10  # that a usual value of uterine activity is told by
_RATE_STEP = 0.01  # bpm, as in CTU-UHB
_RECORD_BYTES = 61_440  # that EDF asks records to stay below
_MOST_SPACES = 64  # before a part of the metadata
_THOUSANDTHS = 1000  # of a second, which a record's duration is written in


def write_edf(recording: Recording, path: str | Path) -> Path:
    """Write `recording` as an EDF+ file and return its path; `read_edf` gives it back. Needs the extra `edf`.

    Signals `FHR`, `UC` and, where there is one, `MHR` in 16 bits. Heart rates are rounded to 0.01 bpm, uterine activity
    to the finest of 0.0001, 0.001, ... 100 units that holds it, which is 0.01 up to 327.67; coarser ones are
    told. A missing sample is 0 bpm, as monitors write it, and in `UC` the lowest number, -327.68 at 0.01, for there 0
    is a value; a rate that rounds to 0 is missing when it is read again. The end is filled with missing samples where
    the records of EDF do not come out even.
    Annotations that begin with `fhr edf 1` hold name, sampling rate, outcome, clinical fields, history and
    provenance. The header names no patient and no date; beside a recording that was made it says so in the field of the
    equipment. Left out: `source`.

    Raises:
        FormatError: another suffix, no sample, a value or a sampling rate that EDF cannot hold, uterine activity that
            a single value would have rounded away, a history that holds more than plain types, or one that is too
            long.
        FHRError: edfio is not installed.
    """
    path = Path(path)
    take_suffix(path, [EDF_SUFFIX], kind="EDF file")
    edfio = imported_edfio(recording.name)
    check_samples(recording)
    channels = {"FHR": recording.fhr, "UC": recording.uc}
    if recording.mhr is not None:
        channels["MHR"] = recording.mhr
    n_records, n_samples, record_s = _records(len(recording), recording.fs, 2 * len(channels), recording.name)
    texts = json.dumps(metadata(recording) | {"n_samples": len(recording)})
    signals = [
        _signal(edfio, label, values, n_records * n_samples, n_samples / record_s, recording.name)
        for label, values in channels.items()
    ]
    kind = recording.provenance.kind
    header = edfio.Recording(equipment_code="X" if recording.provenance.is_measured else kind)
    data = _packed(edfio, signals, header, texts, n_records, record_s, recording.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(path, data)


def _packed(
    edfio: Any, signals: list[Any], header: Any, texts: str, n_records: int, record_s: float, name: str
) -> bytes:
    """Bytes of a file, with the metadata in notes, a part in each record."""
    part = -(-len(texts) // n_records)
    parts = [texts[i : i + part] for i in range(0, len(texts), part)]
    problem = ""
    # edfio compares the durations of the signals, quotients of floats, and that of the notes depends on their length.
    for spaces in range(_MOST_SPACES):
        notes = [
            edfio.EdfAnnotation(i * record_s, None, f"{_OURS}{' ' * spaces}{i + 1}/{len(parts)} {text}")
            for i, text in enumerate(parts)
        ]
        file = io.BytesIO()
        try:
            edfio.Edf(signals, recording=header, data_record_duration=record_s, annotations=notes).write(file)
        except ValueError as error:
            problem = reason(error)
        else:
            return file.getvalue()
    raise FormatError(f"{name}: EDF cannot hold it ({problem}); write .npz, .parquet or .csv")


def _records(n: int, fs: float, width: int, name: str) -> tuple[int, int, float]:
    """Number of data records, samples of each, and their duration in s, a whole number of ms.

    Few records, which come out even where they can.
    """
    rate = Fraction(repr(float(fs)))
    rate = near if float(near := rate.limit_denominator(100)) == float(fs) else rate
    unit = Fraction(rate, _THOUSANDTHS).numerator  # the fewest samples that last whole milliseconds
    fewest = max(1, n * width // _RECORD_BYTES)
    units = -(-n // unit)
    n_records = next((k for k in range(fewest, 8 * fewest + 1) if units % k == 0), fewest)
    n_samples = -(-units // n_records) * unit
    record_s = n_samples / rate
    if len(repr(float(record_s))) > 8 or n_records * n_samples > 2 * n + fs:
        raise FormatError(
            f"{name}: {fs:.10g} Hz; records of EDF last whole milliseconds, which this rate does not divide: resample "
            "the recording to 4 Hz, or write .npz, .parquet or .csv"
        )
    return n_records, n_samples, float(record_s)


def _signal(edfio: Any, label: str, values: np.ndarray, n: int, fs: float, name: str) -> Any:
    gaps = np.isnan(values)
    plain = np.where(gaps, 0.0, values.astype(np.float64))
    largest = float(np.abs(plain).max())
    steps = [step for step in _STEPS if label == "UC" or step == _RATE_STEP]
    step = next((step for step in steps if round(largest / step) <= _HIGHEST), None)
    if step is None:
        raise FormatError(
            f"{name}: the largest value of {label} is {largest:g}; EDF ends at {_HIGHEST * steps[-1]:g}; write .npz, "
            ".parquet or .csv"
        )
    if step > _RATE_STEP:
        typical = float(np.median(np.abs(plain[plain != 0])))
        if typical < _FEWEST_STEPS * step:
            raise FormatError(
                f"{name}: {label} is about {typical:.3g}, but reaches {largest:g}, for which EDF rounds all of it to "
                f"steps of {step:g}; take the outlier away, or write .npz, .parquet or .csv"
            )
        _log.warning(
            "%s: %s reaches %g and is written in steps of %g; .npz, .parquet and .csv keep it",
            name,
            label,
            largest,
            step,
        )
    missing = _LOWEST if label == "UC" else 0
    numbers = np.full(n, missing, np.int16)
    numbers[: len(values)] = np.where(gaps, missing, np.rint(plain / step))
    # edfio rounds limits outwards at their eighth character, and what stands behind it in binary is no part of them.
    low, high = (float(f"{limit * step:.6g}") * (1 - 1e-12) for limit in (_LOWEST, _HIGHEST))
    return edfio.EdfSignal.from_digital(
        numbers,
        fs,
        label=label,
        physical_dimension="" if label == "UC" else "bpm",
        physical_range=(low, high),
        digital_range=(_LOWEST, _HIGHEST),
    )


def is_metadata(note: Annotation) -> bool:
    """True for an annotation that `write_edf` keeps metadata in."""
    return note.text.startswith(_OURS)


def stated(notes: Sequence[Annotation], where: str) -> dict[str, Any] | None:
    """Arguments of `Recording` that the annotations of `write_edf` hold, and `n_samples`; None in a file of other make.

    Raises:
        FormatError: annotations of ours that are damaged or not complete.
    """
    parts = [note.text.removeprefix(_OURS) for note in notes if is_metadata(note)]
    if not parts:
        return None
    try:
        numbered = [text.lstrip(" ").split(" ", 1) for text in parts]
        if [number for number, _ in numbered] != [f"{i + 1}/{len(parts)}" for i in range(len(parts))]:
            raise ValueError("parts are missing")
        texts = bounded_json("".join(text for _, text in numbered).encode(), "note")
        n_samples = texts["n_samples"]
        if not isinstance(n_samples, int) or not 1 <= n_samples <= MAX_SAMPLES:
            raise ValueError("no number of samples")
        texts = {key: texts[key] for key in METADATA if key in texts}
        if not all(isinstance(text, str) for text in texts.values()) or "fs" not in texts:
            raise ValueError("no texts")
    except (ValueError, TypeError, KeyError) as error:
        # Without them a recording that was made would pass for a measured one.
        raise FormatError(
            f"{where}: the metadata among its annotations are damaged ({reason(error)}); write the file anew, or "
            f"remove all annotations that begin with {_OURS.strip()!r}"
        ) from None
    return parse_metadata(texts, where=where) | {"n_samples": n_samples}
