"""Units of time columns: seconds in each, and the unit that fits where the file does not say it."""

import numpy as np

from fhr.errors import FormatError

__all__ = ["SAMPLE", "SECONDS", "TIME_UNITS", "guess_unit", "refuse_clock_digits"]

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0, "day": 86_400.0}
SAMPLE = "sample"  # a count of samples, 1 / fs apart
TIME_UNITS = (*SECONDS, SAMPLE)
_USUAL = (0.1, 2.0)  # s between samples of recordings of heart rates
_PLAIN = ("s", "ms")  # told from the step alone
_MINUTE, _JUMP = 60.0, 40.0
_ROUGHLY = 2.0  # units differ by 24 at least: a step that is off by rounding decides nothing


def guess_unit(step: float | None, *, fs: float | None, sparse: bool, where: str) -> str:
    """Unit of times that fits their step, and the sampling rate where it is given.

    Without a rate steps of 0.1 to 2 are s, those of 100 to 2000 ms. With a rate it is the unit in which they are 1/fs.

    Args:
        step: between samples, in the unit that is sought; None for a single row.
        fs: the rate that was given, Hz.
        sparse: whether the rows stand for more than a sample, so that their step says nothing of the rate.
        where: the file, for messages.

    Raises:
        FormatError: no unit fits, or several would.
    """
    if step is None:
        return "s"
    if fs is not None and not sparse:
        fits = [unit for unit, seconds in SECONDS.items() if 1 / _ROUGHLY < step * seconds * fs < _ROUGHLY]
        if fits:
            return fits[0]
        rates = ", ".join(f"{1 / (step * SECONDS[unit]):.4g} Hz in {unit}" for unit in _possible(step))
        raise FormatError(
            f"{where}: time steps of {step:.4g} are 1/fs at fs={fs:g} in no unit ({rates or 'in none a usual rate'}); "
            f"leave fs out or correct it, say units={{'time': {SAMPLE!r}}} for a count of samples, or give tolerance, "
            "the seconds that a row stands for"
        )
    for unit in _PLAIN:
        if _usual(step, unit):
            return unit
    fits = [f"{unit!r} ({1 / (step * SECONDS[unit]):.4g} Hz)" for unit in _possible(step)]
    raise FormatError(
        f"{where}: time steps of {step:.4g}; say their unit with units={{'time': 's'}}, 'ms' or 'min'"
        + (f"; {' or '.join(fits)} would fit" if fits else "")
    )


def refuse_clock_digits(time: np.ndarray, where: str) -> None:
    """Refuse numbers whose last two digits never pass 59: `20240315100000.25` and `100000.25` are clocks, no seconds.

    Raises:
        FormatError: such numbers, of a minute or more.
    """
    steps = np.diff(time)
    if not len(steps) or float(time.min()) < 0 or float((time % 100).max()) >= _MINUTE:
        return
    if ((steps > _JUMP) & (steps < _JUMP + _USUAL[1])).any():  # from 59 to 100
        raise FormatError(
            f"{where}: times as {time[0]:.15g} are no seconds, since their last two digits stay below 60; write them "
            "as 10:00:00 or 2024-03-15 10:00:00, or say their unit with units={'time': 'ms'} if they have another"
        )


def _usual(step: float, unit: str) -> bool:
    seconds = step * SECONDS[unit]
    return _USUAL[0] * (1 - 1e-9) <= seconds <= _USUAL[1] * (1 + 1e-9)


def _possible(step: float) -> list[str]:
    return [unit for unit in SECONDS if _usual(step, unit)]
