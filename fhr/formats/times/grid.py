"""Time grid: samples with time stamps of their own, placed on a regular grid; nothing is interpolated.

No row is lost: each has a sample of its own, or the times are refused with what would tell it. With a tolerance, rows
stand for the samples around them.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fhr.errors import FormatError

from ..files.whole_file import MAX_RATE, MAX_SAMPLES, MIN_RATE
from .order import WITHOUT_TIMES, in_order
from .repeated_stamps import refuse_turns, spread
from .sample_positions import irregular, nominal_rate, positions, rate_of
from .units import SAMPLE, SECONDS, guess_unit, refuse_clock_digits

__all__ = ["Grid", "checked_rate", "place"]

_log = logging.getLogger(__name__)

_MIN_STEP, _MAX_STEP = 1e-3, 60.0  # s between two samples
_MAX_EMPTY = 0.1  # more samples without a row than this, at a rate that was guessed, and a warning says so
_REGULAR = 0.01  # samples; stamps within it are said to be regular
_SAME = 1e-7  # relative difference of two rates; less moves a sample of two weeks by half a sample


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


def place(
    time: np.ndarray,
    *,
    unit: str | None,
    fs: float | None,
    tolerance: float | None,
    where: str,
    order: str | None = None,
    began: str | None = None,
    values: Sequence[np.ndarray] = (),
    row_of: Callable[[int], str] | None = None,
) -> Grid:
    """Place time stamps on a regular grid: each row has a sample of its own.

    The rate that is not given is 1 / (mean step between neighbours), a whole number where it is near one; phase and
    drift of the clock are fitted to the stamps. Stamps that stand several times, as those of whole seconds, are spread
    evenly. With a tolerance each sample takes the row that is nearest in time within it, or none, so that sparse rows
    stand for the samples around them.

    Args:
        time: float64 (n,), time stamps in the order of the file.
        unit: one of `TIME_UNITS`; None takes the one that fits.
        fs: rate of the grid, Hz; None takes it from the stamps.
        tolerance: largest distance in time, s, at which a row is taken.
        where: the file, for messages.
        order: "time" sorts the rows; None refuses those that go back in time.
        began: the first time as an ISO date, of stamps that are dates.
        values: channels (n,), which tell samples of one time from copies.
        row_of: the name of a row in the file, from its number here; by default "row 1" for 0.

    Raises:
        FormatError: a stamp that is missing, stands twice or goes back, channels that take turns in rows of their own,
            a unit or a rate that cannot be told or that contradict each other, rows whose sample cannot be told, or a
            grid of more than two weeks at 4 Hz.
        FHRError: an unknown order.
    """
    name_of = row_of or (lambda row: f"row {row + 1}")
    taken, notes = in_order(time, order=order, began=began, row_of=name_of, where=where)
    refuse_turns(values, name_of, where)
    fs = None if fs is None else checked_rate(fs, where)
    stamps = time[taken]
    if unit is None:
        step = _step(np.diff(stamps))
        unit = guess_unit(step, fs=fs, sparse=tolerance is not None, where=where)
        notes["time_unit_guessed"] = unit
    refuse_clock_digits(stamps, unit, where)
    seconds = _seconds(unit, len(stamps), fs, where)
    start, stamps = float(stamps[0]) * seconds, (stamps - stamps[0]) * seconds
    steps = np.diff(stamps)
    usual = _step(steps)
    if fs is None and usual is not None and not _MIN_STEP <= usual <= _MAX_STEP:
        raise FormatError(f"{where}: time steps of {usual:.4g} s; check the times and their unit")

    def sorted_row(row: int) -> str:
        return name_of(int(taken[row]))

    def timed_row(row: int) -> str:
        return f"{time[taken[row]]:.10g} ({sorted_row(row)})"

    if len(steps) and steps.min() == 0:
        _check_size(stamps, fs or 1 / float(steps[steps > 0].min(initial=_MAX_STEP)), where)
        if "rows_sorted" in notes:
            raise FormatError(
                f"{where}: {sorted_row(int(np.argmin(steps)))} and {sorted_row(int(np.argmin(steps)) + 1)} have one "
                f"time, and which comes first cannot be told; keep one row a time, or {WITHOUT_TIMES}"
            )
        index, fs = spread(stamps, fs=fs, tolerance=tolerance, values=values, row_of=timed_row, where=where)
        notes["rows_spread"] = round(len(stamps) / len(np.unique(stamps)), 3)
    elif tolerance is not None:
        return _sparse(stamps, fs, tolerance, taken, start, notes, where)
    else:
        _check_size(stamps, fs or rate_of(stamps) or 0.0, where)
        fit = positions(stamps, fs=fs, row_of=sorted_row, where=where)
        _warn_of_empty(fit.sample, fs is None, fit.fs, where)
        index, fs = fit.sample, fit.fs
        if abs(fit.offset * fs) > _REGULAR:
            start += fit.offset
        notes |= {"jitter_s": round(fit.jitter, 6)} if fit.jitter * fs > _REGULAR else {}
        notes |= {"rate_of_times": fit.rate} if abs(fit.rate / fs - 1) > _SAME else {}
    rows = np.full(_check_samples(int(index[-1]) + 1, where), -1)
    rows[index] = taken
    if empty := len(rows) - len(index):
        notes |= {"rows_unused": 0, "samples_without_row": empty}
    return Grid(rows, checked_rate(fs, where), start, notes)


def _seconds(unit: str, n: int, fs: float | None, where: str) -> float:
    """Seconds of a unit of times; a count of samples needs the rate."""
    if fs is None and n == 1:
        raise FormatError(f"{where}: one row tells no sampling rate; give fs, in Hz")
    if unit != SAMPLE:
        return SECONDS[unit]
    if fs is None:
        raise FormatError(f"{where}: the times count samples and tell no sampling rate; give fs, in Hz")
    return 1 / fs


def _step(steps: np.ndarray) -> float | None:
    """Usual time between rows; several rows of one time share the step to the next."""
    rising = steps[steps > 0]
    if not len(rising):
        return None
    return float(np.median(rising)) * (len(rising) / len(steps))


def _check_size(stamps: np.ndarray, fs: float, where: str) -> None:
    if stamps[-1] * fs >= MAX_SAMPLES:
        raise FormatError(
            f"{where}: {stamps[-1]:.6g} s at {fs:g} Hz are more than {MAX_SAMPLES} samples; check times and unit"
        )


def _check_samples(n: int, where: str) -> int:
    if n > MAX_SAMPLES:
        raise FormatError(f"{where}: {n} samples; a recording has at most {MAX_SAMPLES}, check times, unit and fs")
    return n


def _warn_of_empty(index: np.ndarray, guessed: bool, fs: float, where: str) -> None:
    if guessed and (empty := 1 - len(index) / (int(index[-1]) + 1)) > _MAX_EMPTY:
        _log.warning(
            "%s: at the guessed %g Hz %.0f%% of the samples have no row; if the times are rounded and no row is "
            "missing, give fs",
            *(where, fs, 100 * empty),
        )


def _sparse(
    stamps: np.ndarray,
    fs: float | None,
    tolerance: float,
    taken: np.ndarray,
    start: float,
    notes: dict[str, Any],
    where: str,
) -> Grid:
    """Grid whose samples take the nearest row within the tolerance."""
    guessed = fs is None
    if fs is None:
        fs = checked_rate(nominal_rate(stamps, where), where)
    _check_size(stamps, fs, where)
    grid = np.arange(int(np.rint(stamps[-1] * fs)) + 1) / fs
    after = np.clip(np.searchsorted(stamps, grid), 1, max(len(stamps) - 1, 1))
    after = np.minimum(after, len(stamps) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(grid - stamps[before]) <= np.abs(stamps[after] - grid), before, after)
    taking = np.abs(stamps[nearest] - grid) <= tolerance + 1e-6 / fs  # the last digit of a stamp decides nothing
    unused = len(stamps) - len(np.unique(nearest[taking]))
    if guessed and unused > _MAX_EMPTY * len(stamps):
        raise irregular(stamps, None, where)
    notes |= {"tolerance": tolerance, "rows_unused": unused, "samples_without_row": int((~taking).sum())}
    return Grid(np.where(taking, taken[nearest], -1), fs, start, notes)


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
