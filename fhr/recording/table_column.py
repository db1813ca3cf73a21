"""Columns of the tables that are written: the one place where each says its unit, its meaning and how it is rounded."""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

__all__ = ["PATH", "RECORD", "TableColumn", "column_names"]


class TableColumn(NamedTuple):
    """A column of a table.

    Attributes:
        name: as in the header; `<...>` stands for a word, where several columns are alike.
        meaning: one line.
        unit: such as "bpm"; empty for none.
        type: text, number, integer, or flag, which is 1 for yes and 0 for no.
        digits: decimals of a number in a CSV; None for all. The tables of the Python API keep all of them.
        values: that occur, where there are few.
        empty: when the cell is empty; empty for never.
    """

    name: str
    meaning: str
    unit: str = ""
    type: Literal["text", "number", "integer", "flag"] = "text"
    digits: int | None = None
    values: str = ""
    empty: str = ""

    @property
    def is_one(self) -> bool:
        """True where there is one column of the kind."""
        return "<" not in self.name

    def describes(self, name: str) -> bool:
        """Tell whether a column of a table is meant.

        >>> TableColumn("kind_<k>", "probability of the kind").describes("kind_2")
        True
        """
        return name == self.name or bool(re.fullmatch(re.sub(r"<\w+>", r"[\\w.]+", self.name), name))


RECORD = TableColumn("record", "name of the recording")
PATH = TableColumn(
    "path",
    "where the recording was read from, as it was given on the command line; a WFDB record without its suffix",
    empty="not read from a file",
)
"""The key of every table with rows about recordings is `record` and `path`: tables of one folder join by both."""


def column_names(columns: Iterable[TableColumn]) -> tuple[str, ...]:
    """Names of columns, in order."""
    return tuple(column.name for column in columns)
