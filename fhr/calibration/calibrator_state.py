"""States of calibrators in plain types, as checkpoints hold them: what no fit makes is refused."""

from collections.abc import Callable, Mapping
from typing import Any

from fhr.errors import CheckpointError, FHRError
from fhr.formats.files.regular_file import cut
from fhr.recording import plain_names, plain_number, plain_table

__all__ = ["checked_state", "kind_of", "state_table"]


def state_table(state: Any) -> dict[str, Any]:
    """Copy a state as a table.

    Raises:
        CheckpointError: it is none.
    """
    try:
        return dict(plain_table(state, "calibrator state"))
    except FHRError as error:
        raise CheckpointError(f"{error}; fit the calibrator again") from None


def kind_of(state: Mapping[str, Any]) -> str:
    """Kind of the calibrator of a state; one without a kind is older than there were several."""
    kind = state.get("kind", "ridge_platt")
    return cut(kind) if isinstance(kind, str) else type(kind).__name__


def checked_state(
    plain: Mapping[str, Any],
    made_for: Any,
    *,
    settings: tuple[str, ...],
    learns: tuple[str, ...],
    is_sound: Callable[[Mapping[str, Any]], bool],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Check a state, and give its numbers by name and what the calibrator was bound to.

    Args:
        plain: the state without `kind` and `made_for`.
        made_for: what `Calibrator.bind` remembers.
        settings: names of the settings, positive numbers.
        learns: names of what a fit learns beside mean and scale.
        is_sound: whether a fit could have made the numbers.

    Raises:
        CheckpointError: a missing or unknown key, or a value that no fit makes.
    """
    numbers = ("mean", "scale", *settings)
    wanted = {*numbers, *learns}
    if set(plain) != wanted:
        raise CheckpointError(
            f"calibrator state has the keys {cut(str(sorted(plain)))}, not {sorted(wanted)}; fit the calibrator again"
        )
    try:
        table = {**plain, **{key: plain_number(plain[key], key) for key in numbers}}
        sound = all(table[key] > 0 for key in numbers[1:]) and is_sound(table)
        bound = _bound(made_for)
    except (FHRError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(
            f"calibrator state is not one that fit makes: {error}; fit the calibrator again"
        ) from None
    if not sound:
        raise CheckpointError(
            f"calibrator state is not one that fit makes: {', '.join(sorted(wanted))} do not go together; fit the "
            "calibrator again"
        )
    learnt = {key: list(map(float, x)) if isinstance(x, list | tuple) else float(x) for key, x in table.items()}
    return learnt, bound


def _bound(made_for: Any) -> dict[str, Any]:
    """What `bind` remembers; nothing in older files."""
    table = dict(plain_table(made_for, "made_for"))
    if not set(table) <= {"label", "model"}:
        raise FHRError("made_for holds more than a label and the models")
    if "label" in table:
        table["label"] = plain_names([table["label"]], "label of made_for")[0]
    if "model" in table:
        table["model"] = list(plain_names(table["model"], "model of made_for"))
    return table
