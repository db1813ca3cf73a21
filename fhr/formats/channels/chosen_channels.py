"""Choice of the channels of a file to read: those that the user names, and the others by their names."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from fhr.errors import FHRError, FormatError

from ..files.regular_file import cut, shown
from .names import guess_channels, named_channel, seems_a_channel
from .units import AS_STORED, unit_of

__all__ = ["Chosen", "choose_channels", "given_columns", "in_stated_unit", "left_out", "position_of"]


class Chosen(NamedTuple):
    """A channel to read.

    Attributes:
        role: such as "fhr" or "time".
        position: among the channels of the file.
        name: in the file.
        unit: where the name tells it.
        sensor: where the name tells it.
        guessed: whether its name told the role.
    """

    role: str
    position: int
    name: str
    unit: str | None
    sensor: str
    guessed: bool


def choose_channels(
    names: Sequence[str],
    columns: Mapping[str, str | int | Sequence[str | int] | None] | None,
    *,
    roles: Sequence[str],
    kind: str,
    where: str,
    stems: Sequence[str] | None = None,
    held: str | None = None,
) -> list[Chosen]:
    """Choose channels by role.

    Args:
        names: of all channels of the file.
        columns: by role a name, a position from 0, or None for none; of "fhr" several too, which are transducers on one
            fetus. Roles that are not there are told from the names. Without "fhr" there has to be "uc".
        roles: that may be read, in the order of the result.
        kind: of what is chosen, such as "variable", for messages.
        where: the file, for messages.
        stems: the parts of the names that tell the channel; None for all of them.
        held: words on what the file holds, for messages; None for the names.

    Raises:
        FHRError: an unknown role, or a column that is none.
        FormatError: a channel that is not there, stands twice or is given twice; two names for one role, or none for
            "fhr".
    """
    stems = names if stems is None else stems
    held = held or f"it holds {cut(', '.join(names)) or f'no {kind}'}"
    taken: dict[int, str] = {}
    for role, given in (columns or {}).items():
        if role not in roles:
            raise FHRError(f"columns: {role!r}; the channels are {', '.join(roles)}")
        for one in given_columns(given) if role == "fhr" or given is None else (given,):
            position = position_of(names, one, role, kind, held, where)
            if position in taken:
                raise FormatError(f"{where}: {kind} {names[position]!r} is given twice; it holds one channel")
            taken[position] = role
    found = []
    for position, role in taken.items():
        told = named_channel(stems[position], role)
        found.append(Chosen(role, position, names[position], told.unit, told.sensor, False))
    free = ["" if position in taken else stem for position, stem in enumerate(stems)]
    skip = {"time", "fhr", "uc", "mhr", "fs"} - set(roles) | set(columns or {})
    for role, those in guess_channels(free, where=where, skip=skip).items():
        found += [Chosen(role, one.position, names[one.position], one.unit, one.sensor, True) for one in those]
    needed = "uc" if "fhr" in (columns or {}) and (columns or {})["fhr"] is None else "fhr"  # for `fhr.formats.join`
    if all(one.role != needed for one in found):
        raise FormatError(
            f"{where}: no {kind} is known to be {needed.upper()}; {held}; say columns={{{needed!r}: NAME}}"
        )
    return sorted(found, key=lambda one: (roles.index(one.role), not one.guessed))


def given_columns(given: Any) -> Sequence[Any]:
    """Columns that are given for one channel: none, one, or those of several transducers."""
    if given is None:
        return ()
    return [given] if isinstance(given, str | int | bytes) or not isinstance(given, Sequence) else given


def in_stated_unit(one: Chosen, word: str, units: Mapping[str, str] | None, where: str) -> Chosen:
    """A channel with the unit that the file says apart from the name; a word that is none that is known stays.

    Args:
        one: the channel, with the unit of its name.
        word: what the file says, empty for nothing.
        units: that the user gives, by role.
        where: the file, for messages.

    Raises:
        FormatError: name and file say different units, and the user none.
    """
    said = unit_of(word, one.role) if word and one.role != "fs" else None
    if said and one.unit and one.unit != said and AS_STORED not in (one.unit, said) and one.role not in (units or {}):
        raise FormatError(
            f"{where}: {shown(one.name)} is said to be in {shown(word)}; say which unit holds with "
            f"units={{{one.role!r}: UNIT}}"
        )
    known = said if said or one.role in ("time", "fs") else word
    return one._replace(unit=known or one.unit)


def left_out(names: Sequence[str], read: Collection[int], stems: Sequence[str] | None = None) -> list[str]:
    """Names of channels that seem to be signals and are not read: another was named, or the name is not understood.

    >>> left_out(["FHR1", "FHR2", "UC at rest", "comment"], {0})
    ['FHR2', 'UC at rest']
    """
    return [
        cut(name)
        for position, (name, stem) in enumerate(zip(names, names if stems is None else stems, strict=True))
        if position not in read and seems_a_channel(stem)
    ]


def position_of(names: Sequence[str], given: object, role: str, kind: str, held: str, where: str) -> int:
    """Position of a channel that is given by its name or its position from 0; `role` and `held` are for messages.

    Raises:
        FHRError: what is neither.
        FormatError: a name or position that is not there, or a name that stands twice.
    """
    if isinstance(given, str):
        if names.count(given) != 1:
            problem = "stands twice, give its position" if given in names else "is not there"
            raise FormatError(f"{where}: {kind} {given!r} of {role} {problem}; {held}")
        return list(names).index(given)
    if isinstance(given, bool) or not isinstance(given, int):
        raise FHRError(f"columns: {given!r} of {role}; give a name, a position from 0, or None")
    if not 0 <= given < len(names):
        raise FormatError(f"{where}: {kind} {given} of {role}; they are 0 to {len(names) - 1}; {held}")
    return given
