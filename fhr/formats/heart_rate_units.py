"""Units of heart rate: conversion of bpm, Hz or beat intervals in ms to bpm, with one rule for missing samples."""

from collections.abc import Mapping

import numpy as np

from fhr.errors import FormatError

__all__ = ["HEART_RATE_UNITS", "signal"]

HEART_RATE_UNITS = ("bpm", "hz", "ms")
_PLAUSIBLE = (20.0, 300.0)  # bpm; this package's choice: only a wrong unit puts the median of a recording outside


def signal(values: np.ndarray, channel: str, units: Mapping[str, str], *, zero_missing: bool, where: str) -> np.ndarray:
    """Convert one channel to float32: heart rates in bpm, `uc` as it is; NaN is missing, so is 0 if `zero_missing`.

    Args:
        values: (n,), in the file's unit.
        channel: "fhr", "uc" or "mhr".
        units: unit of a heart rate, by channel; for one that is not there, bpm is assumed.
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
        as_stored = values.astype(np.float32)
    if np.isinf(as_stored).any():
        row = int(np.argmax(np.isinf(as_stored))) + 1
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
    return as_stored
