"""FHRMA recordings: `.fhr` (two heart rates, uterine activity) and `.fhrm` (with the mother's heart rate).

The form in which the expert-annotated sets of Boudet et al. are published: little-endian, a Unix timestamp, then
4 samples a second of 6 or 8 bytes. Source: Boudet et al. 2020, SoftwareX 12:100577,
doi:10.1016/j.softx.2020.100428; Boudet et al. 2022, Biosensors 12:691, doi:10.3390/bios12090691.
"""

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np

from fhr.errors import FHRError, FormatError
from fhr.recording import Recording, Source, Step

from .regular_file import read_whole
from .stored_channels import StoredChannel, assembled
from .whole_file import MAX_SAMPLES, take_suffix

__all__ = ["FHRMA_SUFFIXES", "read_fhrma"]

_FS = 4.0
_RATE, _TAIL = "<u2", [("toco", "u1"), ("quality", "u1")]
_SAMPLE = {
    ".fhr": np.dtype([("fhr1", _RATE), ("fhr2", _RATE), *_TAIL]),
    ".fhrm": np.dtype([("fhr1", _RATE), ("fhr2", _RATE), ("mhr", _RATE), *_TAIL]),
}
FHRMA_SUFFIXES = tuple(_SAMPLE)


def read_fhrma(path: str | Path, *, channel: Literal["auto", 1, 2] = "auto") -> Recording:
    """Read one FHRMA recording at 4 Hz.

    A sample holds FHR1 and FHR2 (and in `.fhrm` the MHR) as uint16 in quarters of a bpm, TOCO as uint8 in halves
    of a unit, and a quality byte, which is 0 in all published files and passed over. 0 is missing in every channel,
    in `uc` too, as in `read_wfdb`; in the published files most zeros of TOCO are the floor of the sensor, reached
    gradually between contractions, the rest are lost signal. Rates are given as they stand, 30 to 240 bpm
    in the published files: cleaning is done by `fhr.preprocessing`.

    The header is 4 bytes, or 8 in newer files. The size tells which: what is left must be whole samples, and
    4 and 8 never leave the same remainder. An 8-byte timestamp past the year 2106 is refused, for a truncated file
    with a 4-byte header looks so.

    Args:
        path: a `.fhr` or `.fhrm` file.
        channel: 1 or 2 for FHR1 or FHR2 alone. `"auto"` takes the one that holds signal; where both do, sample
            by sample FHR2, the scalp electrode in the published sets, and FHR1 in its gaps. Over a minute of
            common signal with a median difference above 10 bpm (this package's choice) is refused: two hearts.

    Returns:
        The recording; its history begins with a step "read" that holds `timestamp` (Unix time, s; 0 unknown),
        `header_bytes` and `fhr_from`, the rates that `fhr` was made of (none where neither holds signal).
        `mhr` is None for `.fhr`.

    Raises:
        FormatError: no such file, another suffix, a size that is no whole number of samples, two hearts.
        FHRError: an unknown channel.
    """
    path = Path(path)
    if channel not in ("auto", 1, 2):
        raise FHRError(f"channel={channel!r}; give 'auto', 1 or 2")
    sample = _SAMPLE[take_suffix(path, _SAMPLE, kind="FHRMA recording")]
    raw = read_whole(path, limit=8 + sample.itemsize * MAX_SAMPLES, kind="FHRMA recording")
    header = _header_bytes(raw, sample.itemsize, path)
    samples = np.frombuffer(raw, sample, offset=header)
    taken = (1, 2) if channel == "auto" else (channel,)
    stored = [StoredChannel("fhr", f"FHR{k}", _scaled(samples[f"fhr{k}"], 4)) for k in taken]
    stored.append(StoredChannel("uc", "TOCO", _scaled(samples["toco"], 2)))
    if "mhr" in (sample.names or ()):
        stored.append(StoredChannel("mhr", "MHR", _scaled(samples["mhr"], 4)))
    signals = assembled(stored, fs=_FS, where=str(path), checked=False, remedy="channel=1 or channel=2")
    parameters = {
        "format": "fhrma",
        "timestamp": int.from_bytes(raw[:header], "little"),
        "header_bytes": header,
        "fhr_from": signals.notes.get("fhr_from", [f"FHR{channel}"]),
    }
    return Recording(
        name=path.stem,
        fhr=signals.fhr,
        uc=signals.uc,
        mhr=signals.mhr,
        fs=_FS,
        source=Source(str(path), "fhrma", hashlib.sha256(raw).hexdigest()),
        history=(Step("read", parameters),),
    )


def _header_bytes(raw: bytes, sample_bytes: int, path: Path) -> int:
    header = next((h for h in (4, 8) if len(raw) > h and (len(raw) - h) % sample_bytes == 0), None)
    if header is None:
        raise FormatError(
            f"{path}: {len(raw)} bytes; a {path.suffix} file holds 4 or 8 bytes, then one or more samples of "
            f"{sample_bytes}; it is truncated or has another suffix, fetch it again"
        )
    if header == 8 and any(raw[4:8]):
        raise FormatError(
            f"{path}: {len(raw)} bytes ask for a header of 8 bytes, and these hold no date; the file is truncated, "
            "fetch it again"
        )
    return header


def _scaled(stored: np.ndarray, per_unit: int) -> np.ndarray:
    values = stored.astype(np.float32) / np.float32(per_unit)
    values[stored == 0] = np.nan
    return values
