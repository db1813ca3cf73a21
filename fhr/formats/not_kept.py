"""Losses of a recording in a file: the recording compared with what is read again."""

import json
from dataclasses import asdict
from math import isnan
from typing import Any

import numpy as np

from fhr.recording import Recording

from .channels.words import SIGNALS

__all__ = ["not_kept"]


def not_kept(recording: Recording, again: Recording) -> dict[str, str]:
    """Say what of a recording its copy lacks or holds otherwise; `source` apart, which is of the file.

    Args:
        recording: as it was written.
        again: as it was read again.

    Returns:
        What differs ("fhr", "history", "outcome", ...) to how, in words; empty for a copy that is whole.

    Example:
        >>> from fhr.recording import Recording
        >>> made = Recording("a", np.array([140.004, 0.004]), np.array([1.0, np.nan]), fs=4)
        >>> not_kept(made, Recording("a", np.array([140.0, np.nan]), made.uc, fs=4))
        {'fhr': 'rounded by up to 0.004, 1 sample missing'}
    """
    found: dict[str, str] = {}
    if again.name != recording.name:
        found["name"] = f"{again.name!r} for {recording.name!r}"
    if again.fs != recording.fs:
        found["fs"] = f"{again.fs:.10g} Hz for {recording.fs:.10g} Hz"
    for name in SIGNALS:
        if words := _of_signal(getattr(recording, name), getattr(again, name)):
            found[name] = words
    for name in ("outcome", "clinical"):
        before, after = asdict(getattr(recording, name)), asdict(getattr(again, name))
        if fields := [field for field, value in before.items() if not _same(value, after[field])]:
            found[name] = ", ".join(fields)
    if not _same(recording.stage2_start, again.stage2_start):
        found["stage2_start"] = f"{again.stage2_start:.10g} s for {recording.stage2_start:.10g} s"
    if again.date != recording.date:
        found["date"] = f"{again.date or 'none'} for {recording.date or 'none'}"
    if again.provenance != recording.provenance:
        found["provenance"] = f"{again.provenance.words} for {recording.provenance.words}"
    steps = _plain(again.history)
    if lost := [
        step for step, text in zip(recording.history, _plain(recording.history), strict=True) if text not in steps
    ]:
        found["history"] = ", ".join(step.name for step in lost)
    return found


def _of_signal(before: np.ndarray | None, after: np.ndarray | None) -> str:
    if before is None or after is None:
        return "" if before is after else "not there" if after is None else "new"
    if len(after) != len(before):
        return f"{len(after)} samples for {len(before)}"
    was, is_ = ~np.isnan(before), ~np.isnan(after)
    said = []
    difference = float(np.abs(after - before, dtype=np.float64)[was & is_].max(initial=0))
    if difference:
        said.append(f"rounded by up to {difference:.2g}")
    for count, word in (((was & ~is_).sum(), "missing"), ((is_ & ~was).sum(), "no longer missing")):
        if count:
            said.append(f"{count} sample{'s' if count > 1 else ''} {word}")
    return ", ".join(said)


def _same(one: float, other: float) -> bool:
    return one == other or (isnan(one) and isnan(other))


def _plain(history: tuple[Any, ...]) -> list[str]:
    """Steps as texts: a file gives lists in place of tuples."""
    return [json.dumps([step.name, dict(step.parameters)], default=str) for step in history]
