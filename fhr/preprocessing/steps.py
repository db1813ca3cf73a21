"""Cleaning steps: named and with parameters, the same for networks and for features."""

from collections.abc import Callable, Iterable
from inspect import signature
from typing import Any

import numpy as np

from fhr.errors import FHRError
from fhr.recording import Recording, Step, plain_number, plain_table

from .cleaning import remove_islands, remove_out_of_range, remove_spikes
from .held_values import note_held, remove_held
from .quality_rules import remove_halved_doubled, remove_stuck

__all__ = ["DEFAULT_STEPS", "check_steps", "clean", "plain_steps"]

_MOST_STEPS = 100

_CLEANING: dict[str, Callable[..., np.ndarray]] = {
    "remove_out_of_range": remove_out_of_range,
    "remove_spikes": remove_spikes,
    "remove_islands": remove_islands,
    "remove_stuck": remove_stuck,
    "remove_halved_doubled": remove_halved_doubled,
    "remove_held": remove_held,
}
# What a step found in this recording and its parameters do not tell.
_NOTES: dict[str, Callable[..., dict[str, Any]]] = {"remove_held": note_held}
# Holds come before spikes and islands, whose removal joins and thins the runs that they are told from; values out of
# range come before them, since a monitor that writes its losses as 0 is flat for most of the time.
DEFAULT_STEPS = (
    Step("remove_out_of_range", {"low": 50.0, "high": 210.0}),
    Step("remove_held", {"times": 5.0, "share": 0.95}),
    Step("remove_spikes", {"jump": 25.0, "longest": 5.0}),
    Step("remove_islands", {"longest": 3.0, "gap": 3.0}),
)


def check_steps(steps: Iterable[Step]) -> None:
    """Refuse steps that `clean` cannot do.

    Raises:
        FHRError: an unknown step or parameter, a value that is no number, or steps without end.
    """
    steps = tuple(steps)
    if len(steps) > _MOST_STEPS:
        raise FHRError(f"{len(steps)} cleaning steps; give {_MOST_STEPS} at most")
    for step in steps:
        if step.name not in _CLEANING:
            raise FHRError(f"cleaning step {step.name!r} is not known; choose from {', '.join(_CLEANING)}")
        known = list(signature(_CLEANING[step.name]).parameters)[2:]
        unknown = [parameter for parameter in step.parameters if parameter not in known]
        if unknown:
            raise FHRError(f"cleaning step {step.name!r} takes no {unknown[0]!r}; its parameters: {', '.join(known)}")
        for parameter, value in step.parameters.items():
            plain_number(value, f"cleaning step {step.name!r}: {parameter}", infinite=True)


def plain_steps(plain: Any) -> tuple[Step, ...]:
    """Read the steps of a checkpoint or of a table's metadata: a list of tables with `name` and `parameters`.

    Raises:
        FHRError: something else, or what `check_steps` refuses.
    """
    if not isinstance(plain, list | tuple):
        raise FHRError(f"cleaning steps of the type {type(plain).__name__}; give a list")
    steps = []
    for one in plain:
        step = plain_table(one, "a cleaning step", "name", "parameters")
        if not isinstance(step["name"], str):
            raise FHRError(f"a cleaning step with a name of the type {type(step['name']).__name__}; give text")
        steps.append(Step(step["name"], dict(plain_table(step["parameters"], "parameters of a cleaning step"))))
    check_steps(steps)
    return tuple(steps)


def clean(recording: Recording, steps: Iterable[Step] = DEFAULT_STEPS) -> Recording:
    """Do every step to the FHR of a recording, in order, and write it in the history.

    `remove_held` adds to its parameters there what `note_held` says of this recording, and is done once: holds are told
    from the runs as they were recorded, so a recording whose history has the step with these parameters keeps what it
    has.

    Raises:
        FHRError: an unknown step or parameter.

    Example:
        >>> recording = Recording("one", [140, 240, 140], [0, 0, 0], fs=4.0)
        >>> clean(recording, DEFAULT_STEPS[:1]).fhr
        array([140.,  nan, 140.], dtype=float32)
    """
    steps = tuple(steps)
    check_steps(steps)
    for step in steps:
        if step.name == "remove_held" and _was_done(step, recording):
            continue
        fhr, notes = recording.fhr, {}
        if step.name in _NOTES:
            notes = _NOTES[step.name](fhr, recording.fs, **step.parameters)
        fhr = _CLEANING[step.name](fhr, recording.fs, **step.parameters)
        recording = recording.after(Step(step.name, {**step.parameters, **notes}), fhr=fhr)
    return recording


def _was_done(step: Step, recording: Recording) -> bool:
    given = step.parameters.items()
    return any(done.name == step.name and given <= done.parameters.items() for done in recording.history)
