"""Channels among named signals, columns or variables: those that the user names, then those that their names tell."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from fhr.errors import FHRError, FormatError

from .channel_names import guess_channels, named_channel
from .regular_file import cut, shown

__all__ = ["Chosen", "check_channels", "chosen_channels"]


class Chosen(NamedTuple):
    """A signal that is a channel.

    Attributes:
        role: "fhr", "uc", "mhr", "time" or "fs"; several may be "fhr", of transducers on one fetus.
        position: among the names.
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


def check_channels(given: Mapping[str, object] | None, roles: Sequence[str], *, argument: str) -> None:
    """Refuse an argument by channel that names a channel which is none.

    Raises:
        FHRError: one that is not among `roles`.
    """
    for role in given or ():
        if role not in roles:
            raise FHRError(f"{argument}: {role!r}; the channels are {', '.join(roles)}")


def chosen_channels(
    names: Sequence[str],
    columns: Mapping[str, str | int | None] | None,
    *,
    roles: Sequence[str],
    words: Sequence[str] = (),
    kind: str,
    where: str,
) -> list[Chosen]:
    """Choose the channels, those of the fetal heart rate first.

    Args:
        names: of all signals of the file.
        columns: name or position of the signal of a channel; None leaves the channel out. Channels that are not named
            are guessed.
        roles: that there may be.
        words: what tells the channel of each, if it is not the name.
        kind: what the file calls a signal, "column" say, for messages.
        where: the file, for messages.

    Raises:
        FHRError: a channel that is none.
        FormatError: a name that is not there, stands twice or is given twice, no signal of FHR, or two of another
            channel.
    """
    check_channels(columns, roles, argument="columns")
    words = words or names
    found: list[Chosen] = []
    for role, column in (columns or {}).items():
        if column is None:
            continue
        position = _position(names, column, role, kind=kind, where=where)
        if any(one.position == position for one in found):
            raise FormatError(f"{where}: {kind} {shown(names[position])} is given for two channels; it holds one")
        told = named_channel(words[position], role)
        found.append(Chosen(role, position, names[position], told.unit, told.sensor, False))
    taken = {one.position for one in found}
    free = ["" if i in taken else word for i, word in enumerate(words)]
    guesses = guess_channels(free, where=where, skip={*(columns or {}), *({"time", "fs"} - set(roles))})
    found += [
        Chosen(role, one.position, names[one.position], one.unit, one.sensor, True)
        for role, those in guesses.items()
        for one in those
    ]
    if all(one.role != "fhr" for one in found):
        raise FormatError(
            f"{where}: no {kind} is known to be FHR; it holds {_list(names) or 'none'}; say columns={{'fhr': NAME}}"
        )
    return sorted(found, key=lambda one: roles.index(one.role))


def _position(names: Sequence[str], column: str | int, role: str, *, kind: str, where: str) -> int:
    if isinstance(column, bool) or not isinstance(column, str | int):
        raise FHRError(f"columns: {column!r} for {role}; give a name, a position from 0, or None")
    if isinstance(column, int):
        if not 0 <= column < len(names):
            raise FormatError(f"{where}: {kind} {column} of {role}; they are 0 to {len(names) - 1}")
        return column
    if (count := names.count(column)) != 1:
        problem = "stands twice; give its position" if count else "is not there"
        raise FormatError(f"{where}: {kind} {column!r} for {role} {problem}; it holds {_list(names)}")
    return names.index(column)


def _list(names: Iterable[str]) -> str:
    return cut(", ".join(names))
