"""Positions of time stamps on a regular grid: every row has a sample of its own, and is surely at its place.

Stamps are late by jitter or rounding, clocks run fast or slow, rows are missing. Phase and, where the clock of the
stamps and that of the samples differ, rate of the grid are fitted to all stamps. Where jitter hides which row is
missing, the stamps are refused.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fhr.errors import FormatError

from .order import WITHOUT_TIMES

__all__ = ["Positions", "irregular", "nominal_rate", "positions", "rate_of"]

_WHOLE = 0.005  # a rate within 0.5 % of a whole number of Hz may be that number: stamps are often rounded to 1 ms
_CLOCKS = 0.0005  # two clocks that count the same rate differ by less
_GIVEN = 0.001  # a rate that is given may differ from that of the stamps: 4 s an hour
_NEIGHBOURS = (0.5, 1.75)  # steps in medians: stamps rounded to 0.1 s step by 0.2 and 0.3 at 4 Hz; a gap is 2 or more
_EXACT = 0.25  # samples; stamps within it need no fit; and the part of its jitter that a true rate leaves
_MOST_JITTER = 0.75  # samples; beyond it stamps are irregular
_MOST_SPREAD = 0.25  # samples, standard deviation; that of stamps at any time is 0.29
_SURE, _SURE_ROUNDED = 0.8, 0.9  # samples; a row at a gap is as far from the place beside it, less the others' jitter
_MANY = 100  # rows that show how jitter is spread
_DRIFTS = 0.1  # samples over the longest gap
_TRIALS = 4  # rates, each nearer
_REGULAR = 0.01  # samples; stamps within it tell a rate exactly
_FEW = 0.05  # a rate of few rows is off by less
_DRIFT_ROWS = 256  # of the first stretch in which a rate that is off by `_GIVEN` moves no row to another place
_PERIODIC = 7  # as many single rows missing at even distances are rounding of another rate, or true
_SPACES = 20  # distances, from which their spread is known well
_BLOCK, _LEANING = 32, 0.3  # rows, and samples that their mean may be off where rows came late


class Positions(NamedTuple):
    """Places of rows on a regular grid.

    Attributes:
        sample: int64 (n,), that of each row; the first is 0.
        fs: rate of the grid, Hz.
        rate: rate of the grid by the clock of the stamps, Hz; differs from `fs` where the clocks do.
        offset: time of sample 0 after the first stamp, s.
        jitter: largest distance of a stamp from its sample, s.
    """

    sample: np.ndarray
    fs: float
    rate: float
    offset: float
    jitter: float


def rate_of(stamps: np.ndarray) -> float | None:
    """Rate in Hz that increasing stamps, s, tell: 1 / (mean step between neighbours), None where there are none.

    The steps of 0.5 to 1.75 medians are those between neighbours (this package's choice): stamps that are rounded step
    unevenly, and their median is off.
    """
    steps = np.diff(stamps)
    step = float(np.median(steps))
    usual = (steps > _NEIGHBOURS[0] * step) & (steps < _NEIGHBOURS[1] * step)
    return 1 / float(steps[usual].mean()) if usual.any() else None


def positions(stamps: np.ndarray, *, fs: float | None, row_of: Callable[[int], str], where: str) -> Positions:
    """Positions of increasing stamps.

    Args:
        stamps: float64 (n,), s, from 0.
        fs: rate, Hz; None takes that of the stamps, a whole number where it is near one.
        row_of: the name of a row, for messages.
        where: the file, for messages.

    Raises:
        FormatError: a rate that the stamps contradict or do not tell, stamps too irregular to have places.
    """
    told = rate_of(stamps) if len(stamps) > 1 else None
    nominal = nominal_rate(stamps, where) if fs is None else fs
    fit = _steady(stamps, _fitted(stamps, nominal))
    if fit is None and told is not None:
        fit = _steady(stamps, _drifting(stamps, told if fs is None else fs))
    if fit is not None and fs is None:
        if told is not None and told != nominal and fit.jitter * nominal > _REGULAR:
            exact = _steady(stamps, _fitted(stamps, told))
            fit = exact if exact is not None and exact.jitter < _EXACT * fit.jitter else fit
        nominal, fit = _named(stamps, fit, nominal)
    if fit is None or abs(fit.rate / nominal - 1) > max(_GIVEN, _uncertainty(fit)):
        raise irregular(stamps, fs, where)
    if fs is None:
        _refuse_rounded(stamps, fit.sample, nominal, row_of, where)
    elif len(stamps) > 1 and _usual_step(fit.sample) > 1:
        raise irregular(stamps, fs, where)
    return fit._replace(fs=nominal)


def nominal_rate(stamps: np.ndarray, where: str) -> float:
    """Rate that increasing stamps tell, a whole number of Hz where it is within 0.5 % of one.

    Raises:
        FormatError: steps that tell none.
    """
    rate = rate_of(stamps)
    if rate is None:
        steps = np.diff(stamps)
        raise FormatError(
            f"{where}: time steps from {steps.min():.4g} to {steps.max():.4g} s and none between tell no sampling "
            "rate; give fs, in Hz"
        )
    return _whole(rate, _WHOLE)


def _whole(rate: float, within: float) -> float:
    return float(round(rate)) if round(rate) and abs(rate / round(rate) - 1) <= within else rate


def _uncertainty(fit: Positions) -> float:
    """Relative error that the jitter leaves in the rate of stamps of which few are missing."""
    return min(_WHOLE, 2 * fit.jitter * fit.rate / max(int(fit.sample[-1]), 1))


def _named(stamps: np.ndarray, fit: Positions, nominal: float) -> tuple[float, Positions | None]:
    """The rate to give a grid of a rate that was guessed, and its positions: a whole number if it may be one."""
    if nominal == round(nominal) and abs(fit.rate / nominal - 1) <= _CLOCKS:
        return nominal, fit
    if fit.rate == nominal and not fit.jitter * fit.rate > _REGULAR:
        return nominal, fit
    apart = np.diff(fit.sample)
    within = 4 * fit.jitter * fit.rate / int((apart == 1).sum() + 1)
    whole = float(round(fit.rate))
    if (
        whole
        and abs(whole / fit.rate - 1) <= min(max(within, _CLOCKS), _FEW)
        and (again := _steady(stamps, _fitted(stamps, whole)))
    ):
        return whole, again
    if int(apart.max()) * within > _EXACT:
        return nominal, None  # the samples of the longest gap cannot be counted
    within = _uncertainty(fit)
    shortest = next((r for r in (round(fit.rate, n) for n in range(1, 7)) if abs(r / fit.rate - 1) <= within), fit.rate)
    return shortest, fit


def _steady(stamps: np.ndarray, fit: Positions | None) -> Positions | None:
    """Positions that stamps do not lead away from within stretches, else those at the rate they have there.

    The samples of a gap are counted in that rate.
    """
    for _ in range(_TRIALS):
        if fit is None or (longest := int(np.diff(fit.sample).max(initial=1))) == 1:
            return fit
        run = np.concatenate([[0], np.cumsum(np.diff(fit.sample) > 3)])
        size = np.bincount(run)
        index, error = (
            values - (np.bincount(run, values) / size)[run]
            for values in (fit.sample.astype(np.float64), stamps * fit.rate - fit.sample)
        )
        slope = float(index @ error) / max(float(index @ index), 1.0)
        if abs(slope) * longest < _DRIFTS or abs(slope) < 4 * float(error.std()) / np.sqrt(float(index @ index)):
            return fit
        fit = _fitted(stamps, fit.rate / (1 + slope))
    return None


def _fitted(stamps: np.ndarray, rate: float) -> Positions | None:
    """Positions at a rate, with the phase that fits; None where a row has no sure place."""
    places = stamps * rate
    index = np.rint(places)
    error, turn = places - index, 0.0
    if np.abs(error).max() > _EXACT:
        turn = np.angle(np.exp(2j * np.pi * places).mean()) / (2 * np.pi)
        index = np.rint(places - turn)
        error = places - index
    leaning = False
    if len(index) > 1 and (np.diff(index) < 1).any():
        # Rows that came late crowd the next sample: the increasing positions that are nearest to all (least squares).
        count = np.arange(len(index))
        index = np.rint(_rising(places - turn - count)) + count
        error, leaning = places - index, True
    phase = float(np.median(error))
    error = error - phase
    if not _sure(index, error, leaning):
        return None
    first = int(index[0])
    offset = (first + phase) / rate
    return Positions((index - first).astype(np.int64), rate, rate, offset, float(np.abs(error).max()) / rate)


def _rising(values: np.ndarray) -> np.ndarray:
    """The values nearest to given ones that do not fall (least squares)."""
    from scipy.optimize import isotonic_regression  # a third of a second, for crowded stamps only

    return np.asarray(isotonic_regression(values).x)


def _sure(index: np.ndarray, error: np.ndarray, leaning: bool) -> bool:
    """True if no row could as well stand one place further on."""
    far = np.abs(error)
    spread = float(error.std())
    most = float(far.max()) * (1 + 5 / np.sqrt(len(far)))  # few rows show little of the jitter
    if most > _MOST_JITTER or spread > _MOST_SPREAD:
        return False
    if leaning:
        blocks = np.add.reduceat(error, np.arange(0, len(error), _BLOCK))
        rows = np.diff(np.append(np.arange(0, len(error), _BLOCK), len(error)))
        if (np.abs(blocks / rows)[rows == _BLOCK] > _LEANING).any():
            return False
    gaps = np.flatnonzero(np.diff(index) > 1)
    if not len(gaps):
        return True
    beside = max(float(far[gaps].max()), float(far[gaps + 1].max()))
    rounded = float(far.max()) < 2 * spread and len(far) > _MANY  # of even spread, which ends there
    return beside + most <= (_SURE_ROUNDED if rounded else _SURE)


def _drifting(stamps: np.ndarray, rate: float) -> Positions | None:
    """Positions at a rate that is fitted by least squares, in stretches that double, from the first rows."""
    n, fitted, begin = min(_DRIFT_ROWS, len(stamps)), rate, 0.0
    while True:
        places = (stamps[:n] - begin) * fitted
        index = np.rint(places - np.angle(np.exp(2j * np.pi * places).mean()) / (2 * np.pi))
        if (np.diff(index) < 1).any():
            count = np.arange(n)
            index = np.rint(_rising(places - count)) + count
        if index[-1] == index[0]:
            return None
        centred = index - index.mean()
        slope = float(centred @ stamps[:n]) / float(centred @ centred)
        begin = float(stamps[:n].mean()) - slope * float(index.mean())
        spread = float(np.std(stamps[:n] - begin - slope * index)) / slope
        fitted = 1 / slope
        if n == len(stamps):
            return _fitted(stamps, fitted)
        wider = min(2 * n, len(stamps))
        longest = float(np.diff(stamps[n - 1 : wider]).max()) * fitted
        if 3 * spread * np.sqrt(12) * max(longest, wider - n) / n**1.5 > _EXACT:
            return None  # the rate is not known well enough to count the samples that are missing
        n = wider


def _usual_step(index: np.ndarray) -> int:
    """The commonest distance between rows, in samples."""
    return int(np.bincount(np.minimum(np.diff(index), 1000)).argmax())


def _refuse_rounded(stamps: np.ndarray, index: np.ndarray, fs: float, row_of: Callable[[int], str], where: str) -> None:
    """Refuse a rate that was guessed where single rows are missing evenly, as where stamps of another are rounded."""
    apart = np.diff(index)
    single = np.flatnonzero((apart == 2) | (apart == 3))
    between = np.diff(single)
    if len(between) < _PERIODIC:
        return
    low, middle, high = np.quantile(between, (0.25, 0.5, 0.75))
    if high - low <= (0.5 if len(between) < _SPACES else 0.75) * middle or _even(stamps, apart):
        usual = float(between[between <= 2 * middle].mean())
        other = _whole(fs * usual / (usual + 1), 4 * _WHOLE)
        raise FormatError(
            f"{where}: the times fit {fs:g} Hz with a row missing after every {usual:.3g}, the first after "
            f"{row_of(int(single[0]))}, and, rounded, about {other:.3g} Hz with none; give fs, in Hz"
        )


def _even(stamps: np.ndarray, apart: np.ndarray) -> bool:
    """True if the rows of the longest stretch stand evenly in it, to a sample."""
    ends = np.flatnonzero(np.concatenate([[True], apart > 3, [True]]))
    longest = int(np.argmax(np.diff(ends)))
    run = stamps[ends[longest] : ends[longest + 1]]
    if len(run) < 4 * _PERIODIC:
        return False
    count = np.arange(len(run))
    slope, begin = np.polyfit(count, run, 1)
    return bool(np.ptp((run - begin) / slope - count) < 1 + _REGULAR)


def irregular(stamps: np.ndarray, fs: float | None, where: str) -> FormatError:
    """The error for increasing stamps whose rows have no sure sample at the rate that was given, or at any."""
    steps = np.diff(stamps)
    told = rate_of(stamps) if len(steps) else None
    if fs is not None and told is not None and abs(told / fs - 1) > _GIVEN:
        return FormatError(
            f"{where}: fs={fs:g} contradicts the times, which step by {1 / told:.4g} s, {told:.4g} Hz; leave fs out or "
            "correct it or the unit of the times, give tolerance, the seconds that a row stands for, or "
            f"{WITHOUT_TIMES}"
        )
    return FormatError(
        f"{where}: the times are irregular (steps from {steps.min():.4g} to {steps.max():.4g} s), and the sample of "
        "each row cannot be told; give fs, the rate in Hz to place them at, and tolerance, the seconds that a value "
        f"holds, or {WITHOUT_TIMES}"
    )
