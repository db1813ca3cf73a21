"""FHRMA and OpenCTG recordings: two heart rates, uterine activity, in some the mother's heart rate; 4 samples a second.

Sources: Boudet et al. 2020, SoftwareX 11:100428, doi:10.1016/j.softx.2020.100428, and Boudet et al. 2022, Biosensors
12:691, doi:10.3390/bios12090691, with the toolbox FHRMA (github.com/utsb-fmm/FHRMA: fhropen.m, fhrsave.m); headers of
recorders and the layouts of OpenCTG by the notes and the reader of FHRPY (github.com/data-coeur/FHRPY).
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fhr.errors import FHRError, FormatError
from fhr.recording import Recording, Source, Step

from ..channels.chosen_channels import choose_channels
from ..channels.impossible_rates import check_median
from ..channels.stored_channels import StoredChannel, assembled, check_units
from ..channels.two_heart_rates import SCALP
from ..channels.words import SIGNALS, ULTRASOUND
from ..files.regular_file import read_whole
from ..files.whole_file import MAX_SAMPLES, take_suffix
from .layout import SAMPLE_BYTES, layout_of
from .markers import MARKER_SUFFIXES, read_fhrma_markers, with_stage2

__all__ = ["FHRMA_SUFFIXES", "read_fhrma"]

_log = logging.getLogger(__name__)
_FS = 4.0
FHRMA_SUFFIXES = tuple(SAMPLE_BYTES)
_BELT, _INSIDE = "toco belt", "internal sensor"
_RATES = ("fhr1", "fhr2", "mhr")
_GOOD = {"fhr1": 0, "fhr2": 2, "mhr": 4}  # bits of the quality byte
_SENSOR = {
    "fhr1": (1, ULTRASOUND, SCALP),
    "fhr2": (3, ULTRASOUND, SCALP),
    "mhr": (5, "", _BELT),
    "toco": (6, "", _INSIDE),
}
_UNUSED = 1 << 7
_SAYS_SOMETHING = 60  # samples of which the median is looked at
_WRONG = "rates are little-endian, in quarters of a bpm: write the file anew, or leave the channel out with columns="


def read_fhrma(
    path: str | Path,
    *,
    channel: Literal["auto", 1, 2] = "auto",
    columns: Mapping[str, str | int | Sequence[str | int] | None] | None = None,
    units: Mapping[str, str] | None = None,
    sample_bytes: Literal[6, 8, 10, 12] | None = None,
    header_bytes: Literal[0, 4, 8, 12] | None = None,
    markers: str | Path | None = None,
) -> Recording:
    """Read one FHRMA or OpenCTG recording at 4 Hz.

    A sample holds, little-endian, FHR1, FHR2 and in some files the MHR as uint16 in quarters of a bpm, TOCO as uint8
    in halves of a unit, and a quality byte; a morphological analysis adds a cleaned FHR and its baseline, which nobody
    measured: they are left out, and the history says so.

    | suffix | bytes a sample | |
    |---|---|---|
    | `.fhr`, `.rcf` | 6, in those of OpenCTG 8 | without MHR; 8 with |
    | `.fhrm`, `.rcfm` | 8 | with MHR |
    | `.fhra`, `.rcfa` | 12, or 10 | with an analysis; 10 without MHR |

    Where both numbers fit the size, the heart rates tell which is right: if 6 makes them jump and 8 does not, 8 is
    taken, logged and noted in the history. The header is a Unix time of 4 bytes; of 8 bytes in files of recorders, a
    fixed number or 0 and the time, or the time and 0; of 12 in files that came as a stream. The size tells which, for
    what is left must be whole samples. A second word that is no time since 1980 is refused, and so is a 0 there after
    which the heart rates go on no better than without it: a truncated file with a short header looks so.

    0 is missing in every channel, in `uc` too, as in `read_wfdb`; in the published files most zeros of TOCO are the
    floor of the sensor, reached gradually between contractions, the rest are lost signal. Rates are given as they
    stand, 30 to 240 bpm in the published files: cleaning is done by `fhr.preprocessing`.

    The quality byte is 0 in all published files and then says nothing. Its bits are: 0 FHR1 of good quality, 1 FHR1
    from the scalp electrode and not from ultrasound, 2 and 3 the same of FHR2, 4 MHR of good quality, 5 MHR from the
    belt, 6 TOCO from an internal sensor. Sensors and shares of good quality go into the history; no sample is left out
    for want of quality, for the limit is the recorder's own. Not documented are: bit 7, with which the byte is not
    used; whether MHR without bit 5 is of an oximeter (FHRMA) or an electrocardiogram (FHRPY), so no sensor is named.

    Args:
        path: a file with one of these suffixes.
        channel: 1 or 2 for FHR1 or FHR2 alone. `"auto"` takes the one that holds signal; where both do, sample
            by sample FHR2, the scalp electrode in the published sets, and FHR1 in its gaps, or FHR1 where it alone is
            of the electrode. Over a minute of common signal with a median difference above 5 bpm (this package's
            choice) is refused: two hearts.
        columns: channels by role, where they are others: "fhr", "uc" and "mhr" to FHR1, FHR2, MHR or TOCO, by name or
            position; None leaves one out.
        units: of "uc", where it is known, "mmhg" or "kpa" (converted to mmHg).
        sample_bytes: of a sample, where it is known.
        header_bytes: before the first sample, where it is known; 0 for none.
        markers: file of its markers, `.fhrh` or `.marks`, which tell the start of the second stage; one that lies
            beside the recording is not read unasked, but logged. All of them: `read_fhrma_markers`.

    Returns:
        The recording; its history begins with a step "read" that holds `timestamp` (Unix time, s; 0 unknown),
        `header_bytes` and `fhr_from`, the rates that `fhr` was made of (none where neither holds signal), and where
        the file tells them `sensors` and `good_quality`. `mhr` is None where the layout has none.

    Raises:
        FormatError: no such file, another suffix, a size that is no whole number of samples, a median that is no heart
            rate, two hearts, markers that cannot be read or are of another recording.
        FHRError: an unknown channel or number of bytes.
    """
    path = Path(path)
    if channel not in ("auto", 1, 2):
        raise FHRError(f"channel={channel!r}; give 'auto', 1 or 2")
    if sample_bytes not in (None, 6, 8, 10, 12):
        raise FHRError(f"sample_bytes={sample_bytes!r}; give 6, 8, 10 or 12")
    if header_bytes not in (None, 0, 4, 8, 12):
        raise FHRError(f"header_bytes={header_bytes!r}; give 0, 4, 8 or 12")
    suffix = take_suffix(path, FHRMA_SUFFIXES, kind="FHRMA recording")
    most = 12 + max(*SAMPLE_BYTES[suffix], sample_bytes or 0, 0) * MAX_SAMPLES
    raw = read_whole(path, limit=most, kind="FHRMA recording")
    layout = layout_of(raw, path, sample_bytes=sample_bytes, header_bytes=header_bytes)
    if columns is not None and channel != "auto":
        raise FHRError(f"channel={channel!r} beside columns; give one of them")
    check_units(units)
    samples = np.frombuffer(raw, layout.sample, offset=layout.header_bytes)
    if len(samples) > MAX_SAMPLES:
        raise FormatError(f"{path}: {len(samples)} samples; an FHRMA recording ends at {MAX_SAMPLES}, split it")
    fields = [name for name in (*_RATES, "toco") if name in (layout.sample.names or ())]
    given = {"fhr": f"FHR{channel}"} if channel != "auto" else columns
    chosen = choose_channels([name.upper() for name in fields], given, roles=SIGNALS, kind="channel", where=str(path))
    sensors, good = _quality(samples, fields)
    stored = [
        StoredChannel(
            one.role, one.name, _scaled(samples[field], 2 if field == "toco" else 4), None, sensors.get(field, "")
        )
        for one in chosen
        for field in (fields[one.position],)
    ]
    for one in stored:
        if one.role != "uc" and len(present := one.values[~np.isnan(one.values)]) >= _SAYS_SOMETHING:
            check_median(present, one.role, said=one.name, where=str(path), remedy=_WRONG)
    signals = assembled(
        stored,
        fs=_FS,
        where=str(path),
        units=units,
        zero_missing=False,
        checked=False,
        remedy="channel=1 or channel=2, or columns={'fhr': 'FHR2'}",
    )
    parameters: dict[str, Any] = {
        "format": "fhrma",
        "timestamp": layout.timestamp,
        "header_bytes": layout.header_bytes,
        "fhr_from": signals.notes.get("fhr_from", [one.name for one in chosen if one.role == "fhr"]),
    }
    taken = {one.position for one in chosen}
    others = [
        name for i, name in enumerate(fields) if i not in taken and name.startswith("fhr") and samples[name].any()
    ]
    if others:
        parameters["left_out"] = [name.upper() for name in others]
    if columns is not None:
        parameters["columns"] = {role: [one.name for one in chosen if one.role == role] for role in SIGNALS}
    parameters |= {key: signals.notes[key] for key in ("units", "converted") if signals.notes.get(key)}
    if "sensors" in signals.notes:
        parameters["sensors"] = signals.notes["sensors"]
    if good:
        parameters["good_quality"] = good
    if "baseline" in (layout.sample.names or ()):
        parameters["left_out"] = [*parameters.get("left_out", ()), "cleaned FHR and baseline of an analysis"]
    if layout.is_guess:
        parameters["guessed"] = ["sample_bytes"]
        parameters["sample_bytes"] = layout.sample.itemsize
        _log.info("%s: read with %d bytes a sample, as its heart rates tell", path, layout.sample.itemsize)
    recording = Recording(
        name=path.stem,
        fhr=signals.fhr,
        uc=signals.uc,
        mhr=signals.mhr,
        fs=_FS,
        source=Source(str(path), "fhrma", hashlib.sha256(raw).hexdigest()),
        history=(Step("read", parameters),),
    )
    if markers is not None:
        return with_stage2(read_fhrma_markers(markers, recording), recording)
    if beside := [path.with_suffix(other) for other in MARKER_SUFFIXES if path.with_suffix(other).is_file()]:
        _log.info("%s: markers lie beside it in %s, and are not read; give markers=%r", path, beside[0], str(beside[0]))
    return recording


def _quality(samples: np.ndarray, fields: Sequence[str]) -> tuple[dict[str, str], dict[str, float]]:
    """Sensor of each channel, and the share of its signal that is of good quality, as far as the quality byte tells."""
    quality = samples["quality"]
    if not quality.any() or (quality & _UNUSED).any():
        return {}, {}
    sensors, good = {}, {}
    for name, (bit, unset, set_) in _SENSOR.items():
        if name not in fields or not (there := samples[name] > 0).any():
            continue
        bits = quality[there]
        found = dict.fromkeys(set_ if one else unset for one in np.unique(bits >> bit & 1))
        sensors[name] = " and ".join(filter(None, found)) if "" not in found else ""
        if name in _GOOD:
            good[name.upper()] = round(float((bits >> _GOOD[name] & 1).mean()), 4)
    return sensors, good


def _scaled(stored: np.ndarray, per_unit: int) -> np.ndarray:
    values = stored.astype(np.float32)
    values *= np.float32(1 / per_unit)  # a power of 2: exact
    values[values == 0] = np.nan
    return values
