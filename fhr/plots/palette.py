"""Colours of all figures: from the Okabe-Ito set, told apart with any colour vision; lines also by their dashes."""

from collections.abc import Mapping
from typing import Any

from fhr.errors import FHRError

__all__ = ["AMBER", "BLUE", "GREEN", "GREY", "ORANGE", "PURPLE", "line_styles"]

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#808080"
AMBER, PURPLE = "#E69F00", "#B05A92"  # PURPLE darker than in the set: a thin line of it must be seen on white

_LINES = [
    {"color": color, "dashes": dashes}
    for color, dashes in (
        (BLUE, ()),
        (ORANGE, (6, 1.5)),
        (GREEN, (8, 1.5, 1.5, 1.5)),
        (PURPLE, (3, 1.2)),
        (AMBER, (10, 2)),
        ("black", (5, 1.2, 1, 1.2, 1, 1.2)),
    )
]


def line_styles(named: Mapping[str, Any], notes: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Colour and dashes of one line for each name, told apart in print without colour too.

    Args:
        named: what is drawn, by name.
        notes: what is said of some of them.

    Raises:
        FHRError: nothing to draw, more than six lines, or a note on something that is not drawn.
    """
    if not 1 <= len(named) <= len(_LINES):
        raise FHRError(f"{len(named)} curves in one figure; give 1 to {len(_LINES)}, more cannot be told apart")
    if strangers := sorted(set(notes or {}) - set(named)):
        raise FHRError(f"something is said of {', '.join(strangers)}; there are only {', '.join(named)}")
    return _LINES[: len(named)]
