"""Morphology of a recording as a notebook shows it: categories, baseline, events, and a small strip of the baseline."""

from collections import Counter

import numpy as np
import pandas as pd

from fhr.recording import Bar, facts_html, small_strip

from .category import Category

__all__ = ["morphology_html"]

_COLORS = {"accelerations": "#009E73", "decelerations": "#D55E00"}


def morphology_html(
    name: str, baseline: np.ndarray, fs: float, events: dict[str, pd.DataFrame], categories: tuple[Category, ...]
) -> str:
    """Facts and a small strip: baseline, accelerations in green, decelerations in orange.

    Args:
        name: of the recording.
        baseline: (n,), bpm.
        fs: of the baseline, Hz.
        events: tables of accelerations, decelerations and contractions, by these names.
        categories: of guidelines.
    """
    minutes = len(baseline) / fs / 60
    known = baseline[~np.isnan(baseline)]
    low, middle, high = np.percentile(known, [0, 50, 100]) if len(known) else (np.nan,) * 3
    level = f"median {middle:.0f} bpm ({low:.0f} to {high:.0f})" if len(known) else "none"
    facts = {"length": f"{minutes:.1f} min at {fs:g} Hz", "baseline": level}
    facts |= {kind: _counted(table) for kind, table in events.items()}
    facts |= {verdict.guideline: verdict.words for verdict in categories}
    bars = [
        Bar(start, end, color)
        for kind, color in _COLORS.items()
        for start, end in events[kind][["start_s", "end_s"]].to_numpy(float).tolist()
    ]
    said = f"baseline of {name}, with accelerations in green and decelerations in orange"
    strip = small_strip(baseline, fs=fs, said=said, bars=bars) if len(baseline) else ""
    return facts_html(f"Morphology of {name}", facts, below=strip)


def _counted(table: pd.DataFrame) -> str:
    kinds = Counter(table.get("kind", ())).most_common()
    said = ", ".join(f"{number} {kind}" for kind, number in kinds)
    return f"{len(table)} ({said})" if said else str(len(table))
