"""Nested parts of a window: its last minutes, ever fewer of them, and its first parts of 20 min."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .column import Column

__all__ = ["ENOUGH", "LAST", "Part", "filled", "of_each_part", "parts_of", "whole_minutes"]

ENOUGH = 60
"""Measured seconds below which a part has no statistic of its own."""
LAST = (60, 30, 20)
"""Last minutes that most groups look at."""
_FIRST = 20  # min of each first part


class Part(NamedTuple):
    """A part of a window.

    Attributes:
        name: as columns have it: `30` for the last 30 min, `7p5` for 7.5, `first_20` and `second_20`.
        start: min from the start of the window.
        end: min from the start of the window.
        wider: place, among the parts, of the next wider one; None of the whole window.
        words: for descriptions.
    """

    name: str
    start: float
    end: float
    wider: int | None
    words: str


def whole_minutes(n: int, fs: float) -> float:
    """Length, min, of the whole seconds in `n` samples at `fs` Hz: parts are cut between seconds."""
    return int(n / fs + 1e-6) / 60


def parts_of(minutes: float, last: Sequence[float] = LAST, *, first: bool = False) -> tuple[Part, ...]:
    """Parts of a window of `minutes`: the whole, its `last` minutes as far as they are shorter, widest first.

    Args:
        minutes: length of the window, whole seconds.
        last: lengths of the last parts, descending.
        first: with the first and the second 20 min, of a window of 40 min or more.

    Example:
        >>> [part.name for part in parts_of(60, (60, 30, 20), first=True)]
        ['60', '30', '20', 'first_20', 'second_20']
        >>> [part.name for part in parts_of(30, (60, 30, 20), first=True)]
        ['30', '20']
    """
    lengths = [minutes, *(length for length in last if length < minutes)]
    parts = [
        Part(f"{length:g}".replace(".", "p"), minutes - length, minutes, i - 1 if i else None, f"last {length:g} min")
        for i, length in enumerate(lengths)
    ]
    if first and minutes >= 2 * _FIRST:
        for i, name in enumerate(("first", "second")):
            words = f"{name} {_FIRST} of the {minutes:g} min"
            parts.append(Part(f"{name}_{_FIRST}", i * _FIRST, (i + 1) * _FIRST, 0, words))
    return tuple(parts)


def of_each_part(statistics: Sequence[Column], parts: Sequence[Part]) -> tuple[Column, ...]:
    """Columns of every statistic of every part, the statistics of the first part first."""
    return tuple(
        Column(f"{name}_{part.name}", unit, f"{description}; {part.words}")
        for part in parts
        for name, unit, description in statistics
    )


def filled(values: np.ndarray, parts: Sequence[Part]) -> np.ndarray:
    """Statistics of each part, a missing one taken from the next wider part that has it.

    A constant in its place would tell how much signal was lost, and so would the median of other births in the eyes of
    a model that is not a line: it is a place of its own. What the whole window lacks stays missing.

    Args:
        values: (window, part, statistic), NaN is missing; it is filled in place.
        parts: widest first.

    Returns:
        (window, part x statistic), in the order of `of_each_part`.
    """
    for i, part in enumerate(parts):
        if part.wider is not None:
            values[:, i] = np.where(np.isnan(values[:, i]), values[:, part.wider], values[:, i])
    return values.reshape(len(values), values.shape[1] * values.shape[2])
