"""Units of time columns: seconds in each, and the unit that fits where the file does not say it."""

import numpy as np

from fhr.errors import FormatError

__all__ = ["SAMPLE", "SECONDS", "TIME_UNITS", "guess_unit", "refuse_clock_digits"]

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0, "day": 86_400.0}
SAMPLE = "sample"  # a count of samples, 1 / fs apart
TIME_UNITS = (*SECONDS, SAMPLE)
_USUAL = (0.1, 2.0)  # s between samples of recordings of heart rates
_PLAIN = ("s", "ms")  # told from the step alone
_MINUTE, _JUMP, _MOST_JUMP, _LAST = 60.0, 40.0, 42.0, 58.0  # from 59 to 100, by steps of 2 s at most
_CLOCK_DIGITS = {  # what makes the last digits whole, the unit that they are not of, how to write them, and to say it
    "s": ((1, "seconds", "10:00:00 or 2024-03-15 10:00:00", "'ms'} if they have another"),),
    "min": ((100, "minutes", "0:59 or 0:00:59", "'mm:ss'} in a table"),),
    "h": ((10_000, "hours", "0:59:59", "'s'} if they have another"), (100, "hours", "0:59", "'hh:mm'} in a table")),
}
_DIGITS = 6  # beside the last two
_WHOLE = 0.01  # numbers of samples step by 1
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
        ways = ["correct fs, or say the unit of the times with units={'time': UNIT} and leave fs out"]
        if any(_usual(step, unit) for unit in _PLAIN):
            ways = ["leave fs out or correct it"]
        if abs(step - 1) < _WHOLE:
            ways.append(f"say units={{'time': {SAMPLE!r}}} for a count of samples")
        raise FormatError(
            f"{where}: time steps of {step:.4g} are 1/fs at fs={fs:g} in no unit ({rates or 'in none a usual rate'}); "
            f"{', '.join(ways)}, or give tolerance, the seconds that a row stands for"
        )
    for unit in _PLAIN:
        if _usual(step, unit):
            return unit
    fits = [f"{unit!r} ({1 / (step * SECONDS[unit]):.4g} Hz)" for unit in _possible(step)]
    raise FormatError(
        f"{where}: time steps of {step:.4g}; say their unit with units={{'time': 's'}}, 'ms' or 'min'"
        + (f"; {' or '.join(fits)} would fit" if fits else "")
    )


def refuse_clock_digits(time: np.ndarray, unit: str, where: str) -> None:
    """Refuse numbers with two digits that never pass 59: 100000.25 s, or 0.59 and 1.00 min, are clocks.

    Raises:
        FormatError: such numbers, of a minute or more.
    """
    if len(time) < 2 or float(time.min()) < 0:
        return
    for scale, name, clock, unit_to_say in _CLOCK_DIGITS.get(unit, ()):
        digits = time if scale == 1 else np.round(time * scale, _DIGITS)  # 14 digits are not rounded without loss
        steps, last = np.diff(digits), digits % 100
        jumps = (steps > _JUMP) & (steps <= _MOST_JUMP) & (last[:-1] >= _LAST)
        if float(last.max()) < _MINUTE and jumps.any():
            row = int(np.argmax(jumps))
            raise FormatError(
                f"{where}: times as {time[0]:.15g} are no {name}, since their last two digits stay below 60 "
                f"({time[row]:.15g} is followed by {time[row + 1]:.15g}); write them as {clock}, or say their unit "
                f"with units={{'time': {unit_to_say}"
            )


def _usual(step: float, unit: str) -> bool:
    seconds = step * SECONDS[unit]
    return _USUAL[0] * (1 - 1e-9) <= seconds <= _USUAL[1] * (1 + 1e-9)


def _possible(step: float) -> list[str]:
    return [unit for unit in SECONDS if _usual(step, unit)]
