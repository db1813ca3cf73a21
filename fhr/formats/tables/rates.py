"""Sampling rate that a text table says itself: in the lines above its header, or in a column that repeats it."""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from ..channels.names import guess_channels
from ..channels.units import unit_of
from ..files.regular_file import cut
from .layout import Layout
from .values import texts_in

__all__ = ["StatedRate", "stated_rate"]

_VALUE = re.compile(r"(\d{1,6}(?:[.,]\d{1,6})?)\s*(\S.*)?")
_LONGEST = 200  # characters of a line


class StatedRate(NamedTuple):
    """Sampling rate in Hz, and the words that say it."""

    fs: float
    words: str


def stated_rate(layout: Layout, taken: Collection[int]) -> StatedRate | None:
    """The sampling rate that a table says; None where it says none.

    Args:
        layout: of the table.
        taken: positions of the columns that are read.
    """
    for name, value in (*_lines(layout), *_columns(layout, taken)):
        match = _VALUE.fullmatch(value)
        if match and _is_rate(name) and (not match[2] or unit_of(match[2], "fs")):
            rate = float(match[1].replace(",", "."))
            return StatedRate(rate, cut(f"{name}: {value}"))
    return None


def _lines(layout: Layout) -> Iterator[tuple[str, str]]:
    signs = re.escape(layout.separator.strip())
    for line in (*layout.comments, *layout.above):
        cells = [cell.strip(' "#') for cell in re.split(rf"[:=;\t{signs}]", line[:_LONGEST])]
        if len(words := [cell for cell in cells if cell]) > 1:
            yield words[0], words[1]


def _columns(layout: Layout, taken: Collection[int]) -> Iterator[tuple[str, str]]:
    for position, name in enumerate(layout.names):
        if position not in taken and _is_rate(name) and len(found := texts_in(layout, position)) == 1:
            yield name, found[0].strip()


def _is_rate(name: str) -> bool:
    return "fs" in guess_channels([name[:_LONGEST]], where="") and name.lower() != "frequency"  # of the mains, say
