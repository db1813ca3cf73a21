"""Sensors that a column of words beside the heart rates of a table tells: `FHR1 sensor` with US or DECG in each row."""

from collections.abc import Sequence

from ..channels.chosen_channels import Chosen
from ..channels.names import guess_channels, named_channel, sensor_of
from .layout import Layout
from .values import texts_in

__all__ = ["with_sensors"]

_WORDS = ("sensor", "mode", "source", "transducer")


def with_sensors(layout: Layout, columns: Sequence[Chosen]) -> list[Chosen]:
    """Add the sensors to columns of the fetal heart rate, where a column of words tells them.

    Such a column is named `sensor`, `mode`, `source` or `transducer`, with the words of the heart rate that it is of
    where there are several. Words that are no sensor are passed over; several sensors of one column are joined.
    """
    taken = {column.position for column in columns}
    found = list(columns)
    for position, name in enumerate(layout.names):
        if position in taken or (base := _without_word(name)) is None:
            continue
        mine = [i for i, column in enumerate(columns) if column.role == "fhr" and _is_of(base, column, columns)]
        if len(mine) == 1 and (sensors := _sensors(layout, position)):
            found[mine[0]] = found[mine[0]]._replace(sensor=" and ".join(sensors))
    return found


def _without_word(name: str) -> str | None:
    """A name without the word for a sensor; None where it has none."""
    words = name.replace("_", " ").split()
    rest = [word for word in words if word.lower() not in _WORDS]
    return " ".join(rest) if len(rest) < len(words) else None


def _is_of(base: str, column: Chosen, columns: Sequence[Chosen]) -> bool:
    if not base:
        return sum(one.role == "fhr" for one in columns) == 1
    told, own = named_channel(base, "fhr"), named_channel(column.name, "fhr")
    return "fhr" in guess_channels([base], where="") and told.number == own.number


def _sensors(layout: Layout, position: int) -> list[str]:
    found = map(sensor_of, texts_in(layout, position))
    return list(dict.fromkeys(sensor for sensor in found if sensor))
