"""Variables inside each other, as MATLAB and HDF5 files hold them, by names such as `rec.signals.fhr.data`.

`s(2).data` is a field of the second struct of an array, `c{2}` the second cell. A channel is told by the name of its
variable, or where that says nothing (`data`, `values`, a cell, a column), by the label beside it or the struct around.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from fhr.errors import FormatError

from ..channels.names import guess_channels, within
from ..files.regular_file import cut

__all__ = [
    "WORDS_BESIDE",
    "Told",
    "Variables",
    "is_plain",
    "is_unit_word",
    "line_of",
    "lines_of",
    "told",
    "units_beside",
]

_MAX_ELEMENTS = 10_000  # of a file: this package's choice, so that no file takes minutes
_MAX_TEXT = 200  # letters of a label or unit
_PLAIN = {"data", "value", "values", "val", "vals", "signal", "signals", "sig", "samples", "y", "raw", "series", "x"}
_LABELS = (
    "label",
    "name",
    "channel",
    "type",
    "title",
    "labels",
    "names",
    "channels",
    "channelnames",
    "columns",
    "legend",
)
_UNITS = ("unit", "units", "physicaldimension", "dimension", "uom")
WORDS_BESIDE = frozenset((*_LABELS, *_UNITS))
"""Names, in lower case, of texts beside an array that tell its channel or its unit."""
_INDEX = re.compile(r"(?P<stem>.*?)(?P<index>\{\d+\}|\(\d+\)|\(:,\d+\)|\(\d+,:\))")
_LINE = re.compile(r"(?P<matrix>.*)\((?::,)?(?P<number>\d+)(?:,:)?\)")
_NEAR = 2  # depth of variables and of fields of structs, which go before what lies deeper
_MAX_LINES = 64


@dataclass
class Variables:
    """Variables of a file.

    Attributes:
        arrays: of numbers, or what tells of their shape, by name.
        texts: by name.
        others: the kind of what is not read, by name.
    """

    arrays: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def count(self) -> None:
        """Count one element.

        Raises:
            ValueError: there are more than any recording has.
        """
        if self._count >= _MAX_ELEMENTS:
            raise ValueError(f"more than {_MAX_ELEMENTS} variables")
        self._count += 1

    def add(self, name: str, values: Any) -> None:
        """Add an array.

        Raises:
            ValueError: the name stands twice.
        """
        if name in self.arrays:
            raise ValueError(f"the variable {name} stands twice")
        self.arrays[name] = values

    def add_texts(self, name: str, rows: Sequence[str]) -> None:
        """Add a text, or the rows of several."""
        for i, row in enumerate(rows):
            key = name if len(rows) == 1 else f"{name}{{{i + 1}}}"
            self.texts[key] = row[:_MAX_TEXT].strip(" \0")


class Told(NamedTuple):
    """Channels and units of arrays.

    Attributes:
        stems: what tells the channel of each array; empty for none.
        said: units by name of the array.
    """

    stems: list[str]
    said: dict[str, str]


def lines_of(name: str, shape: Sequence[int], texts: Mapping[str, str]) -> list[str]:
    """Names of the columns of a matrix that is no channel itself, or of its rows where these are fewer.

    >>> lines_of("rec.data", (480, 2), {}), lines_of("rec.data", (2, 480), {}), lines_of("rec.data", (480, 1), {})
    (['rec.data(:,1)', 'rec.data(:,2)'], ['rec.data(1,:)', 'rec.data(2,:)'], [])
    """
    few = min(shape, default=0)
    if len(shape) != 2 or shape[0] == shape[1] or not 2 <= few <= _MAX_LINES:
        return []
    if guess_channels([_stem(name, {key.lower(): text for key, text in texts.items()})], where=""):
        return []
    pattern = "{}(:,{})" if shape[1] == few else "{}({},:)"
    return [pattern.format(name, i + 1) for i in range(few)]


def line_of(name: str) -> tuple[str, int]:
    """Name of the matrix of a column or row, and the position of this, from 0; -1 for an array of its own."""
    match = _LINE.fullmatch(name)
    return (match["matrix"], int(match["number"]) - 1) if match else (name, -1)


def told(
    names: Sequence[str],
    texts: Mapping[str, str],
    *,
    columns: Mapping[str, Any] | None,
    load: Callable[[Collection[str]], Mapping[str, np.ndarray]],
    where: str,
) -> Told:
    """Tell the channels of arrays.

    A heart rate that is a variable or a field of a struct goes before those deeper inside. Of times, sampling rates and
    further channels the one is taken that shares most structs with it; several of the same values are one.

    Args:
        names: of all arrays.
        texts: beside them.
        columns: that the user has named, by role.
        load: gives the arrays of some names.
        where: the file, for messages.

    Raises:
        FormatError: two arrays for one channel.
    """
    beside = {key.lower(): text for key, text in texts.items()}
    stems = [_stem(name, beside) for name in names]
    found: dict[str, list[int]] = {}
    for position, stem in enumerate(stems):
        for role in guess_channels([stem], where=where):
            found.setdefault(role, []).append(position)
    given = columns or {}
    fhr = given.get("fhr")
    home = fhr.split(".")[:-1] if isinstance(fhr, str) else []
    for role in ("fhr", *(role for role in found if role != "fhr")):
        if role in given:
            continue
        positions = found.get(role, [])
        depths = {position: len(_inside(names[position], stems[position])) for position in positions}
        if role == "fhr":
            near = [position for position in positions if depths[position] < _NEAR]
            kept = near or positions
        else:
            shared = {position: _shared(home, _inside(names[position], stems[position])) for position in positions}
            kept = [position for position in positions if shared[position] == max(shared.values())]
            kept = [position for position in kept if depths[position] == min(depths[one] for one in kept)]
        if len(kept) > 1 and not (role == "fhr" and len({stems[one] for one in kept}) > 1):
            kept = _different(kept, names, role, load, where)
        if role == "fhr" and kept:
            home = _inside(names[kept[0]], stems[kept[0]])
        for position in set(positions) - set(kept):
            stems[position] = ""
    return Told(stems, units_beside(names, texts))


def units_beside(names: Sequence[str], texts: Mapping[str, str]) -> dict[str, str]:
    """Units that texts say of arrays: `fhr_unit`, `unit_fhr`, `fhr.unit`, or `unit` in a struct of one array."""
    beside = {key.lower(): text for key, text in texts.items()}
    return {name: unit for name in names if (unit := _beside(name, _UNITS, beside))}


def is_unit_word(name: str) -> bool:
    """True for the name of a text that says a unit, and not of what: `units`, `rec.unit`, `units{2}`."""
    return _own_name(name).lower() in _UNITS


def _own_name(name: str) -> str:
    last = name.rpartition(".")[2]
    match = _INDEX.fullmatch(last)
    return match["stem"] if match else last


def is_plain(name: str) -> bool:
    """True for a name that tells no channel, such as `data`."""
    return name.lower() in _PLAIN


def _different(
    positions: list[int],
    names: Sequence[str],
    role: str,
    load: Callable[[Collection[str]], Mapping[str, np.ndarray]],
    where: str,
) -> list[int]:
    """One of arrays that hold the same."""
    first, second = (names[position] for position in positions[:2])
    arrays = load({names[position] for position in positions}) if role in ("time", "fs") else {}
    if arrays and all(np.array_equal(arrays[first], arrays[names[one]]) for one in positions):
        return positions[:1]
    raise FormatError(f"{where}: {cut(first)} and {cut(second)} both look like {role}; say columns={{{role!r}: NAME}}")


def _stem(name: str, beside: Mapping[str, str]) -> str:
    """The words that tell the channel of an array."""
    return within(_own_stem(name, beside), name.rpartition(".")[0])


def _own_stem(name: str, beside: Mapping[str, str]) -> str:
    last = name.rpartition(".")[2]
    match = _INDEX.fullmatch(last)
    plain = match["stem"] if match else last
    if match is None and plain.lower() not in _PLAIN:
        return last
    if label := _beside(name, _LABELS, beside):
        return label
    if plain.lower() not in _PLAIN:
        return plain
    around = name.rpartition(".")[0].rpartition(".")[2]
    if inside := _INDEX.fullmatch(around):
        around = inside["stem"]
    return around


def _beside(name: str, words: Collection[str], beside: Mapping[str, str]) -> str:
    """Text of one of some words: an attribute of an array, beside it in its struct, or of the same number in a cell."""
    around, _, last = name.lower().rpartition(".")
    match = _INDEX.fullmatch(last)
    plain = match["stem"] if match else last
    prefix = f"{around}." if around else ""
    number = re.sub(r"\D", "", match["index"]) if match else ""
    for word in words:
        tails = (f"{last}_{word}", f"{plain}_{word}", f"{word}_{plain}")
        keys = [f"{name.lower()}.{word}", *(f"{prefix}{tail}" for tail in tails)]
        if number:
            keys += [
                f"{prefix}{word}{{{number}}}",
                f"{prefix}{plain}_{word}{{{number}}}",
                f"{prefix}{plain}.{word}{{{number}}}",
            ]
        elif plain in _PLAIN and around:
            keys += [f"{prefix}{word}"]
        for key in keys:
            if text := beside.get(key, ""):
                return text
    return ""


def _inside(name: str, stem: str) -> list[str]:
    """Names of the structs that a channel lies in."""
    parts = name.split(".")[:-1]
    return parts[:-1] if parts and parts[-1] == stem else parts


def _shared(home: Sequence[str], other: Sequence[str]) -> int:
    same = 0
    for one, two in zip(home, other, strict=False):
        if one != two:
            break
        same += 1
    return same
