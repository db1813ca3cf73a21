"""Columns of a feature table: name, unit and description."""

from typing import NamedTuple

__all__ = ["Column"]


class Column(NamedTuple):
    """A named number of a window.

    Attributes:
        name: as in the table, such as `sample_entropy`.
        unit: "bpm", "ms", ...; "1" for none.
        description: one line.
    """

    name: str
    unit: str
    description: str
