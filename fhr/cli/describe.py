"""`--describe`: the data dictionary of the tables of a verb, as CSV, and nothing else."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fhr.recording import TableColumn

__all__ = ["DESCRIPTION", "add_describe", "described"]

Tables = Callable[[], Mapping[str, Sequence[TableColumn]]]

DESCRIPTION = ("table", "column", "type", "unit", "decimals", "meaning", "values", "empty")
"""Columns of the data dictionary."""


def add_describe(parser: argparse.ArgumentParser, tables: Tables) -> None:
    """Add the option, which ends the verb as `--help` does; `tables` gives the columns by the name of the table."""
    parser.add_argument(
        "--describe",
        action=_Describe,
        nargs=0,
        tables=tables,
        help="write what each column means, with its type, unit and decimals, as CSV to stdout, and end",
    )


def described(tables: Mapping[str, Sequence[TableColumn]]) -> list[dict[str, Any]]:
    """A row a table and column, see `DESCRIPTION`."""
    return [
        {
            "table": table,
            "column": column.name,
            "type": column.type,
            "unit": column.unit,
            "decimals": "" if column.digits is None else column.digits,
            "meaning": column.meaning,
            "values": column.values,
            "empty": column.empty or "never",
        }
        for table, columns in tables.items()
        for column in columns
    ]


class _Describe(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, *, tables: Tables, **others: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, default=argparse.SUPPRESS, **others)
        self._tables = tables

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import csv

        writer = csv.DictWriter(sys.stdout, DESCRIPTION, lineterminator="\n")
        writer.writeheader()
        writer.writerows(described(self._tables()))
        parser.exit()
