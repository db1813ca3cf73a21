"""Options on how recordings are read, the same of every verb that reads some: `--columns fhr=HR1,uc=TOCO --fs 4`."""

import argparse
import re
from collections.abc import Sequence
from typing import Any

from fhr.errors import FHRError

__all__ = ["READING", "add_outcomes", "add_reading", "how_read", "reading_of"]

READING = {
    name: f"--{name.replace('_', '-')}"
    for name in (
        *("columns", "units", "fs", "header_row", "separator", "decimal", "dayfirst", "order", "tolerance", "channel"),
        *("sample_bytes", "header_bytes", "missing"),
    )
} | {"sheet": "--worksheet"}  # `fhr plot` has sheets of paper
"""Option of each parameter of `fhr.read`."""
_YES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
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
        "fhr=HR1,uc=TOCO; fhr=HR1,fhr=HR2 for two transducers; uc= leaves a channel out",
    )
    group.add_argument(
        "--units", action="append", metavar="CHANNEL=UNIT", help="of the channels, such as fhr=hz,uc=kpa,time=ms"
    )
    group.add_argument("--fs", type=float, metavar="HZ", help="sampling rate of files that do not tell it")
    group.add_argument(
        "--header-row", type=int, metavar="N", help="row of the header of tables, from 1; 0 where there is none"
    )
    group.add_argument("--worksheet", metavar="NAME", help="of a spreadsheet with several")
    group.add_argument("--separator", metavar="SIGN", help="between the cells of a text table; ' ' for white space")
    group.add_argument("--decimal", metavar="SIGN", help="of numbers, . or ,")
    group.add_argument(
        "--dayfirst", type=_yes_or_no, metavar="yes|no", help="whether dates have the day before the month"
    )
    group.add_argument("--order", metavar="time", help="sort the rows by their times")
    group.add_argument("--tolerance", type=float, metavar="S", help="s to either side that a time may stand for")
    group.add_argument("--channel", type=int, metavar="1|2", help="of an FHRMA file (default: the one with signal)")
    group.add_argument("--sample-bytes", type=int, metavar="N", help="of an FHRMA file: 6, 8, 10 or 12")
    group.add_argument("--header-bytes", type=int, metavar="N", help="before the samples of an FHRMA file")
    group.add_argument(
        "--missing",
        action="append",
        metavar="CHANNEL=VALUE",
        help="value that stands for a missing sample in an EDF file, such as fhr=0,uc=-1; uc= for none",
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
        columns = {role: [int(one) if one.isdecimal() else one or None for one in ones] for role, ones in pairs.items()}
        found["columns"] = {role: ones[0] if len(ones) == 1 else ones for role, ones in columns.items()}
    if options.units:
        found["units"] = _single(options.units, "--units")
    if options.missing:
        found["missing"] = {role: _number(one) for role, one in _single(options.missing, "--missing").items()}
    for name, option in READING.items():
        if (
            name not in ("columns", "units", "missing")
            and (value := getattr(options, option[2:].replace("-", "_"))) is not None
        ):
            found[name] = value
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


def _single(given: Sequence[str], option: str) -> dict[str, str]:
    pairs = _pairs(given, option)
    if twice := [role for role, ones in pairs.items() if len(ones) > 1]:
        raise FHRError(f"{option}: {twice[0]} stands twice; give each channel once")
    return {role: ones[0] for role, ones in pairs.items()}


def _number(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise FHRError(f"--missing {text}: give a number, or nothing for none") from None


def _yes_or_no(text: str) -> bool:
    if text.lower() not in _YES:
        raise argparse.ArgumentTypeError(f"{text!r}: give yes or no")
    return _YES[text.lower()]


def _pairs(given: Sequence[str], option: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in (part for text in given for part in _NEXT.split(text)):
        role, sign, name = one.partition("=")
        if not sign or not role:
            raise FHRError(f"{option} {one}: give CHANNEL=NAME, such as {option} fhr=HR1")
        found.setdefault(role, []).append(name)
    return found
