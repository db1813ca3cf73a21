"""Plain types out of a file: numbers, lists and tables; whatever else stands there is refused."""

from collections.abc import Mapping
from math import inf, isinf, isnan
from typing import Any

from fhr.errors import FHRError

__all__ = ["plain_names", "plain_number", "plain_numbers", "plain_table"]


def plain_number(
    value: Any, what: str, *, low: float = -inf, high: float = inf, infinite: bool = False, whole: bool = False
) -> float:
    """Check a number; text that looks like one is none, nor is NaN.

    Args:
        value: what the file holds.
        what: its name, for the message.
        low: the least that it may be.
        high: the most that it may be.
        infinite: whether it may be infinite.
        whole: whether it has to be a whole number.

    Raises:
        FHRError: something else.

    Example:
        >>> plain_number(1, "penalty", low=0)
        1.0
    """
    try:
        if isinstance(value, int | float) and not isnan(value) and (infinite or not isinf(value)):
            number = float(value)
            if low <= number <= high and not (whole and number != int(number)):
                return number
    except OverflowError:
        pass
    kind = "whole" if whole else "finite"
    raise FHRError(f"{what} is {_said(value)}; it must be a {kind} number{_between(low, high)}")


def plain_numbers(
    values: Any, what: str, *, n: int | None = None, low: float = -inf, high: float = inf, infinite: bool = False
) -> tuple[float, ...]:
    """Check a list of numbers, see `plain_number`.

    Args:
        values: what the file holds.
        what: its name, for the message.
        n: how many there must be; None for any.
        low: the least that each may be.
        high: the most that each may be.
        infinite: whether they may be infinite.

    Raises:
        FHRError: something else.
    """
    if not isinstance(values, list | tuple) or n not in (None, len(values)):
        raise FHRError(f"{what} is {_said(values)}; it must be a list of {'' if n is None else f'{n} '}numbers")
    return tuple(plain_number(value, what, low=low, high=high, infinite=infinite) for value in values)


def plain_names(values: Any, what: str) -> tuple[str, ...]:
    """Check a list of text that can be printed.

    Raises:
        FHRError: something else.
    """
    if not isinstance(values, list | tuple) or not all(_is_printable(value) for value in values):
        raise FHRError(f"{what} is {_said(values)}; it must be a list of printable text")
    return tuple(values)


def plain_table(value: Any, what: str, *keys: str) -> Mapping[str, Any]:
    """Check a table with these keys and no other; with any keys, if none are given.

    Raises:
        FHRError: something else.
    """
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise FHRError(f"{what} is {_said(value)}; it must be a table")
    if keys and set(value) != set(keys):
        raise FHRError(f"{what} has the keys {_listed(value)}, not {_listed(keys)}")
    return value


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        return repr(value[:40])
    if isinstance(value, float | None) or (isinstance(value, int) and abs(value) < 2**63):
        return repr(value)
    return f"of the type {type(value).__name__}"


def _is_printable(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _between(low: float, high: float) -> str:
    return "" if isinf(low) and isinf(high) else f" from {low:g} to {high:g}"


def _listed(names: Any) -> str:
    return str(sorted(str(name)[:40] for name in names)[:12])
