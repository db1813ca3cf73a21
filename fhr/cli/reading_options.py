"""Options on how recordings are read, the same of every verb that reads some: `--columns fhr=HR1,uc=TOCO --fs 4`."""

import argparse
import re
from collections.abc import Sequence
from typing import Any

from fhr.errors import FHRError

__all__ = ["READING", "add_outcomes", "add_reading", "how_read", "reading_of"]

READING = ("--columns", "--units", "--fs", "--header-row")
"""Options that say how a file is read."""
_NEXT = re.compile(r",(?=[a-z]\w*=)")  # names of columns may hold commas


def add_reading(parser: argparse.ArgumentParser, *, folders: bool = True) -> None:
    """Add the options.

    Args:
        parser: of the verb.
        folders: whether it takes folders.
    """
    group = parser.add_argument_group("how recordings are read", "what is not given is guessed, and told with -v")
    group.add_argument(
        "--columns",
        action="append",
        metavar="CHANNEL=NAME",
        help="columns, variables or signals of fhr, uc, mhr, time, by name or position (from 0), such as "
        "fhr=HR1,uc=TOCO; uc= leaves a channel out",
    )
    group.add_argument(
        "--units", action="append", metavar="CHANNEL=UNIT", help="of the channels, such as fhr=hz,uc=kpa,time=ms"
    )
    group.add_argument("--fs", type=float, metavar="HZ", help="sampling rate of files that do not tell it")
    group.add_argument(
        "--header-row", type=int, metavar="N", help="row of the header of tables, from 1; 0 where there is none"
    )
    if folders:
        group.add_argument("--recursive", action="store_true", help="read the folders within a folder, too")
        group.add_argument(
            "--join",
            action="store_true",
            help="join tables of uterine activity with the heart rates of the same labours, X_uc.csv with X_fhr.csv or "
            "X.csv",
        )


def add_outcomes(parser: argparse.ArgumentParser) -> None:
    """Add the option for a table of outcomes beside the recordings."""
    parser.add_argument(
        "--outcomes",
        metavar="FILE.csv",
        help="outcomes of the births, a row a record: record, pH, BDecf, BE, pCO2, Apgar1, Apgar5 (default: those in "
        "the recordings)",
    )


def reading_of(options: argparse.Namespace) -> dict[str, Any]:
    """Options of `fhr.read`, those that were given.

    Raises:
        FHRError: words that are no CHANNEL=NAME.
    """
    found: dict[str, Any] = {}
    if options.columns:
        pairs = _pairs(options.columns, "--columns")
        found["columns"] = {role: int(name) if name.isdecimal() else name or None for role, name in pairs.items()}
    if options.units:
        found["units"] = _pairs(options.units, "--units")
    if options.fs is not None:
        found["fs"] = options.fs
    if options.header_row is not None:
        found["header_row"] = options.header_row
    return found


def how_read(options: argparse.Namespace, *others: str | None) -> dict[str, Any]:
    """Collect how files and folders are read, as `fhr.datasets.stream_paths` takes it.

    Args:
        options: of the command line.
        others: files that are given for something else, and are no recordings wherever they lie.

    Raises:
        FHRError: as `reading_of`.
    """
    how = {"recursive": options.recursive, "join": options.join, "reading": reading_of(options)}
    return how | {"ignored": [path for path in others if path is not None]} if others else how


def _pairs(given: Sequence[str], option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in (part for text in given for part in _NEXT.split(text)):
        role, sign, name = one.partition("=")
        if not sign or not role:
            raise FHRError(f"{option} {one}: give CHANNEL=NAME, such as {option} fhr=HR1")
        if role in found:
            raise FHRError(f"{option}: {role} stands twice; give each channel once")
        found[role] = name
    return found
