"""Heart rates that no heart has: marks of missing samples, wrong units, two units in one channel.

Of 442 records of CTU-UHB and 812 recordings of FHRMA (Boudet et al. 2020, 2022) none holds a rate below 20 or above
300 bpm. What lies beyond is a mark that an export wrote for a lost sample, or another quantity.
"""

import numpy as np

from fhr.errors import FormatError

from .units import HEART_RATE_UNITS, in_standard_unit

__all__ = ["check_median", "check_rates", "marks_in_activity", "marks_in_rates"]

_LOWEST, _HIGHEST = 20.0, 300.0  # bpm
# bpm, of medians, with room to either side: 81 to 181 in those recordings, of the mother 54 to 157 (one stuck at 240).
_ENOUGH = 60  # values
_MEDIANS = {"fhr": (50.0, 220.0), "mhr": (30.0, 240.0)}
_USUAL = 240.0  # bpm: the highest that the monitors of FHRMA give
_BYTE = 255.0
_FILLS = (1e20, 1e30, 1e35, 1e36, 9.969209968386869e36, float(np.finfo(np.float32).max))  # of NumPy, netCDF and GIS
_BELOW = (-1.0, -9.0, -99.0)  # marks that activity of a few units may be near
_HUGE = 1e15  # beyond it no counter of a monitor reaches, and floats are all whole
_MOST_MARKS = 3
_MOST_SUSPECTS = 100  # different values; more are a wrong unit
_FEW, _SHARE = 5, 0.01  # impossible values that are single errors and stay: as many, or this share; one rate in 100


def marks_in_rates(values: np.ndarray, unit: str) -> list[float]:
    """Find values that stand for missing samples in a heart rate.

    These are negative values, if there are three or fewer different ones; numbers of nines or of set bits (999, 65535,
    the latter also as halves, quarters, tenths or hundredths) and fill values of array libraries, if they are no rate;
    255 in whole numbers, if it stands several times and nothing else is above 240. All are this package's choice.

    Args:
        values: (n,) float, as stored; NaN is missing.
        unit: see `unit_of`.
    """
    if not len(suspects := values[_unusual(values, unit)]):
        return []
    different, counts = np.unique(suspects, return_counts=True)
    negative = different[different < 0]
    marks = [float(value) for value in negative] if len(negative) <= _MOST_MARKS else []
    if len(different) <= _MOST_SUSPECTS:
        marks += [float(value) for value in different[different > 0] if _is_mark(value)]
    above = different[different > _USUAL]
    if unit == "bpm" and _BYTE in above and counts[different == _BYTE] > 1:
        others = values[~np.isnan(values) & ~np.isin(values, marks)]
        if others.max() == _BYTE and (others == np.rint(others)).all() and (others < _BYTE).any():
            marks.append(_BYTE)
    return marks


def marks_in_activity(values: np.ndarray, of_rates: list[float]) -> list[float]:
    """Find values that stand for missing samples in uterine activity, whose scale and sign are not known.

    These are the marks of the heart rates beside it, 255 left out; -1, -9 or -99, if it stands several times and is the
    only negative value; and numbers of nines or set bits of either sign that are twice as far from 0 as any other.
    """
    marks = [mark for mark in of_rates if mark != _BYTE and (values == mark).any()]
    negative = values[values < 0]
    if len(negative) > 1 and negative[0] in _BELOW and (negative == negative[0]).all() and negative[0] not in marks:
        marks.append(float(negative[0]))
    sizes = np.abs(values[np.isfinite(values) & ~np.isin(values, marks)])
    while len(sizes) and _is_mark(largest := sizes.max()) and len(others := sizes[sizes < largest]):
        if largest <= 2 * others.max():
            break
        marks += [float(value) for value in (-largest, largest) if (values == value).any()]
        sizes = others
    return marks


def check_rates(rates: np.ndarray, role: str, unit: str | None, *, said: str, where: str) -> int:
    """Refuse a channel whose median is no heart rate, or of which more than single values are none.

    Args:
        rates: (n,) bpm, NaN is missing.
        role: "fhr" or "mhr".
        unit: that they were converted from; None where it was not said.
        said: the channel, for messages.
        where: the file, for messages.

    Returns:
        Number of values that are no heart rates, and stay.

    Raises:
        FormatError: a wrong unit, two units, or a channel of something else.
    """
    present = rates[~np.isnan(rates)]
    if not len(present):
        return 0
    with np.errstate(invalid="ignore"):
        impossible = (rates < _LOWEST) | (rates > _HIGHEST)
    count, negative = int(impossible.sum()), rates < 0
    stored = f" from {unit}" if unit not in (None, "bpm") else ""
    remedy = (
        f"say its unit in its name, as {role}_bpm, {role}_hz or {role}_ms (interval between beats), or with "
        f"units={{{role!r}: UNIT}}, one of {', '.join(HEART_RATE_UNITS)}, or a multiple as '0.25 bpm'"
    )
    if not negative.any():
        check_median(present, role, said=said, stored=stored, where=where, remedy=remedy)
    if negative.any() or count > max(_FEW, _SHARE * len(present)):
        row = int(np.argmax(negative if negative.any() else impossible))
        raise FormatError(
            f"{where}: {count} of {len(present)} values of {said} are no heart rates, {rates[row]:.4g} bpm{stored} in "
            f"sample {row + 1} the first; write lost samples as blank or NaN, and one unit; or {remedy}"
        )
    return count


def check_median(present: np.ndarray, role: str, *, said: str, where: str, remedy: str, stored: str = "") -> None:
    """Refuse a channel whose median is no heart rate.

    Args:
        present: (n,) bpm, one or more, none missing; of fewer than 60 any rate of a heart may be the median.
        role: "fhr" or "mhr".
        said: the channel, for messages.
        where: the file, for messages.
        remedy: what the user does, for messages.
        stored: words on what the rates were converted from, for messages.

    Raises:
        FormatError: below 50 or above 220 bpm, of the mother's 30 and 240.
    """
    lowest, highest = _MEDIANS[role] if len(present) >= _ENOUGH else (_LOWEST, _HIGHEST)
    median = float(np.median(present))
    if not lowest <= median <= highest:
        raise FormatError(f"{where}: the median of {said} is {median:.4g}{stored}, no heart rate in bpm; {remedy}")


def _unusual(values: np.ndarray, unit: str) -> np.ndarray:
    rates = in_standard_unit(values, "fhr", unit)
    with np.errstate(invalid="ignore"):
        beyond = (rates < _LOWEST) | (rates > _HIGHEST)
        return np.isfinite(values) & (beyond | (values == _BYTE) if unit == "bpm" else beyond)


def _is_mark(value: float) -> bool:
    """True for fill values, numbers of nines from 999, and of set bits from 511, or one more, as they are or scaled."""
    if any(abs(value - fill) <= 1e-6 * fill for fill in _FILLS):
        return True
    for scale in (1, 2, 4, 10, 100) if value < _HUGE else ():
        whole = round(value * scale)
        if abs(value * scale - whole) > 1e-6 * whole:
            continue
        if scale == 1 and whole >= 999 and set(str(whole)) == {"9"}:
            return True
        if whole >= 511 and 0 in (whole & (whole + 1), whole & (whole - 1)):
            return True
    return False
