"""Events of a window in words, with their times: baseline, accelerations, decelerations, contractions."""

from collections.abc import Iterator
from math import isnan
from typing import NamedTuple

from fhr.morphology import Morphology

from .ctg_events import shown
from .ctg_window import Window

__all__ = ["EVENTS", "ListedEvent", "baselines", "events"]

EVENTS = ("accelerations", "decelerations", "contractions")


class ListedEvent(NamedTuple):
    """Event with its counted times, min, its kind (empty where it has none), and all of it in words."""

    start: float
    end: float
    kind: str
    said: str


def events(morphology: Morphology, name: str, window: Window) -> Iterator[ListedEvent]:
    """Events of one of `EVENTS` that reach into a window, in order of time."""
    table = shown(getattr(morphology, name), window)
    kinds = table["kind"].astype(str) if "kind" in table else [""] * len(table)
    unit = "" if name == "contractions" else " bpm"
    spans = window.counted(table[["start_s", "end_s"]].to_numpy(float))
    for kind, amplitude, (start, end) in zip(kinds, table["amplitude"], spans.tolist(), strict=True):
        said = f"{kind} {name[:-1]}, {amplitude:.0f}{unit}, {60 * (end - start):.0f} s"
        yield ListedEvent(start, end, kind, said.strip())


def baselines(morphology: Morphology, window: Window) -> Iterator[ListedEvent]:
    """Baseline and variability of each ten minutes that reach into a window; nothing of those without a baseline."""
    if morphology.segments.empty:
        return
    table = shown(morphology.segments, window).dropna(subset=["baseline"]).sort_values("start_s")
    spans = window.counted(table[["start_s", "end_s"]].to_numpy(float)).tolist()
    for (start, end), row in zip(spans, table.to_dict("records"), strict=True):
        said = f"baseline {row['baseline']:.0f} bpm ({row['baseline_class']})"
        if not isnan(row["variability"]):
            said += f", variability {row['variability']:.0f} bpm ({row['variability_class']})"
        yield ListedEvent(start, end, "", said)
