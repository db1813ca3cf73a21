"""Columns of a table that are not read and yet tell what it is: times, which show gaps, and names of recordings."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from fhr.errors import FormatError

from ..files.regular_file import shown
from .units import SAMPLE, SECONDS

__all__ = ["check_one_recording", "check_unread_times", "seem_times"]

# This package's choices for what counts like a clock.
_FEWEST = 8  # values
_FILLED = 0.9  # of the rows
_REPEATED = 16  # rows of one time
_ALMOST = 0.99  # of the samples that a time is shared by: a missing row would be one more
_EVEN = 0.9  # of the steps and of the rows that share a time, half to three halves of the usual


def seem_times(values: np.ndarray) -> bool:
    """True if values count up or down in nearly even steps, each after as many rows.

    >>> seem_times(np.arange(100) // 4), seem_times(np.sin(np.arange(100)))
    (True, False)
    """
    told = values[np.isfinite(values)]
    steps = np.diff(told)
    moved = np.flatnonzero(steps)
    if len(told) < max(_FEWEST, _FILLED * len(values)) or len(moved) * _REPEATED < len(told) - _REPEATED:
        return False
    return len(moved) >= _FEWEST // 2 and _is_even(steps[moved], 0.0) and _is_even(np.diff(moved), 1.0)


def _is_even(values: np.ndarray, within: float) -> bool:
    usual = np.median(values)
    return bool(np.mean(np.abs(values - usual) <= max(within, abs(usual) / 2)) >= _EVEN)


def check_one_recording(name: str, cells: pd.Series, where: str) -> None:
    """Refuse a column that names recordings, patients or sessions and has several of them; numbers may count the rows.

    Args:
        name: of the column.
        cells: of all rows; blank or NaN where missing.
        where: the file, for messages.

    Raises:
        FormatError: several recordings, one below the other.
    """
    told = cells[cells.notna() & (cells.astype(str).str.strip() != "")]
    found = told.unique()
    counts = len(found) == len(told) and seem_times(pd.to_numeric(told, errors="coerce").to_numpy(np.float64))
    if len(found) > 1 and not counts:
        some = " and ".join(shown(str(one).strip()) for one in found[:2])
        raise FormatError(
            f"{where}: column {shown(name)} names {len(found)} recordings, {some} the first; write a file for each"
        )


def check_unread_times(columns: Iterable[tuple[str | int, np.ndarray]], *, fs: float | None, where: str) -> None:
    """Refuse a column that may hold times, unless its rows are `1/fs` apart in some unit, or counted one by one.

    Args:
        columns: name or position, and values (n,), of those that are not read.
        fs: the sampling rate, Hz, None where it is sought.
        where: the file, for messages.

    Raises:
        FormatError: such a column.
    """
    for name, values in columns:
        if not seem_times(values) or (fs is not None and _are_even(values, fs)):
            continue
        named = shown(name) if isinstance(name, str) else name
        rest = "gives neither time nor fs" if fs is None else f"does not stay {1 / fs:.4g} s from row to row"
        raise FormatError(
            f"{where}: column {named} may be the time, and {rest}; {_way_to_read(name, values[np.isfinite(values)])}, "
            "columns={'time': None} leaves it out"
        )


def _way_to_read(name: str | int, values: np.ndarray) -> str:
    steps = np.diff(values)
    if steps.min() < 0:  # seconds of each minute, say
        return "write times that rise throughout into one column"
    counts = bool((values == np.rint(values)).all()) and np.median(steps) == 1
    count = f", with units={{'time': {SAMPLE!r}}} if it counts samples," if counts else ""
    return f"columns={{'time': {name!r}}}{count} reads it"


def _are_even(values: np.ndarray, fs: float) -> bool:
    """True if no row is missing between the others, whatever the unit; several rows may share one time, evenly."""
    there = np.flatnonzero(np.isfinite(values))
    run, rows = np.abs(values[there] - values[there[0]]), there - there[0]
    steps = np.abs(np.diff(run))
    shared = float(np.median(steps[steps > 0])) if (steps == 0).any() else 0.0
    return any(
        float(np.ptp(run * rate - rows)) < _ALMOST * max(1.0, shared * rate)
        for rate in (1.0, *(seconds * fs for seconds in SECONDS.values()))
    )
