"""Units of the channels: heart rates from bpm, Hz or beat intervals in ms to bpm, uterine activity from kPa to mmHg.

What has no unit that is known here stays as it is stored. There is one rule for missing samples.
"""

from collections.abc import Mapping

import numpy as np

from fhr.errors import FormatError

__all__ = ["ACTIVITY_UNITS", "HEART_RATE_UNITS", "MMHG_PER_KPA", "converted", "signal"]

HEART_RATE_UNITS = ("bpm", "hz", "ms")
ACTIVITY_UNITS = ("mmhg", "kpa")
MMHG_PER_KPA = 7.50062
_PLAUSIBLE = (20.0, 300.0)  # bpm; this package's choice: only a wrong unit puts the median of a recording outside


def signal(values: np.ndarray, channel: str, units: Mapping[str, str], *, zero_missing: bool, where: str) -> np.ndarray:
    """Convert one channel to float32: heart rates to bpm, `uc` in kPa to mmHg and in any other unit left as it is.

    NaN is missing, so is 0 if `zero_missing`.

    Args:
        values: (n,), in the file's unit.
        channel: "fhr", "uc" or "mhr".
        units: unit by channel; for a heart rate that is not there, bpm is assumed.
        zero_missing: whether 0 marks a missing sample.
        where: the file, for messages.

    Raises:
        FormatError: an infinite value, or a median that is no heart rate; one that is stated to be bpm is not checked.
    """
    values = np.asarray(values, np.float64).copy()
    if zero_missing:
        values[values == 0] = np.nan
    unit = units.get(channel, "bpm")
    if channel != "uc" and unit != "bpm":
        with np.errstate(divide="ignore", over="ignore"):
            values = values * 60 if unit == "hz" else 60_000 / values
    with np.errstate(over="ignore"):
        if channel == "uc" and unit == "kpa":
            values = values * MMHG_PER_KPA
        single = values.astype(np.float32)
    if np.isinf(single).any():
        row = int(np.argmax(np.isinf(single))) + 1
        raise FormatError(f"{where}: {channel} is infinite in row {row}; leave missing values blank")
    present = values[~np.isnan(values)]
    if channel != "uc" and (unit != "bpm" or channel not in units) and len(present):
        median = float(np.median(present))
        if not _PLAUSIBLE[0] <= median <= _PLAUSIBLE[1]:
            stored = "" if unit == "bpm" else f" from {unit}"
            raise FormatError(
                f"{where}: the median of {channel} is {median:.4g}{stored}, no heart rate in bpm; say its unit "
                f"in its name, as {channel}_bpm, {channel}_hz or {channel}_ms (interval between beats), or of a table "
                f"with units={{{channel!r}: 'hz'}}"
            )
    return single


def converted(units: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Note for the history on uterine activity that was converted; empty where none was.

    >>> converted({"fhr": "bpm", "uc": "kpa"})
    {'converted': {'uc': 'kPa to mmHg'}}
    """
    return {"converted": {"uc": "kPa to mmHg"}} if units.get("uc") == "kpa" else {}
