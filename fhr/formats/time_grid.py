"""Time grid: samples with time stamps of their own, placed on a regular grid; nothing is interpolated."""

import logging
from typing import Any, NamedTuple

import numpy as np

from fhr.errors import FormatError

from .whole_file import MAX_RATE, MAX_SAMPLES, MIN_RATE

__all__ = ["SECONDS", "Grid", "checked_rate", "place"]

_log = logging.getLogger(__name__)

SECONDS = {"s": 1.0, "ms": 1e-3, "min": 60.0}
_MAX_TIME = 1e20  # in any unit: beyond it no clock counts
_WHOLE = 0.005  # a rate within 0.5 % of a whole number of Hz is that number: stamps are often rounded to 1 ms
_MIN_STEP, _MAX_STEP = 1e-3, 60.0  # s between two samples
_NEIGHBOURS = (0.5, 1.75)  # steps in medians: stamps rounded to 0.1 s step by 0.2 and 0.3 at 4 Hz; a gap is 2 or more
_MAX_UNUSED = 0.1  # more rows without a place than this, at a rate that was guessed, and the guess is refused


class Grid(NamedTuple):
    """Rows of a table on a regular grid.

    Attributes:
        rows: for each sample of the grid the row it takes, -1 for none.
        fs: sampling rate of the grid, Hz.
        start: time of the first sample in the table's own clock, s.
        notes: what was done, for the history; empty for stamps that were regular.
    """

    rows: np.ndarray
    fs: float
    start: float
    notes: dict[str, Any]


def place(time: np.ndarray, *, unit: str | None, fs: float | None, tolerance: float | None, where: str) -> Grid:
    """Place time stamps on a regular grid: each sample takes the row nearest in time within the tolerance, or none.

    The rate that is not given is 1 / (mean step between neighbours), a whole number where it is within 0.5 % of one;
    the steps of 0.5 to 1.75 medians are those between neighbours (this package's choice): stamps that are rounded
    step unevenly, and their median is off. Rows out of order are sorted. A unit that is not given is s for a median
    step of 0.1 to 2 and ms for 100 to 2000.

    Args:
        time: float64 (n,), time stamps.
        unit: "s", "ms" or "min"; None guesses.
        fs: rate of the grid, Hz; None takes it from the stamps.
        tolerance: largest distance in time, s, at which a row is taken; None takes half a step of the grid.
        where: the file, for messages.

    Raises:
        FormatError: a stamp that is missing or stands twice, a unit or a rate that cannot be told, or a grid of more
            than two weeks at 4 Hz.
    """
    told = np.abs(time) < _MAX_TIME
    if not told.all():
        raise FormatError(
            f"{where}: row {int(np.argmin(told)) + 1} has no time; remove the row, or read without the "
            "times (columns={'time': None}) at a known fs"
        )
    order = np.argsort(time, kind="stable")
    stamps = time[order]
    steps = np.diff(stamps)
    if len(steps) and steps.min() == 0:
        raise FormatError(
            f"{where}: the time {stamps[int(np.argmin(steps))]:.10g} stands twice; keep one row a time, or read "
            "without the times (columns={'time': None}) at a known fs"
        )
    step = float(np.median(steps)) if len(steps) else None
    notes: dict[str, Any] = {}
    if unit is None:
        unit = _guess_unit(step, where)
        notes["time_unit_guessed"] = unit
    if (order != np.arange(len(order))).any():
        notes["rows_sorted"] = True
    start, stamps = float(stamps[0]) * SECONDS[unit], (stamps - stamps[0]) * SECONDS[unit]
    guessed = fs is None
    if fs is None:
        if step is None:
            raise FormatError(f"{where}: one row tells no sampling rate; give fs, in Hz")
        if not _MIN_STEP <= (seconds := step * SECONDS[unit]) <= _MAX_STEP:
            raise FormatError(f"{where}: time steps of {seconds:.4g} s; check the times and their unit")
        usual = (steps > _NEIGHBOURS[0] * step) & (steps < _NEIGHBOURS[1] * step)
        if not usual.any():
            raise FormatError(
                f"{where}: time steps from {steps.min():.4g} to {steps.max():.4g} {unit} and none between tell no "
                "sampling rate; give fs, in Hz"
            )
        fs = 1 / (float(steps[usual].mean()) * SECONDS[unit])
        fs = float(round(fs)) if round(fs) and abs(fs / round(fs) - 1) <= _WHOLE else fs
    fs = checked_rate(fs, where)
    if stamps[-1] * fs >= MAX_SAMPLES:
        raise FormatError(
            f"{where}: {stamps[-1]:.6g} s at {fs:g} Hz are more than {MAX_SAMPLES} samples; check times and unit"
        )
    grid = np.arange(int(np.rint(stamps[-1] * fs)) + 1) / fs
    after = np.clip(np.searchsorted(stamps, grid), 1, max(len(stamps) - 1, 1))
    after = np.minimum(after, len(stamps) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(grid - stamps[before]) <= np.abs(stamps[after] - grid), before, after)
    reach = 0.5 / fs if tolerance is None else tolerance
    distance = np.abs(stamps[nearest] - grid)
    taken = distance <= reach + 1e-6 / fs  # the last digit of a stamp decides nothing
    unused = len(stamps) - len(np.unique(nearest[taken]))
    if guessed and unused > _MAX_UNUSED * len(stamps):
        raise FormatError(
            f"{where}: the times are irregular (steps from {steps.min():.4g} to {steps.max():.4g} {unit}); give fs, "
            "the rate in Hz to place them at, and tolerance, the seconds that a value holds"
        )
    if guessed and (empty := 1 - float(taken.mean())) > _MAX_UNUSED:
        _log.warning(
            "%s: at the guessed %g Hz %.0f%% of the samples have no row; if the times are rounded and no row is "
            "missing, give fs",
            *(where, fs, 100 * empty),
        )
    if unused or not taken.all() or distance.max() > 0.01 / fs:
        notes |= {"tolerance": reach, "rows_unused": unused, "samples_without_row": int((~taken).sum())}
    return Grid(np.where(taken, order[nearest], -1), fs, start, notes)


def checked_rate(fs: float, where: str) -> float:
    """Check a sampling rate in Hz.

    Raises:
        FormatError: what is no positive number, or a rate that no device has.
    """
    if not isinstance(fs, int | float | np.number) or not MIN_RATE <= fs <= MAX_RATE:
        raise FormatError(
            f"{where}: sampling rate fs={fs!r}; it must be a positive number of Hz, {MIN_RATE:g} to {MAX_RATE:g}"
        )
    return float(fs)


def _guess_unit(step: float | None, where: str) -> str:
    if step is None or 0.1 <= step <= 2:
        return "s"
    if 100 <= step <= 2000:
        return "ms"
    raise FormatError(f"{where}: time steps of {step:.4g}; say their unit with units={{'time': 's'}}, 'ms' or 'min'")
