"""Numbers beside the channels of MATLAB, HDF5 and NumPy files that say how they are scaled, or when they were taken."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np

from fhr.errors import FormatError

from ..channels.names import guess_channels
from ..channels.units import converted, unit_of
from ..files.regular_file import cut, shown
from .nested_variables import is_plain, is_unit_word

__all__ = ["check_own_times", "check_scales", "check_stray_units"]

_FACTORS = (
    "gain",
    "scale",
    "factor",
    "scaling",
    "resolution",
    "lsb",
    "calibration",
    "multiplier",
    "conversion",
    "slope",
)
_OFFSETS = ("offset", "intercept")
_SAY_NOTHING = ("signal", "value", "adc", "ad")
_MOST = 64  # numbers that may be one a channel


def check_scales(
    names: Collection[str],
    load: Callable[[str], Any],
    columns: Mapping[str, str | list[str]],
    units: Mapping[str, str],
    where: str,
) -> None:
    """Refuse a channel with a factor or an offset beside it that nothing says how to apply.

    These are attributes of the array, and numbers in a struct around it or of the file that are called so and name no
    other channel: `gain`, `fhr_scale`. An offset that names none may be one in time.

    Args:
        names: of all arrays.
        load: gives one of them.
        columns: names of the arrays that were read, by role.
        units: that the user gave, by role; such a channel is not looked at.
        where: the file, for messages.

    Raises:
        FormatError: such a number that changes something.
    """
    for role, name in _channels(columns):
        if role in units:
            continue
        for other in names:
            none = _changes_nothing(other, role, name)
            if none is None or not 0 < (said := np.asarray(load(other))).size <= _MOST or (said == none).all():
                continue
            unit = "mmHg" if role == "uc" else "bpm"
            raise FormatError(
                f"{where}: {cut(other)} may be a scale of {cut(name)}; say the unit of one number with "
                f"units={{{role!r}: '0.25 {unit}'}}, or {{{role!r}: UNIT}} if it is not scaled"
            )


def check_own_times(
    names: Collection[str], load: Callable[[str], Any], columns: Mapping[str, str | list[str]], where: str
) -> None:
    """Refuse channels that have times or sampling rates of their own, others than those that were read.

    Args:
        names: of all arrays.
        load: gives one of them.
        columns: names of the arrays that were read, by role.
        where: the file, for messages.

    Raises:
        FormatError: two that differ.
    """
    for kind in ("time", "fs"):
        used = columns.get(kind)
        first = used if isinstance(used, str) else None
        for role, name in _channels(columns):
            for own in (
                other for other in names if _own(other, name) and kind in guess_channels([_last(other)], where="")
            ):
                if first is None:
                    first = own
                if own != first and not np.array_equal(np.ravel(load(own)), np.ravel(load(first))):
                    raise FormatError(
                        f"{where}: {cut(own)} of {cut(name)} differs from {cut(first)}; store the channels at the same "
                        f"times, or leave this one out with columns={{{role!r}: None}}"
                    )


def check_stray_units(
    texts: Mapping[str, str],
    columns: Mapping[str, str | list[str]],
    units: Collection[str],
    where: str,
) -> None:
    """Refuse uterine activity beside a unit of pressure of which nothing says what it is of: `units` of several, say.

    Heart rates need none of this: their medians tell.

    Args:
        texts: of the file, by name.
        columns: names of the arrays that were read, by role.
        units: roles of which a unit is known.
        where: the file, for messages.

    Raises:
        FormatError: such a unit, in a struct around the activity or of the file.
    """
    name = columns.get("uc")
    if "uc" in units or not isinstance(name, str):
        return
    for key, text in texts.items():
        around = key.rpartition(".")[0]
        if is_unit_word(key) and (not around or name.startswith(f"{around}.")) and converted(unit_of(text, "uc"), "uc"):
            raise FormatError(
                f"{where}: {cut(key)} is {shown(text)} and may be the unit of {cut(name)}; say units={{'uc': UNIT}}"
            )


def _channels(columns: Mapping[str, str | list[str]]) -> Iterator[tuple[str, str]]:
    for role, names in columns.items():
        if role not in ("time", "fs"):
            yield from ((role, name) for name in ([names] if isinstance(names, str) else names))


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _own(other: str, name: str) -> bool:
    """True for an attribute of an array, or what lies beside it in a struct of its own."""
    around = name.rpartition(".")[0]
    return other.rpartition(".")[0] in (name, *([around] if around and is_plain(_last(name)) else []))


def _changes_nothing(other: str, role: str, name: str) -> int | None:
    """The value with which a number scales nothing; None for a name that is that of no scale of the channel."""
    around, _, last = other.rpartition(".")
    if other == name or (around and f"{name}.".startswith(f"{around}.") is False):
        return None
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", last)]
    if (
        none := next((n for n, those in ((1, _FACTORS), (0, _OFFSETS)) if not set(those).isdisjoint(words)), None)
    ) is None:
        return None
    rest = [word for word in words if word not in (*_FACTORS, *_OFFSETS, *_SAY_NOTHING)]
    if rest:
        return none if role in guess_channels([" ".join(rest)], where="") else None
    return none if none == 1 or _own(other, name) else None
